"""Effects of two files side by side: what moved, and which conclusions are no longer the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from dnt_cli.diff import Difference
from dnt_cli.diff.effects import CONCLUSION, MOVED, SAME, SHIFTED, WITHIN, EffectChanges
from dnt_cli.diff.layout import counted, known, without_empty_end
from dnt_cli.effects.tables import as_shown, scale_of, tone_of
from dnt_cli.messages import Message
from dnt_cli.robustness.result import codes, labels_of
from dnt_cli.study import Study
from dnt_cli.tables import Cell, Column, Section, Table, Tone
from dnt_cli.wording import Wording, spoken

_REASONS = (
    "mark lost", "mark gained", "mark changed", "reversed", "status", "verdict", "other scale", "only in A",
    "only in B",
)  # fmt: skip
_MARKS = {"mark lost", "mark gained", "mark changed", "reversed"}


def effects_headline(found: Difference, content: EffectChanges, wording: Wording) -> str:
    """How many moved, how far, and which marks were gained or lost."""
    rows = content.effects
    if (rows["change"] == SAME).all():
        return wording.text("diff.effects", n=len(rows), parts=wording.text("diff.all_same"))
    names = _Names(found, wording)
    moved = rows[_moved(rows)]
    parts = []
    counts = rows["change"].value_counts()
    parts += [wording.text("diff.same", n=counts[SAME])] if SAME in counts else []
    if WITHIN in counts:
        parts.append(wording.text("diff.within", n=counts[WITHIN], limit=wording.number(MOVED, 2)))
    if len(moved):
        parts.append(wording.text("diff.moved", n=len(moved), largest=_largest(moved, names, wording)))
    reasons = rows["why"].str.split("; ").explode().value_counts()
    parts += [counted(int(reasons[key]), key, wording) for key in _REASONS if key in reasons]
    parts += [wording.text("diff.no_mark")] if not _MARKS & set(reasons.index) else []
    return wording.text("diff.effects", n=len(rows), parts=", ".join(parts))


def _moved(rows: pd.DataFrame) -> pd.Series:
    """Estimated in both files, and further apart than `MOVED`; whatever became of the conclusion."""
    far = (rows["shift"].abs() > MOVED) | ((rows["se_ratio"] - 1).abs() > MOVED)
    both = rows["estimate_a"].notna() & rows["estimate_b"].notna()
    return far & both & (rows["scale_a"] == rows["scale_b"])


def _largest(moved: pd.DataFrame, names: _Names, wording: Wording) -> str:
    sizes = moved["shift"].abs().where(lambda s: s < math.inf, 0.0)
    if not sizes.max() > 0:
        return ""
    row = moved.iloc[int(sizes.to_numpy().argmax())].to_dict()
    effect = f"{names.outcome(row['outcome'])}, {names.analysis(row)}"
    return wording.text("diff.largest", shift=wording.number(sizes.max(), 2), effect=effect)


def effect_table(
    found: Difference, content: EffectChanges, wording: Wording, *, everything: bool = False
) -> list[Table]:
    """The effects whose conclusion changed, then those that moved most; with `everything` also the others."""
    rows = content.effects
    names = _Names(found, wording)
    repeated = _repeats_main(rows) & (rows["change"] == SHIFTED) & (not everything)
    kept = rows if everything else rows[rows["change"].isin([CONCLUSION, SHIFTED]) & ~repeated]
    if not len(kept):
        return []
    several = rows["analysis"].nunique() > 1
    alone = kept["why"].str.contains("only in")
    parts = {
        "section_conclusion": kept[(kept["change"] == CONCLUSION) & ~alone],
        "section_moved": kept[kept["change"] == SHIFTED],
        "section_alone": kept[alone],
        "section_rest": kept[kept["change"].isin([SAME, WITHIN])],
    }
    sections = [
        Section(names.heading(title, str(analysis), several=several), tuple(_row(row, names) for row in _ordered(own)))
        for title, part in parts.items()
        for analysis, own in part.groupby("analysis", sort=False)
    ]
    title = wording.text("diff.all_title" if everything else "diff.moved_title")
    if not several:
        title += ". " + names.where(str(rows["analysis"].iloc[0]))
    notes = tuple(_notes(content, kept, int(repeated.sum()), names, wording))
    return [without_empty_end(Table(title, _columns(wording), tuple(sections), notes))]


def _columns(wording: Wording) -> tuple[Column, ...]:
    error = Column(wording.text("common.std_error"), optional=True)
    return (
        Column(wording.text("common.outcome"), "left"),
        Column("", optional=True),
        Column("A"),
        error,
        Column("B"),
        error,
        Column(wording.text("diff.shift")),
        Column(wording.text("diff.error"), optional=True),
        Column(wording.text("diff.effect_change"), "left"),
    )


def _repeats_main(rows: pd.DataFrame) -> pd.Series:
    """Which checks have the estimates of the main analysis, in both files: only their p-values are others."""
    names = ["estimate_a", "se_a", "estimate_b", "se_b"]
    keys = ["analysis", "outcome", "term"]
    main = rows.loc[rows["model"] == "main", [*keys, *names]]
    beside = rows[keys].merge(main, on=keys, how="left")[names].to_numpy(dtype=float)
    own = rows[names].to_numpy(dtype=float)
    equal = np.isclose(own, beside, rtol=0, atol=0, equal_nan=True).all(axis=1)
    return pd.Series((rows["model"] != "main").to_numpy() & equal, index=rows.index)


def _ordered(part: pd.DataFrame) -> list[dict[Any, Any]]:
    """Those that moved most first, those that only one file has last."""
    return part.sort_values("shift", key=lambda s: -s.abs(), kind="stable", na_position="last").to_dict("records")


class _Names:
    """What outcomes, analyses and checks are called; of the second file where it has them."""

    def __init__(self, found: Difference, wording: Wording) -> None:
        self.wording = wording
        self.studies: tuple[Study, Study] = (found.a.study, found.b.study)
        first, second = labels_of(found.a.extra), labels_of(found.b.extra)
        self.labels: dict[str, tuple[Message, Study]] = {key: (own, found.a.study) for key, own in first.items()}
        self.labels |= {key: (own, found.b.study) for key, own in second.items()}
        self.codes = codes(list(self.labels))

    def label(self, key: str) -> str:
        """The label of a check."""
        label, study = self.labels[key]
        return spoken(label, self.wording.language, study)

    def study(self, outcome: str) -> Study:
        """The study that knows an outcome."""
        return self.studies[1] if outcome in self.studies[1].outcomes else self.studies[0]

    def outcome(self, key: str) -> str:
        """The outcome's label."""
        return self.study(key).outcomes[key].label[self.wording.language]

    def analysis(self, row: Mapping[Any, Any]) -> str:
        """`T3`, `trend`, `T3 (a)`."""
        endpoint = self.study(row["outcome"]).endpoint(row["outcome"])
        text = endpoint if row["analysis"] == "t3" else self.wording.text("common.trend").lower()
        return text + self.check(row)

    def check(self, row: Mapping[Any, Any]) -> str:
        """` (a)`, nothing for the main analysis."""
        return "" if row["model"] == "main" else f" ({self.codes.get(row['model'], row['model'])})"

    def heading(self, title: str, analysis: str, *, several: bool) -> str:
        """`Another conclusion: trend`, with the analysis if there are several."""
        where = self.studies[1].design.endpoint if analysis == "t3" else self.wording.text("common.trend").lower()
        text = self.wording.text(f"diff.{title}")
        return f"{text}: {where}" if several else text

    def where(self, analysis: str) -> str:
        """`Effect at T3`."""
        values = {"wave": self.studies[1].design.endpoint, "unit": self.wording.unit()}
        return self.wording.text(f"common.effect_{analysis}", **values)

    def tone(self, row: Mapping[Any, Any], side: str) -> Tone:
        """Green or red where one file marks an effect, as in its own table."""
        if not row[f"mark_{side}"]:
            return ""
        ratio = row[f"estimate_{side}"]
        upward = ratio - 1 if row[f"scale_{side}"] == "binary" else ratio
        own = self.studies["ab".index(side)]
        return tone_of(
            pd.Series({"p_value": row[f"p_{side}"], "estimate": upward, "outcome": row["outcome"]}), own, "better"
        )


def _row(row: Mapping[Any, Any], names: _Names) -> tuple[Cell, ...]:
    wording = names.wording
    cells = [Cell(names.outcome(row["outcome"]) + names.check(row))]
    cells.append(Cell(scale_of(row["scale_b"] or row["scale_a"], wording), "muted"))
    for side in "ab":
        cells += _estimate(row, side, names)
    both = row["status_a"] and row["status_b"]
    cells.append(Cell(_signed(row["shift"], wording) if both else ""))
    cells.append(Cell(_percent(row["se_ratio"], wording) if both else ""))
    held = "a" if "mark lost" in row["why"] else "b"
    tone = names.tone(row, held) if set(row["why"].split("; ")) & _MARKS else ""
    return (*cells, Cell(_why(row, wording), tone))


def _estimate(row: Mapping[Any, Any], side: str, names: _Names) -> list[Cell]:
    status = row[f"status_{side}"]
    if not status:
        return [Cell(""), Cell("")]
    if status == "not estimable":
        return [Cell("#", "muted"), Cell("")]
    mark = row[f"mark_{side}"] + ("!" if status == "doubtful" else "")
    scale = row[f"scale_{side}"]
    estimate, error = (as_shown(scale, row[f"{name}_{side}"], names.wording) for name in ("estimate", "se"))
    other = f" {scale_of(scale, names.wording)}" if "other scale" in row["why"] else ""
    return [Cell(estimate + mark + other, names.tone(row, side)), Cell(f"({error})")]


def _signed(value: float, wording: Wording) -> str:
    """A shift with two decimals; three where two would hide that it is not zero."""
    if math.isinf(value):
        return "-"
    return wording.number(value, 3 if 0 < abs(value) < 0.005 else 2, sign=value != 0)


def _percent(ratio: float, wording: Wording) -> str:
    """By how many per cent the standard error changed."""
    if not math.isfinite(ratio):
        return "-"
    change = 100 * (ratio - 1)
    return "" if round(change, 1) == 0 else wording.number(change, 0 if abs(change) >= 1 else 1, sign=True)


def _why(row: Mapping[Any, Any], wording: Wording) -> str:
    told = []
    for reason in filter(None, row["why"].split("; ")):
        if reason in ("status", "verdict"):
            a, b = (known(f"{reason}_{row[f'{reason}_{side}']}", wording) for side in "ab")
        else:
            a, b = row["mark_a"], row["mark_b"]
        told.append(wording.text(f"diff.word_{reason}", a=a, b=b))
    if row["change"] == SHIFTED and abs(row["shift"]) <= MOVED:
        told.append(wording.text("diff.word_error", percent=_percent(row["se_ratio"], wording)))
    return "; ".join(told)


def _notes(content: EffectChanges, kept: pd.DataFrame, repeated: int, names: _Names, wording: Wording) -> list[str]:
    percent = wording.number(100 * MOVED, 0)
    notes = [wording.text("diff.shift_note", limit=wording.number(MOVED, 2), percent=percent)]
    marks = names.studies[1].significance
    strict, lenient = (wording.threshold(x) for x in (marks.strict, marks.lenient))
    notes.append(wording.text("common.marks", strict=strict, lenient=lenient))
    notes += [
        wording.text("diff.check_note", code=names.codes[key], label=names.label(key))
        for key in dict.fromkeys(kept["model"])
        if key in names.labels
    ]
    if content.others:
        notes.append(wording.text("diff.others_note", n=content.others, moved=content.others_moved))
    notes += [wording.text("diff.repeated", n=repeated)] if repeated else []
    left = len(content.effects) - len(kept) - repeated
    return [*notes, wording.text("diff.hidden", n=left)] if left else notes
