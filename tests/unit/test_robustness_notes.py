"""Every note under the tables says what the estimates say: each is read back and compared, in both languages."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from dnt_cli.effects.notes import Note
from dnt_cli.messages import message
from dnt_cli.robustness.notes import notes_of
from dnt_cli.robustness.result import RobustnessResult, codes
from dnt_cli.study import Language, Study, parse_study
from dnt_cli.wording import Wording, catalogue
from tests.support.oracles.any_study import toml
from tests.support.robustness_study import STUDY, make_wide, run

LANGUAGES: tuple[Language, ...] = ("nl", "en")
CHECKED = "abcdefghijklmn"
WAVES = ["T0", "T1", "T2"]
FURTHER = {
    "jobs": {"label": {"nl": "Banen", "en": "Jobs"}, "kind": "binary", "source": "register", "counterpart": "work"},
    "pay": {"label": {"nl": "Loon", "en": "Pay"}, "kind": "linear", "source": "register", "counterpart": "score"},
    "pension": {"label": {"nl": "Pensioen", "en": "Pension"}, "kind": "linear", "source": "register"},
    "seldom": {"label": {"nl": "Zelden", "en": "Seldom"}, "kind": "linear"},
}


@pytest.fixture(scope="module")
def study() -> Study:
    further = toml({"outcomes": {key: outcome | {"waves": WAVES} for key, outcome in FURTHER.items()}})
    text = STUDY.replace("[covariates.place]", further + "[covariates.place]").replace(
        'label = { nl = "Score", en = "Score" }', 'label = { nl = "Score", en = "Score" }\nexpected = "decrease"'
    )
    text = text.replace('controls = ["age"]', 'controls = ["age"]\nregister_trend = "probability"')
    text += '\n[robustness.subsets.town]\nlabel = { nl = "alleen stad", en = "town only" }\nwhere = "place == town"\n'
    own = parse_study(text)
    return replace(own, robustness=replace(own.robustness, deltas=(0.5, 3.0), second_m=2, sparse=0.5))


@pytest.fixture(scope="module")
def result(study: Study) -> RobustnessResult:
    wide, complete = make_wide(), make_wide(share=0.0)
    wide.loc[[3, 5, 8, 10, 20], "work_T0"] = np.nan
    rng = np.random.default_rng(5)
    treated = (wide["group"] == "treated").to_numpy(dtype=float)
    for i, wave in enumerate(("T0", "T1", "T2")):
        wide[f"jobs_{wave}"] = complete[f"work_{wave}"]
        wide[f"pay_{wave}"] = rng.normal(size=90) - i * treated
        wide[f"pension_{wave}"] = rng.normal(size=90)
        wide[f"seldom_{wave}"] = rng.normal(size=90)
    # Three observed answers of the intervention group at the endpoint: no effect is estimable.
    wide.loc[wide.index[(treated == 1)][3:], "seldom_T2"] = np.nan
    return run(wide, study, CHECKED)


def read_back(note: Note, language: Language) -> dict[str, str]:
    """The values that stand in a note, by the places of its sentence."""
    room, _, key = note.key.partition(".")
    return _values(catalogue(room)[key][language], note.text)


def _values(template: str, text: str) -> dict[str, str]:
    parts = re.split(r"\{(\w+)(?::[^}]*)?\}", template)
    pattern = "".join(f"(?P<{p}>.*?)" if i % 2 else re.escape(p) for i, p in enumerate(parts))
    found = re.fullmatch(pattern, text)
    assert found is not None, (template, text)
    return found.groupdict()


@dataclass
class Walk:
    """The notes of one analysis with what they are about."""

    result: RobustnessResult
    language: Language
    analysis: str
    key: str = "main"

    @property
    def wording(self) -> Wording:
        return Wording(self.result.study, self.language)

    @property
    def all_rows(self) -> pd.DataFrame:
        return self.result.estimates[self.result.estimates["analysis"] == self.analysis]

    @property
    def rows(self) -> pd.DataFrame:
        return self.all_rows[self.all_rows["model"] == self.key]

    def names(self, keys: list[str]) -> str:
        return ", ".join(self.result.study.outcomes[key].label[self.language] for key in keys)

    def figure(self, value: float, decimals: int = 2, *, sign: bool = False) -> str:
        text = f"{value:{'+' if sign else ''}.{decimals}f}"
        return text.replace(".", ",") if self.language == "nl" else text


def counts(walk: Walk, said: dict[str, str]) -> None:
    names = codes(walk.result.labels)
    walk.key = next(key for key, code in names.items() if code == said["code"])
    rows = walk.rows
    assert said["label"] == walk.wording.messages(walk.result.labels[walk.key])
    assert said["n"] == f"{rows['n_persons'].max():.0f}"
    told = said["counts"].split("; ")
    kind = "register" if walk.key == "d" else "verdict"
    for verdict, n in rows["verdict"].value_counts().items():
        assert walk.wording.text(f"robustness.{kind}_{verdict}", n=n, all=len(rows)) in told
        told.remove(walk.wording.text(f"robustness.{kind}_{verdict}", n=n, all=len(rows)))
    shifts = rows["shift"].dropna()
    if walk.key[0] != "k" and len(shifts):
        outcome, size = rows.loc[shifts.abs().idxmax(), "outcome"], shifts[shifts.abs().idxmax()]
        name = "apart" if walk.key == "d" else "largest" if abs(size) >= 0.005 else "unmoved"
        values = {"shift": walk.figure(size, sign=True), "outcome": walk.names([outcome])}
        assert told.pop(0) == walk.wording.text(f"robustness.{name}", **values)
    assert told == []


def _with_shifts(walk: Walk, rows: pd.DataFrame) -> str:
    return ", ".join(
        f"{walk.names([r['outcome']])} ({walk.figure(r['shift'], 1, sign=True)})" for _, r in rows.iterrows()
    )


def far(walk: Walk, said: dict[str, str]) -> None:
    assert said == {"far": "1", "outcomes": _with_shifts(walk, walk.rows[walk.rows["shift"].abs() > 1])}


def other_direction(walk: Walk, said: dict[str, str]) -> None:
    main = walk.all_rows[walk.all_rows["model"] == "main"].set_index("outcome")
    other = []
    for label, row in walk.rows.iterrows():
        counterpart = walk.result.study.outcomes[row["outcome"]].counterpart
        if counterpart is not None and main.loc[counterpart, "kind"] == row["kind"]:
            own = main.loc[counterpart]
            distance = (row["estimate"] - own["estimate"]) / math.hypot(row["std_error"], own["std_error"])
            assert row["shift"] == pytest.approx(distance)
            other += [label] if row["estimate"] * own["estimate"] < 0 else []
    assert said["outcomes"] == _with_shifts(walk, walk.rows.loc[other])


def simulation(walk: Walk, said: dict[str, str]) -> None:
    main = walk.all_rows[walk.all_rows["model"] == "main"].set_index("outcome")
    own = walk.rows[walk.rows["status"] != "not estimable"].set_index("outcome")
    main = main.loc[own.index]
    errors = np.sqrt(main["b"] / main["m"] + own["b"] / own["m"]) / main["std_error"]
    beyond = list(own.index[own["shift"].abs() > 2 * errors])
    assert (said["main"], said["own"]) == (f"{main['m'].max():.0f}", f"{own['m'].max():.0f}")
    assert said["size"] == walk.figure(errors.max())
    assert said.get("outcomes", "") == walk.names(beyond)


def against(walk: Walk, said: dict[str, str]) -> None:
    study = walk.result.study
    expected = {"score": -1, "pay": -1}  # the hypothesis of the score holds for its counterpart too
    found = [
        r["outcome"]
        for _, r in walk.rows.iterrows()
        if r["estimate"] * expected.get(r["outcome"], 0) < 0 and r["p_value"] < study.significance.lenient
    ]
    assert said["outcomes"] == walk.names(found)


def about(walk: Walk, said: dict[str, str], *, estimable: bool = True) -> None:
    rows = walk.rows[(walk.rows["status"] != "not estimable") == estimable]
    told = [walk.wording.messages(text).rstrip(".") for text in rows["message"]]
    assert said["message"] in told
    assert said["outcomes"] == walk.names(
        [k for k, t in zip(rows["outcome"], told, strict=True) if t == said["message"]]
    )


def not_estimable(walk: Walk, said: dict[str, str]) -> None:
    about(walk, said, estimable=False)


def own(walk: Walk, said: dict[str, str]) -> None:
    """Of check (a): who fulfils the rule `work_T0 != 1` or `place == town`, by the table of the study's persons."""
    if walk.key == "l:slope":
        told = walk.result.estimates[walk.result.estimates["model"] == walk.key]
        if said["text"] == walk.wording.text("robustness.slope_given"):
            assert "binary" in set(told["kind"])
            return
        assert said["text"] == walk.wording.text("robustness.slope_kinds")
        assert set(told["kind"]) <= {"linear", "binary"}
        return
    if walk.key == "e:reference":
        assert said["text"] == walk.wording.text("robustness.jump_conservative")
        return
    assert walk.key[0] == "a"
    assert said["text"] in [walk.wording.messages(m) for m in walk.result.notes[walk.key]]
    numbers = [int(n) for n in re.findall(r"\d+", said["text"])]
    wide = make_wide()
    wide.loc[[3, 5, 8, 10, 20], "work_T0"] = np.nan
    if walk.key == "a:town":
        assert numbers == [(wide["place"] == "town").sum(), (wide["place"] != "town").sum()]
    else:
        assert numbers[:3] == [(wide["work_T0"] == 0).sum(), (wide["work_T0"] == 1).sum(), 5]
        low, high = (wide["work_T0"] == 0).sum() + np.array(numbers[3:])
        assert low <= walk.rows["n_persons"].max() <= high


def population(walk: Walk, said: dict[str, str]) -> None:
    assert all("overlap weights" in engine for engine in walk.rows["engine"] if engine)


def left_out(walk: Walk, said: dict[str, str]) -> None:
    """A check that is not done has no column."""
    reasons = [walk.wording.messages(m) for k, m in walk.result.left_out.items() if k[0] == said["code"]]
    assert said["reason"] in reasons
    keys = [k for k in walk.result.left_out if k[0] == said["code"]]
    assert not set(keys) & set(walk.all_rows["model"])


def corrected(walk: Walk, said: dict[str, str]) -> None:
    names = codes(walk.result.labels)
    changed = []
    main = walk.all_rows[walk.all_rows["model"] == "main"].set_index("outcome")["p_value"]
    for key in names:
        rows = walk.all_rows[walk.all_rows["model"] == key].set_index("outcome")
        same = rows["estimate"].equals(
            walk.all_rows[walk.all_rows["model"] == "main"].set_index("outcome")["estimate"].reindex(rows.index)
        )
        if (
            len(rows)
            and same
            and not rows["p_value"].equals(main.reindex(rows.index))
            and key not in ("h", "l:persons")
        ):
            changed.append(f"({names[key]})")
    assert said["codes"] == ", ".join(changed)


def marks(walk: Walk, said: dict[str, str]) -> None:
    levels = walk.result.study.significance
    assert said == {"strict": walk.figure(levels.strict)[1:], "lenient": walk.figure(levels.lenient)[1:]}


def always(walk: Walk, said: dict[str, str]) -> None:
    """What the signs mean does not depend on the estimates."""


def heading(walk: Walk, said: dict[str, str]) -> None:
    assert walk.key == "main"


CHECKERS: dict[str, Callable[[Walk, dict[str, str]], None]] = {
    "robustness.counts": counts, "robustness.far": far, "robustness.other_direction": other_direction,
    "robustness.simulation": simulation, "robustness.simulation_beyond": simulation, "robustness.against": against,
    "robustness.about": about, "robustness.not_estimable": not_estimable, "robustness.own": own,
    "robustness.population_overlap": population, "robustness.left_out": left_out, "robustness.corrected": corrected,
    "common.marks": marks, "robustness.signs": always, "robustness.heading": heading,
}  # fmt: skip


def notes(result: RobustnessResult, language: Language) -> Iterator[tuple[str, list[Note]]]:
    wording = Wording(result.study, language)
    for analysis in ("t3", "longitudinal"):
        rows = result.estimates[result.estimates["analysis"] == analysis]
        yield analysis, notes_of(rows, result.labels, result.notes, result.left_out, wording)


def verify(result: RobustnessResult, language: Language, analysis: str, told: list[Note]) -> None:
    walk = Walk(result, language, analysis)
    for note in told:
        CHECKERS[note.key](walk, read_back(note, language))


def _verify_all(result: RobustnessResult, told: list[tuple[str, list[Note]]]) -> None:
    for analysis, own in told:
        verify(result, "en", analysis, own)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_note_is_true(result: RobustnessResult, language: Language) -> None:
    seen = set()
    for analysis, told in notes(result, language):
        verify(result, language, analysis, told)
        seen |= {note.key for note in told}
        assert [note.text for note in told] == list(_table(result, language, analysis))
    assert seen == set(CHECKERS)


def _table(result: RobustnessResult, language: Language, analysis: str) -> tuple[str, ...]:
    return result.tables(Wording(result.study, language))[["t3", "longitudinal"].index(analysis)].notes


def _set(result: RobustnessResult, **columns: object) -> RobustnessResult:
    return replace(result, estimates=result.estimates.assign(**columns))


MUTATIONS: dict[str, Callable[[RobustnessResult], RobustnessResult]] = {
    "number of persons": lambda r: _set(r, n_persons=r.estimates["n_persons"] + 1),
    "shift": lambda r: _set(r, shift=2 * r.estimates["shift"]),
    "verdict": lambda r: _set(r, verdict=r.estimates["verdict"].replace({"same": "lost"})),
    "verdict of the register": lambda r: _set(r, verdict=r.estimates["verdict"].replace({"opposite": "same"})),
    "sign": lambda r: _set(r, estimate=r.estimates["estimate"].abs()),
    "imputations": lambda r: _set(r, m=r.estimates["m"] * 2),
    "variance between imputations": lambda r: _set(r, b=4 * r.estimates["b"]),
    "p-value": lambda r: _set(r, p_value=0.5),
    "message": lambda r: _set(r, message=""),
    "status": lambda r: _set(r, status="ok"),
    "engine": lambda r: _set(r, engine=r.estimates["engine"].str.replace("overlap", "inverse")),
    "label": lambda r: replace(r, labels={key: message("robustness.label_holm") for key in r.labels}),
    "reason": lambda r: replace(r, left_out={key: message("robustness.one_test") for key in r.left_out}),
    "who fulfils the rule": lambda r: replace(
        r, notes={k: (message("robustness.subset_known", inside=1, outside=2),) for k in r.notes}
    ),
}  # fmt: skip


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_false_note_is_found(result: RobustnessResult, mutation: str) -> None:
    changed = MUTATIONS[mutation](result)
    told = list(notes(result, "en"))
    with pytest.raises(AssertionError):
        _verify_all(changed, told)


def test_weights_for_all_are_told_as_such(study: Study, result: RobustnessResult) -> None:
    rows = result.estimates[(result.estimates["analysis"] == "t3") & result.estimates["model"].isin(["main", "i"])]
    rows = rows.assign(engine=rows["engine"].str.replace("overlap", "inverse"))
    found = {n.key for n in notes_of(rows, result.labels, {}, {}, Wording(study, "en"))}
    assert "robustness.population_inverse" in found
    assert "robustness.population_overlap" not in found


def test_no_sentence_of_the_room_lacks_a_place(result: RobustnessResult) -> None:
    """Both languages have the same places, so that no figure is lost in one of them."""
    for key, both in catalogue("robustness").items():
        places = [sorted(re.findall(r"\{(\w+)", both[language])) for language in LANGUAGES]
        assert places[0] == places[1], key
