"""Two runs side by side: what moved, which marks came and went, and why."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from study_text import BASE, changed

from dnt_cli.differences import compare
from dnt_cli.differences.effects import MOVED, EffectChanges, effect_changes
from dnt_cli.differences.figures import figure_changes
from dnt_cli.differences.origins import Cause, data_of, step_causes, study_causes
from dnt_cli.differences.records import Overlap, RecordChanges, record_changes
from dnt_cli.differences.tables import difference_frame, difference_tables, distinct_names
from dnt_cli.errors import DataError
from dnt_cli.stages import Provenance, Stage, read_stage, write_stage
from dnt_cli.study import Significance, Study, parse_study
from dnt_cli.tables import Table

MARKS = Significance()
NAN = math.nan


def effect(outcome: str = "score", **values: Any) -> dict[str, Any]:
    """An effect at the endpoint, without a mark."""
    row: dict[str, Any] = {
        "analysis": "t3", "model": "main", "outcome": outcome, "kind": "linear", "term": "group", "estimate": 2.0,
        "std_error": 1.5, "df": 50.0, "p_value": 0.2, "odds_ratio": NAN, "odds_ratio_se": NAN, "beta": 0.2,
        "beta_se": 0.1, "status": "ok",
    }  # fmt: skip
    return row | values


def odds(log_ratio: float, error: float, p_value: float = 0.2) -> dict[str, Any]:
    ratio = math.exp(log_ratio)
    return effect(
        "work", kind="binary", estimate=log_ratio, std_error=error, p_value=p_value, odds_ratio=ratio,
        odds_ratio_se=ratio * error, beta=NAN, beta_se=NAN,
    )  # fmt: skip


def compared(a: list[dict[str, Any]], b: list[dict[str, Any]], marks: Significance = MARKS) -> EffectChanges:
    return effect_changes(pd.DataFrame(a), pd.DataFrame(b), MARKS, marks)


def one(a: dict[str, Any], b: dict[str, Any], marks: Significance = MARKS) -> dict[Any, Any]:
    found = compared([a], [b], marks).effects
    assert len(found) == 1
    return found.iloc[0].to_dict()


def test_same_is_exact_and_within_is_not_moved() -> None:
    assert one(effect(), effect())["change"] == "same"
    near = one(effect(), effect(beta=0.2 + 0.1 * 0.009))
    assert near["change"] == "within"
    assert near["shift"] == pytest.approx(0.009)
    far = one(effect(), effect(beta=0.2 - 0.1 * 0.011))
    assert far["change"] == "moved"
    assert far["shift"] == pytest.approx(-0.011)
    assert MOVED == 0.01


def test_odds_ratios_shift_on_the_log_scale_and_are_shown_as_they_are() -> None:
    row = one(odds(0.5, 0.4), odds(0.7, 0.4))
    assert row["shift"] == pytest.approx(0.5)
    assert (row["estimate_a"], row["estimate_b"]) == (math.exp(0.5), math.exp(0.7))
    assert row["se_b"] == math.exp(0.7) * 0.4


def test_beta_leads_where_the_outcome_is_linear() -> None:
    """Another unit of the outcome moves nothing that anyone reads; another standardisation does."""
    assert one(effect(), effect(estimate=20.0, std_error=15.0))["change"] == "within"
    assert one(effect(), effect(beta=0.4, beta_se=0.2))["shift"] == pytest.approx(2.0)


def test_another_standard_error_is_moved_too() -> None:
    row = one(effect(), effect(beta_se=0.1 * 1.02))
    assert (row["change"], row["shift"]) == ("moved", 0.0)
    assert row["se_ratio"] == pytest.approx(1.02)
    assert one(effect(), effect(beta_se=0.1 * 1.009))["change"] == "within"


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (0.11, 0.09, "mark came"),
        (0.04, 0.10, "mark went"),
        (0.06, 0.04, "mark changed"),
        (0.04, 0.06, "mark changed"),
        (0.30, 0.10, ""),
        (0.049, 0.001, ""),
    ],
)
def test_marks(before: float, after: float, why: str) -> None:
    row = one(effect(p_value=before), effect(p_value=after))
    assert row["why"] == why
    assert row["change"] == ("conclusion" if why else "within")


def test_marks_follow_each_files_own_levels() -> None:
    row = one(effect(p_value=0.04), effect(p_value=0.04), Significance(strict=0.01, lenient=0.03))
    assert (row["mark_a"], row["mark_b"], row["why"]) == ("**", "", "mark went")


def test_a_mark_with_the_other_sign_is_reversed() -> None:
    row = one(effect(p_value=0.04), effect(p_value=0.06, estimate=-2.0, beta=-0.2))
    assert row["why"] == "reversed"
    assert one(effect(), effect(estimate=-2.0, beta=-0.2))["why"] == ""


def test_status() -> None:
    none = dict.fromkeys(("estimate", "std_error", "df", "p_value", "beta", "beta_se"), NAN)
    lost = effect(status="not estimable", **none)
    row = one(effect(p_value=0.04), lost)
    assert (row["why"], row["mark_b"]) == ("status; mark went", "")
    assert row["shift"] == math.inf
    assert one(lost, effect(p_value=0.04))["why"] == "status; mark came"
    assert one(effect(), effect(status="doubtful"))["why"] == "status"
    both = one(lost, lost)
    assert (both["change"], both["shift"], both["se_ratio"]) == ("same", 0.0, 1.0)


def test_standard_error_of_zero_and_of_nothing() -> None:
    zero = effect(beta_se=0.0)
    assert one(zero, zero)["change"] == "same"
    row = one(zero, effect(beta_se=0.0, beta=0.3))
    assert (row["change"], row["shift"], row["se_ratio"]) == ("moved", math.inf, 1.0)
    assert one(zero, effect())["se_ratio"] == math.inf
    unknown = one(effect(beta_se=NAN), effect(beta_se=NAN))
    assert unknown["change"] == "same"
    assert one(effect(), effect(beta_se=NAN))["change"] == "moved"


def test_only_in_one_and_the_order_of_the_second() -> None:
    found = compared([effect("gone"), effect("stays")], [effect("new"), effect("stays")]).effects
    assert list(found["outcome"]) == ["new", "stays", "gone"]
    assert list(found["why"]) == ["only in B", "", "only in A"]
    assert list(found["status_a"]) == ["", "ok", "ok"]
    assert found["shift"].isna().tolist() == [True, False, True]


def test_another_scale_has_no_shift() -> None:
    row = one(odds(0.5, 0.4), effect("work", kind="probability", estimate=0.1, std_error=0.05))
    assert row["why"] == "other scale"
    assert math.isnan(row["shift"])


def test_verdicts_of_robustness_checks() -> None:
    a = [effect(verdict=""), effect(model="c", verdict="same")]
    b = [effect(verdict=""), effect(model="c", verdict="lost")]
    found = compared(a, b).effects
    assert list(found["why"]) == ["", "verdict"]
    assert list(found["model"]) == ["main", "c"]


def test_other_terms_are_counted_apart() -> None:
    control = effect(term="age")
    balance = effect(analysis="balance", term="age", kind=NAN, beta=NAN, beta_se=NAN, std_error=NAN, status=NAN)
    a = [effect(), control, balance]
    found = compared(a, [effect(), control | {"beta": 0.5}, balance])
    assert (len(found.effects), found.others, found.others_moved) == (1, 2, 1)
    assert compared(a, a).others_moved == 0
    assert compared(a, a[:2]).others_moved == 1
    assert compared(a, [*a[:2], balance | {"estimate": 9.0}]).others_moved == 1


def test_inputs_are_not_changed() -> None:
    a = pd.DataFrame([effect(), effect(term="age")])
    before = a.copy()
    effect_changes(a, a.iloc[::-1], MARKS, MARKS)
    pd.testing.assert_frame_equal(a, before)


# study and steps


def test_a_study_is_compared_by_meaning() -> None:
    a = parse_study(BASE)
    assert study_causes(a, parse_study(BASE + "\n# a comment")) == []
    assert study_causes(a, parse_study(changed("m = 5", "m = 5\niterations = 10"))) == []
    assert study_causes(a, parse_study(BASE, overrides=["imputation.m=20"])) == [
        Cause("study", "imputation.m", "5", "20")
    ]


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ('title = { nl = "Basis", en = "Base" }', 'title = "Base"', ("study.title.nl", "Basis", "Base")),
        ("{ key = \"T1\", months = 6 }", "{ key = \"T1\", months = 7 }", ("design.waves.T1.months", "6", "7")),
        ('endpoint = "T2"', 'endpoint = "T2"\nfollow_up = "T2"', ("design.follow_up", None, "T2")),
        ("range = [0, 100]", "range = [0, 90]", ("outcomes.score.range", "[0, 100]", "[0, 90]")),
        ('where = "age < 40"', 'where = "age < 41"',
         ("robustness.subsets.young.where", "[age < 40]", "[age < 41]")),
        ('controls = ["age", "place"]', 'controls = ["age"]', ("models.controls", "[age, place]", "[age]")),
        ("[hypotheses.H1]", '[hypotheses.H2]\nlabel = "Less"\n\n[hypotheses.H1]', ("hypotheses.H2", None, "{...}")),
    ],
)  # fmt: skip
def test_a_key_of_the_study(old: str, new: str, cause: tuple[str, str | None, str | None]) -> None:
    a, b = parse_study(BASE), parse_study(changed(old, new))
    assert study_causes(a, b) == [Cause("study", *cause)]
    assert study_causes(b, a) == [Cause("study", cause[0], cause[2], cause[1])]


def test_words_of_a_study_come_last_and_by_language() -> None:
    words = parse_study(changed('title = { nl = "Basis", en = "Base" }', 'title = { nl = "Basis", en = "Ground" }'))
    assert study_causes(parse_study(BASE), words) == [Cause("study", "study.title.en", "Base", "Ground")]
    both = parse_study(changed('label = "Score"', 'label = "Sum"'), overrides=["imputation.m=9"])
    assert study_causes(parse_study(BASE), both) == [
        Cause("study", "imputation.m", "5", "9"),
        Cause("study", "outcomes.score.label", "Score", "Sum"),
    ]


def step(command: str, digest: str | None = "a" * 64, versions: dict[str, str] | None = None, **settings: Any) -> Any:
    return {"command": command, "settings": settings, "input_sha256": digest, "versions": versions or {"dnt": "1"}}


CHAIN = [step("convert"), step("impute", "b" * 64, seed=1, m=5), step("fit-t3", "c" * 64)]


def test_only_the_first_cause_is_told() -> None:
    other = [CHAIN[0], step("impute", "b" * 64, seed=2, m=5), step("fit-t3", "d" * 64)]
    assert step_causes(CHAIN, other) == [Cause("impute", "seed", "1", "2")]
    assert data_of(CHAIN, other) == "same"


def test_other_data_and_what_follows_from_them() -> None:
    other = [step("convert", "e" * 64), step("impute", "f" * 64, seed=1, m=5), step("fit-t3", "d" * 64)]
    assert step_causes(CHAIN, other) == [Cause("convert", "input", "aaaaaaaa", "eeeeeeee")]
    assert data_of(CHAIN, other) == "other"


def test_another_file_that_nothing_explains() -> None:
    other = [CHAIN[0], step("impute", "f" * 64, seed=1, m=5), step("fit-t3", "d" * 64)]
    assert step_causes(CHAIN, other) == [Cause("impute", "input", "bbbbbbbb", "ffffffff")]


def test_libraries_are_told_once_and_explain_what_follows() -> None:
    other = [s | {"versions": {"dnt": "2"}, "input_sha256": s["input_sha256"][::-1]} for s in CHAIN]
    other[1:] = [s | {"input_sha256": "0" * 64} for s in other[1:]]
    assert step_causes(CHAIN, other) == [Cause("versions", "dnt", "1", "2")]


def test_steps_that_only_one_chain_has() -> None:
    other = [step("score"), *CHAIN[1:]]
    assert step_causes(CHAIN, other) == [
        Cause("steps", "convert", "convert", None),
        Cause("steps", "score", None, "score"),
    ]
    assert step_causes(CHAIN, CHAIN[:2]) == [Cause("steps", "fit-t3", "fit-t3", None)]


def test_a_setting_that_the_study_tells_is_not_told_twice() -> None:
    other = [CHAIN[0], step("impute", "b" * 64, seed=1, m=20), CHAIN[2]]
    assert step_causes(CHAIN, other, [Cause("study", "imputation.m", "5", "20")]) == []
    assert step_causes(CHAIN, other) == [Cause("impute", "m", "5", "20")]


def test_a_setting_without_value_is_none_at_all() -> None:
    assert step_causes([step("describe", also=None)], [step("describe")]) == []
    register = step_causes([step("impute")], [step("impute", register_sha256="12345678" * 8)])
    assert register == [Cause("impute", "register_sha256", None, "12345678")]


def test_data_of_examples_links_and_strangers() -> None:
    example = step("example", None, seed=1)
    assert data_of([example], [example]) == "same"
    assert data_of([example], [step("example", None, seed=2)]) == "other"
    assert data_of([example], CHAIN) == "other"
    assert data_of([example, step("impute", "b" * 64)], [example, step("impute", "b" * 64)]) == "same"
    assert data_of([example, step("impute", "b" * 64)], [example, step("impute", "c" * 64)]) == "unknown"
    assert data_of([step("polis")], [step("polis")]) == "same link"
    assert data_of([], CHAIN) == "unknown"


# records


@pytest.fixture(scope="module")
def study() -> Study:
    return parse_study(BASE)


def survey() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "person": ["p1", "p1", "p2", "p3"],
            "round": ["T0", "T1", "T0", "T0"],
            "arm": pd.Categorical(["treated", "treated", "control", "control"]),
            "work": [1.0, NAN, 0.0, 1.0],
            "score": [50.0, 60.5, NAN, 70.0],
        }
    )


def records(a: pd.DataFrame, b: pd.DataFrame, study: Study) -> RecordChanges:
    schemas = [pa.Schema.from_pandas(frame, preserve_index=False) for frame in (a, b)]
    return record_changes(a, b, study, study, *schemas)


def counts(found: RecordChanges) -> dict[str, tuple[int, int]]:
    return {row["column"]: (row["differ"], row["cells"]) for row in found.columns.to_dict("records")}


def test_the_order_of_rows_does_not_matter(study: Study) -> None:
    found = records(survey(), survey().iloc[[3, 1, 0, 2]].reset_index(drop=True), study)
    assert set(found.columns["change"]) == {"same"}
    assert counts(found) == {"arm": (0, 4), "work": (0, 4), "score": (0, 4)}
    assert found.persons == Overlap(3, 0, 0)
    assert found.rows == Overlap(4, 0, 0)
    assert found.imputations is None


def test_cells_are_counted_once_and_gaps_are_values(study: Study) -> None:
    b = survey()
    b.loc[0, "score"] = 50.000001
    b.loc[1, "work"] = 1.0
    b.loc[2, "work"] = NAN
    b["arm"] = b["arm"].astype(str).mask(b["person"] == "p3", "treated")
    found = records(survey(), b, study)
    assert counts(found) == {"arm": (1, 4), "work": (2, 4), "score": (1, 4)}
    assert list(found.columns["change"]) == ["type", "values", "values"]


def test_persons_rows_and_columns_of_one_file(study: Study) -> None:
    a = survey().assign(old=1)
    b = survey().iloc[1:].assign(new=1.5, score=["60.5", "none", "70"])
    b.loc[3, "person"] = "p4"
    found = records(a, b, study)
    assert found.persons == Overlap(2, 1, 1)
    assert found.rows == Overlap(2, 2, 1)
    rows = found.columns.set_index("column")
    assert rows["change"].to_dict() == {
        "arm": "same",
        "work": "same",
        "score": "type",
        "new": "added",
        "old": "removed",
    }
    assert rows.loc["score", ["type_a", "type_b"]].tolist() == ["number", "text"]


def test_rows_that_share_their_keys_are_compared_in_their_order(study: Study) -> None:
    twice = pd.concat([survey(), survey().iloc[[0]].assign(score=1.0)], ignore_index=True)
    assert counts(records(twice, twice, study))["score"] == (0, 5)


def imputed(seed: int, m: int, study: Study) -> pd.DataFrame:
    """Three persons; of score at T1 the second is a gap."""
    rng = np.random.default_rng(seed)
    observed = pd.DataFrame(
        {"person": ["p1", "p2", "p3"], "arm": "treated", "work_T0": [1, 0, 1], "score_T1": [10.0, NAN, 30.0]}
    )
    sets = [observed.assign(score_T1=observed["score_T1"].fillna(rng.random())) for _ in range(m)]
    parts = [part.assign(**{".imp": i, ".id": [1, 2, 3]}) for i, part in enumerate([observed, *sets])]
    return pd.concat(parts, ignore_index=True)


def test_imputed_cells_are_told_from_answers(study: Study) -> None:
    found = records(imputed(1, 3, study), imputed(2, 3, study).sample(frac=1.0, random_state=1), study)
    row = found.columns.set_index("column").loc["score_T1"]
    assert (row["cells"], row["differ"], row["imputed"], row["imputed_differ"]) == (3, 0, 3, 3)
    assert (row["outcome"], row["wave"], row["change"]) == ("score", "T1", "values")
    assert found.imputations == (3, 3)
    assert found.columns.set_index("column").loc["work_T0", "change"] == "same"


def test_another_answer_is_no_imputed_cell(study: Study) -> None:
    other = imputed(1, 2, study)
    other.loc[other["person"] == "p1", "score_T1"] = 11.0
    found = records(imputed(1, 2, study), other, study)
    row = found.columns.set_index("column").loc["score_T1"]
    assert (row["differ"], row["imputed"], row["imputed_differ"]) == (1, 2, 0)


@pytest.mark.parametrize("kind", ["survey", "imputations"])
def test_nobody_in_both(study: Study, kind: str) -> None:
    a = survey() if kind == "survey" else imputed(1, 2, study)
    found = records(a, a.assign(person="x" + a["person"]), study)
    assert found.persons == Overlap(0, 3, 3)
    assert found.rows == Overlap(0, len(a), len(a))
    assert set(found.columns["cells"]) == {0}
    assert set(found.columns["change"]) == {"same"}


def test_fewer_imputations(study: Study) -> None:
    found = records(imputed(1, 3, study), imputed(1, 2, study), study)
    assert found.imputations == (3, 2)
    assert found.rows == Overlap(9, 3, 0)
    assert set(found.columns["change"]) == {"same"}


# descriptions


def figure(statistic: str = "mean", value: float = 1.5, n: int | None = 10, **keys: str) -> dict[str, Any]:
    row = {"table": "trend", "variable": "score", "level": "", "group": "all", "wave": "T0"}
    return row | keys | {"statistic": statistic, "value": value, "n": n, "denominator": None}


def figures(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows).astype({"value": float, "n": "Int64", "denominator": "Int64"})


def test_figures() -> None:
    a = figures(figure(), figure("sd"), figure("pct", 12.0, 3), figure("gone"), figure("noise", 1.0))
    b = figures(figure("noise", 1 + 1e-12), figure("new"), figure("pct", 12.0, 4), figure(value=1.6), figure("sd"))
    found = figure_changes(a, b)
    assert dict(zip(found["statistic"], found["change"], strict=True)) == {
        "noise": "within", "new": "only in B", "pct": "moved", "mean": "moved", "sd": "same", "gone": "only in A",
    }  # fmt: skip
    assert list(found["statistic"]) == ["noise", "new", "pct", "mean", "sd", "gone"]
    mean = found.set_index("statistic").loc["mean"]
    assert (mean["value_a"], mean["value_b"]) == (1.5, 1.6)


def test_a_missing_figure_equals_a_missing_figure() -> None:
    a = figures(figure(value=NAN, n=None))
    assert list(figure_changes(a, a)["change"]) == ["same"]
    assert list(figure_changes(a, figures(figure(n=None)))["change"]) == ["moved"]


@pytest.mark.parametrize(
    ("a", "b", "names"),
    [
        ("old.parquet", "new.parquet", ("old.parquet", "new.parquet")),
        ("old/t3.parquet", "t3.parquet", ("old/t3.parquet", "t3.parquet")),
        ("/data/x/run1/t3.parquet", "/data/x/run2/t3.parquet", ("run1/t3.parquet", "run2/t3.parquet")),
        ("C:\\run1\\t3.parquet", "C:\\run2\\t3.parquet", ("run1/t3.parquet", "run2/t3.parquet")),
        ("t3.parquet", "t3.parquet", ("t3.parquet", "t3.parquet")),
    ],
)
def test_names_are_as_short_as_they_can_be(a: str, b: str, names: tuple[str, str]) -> None:
    assert distinct_names(a, b) == names


# tables


def stage(study: Study, frame: pd.DataFrame, seed: int, kind: str = "estimates", **extra: Any) -> Stage:
    """A stage file as it is read."""
    stream = io.BytesIO()
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    write_stage(stream, kind, study, [table], Provenance("fit-t3", {"seed": seed}, "a" * 64), extra)
    return read_stage(stream.getvalue(), "t3.parquet", [kind], "dnt diff")


def texts(tables: list[Table]) -> dict[str, list[str]]:
    """First cell of each row -> the others, of the last table."""
    return {row[0].text: [cell.text for cell in row[1:]] for s in tables[-1].sections for row in s.rows}


def columns() -> dict[str, float]:
    return {"n_persons": 30.0, "m": 5.0}


def shown(study: Study, a: list[dict[str, Any]], b: list[dict[str, Any]], **options: Any) -> list[Table]:
    size = columns()
    one, two = (stage(study, pd.DataFrame([row | size for row in rows]), i) for i, rows in enumerate((a, b)))
    return difference_tables(compare(one, two, ("a.parquet", "b.parquet")), "en", **options)


def test_effects_as_a_table(study: Study) -> None:
    none = dict.fromkeys(("estimate", "std_error", "df", "p_value", "beta", "beta_se"), NAN)
    a = [odds(0.0, 0.5), effect("score", p_value=0.04), effect("rung"), effect("high", status="not estimable", **none)]
    b = [
        odds(0.5, 0.5, 0.06),
        effect("score", p_value=0.2, beta=0.19),
        effect("rung", beta_se=0.2),
        effect("high"),
        effect("hours", kind="probability", estimate=-0.123, std_error=0.05, p_value=0.01),
    ]
    tables = shown(study, a, b)
    assert tables[0].title == (
        "5 effects: 3 moved (largest shift 1.00 SE: Work, T2), 1 mark went, 1 mark came, 1 with another status, "
        "1 only in B."
    )
    #       scale   A       SE        B       SE       B-A      SE, %   change
    assert texts(tables) == {
        "Work": ["OR", "1.00", "(0.50)", "1.65*", "(0.82)", "+1.00", "", "* came"],
        "Score": ["beta", "0.20**", "(0.10)", "0.19", "(0.10)", "-0.10", "", "** went"],
        "High": ["beta", "#", "", "0.20", "(0.10)", "-", "-", "now ok"],
        "Hours": ["pct pt", "", "", "-12.3**", "(5.0)", "", "", "only in B"],
        "Rung": ["beta", "0.20", "(0.10)", "0.20", "(0.20)", "0.00", "+100", "SE +100%"],
    }
    tones = {row[0].text: row[-1].tone for s in tables[-1].sections for row in s.rows}
    assert (tones["Work"], tones["Score"], tones["Hours"], tones["Rung"]) == ("good", "good", "", "")
    assert [s.heading for s in tables[-1].sections] == [
        "Another conclusion", "Moved, same conclusion", "In one of the files",
    ]  # fmt: skip


def test_all_shows_what_is_the_same(study: Study) -> None:
    a = [effect("score"), odds(0.0, 0.5)]
    b = [effect("score"), odds(0.1, 0.5)]
    assert list(texts(shown(study, a, b))) == ["Work"]
    assert shown(study, a, b)[-1].notes[-1] == "1 not shown: --all shows all."
    assert list(texts(shown(study, a, b, everything=True))) == ["Work", "Score"]
    assert len(shown(study, a, a)) == 1
    assert shown(study, a, a)[0].title == (
        "2 effects: all the same. The numbers are the same; where they come from differs."
    )


def test_another_scale_is_named_in_the_cells(study: Study) -> None:
    b = effect("work", kind="probability", estimate=0.1, std_error=0.05)
    assert texts(shown(study, [odds(0.0, 0.5)], [b]))["Work"][1:] == [
        "1.00 OR", "(0.50)", "10.0 pct pt", "(5.0)", "-", "-", "other scale",
    ]  # fmt: skip


def test_checks_with_the_estimates_of_the_main_analysis_are_told_once(study: Study) -> None:
    def rows(beta: float, p_value: float) -> pd.DataFrame:
        own = [effect(beta=beta, verdict=""), effect(beta=beta, model="k", p_value=p_value, verdict="same")]
        return pd.DataFrame([row | columns() for row in own])

    labels = {"k": {"nl": "Holm", "en": "Holm"}}

    def told(p_value: float) -> list[Table]:
        pair = (rows(0.2, 0.9), rows(0.3, p_value))
        one, two = (stage(study, frame, i, "robustness", labels=labels) for i, frame in enumerate(pair))
        return difference_tables(compare(one, two, ("a", "b")), "en")

    assert list(texts(told(0.8))) == ["Score"]
    assert any(note.startswith("1 with the estimate of the main analysis") for note in told(0.8)[-1].notes)
    assert list(texts(told(0.04))) == ["Score (k)", "Score"]
    assert "(k) Holm." in told(0.04)[-1].notes


def test_imputations_as_a_table(study: Study) -> None:
    """Waves of one outcome stand together; each count beside what it is of."""
    a = imputed(1, 2, study)
    a["score_T0"], a["score_T2"] = a["score_T1"], a["score_T1"]
    b = a.assign(work_T0=[0, 0, 1] * 3, score_T1=a["score_T1"].mask(a["score_T1"] <= 1, 0.5), new=1)
    b["score_T0"], b["score_T2"] = b["score_T1"], b["score_T1"]
    one, two = (stage(study, frame, i, "imputations") for i, frame in enumerate((a, b)))
    tables = difference_tables(compare(one, two, ("a", "b")), "en")
    assert tables[0].title == (
        "3 persons in both; 1 of 15 answers differ; 6 of 6 imputed cells differ; 0 columns only in A, 1 only in B."
    )
    assert texts(tables) == {
        "work": ["T0", "1/3", "0/0", ""],
        "score": ["T0-T2", "0/9", "6/6", ""],
        "new": ["", "", "", "added"],
    }
    assert list(texts(difference_tables(compare(one, two, ("a", "b")), "en", everything=True))) == [
        "arm", "work", "score", "new",
    ]  # fmt: skip


def test_long_values_begin_where_they_differ(study: Study) -> None:
    other = parse_study(changed('levels = ["city", "town hall", "village"]', 'levels = ["city", "town hall", "farm"]'))
    frame = pd.DataFrame([effect() | columns()])
    tables = difference_tables(compare(stage(study, frame, 1), stage(other, frame, 1), ("a", "b")), "en")
    assert texts(tables)["covariates.place.levels"] == ["…l, village]", "…l, farm]"]
    assert "Same data, no other settings, same libraries." in tables[0].notes


def test_the_frame_has_all_digits_and_every_cause(study: Study) -> None:
    a, b = (pd.DataFrame([row | columns() for row in (effect(beta=beta), effect("work"))]) for beta in (0.2, 1 / 3))
    found = compare(stage(study, a, 1), stage(study, b, 2), ("a", "b"))
    frame = difference_frame(found)
    assert frame["part"].tolist() == ["origin", "origin", "origin", "estimates"]
    assert frame.loc[2, ["where", "item", "change", "a", "b"]].tolist() == ["fit-t3", "seed", "changed", "1", "2"]
    assert frame.loc[3, ["outcome", "a", "b", "change"]].tolist() == ["score", 0.2, 1 / 3, "moved"]
    whole = difference_frame(found, everything=True)
    assert whole.loc[4, ["outcome", "change"]].tolist() == ["work", "same"]


def test_other_kinds_are_refused_by_name(study: Study) -> None:
    frame = pd.DataFrame([effect() | columns()])
    one, two = stage(study, frame, 1), stage(study, frame, 1, "robustness")
    with pytest.raises(DataError, match=r"old holds effect estimates and new holds robustness checks; .* one kind"):
        compare(one, two, ("old", "new"))
