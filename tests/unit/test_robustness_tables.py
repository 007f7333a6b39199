"""The tables and the specification curve: every change told, narrow without the checks, both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from dnt_cli.figures.specification import _Curve, specification_curves
from dnt_cli.robustness.checks import CHECKS
from dnt_cli.robustness.result import RobustnessResult, codes
from dnt_cli.stagefile.container import Provenance, read_stage, write_stage
from dnt_cli.study import Study, parse_study
from dnt_cli.tables import Table, as_text, narrowed
from dnt_cli.wording import Wording, sentence
from tests.support.robustness_study import STUDY, make_wide, run


@pytest.fixture(scope="module")
def study() -> Study:
    own = parse_study(STUDY)
    return replace(own, robustness=replace(own.robustness, deltas=(0.5, 3.0)))


@pytest.fixture(scope="module")
def result(study: Study) -> RobustnessResult:
    return run(make_wide(), study, ["a", "b", "c", "d", "e", "h", "i", "k"])


def _tables(result: RobustnessResult, study: Study, language: str = "en") -> list[Table]:
    return result.tables(Wording(study, language))  # type: ignore[arg-type]


def test_short_names() -> None:
    assert codes(["a:x", "b", "e:1", "e:2", "e:3"]) == {"a:x": "a", "b": "b", "e:1": "e1", "e:2": "e2", "e:3": "e3"}


def test_one_table_per_analysis_and_what_lies_behind(result: RobustnessResult, study: Study) -> None:
    titles = [table.title for table in _tables(result, study)]
    assert titles == [
        "Robustness. Effect at T2",
        "Robustness. Trend of the effect, per wave",
        "If drop-outs do worse: intervention group. Effect at T2",
        "If drop-outs do worse: both groups. Effect at T2",
        "Without one site at a time. Effect at T2",
        "If drop-outs do worse: intervention group. Trend of the effect, per wave",
        "If drop-outs do worse: both groups. Trend of the effect, per wave",
        "Balance at baseline",
    ]


def test_columns_fit_a_terminal(result: RobustnessResult, study: Study) -> None:
    for table in _tables(result, study):
        assert max(map(len, as_text([replace(table, notes=(), title="")]).splitlines())) <= 120
        assert max(map(len, as_text([replace(narrowed(table), notes=(), title="")]).splitlines())) <= 80


def test_narrow_form_tells_every_change(result: RobustnessResult, study: Study) -> None:
    table = narrowed(_tables(result, study)[0])
    assert [column.heading for column in table.columns] == ["Outcome", "main", "Changes"]
    names = codes(result.labels)
    rows = result.estimates[
        (result.estimates["analysis"] == "t3") & result.estimates["model"].isin(list(result.labels))
    ]
    signs = {"lost": "–", "gained": "+", "opposite": "~", "reversed": "±", "not estimable": "#"}
    score = rows[(rows["outcome"] == "score") & (rows["verdict"] != "same")]
    shifts = [f"{r['shift']:+.1f}" if abs(r["shift"]) >= 0.05 else "" for _, r in score.iterrows()]
    expected = " ".join(
        names[r["model"]] + shift + signs[r["verdict"]] for shift, (_, r) in zip(shifts, score.iterrows(), strict=True)
    )
    assert re.search(r"e1-\d\.\d[–±]", expected)
    assert table.sections[0].rows[0][2].text == expected


def test_counts_add_up(result: RobustnessResult, study: Study) -> None:
    notes = _tables(result, study)[0].notes
    rows = result.estimates[result.estimates["analysis"] == "t3"]
    own = rows[rows["model"] == "e:intervention:3"]["verdict"].value_counts()
    note = next(n for n in notes if n.startswith("(e1)"))
    for verdict, text in (
        ("lost", "mark lost for {} of 2"),
        ("reversed", "reversed for {} of 2"),
        ("same", "same verdict: {}"),
    ):
        assert (text.format(own.get(verdict, 0)) in note) == (verdict in own)


def test_dutch(result: RobustnessResult, study: Study) -> None:
    text = as_text(_tables(result, study, "nl"))
    assert "(d) niet gedaan: het onderzoek heeft geen registeruitkomsten." in text
    assert "Anders" in text
    assert "(a) zonder wie werkte (N = " in text
    assert "kantelpunt" in text
    assert not [line for line in text.splitlines() if "0." in line]


def test_tables_survive_a_file(result: RobustnessResult, study: Study, tmp_path: Path) -> None:
    """A stage file sorts the keys of its metadata."""
    path = tmp_path / "robustness.parquet"
    write_stage(str(path), "robustness", study, result.content(), Provenance("robustness", {}))
    again = RobustnessResult.from_stage(read_stage(path.read_bytes(), path.name, ["robustness"], "dnt show"))
    for language in ("nl", "en"):
        assert _tables(again, study, language) == _tables(result, study, language)


def test_register_outcome_stands_beside_its_counterpart(result: RobustnessResult, study: Study) -> None:
    text = STUDY.replace(
        "[covariates.place]",
        '[outcomes.jobs]\nlabel = "Jobs"\nkind = "binary"\nsource = "register"\ncounterpart = "work"\n'
        'waves = ["T0", "T1", "T2"]\n\n[covariates.place]',
    ).replace('controls = ["age"]', 'controls = ["age"]\nregister_controls = ["place"]')
    with_register = parse_study(text)
    wide = make_wide()
    complete = make_wide(share=0.0)
    for wave in ("T0", "T1", "T2"):
        wide[f"jobs_{wave}"] = complete[f"work_{wave}"]
    found = run(wide, with_register, ["d"])
    rows = found.estimates[(found.estimates["model"] == "d") & (found.estimates["analysis"] == "t3")]
    assert list(rows["outcome"]) == ["jobs"]
    assert list(rows["controls"]) == ["place"]
    assert "jobs" not in set(found.estimates.loc[found.estimates["model"] == "main", "outcome"])
    table = _tables(found, with_register)[0]
    assert [row[0].text for row in table.sections[0].rows] == ["Score", "Work"]
    assert table.sections[0].rows[1][4].text


def test_every_check_explains_itself_in_two_lines() -> None:
    for letter in CHECKS:
        for language in ("nl", "en"):
            lines = sentence(f"robustness.explanation_{letter}", language).split("\n")  # type: ignore[arg-type]
            assert len(lines) == 2
            assert all(20 < len(line) < 130 for line in lines)
            assert sentence(f"robustness.title_{letter}", language)  # type: ignore[arg-type]


def test_specification_curves(result: RobustnessResult, study: Study, tmp_path: Path) -> None:
    again = tmp_path / "again"
    paths = specification_curves(result, Wording(study, "nl"), tmp_path, ["svg"])
    assert [path.name for path in paths] == ["robustness_score.svg", "robustness_work.svg"]
    twice = specification_curves(result, Wording(study, "nl"), again, ["svg"])
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in twice]
    alone = replace(result, estimates=result.estimates[result.estimates["model"] == "main"], labels={})
    assert len(specification_curves(alone, Wording(study, "en"), again, ["png"])) == 2


def test_another_scale_is_told_and_not_drawn(result: RobustnessResult, study: Study) -> None:
    """A register outcome on the probability scale, beside odds ratios."""
    rows = result.estimates[result.estimates["outcome"] == "work"].copy()
    one = rows["model"].ne("main") & rows["analysis"].eq("longitudinal")
    first = rows.index[one][0]
    rows.loc[first, ["kind", "estimate", "conf_low", "conf_high"]] = ["probability", -0.9, -0.95, -0.85]
    before = _Curve(rows.drop(index=first), result, Wording(study, "en"), "work")
    after = _Curve(rows, result, Wording(study, "en"), "work")
    assert all(len(after.rows[a]) == len(before.rows[a]) for a in ("t3", "longitudinal"))
    assert "(OR)" in after.figure().axes[2].get_title()
    assert "on another scale, -90.0 pct pt (-95.0 \N{EN DASH} -85.0)" in after.figure().texts[-1].get_text()


def test_nothing_estimable_draws_nothing(result: RobustnessResult, study: Study, tmp_path: Path) -> None:
    none = replace(result, estimates=result.estimates.assign(status="not estimable"))
    assert specification_curves(none, Wording(study, "en"), tmp_path) == []
