"""The notes under a table of robustness checks, each derived from the estimates that stand in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from dnt_cli.effects.errors import errors_note
from dnt_cli.effects.note import Note
from dnt_cli.effects.notes import against_hypothesis
from dnt_cli.messages import Message
from dnt_cli.models import ENDPOINT
from dnt_cli.robustness.result import codes
from dnt_cli.robustness.verdicts import VERDICTS, monte_carlo_error
from dnt_cli.wording import Wording

FAR = 1.0
"""Standard errors of the main effect; a shift beyond it is told by name."""
_BEYOND_CHANCE = 2.0  # Monte Carlo errors

REGISTER, METHOD, TESTS = "d", "f", "k"  # the checks of which something else is told


def notes_of(
    rows: pd.DataFrame, labels: Mapping[str, Message], said: Mapping[str, tuple[Message, ...]],
    left_out: Mapping[str, Message], wording: Wording,
) -> list[Note]:  # fmt: skip
    """All notes under the table of one analysis.

    Args:
        rows: The effects in the table, main analysis and checks.
        labels: Check key -> label, of all columns in their order.
        said: Check key -> what the check itself has to say.
        left_out: Check key -> why it does not apply.
        wording: The study in a language.
    """
    names = codes(labels)
    main = rows[rows["model"] == "main"]
    notes = [Note("common.synthetic", text) for text in wording.synthetic_note()]
    elsewhere = wording.other_endpoints(main.loc[main["analysis"] == ENDPOINT, "outcome"])
    notes += [Note("common.other_endpoint", text) for text in elsewhere]
    notes += _indented(_reasons(main, wording), wording.text("common.main"), wording)
    for key in labels:
        own = rows[rows["model"] == key]
        if own.empty:
            continue
        notes.append(_counts(key, names[key], labels[key], own, wording))
        notes += [_note("own", wording, text=wording.messages(message)) for message in said.get(key, ())]
        notes += _moved(key, own, wording)
        if key == METHOD:
            notes += _simulation(main, own, wording)
        notes += _population(own, wording)
        notes += _against(own, wording)
        if key[0] != TESTS:
            notes += _reasons(own, wording)
    notes += [
        _note("left_out", wording, code=key[0], reason=wording.messages(reason))
        for key, reason in sorted(left_out.items())
    ]
    return [
        *notes,
        Note("common.marks", wording.marks_note()),
        *(Note(f"effects.errors_{wording.study.models.errors}", text) for text in errors_note(main, wording)),
        *_corrected(rows, names, wording),
        _note("signs", wording),
    ]


def details_of(notes: Sequence[Note]) -> frozenset[str]:
    """The texts of those about single checks, which a document with an appendix sets there."""
    short = {"common.synthetic", "common.other_endpoint", "common.marks", "robustness.corrected", "robustness.signs"}
    return frozenset(own.text for own in notes if own.key not in short)


def _note(name: str, wording: Wording, **values: object) -> Note:
    return Note(f"robustness.{name}", wording.text(f"robustness.{name}", **values))


def _indented(notes: Sequence[Note], heading: str, wording: Wording) -> list[Note]:
    """Notes under a heading, which is only there if they are."""
    return [_note("heading", wording, code=heading), *notes] if notes else []


def _counts(key: str, code: str, label: Message, own: pd.DataFrame, wording: Wording) -> Note:
    """How far the effects moved at most, and what became of how many marks."""
    register = key[0] == REGISTER
    counts = own["verdict"].value_counts()
    order = [v for v in (*VERDICTS[1:], VERDICTS[0]) if v in counts]
    names = {v: f"robustness.{'register' if register else 'verdict'}_{v}" for v in order}
    parts = [wording.text(names[v], n=counts[v], all=len(own)) for v in order]
    largest = _largest(own)
    if largest is not None and key[0] != TESTS:
        moved = abs(largest["shift"]) >= 0.005
        name = "apart" if register else "largest" if moved else "unmoved"
        size = wording.number(largest["shift"], 2, sign=True)
        parts.insert(0, wording.text(f"robustness.{name}", shift=size, outcome=wording.label(largest["outcome"])))
    persons = own["n_persons"].max()
    n = 0 if pd.isna(persons) else int(persons)
    return _note("counts", wording, code=code, label=wording.messages(label), n=n, counts="; ".join(parts))


def _largest(own: pd.DataFrame) -> pd.Series | None:
    known = own[own["shift"].notna()]
    return known.iloc[int(known["shift"].abs().to_numpy().argmax())] if len(known) else None


def _moved(key: str, own: pd.DataFrame, wording: Wording) -> list[Note]:
    """The effects that moved far; of the register, those that go the other way."""
    if key[0] == REGISTER:
        name, told = "other_direction", own[own["verdict"] == "opposite"]
    else:
        name, told = "far", own[own["shift"].abs() > FAR]
    shifts = [f"{wording.label(r['outcome'])} ({wording.number(r['shift'], 1, sign=True)})" for _, r in told.iterrows()]
    return [_note(name, wording, far=wording.number(FAR, 0), outcomes=", ".join(shifts))] if shifts else []


def _simulation(main: pd.DataFrame, own: pd.DataFrame, wording: Wording) -> list[Note]:
    """What the small number of imputations of the other method allows to say."""
    by_outcome = {row["outcome"]: row for _, row in main.iterrows()}
    errors = {r["outcome"]: monte_carlo_error(by_outcome[r["outcome"]], r) for _, r in own.iterrows()
              if not pd.isna(r["shift"])}  # fmt: skip
    if not errors:
        return []
    shifts = own.set_index("outcome")["shift"]
    beyond = [key for key, error in errors.items() if abs(shifts[key]) > _BEYOND_CHANCE * error]
    size = wording.number(max(errors.values()), 2)
    m = (int(main["m"].max()), int(own["m"].max()))
    if not beyond:
        return [_note("simulation", wording, size=size, main=m[0], own=m[1])]
    return [_note("simulation_beyond", wording, size=size, main=m[0], own=m[1], outcomes=wording.labels(beyond))]


def _population(own: pd.DataFrame, wording: Wording) -> list[Note]:
    """Of whom a weighted effect tells; the engines that fitted it say with what weights."""
    engines = " ".join(own["engine"].fillna(""))
    kinds = [kind for kind in ("overlap", "inverse") if f"{kind} weights" in engines]
    return [_note(f"population_{kind}", wording) for kind in kinds]


def _against(own: pd.DataFrame, wording: Wording) -> list[Note]:
    found = against_hypothesis(own, wording.study)
    return [_note("against", wording, outcomes=wording.labels(found))] if found else []


def _corrected(rows: pd.DataFrame, names: Mapping[str, str], wording: Wording) -> list[Note]:
    """The columns whose marks are corrected for the number of tests, unlike what the note on the marks says."""
    found = [f"({names[key]})" for key in dict.fromkeys(rows["model"]) if key[0] == TESTS and key in names]
    return [_note("corrected", wording, codes=", ".join(found))] if found else []


def _reasons(own: pd.DataFrame, wording: Wording) -> list[Note]:
    """What is to be said of single effects: why there is none, what was left out; once where it is the same."""
    said: dict[tuple[str, str], list[str]] = {}
    for _, row in own.iterrows():
        if row["message"] and not pd.isna(row["message"]):
            name = "not_estimable" if row["status"] == "not estimable" else "about"
            said.setdefault((name, wording.messages(row["message"]).rstrip(".")), []).append(row["outcome"])
    return [_note(name, wording, outcomes=wording.labels(keys), message=text) for (name, text), keys in said.items()]
