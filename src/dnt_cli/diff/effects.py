"""Which effects moved between two runs, and which marks of significance were gained or lost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from dnt_cli.diff.layout import counted, known, without_empty_end
from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.kinds import KINDS
from dnt_cli.effects.tables import as_shown, scale_of, tone_of, where_of
from dnt_cli.models import ENDPOINT, LONGITUDINAL
from dnt_cli.robustness.result import codes, labels_of
from dnt_cli.study import Significance, Study
from dnt_cli.tables import Cell, Column, Section, Table, Tone
from dnt_cli.wording import Wording, spoken

if TYPE_CHECKING:
    from dnt_cli.diff import Difference
    from dnt_cli.stagefile.container import Stage

# In standard errors of the first file. A thousandth of an interval's width: no one would conclude otherwise from it,
# and well above what another library version or another machine makes of the same fit.
MOVED = 0.01
KEYS = ["analysis", "model", "outcome", "term"]
SAME, WITHIN, SHIFTED, CONCLUSION = "same", "within", "moved", "conclusion"
_NUMBERS = ("estimate", "std_error", "df", "p_value")

Row = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class EffectChanges:
    """The effects of two files side by side.

    Attributes:
        effects: A row per effect: `KEYS`, `scale_a`, `a` (odds ratio, beta or probability), `se_a`, `p_a`, `mark_a`,
            `status_a`, `verdict_a` and the same of the second file; `shift` of the estimate in standard errors of the
            first (of the log odds ratio where the scale is binary), `se_ratio`, `change` (one of `same`, `within`,
            `moved`, `conclusion`) and `why` (what changed in the conclusion, empty otherwise).
        others: Number of other rows (controls, intercepts, balance) that both or one of the files have.
        others_moved: Number of those that are not the same within `MOVED`.
    """

    effects: pd.DataFrame
    others: int
    others_moved: int

    @classmethod
    def between(cls, a: Stage, b: Stage) -> Self:
        """Join two files of estimates or robustness checks."""
        return cls.of(a.frame, b.frame, a.study.significance, b.study.significance)

    @classmethod
    def of(cls, a: pd.DataFrame, b: pd.DataFrame, marks_a: Significance, marks_b: Significance) -> Self:
        """Join two files of estimates or robustness checks on analysis, model, outcome and term.

        Args:
            a: As the fitting stages write them.
            b: The same of the second file, whose order leads.
            marks_a: Levels of significance of the first file's study.
            marks_b: The same of the second.
        """
        effects = [_compare(*pair, marks_a, marks_b) for pair in _paired(effect_rows(a), effect_rows(b))]
        rest = [frame[~frame.index.isin(effect_rows(frame).index)] for frame in (a, b)]
        others = [_compare(*pair, marks_a, marks_b) for pair in _paired(*rest)]
        moved = sum(row["status_a"] != row["status_b"] or _far(row["shift"], row["se_ratio"]) for row in others)
        return cls(pd.DataFrame(effects, columns=list(_COLUMNS)), len(others), moved)

    @property
    def same(self) -> bool:
        """Whether all numbers are exactly the same."""
        return bool((self.effects["change"] == SAME).all()) and not self.others_moved

    def sizes(self, found: Difference) -> dict[str, tuple[str, str]]:
        """Persons and imputations behind the effects, where they are not the same and no cause says so."""
        told = {cause.item for cause in found.causes}
        pairs: dict[str, tuple[str, str]] = {}
        for name in [own for own in ("n_persons", "m") if own not in told]:
            a, b = (f"{stage.frame[name].max():.0f}" for stage in (found.a, found.b))
            pairs |= {name: (a, b)} if a != b else {}
        return pairs

    def headline(self, found: Difference, wording: Wording) -> str:
        """How many moved, how far, and which marks were gained or lost."""
        rows = self.effects
        if (rows["change"] == SAME).all():
            return wording.text("diff.effects", n=len(rows), parts=wording.text("diff.all_same"))
        moved, counts = rows[_moved(rows)], rows["change"].value_counts()
        parts = [wording.text("diff.same", n=counts[SAME])] if SAME in counts else []
        if WITHIN in counts:
            parts.append(wording.text("diff.within", n=counts[WITHIN], limit=wording.number(MOVED, 2)))
        if len(moved):
            parts.append(wording.text("diff.moved", n=len(moved), largest=_largest(moved, _Names(found, wording))))
        reasons = rows["why"].str.split("; ").explode().value_counts()
        parts += [counted(int(reasons[key]), key, wording) for key in _REASONS if key in reasons]
        parts += [wording.text("diff.no_mark")] if not _MARKS & set(reasons.index) else []
        return wording.text("diff.effects", n=len(rows), parts=", ".join(parts))

    def table(self, found: Difference, wording: Wording, *, everything: bool) -> list[Table]:
        """The effects whose conclusion changed, then those that moved most; with `everything` also the others."""
        rows, names = self.effects, _Names(found, wording)
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
            Section(names.heading(title, str(analysis), several=several), tuple(_row(r, names) for r in _ordered(own)))
            for title, part in parts.items()
            for analysis, own in part.groupby("analysis", sort=False)
        ]
        title = wording.text("diff.all_title" if everything else "diff.moved_title")
        if not several:
            title += ". " + where_of(str(rows["analysis"].iloc[0]), wording)
        notes = tuple(_notes(self, kept, int(repeated.sum()), names))
        return [without_empty_end(Table(title, _columns(wording), tuple(sections), notes))]

    def frame(self) -> pd.DataFrame:
        """The effects."""
        return self.effects.rename(columns={"estimate_a": "a", "estimate_b": "b"})


_SIDES = ("scale", "estimate", "se", "p", "mark", "status", "verdict")
_COLUMNS = (
    *KEYS, *(f"{name}_{side}" for side in "ab" for name in _SIDES), "shift", "se_ratio", "change", "why",
)  # fmt: skip


def _paired(a: pd.DataFrame, b: pd.DataFrame) -> list[tuple[Row | None, Row | None]]:
    first, second = ({_key(row): row for row in frame.to_dict("records")} for frame in (a, b))
    return [(first.get(key), second.get(key)) for key in dict.fromkeys([*second, *first])]


def _key(row: Row) -> tuple[str, ...]:
    """What says which effect a row is about; the endpoint and a trend have no wave in files of older versions."""
    wave = "" if row["analysis"] in (ENDPOINT, LONGITUDINAL) else row.get("wave")
    return (*(row[name] for name in KEYS), wave if isinstance(wave, str) else "")


def _compare(a: Row | None, b: Row | None, marks_a: Significance, marks_b: Significance) -> Row:
    one, two = _side(a, marks_a), _side(b, marks_b)
    row: Row = {key: (b or a or {})[key] for key in KEYS}
    row |= {f"{name}_a": one[name] for name in _SIDES} | {f"{name}_b": two[name] for name in _SIDES}
    comparable = a is not None and b is not None and one["scale"] == two["scale"]
    row["shift"] = _shift(one["link"], two["link"], one["link_se"]) if comparable else math.nan
    row["se_ratio"] = _ratio(one["link_se"], two["link_se"]) if comparable else math.nan
    row["why"] = _why(a, b, row)
    if row["why"]:
        row["change"] = CONCLUSION
    elif _exact(a, b) and _equal(one["estimate"], two["estimate"]) and _equal(one["se"], two["se"]):
        row["change"] = SAME
    else:
        row["change"] = SHIFTED if _far(row["shift"], row["se_ratio"]) else WITHIN
    return row


def _exact(a: Row | None, b: Row | None) -> bool:
    return a is not None and b is not None and all(_equal(a[name], b[name]) for name in _NUMBERS)


def _side(row: Row | None, marks: Significance) -> Row:
    """One file's part: display scale, and the scale on which shifts are measured."""
    if row is None:
        none = dict.fromkeys(("estimate", "se", "p", "link", "link_se"), math.nan)
        return none | dict.fromkeys(("scale", "mark", "status", "verdict"), "")
    kind = KINDS.get(row["kind"])
    ratio = "" if kind is None else kind.ratio
    beta = row["kind"] == "linear" and not math.isnan(_float(row["beta"]))
    name = ratio or ("beta" if beta else "estimate")
    shown, shown_se = _float(row[name]), _float(row["std_error" if name == "estimate" else f"{name}_se"])
    link, link_se = (_float(row["estimate"]), _float(row["std_error"])) if ratio else (shown, shown_se)
    p = _float(row["p_value"])
    return {
        "scale": str(row["kind"]) if isinstance(row["kind"], str) else "",
        "estimate": shown,
        "se": shown_se,
        "p": p,
        "mark": "" if row["status"] == "not estimable" else marks.mark(p),
        "status": row["status"] if isinstance(row["status"], str) else "ok",
        "verdict": row["verdict"] if isinstance(row.get("verdict"), str) else "",
        "link": link,
        "link_se": link_se,
    }


def _why(a: Row | None, b: Row | None, row: Row) -> str:
    """What changed in the conclusion, as words separated by `; `."""
    if a is None or b is None:
        return "only in B" if a is None else "only in A"
    found = []
    if row["scale_a"] != row["scale_b"]:
        found.append("other scale")
    if row["status_a"] != row["status_b"]:
        found.append("status")
    before, after = row["mark_a"], row["mark_b"]
    if before and after and a["estimate"] * b["estimate"] < 0:
        found.append("reversed")
    elif before != after:
        found.append("mark gained" if not before else "mark lost" if not after else "mark changed")
    if row["verdict_a"] != row["verdict_b"]:
        found.append("verdict")
    return "; ".join(found)


def _shift(a: float, b: float, error: float) -> float:
    """(b - a) / error; 0 where nothing moved, whatever the error, infinite where there is no scale to it."""
    if _equal(a, b):
        return 0.0
    if math.isnan(a) or math.isnan(b) or not error > 0:
        return math.inf
    return (b - a) / error


def _ratio(a: float, b: float) -> float:
    """The quotient of two standard errors; 1 where they are the same, infinite where there is no ratio."""
    if _equal(a, b):
        return 1.0
    return b / a if a > 0 and not math.isnan(b) else math.inf


def _far(shift: float, ratio: float) -> bool:
    """Whether an effect moved, or cannot be compared: its estimate, or its standard error by the same share of it."""
    return not (abs(shift) <= MOVED and abs(ratio - 1) <= MOVED)


def _equal(a: Any, b: Any) -> bool:
    a, b = _float(a), _float(b)
    return a == b or (math.isnan(a) and math.isnan(b))


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)


_REASONS = (
    "mark lost", "mark gained", "mark changed", "reversed", "status", "verdict", "other scale", "only in A",
    "only in B",
)  # fmt: skip
_MARKS = {"mark lost", "mark gained", "mark changed", "reversed"}


def _moved(rows: pd.DataFrame) -> pd.Series:
    """Estimated in both files, and further apart than `MOVED`; whatever became of the conclusion."""
    far = (rows["shift"].abs() > MOVED) | ((rows["se_ratio"] - 1).abs() > MOVED)
    both = rows["estimate_a"].notna() & rows["estimate_b"].notna()
    return far & both & (rows["scale_a"] == rows["scale_b"])


def _largest(moved: pd.DataFrame, names: _Names) -> str:
    sizes = moved["shift"].abs().where(lambda s: s < math.inf, 0.0)
    if not sizes.max() > 0:
        return ""
    row = moved.iloc[int(sizes.to_numpy().argmax())].to_dict()
    when = names.when(row["analysis"], names.study(row["outcome"]).endpoint(row["outcome"]))
    effect = f"{names.outcome(row['outcome'])}, {when}{names.check(row)}"
    return names.wording.text("diff.largest", shift=names.wording.number(sizes.max(), 2), effect=effect)


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


def _ordered(part: pd.DataFrame) -> list[Row]:
    """Those that moved most first, those that only one file has last."""
    return part.sort_values("shift", key=lambda s: -s.abs(), kind="stable", na_position="last").to_dict("records")


class _Names:
    """What outcomes, analyses and checks are called; of the second file where it has them."""

    def __init__(self, found: Difference, wording: Wording) -> None:
        self.wording = wording
        self.studies: tuple[Study, Study] = (found.a.study, found.b.study)
        self.labels = {
            key: spoken(own, wording.language, stage.study)
            for stage in (found.a, found.b)
            for key, own in labels_of(stage.extra).items()
        }
        self.codes = codes(list(self.labels))

    def study(self, outcome: str) -> Study:
        """The study that knows an outcome."""
        return self.studies[1] if outcome in self.studies[1].outcomes else self.studies[0]

    def outcome(self, key: str) -> str:
        """The outcome's label."""
        return self.study(key).outcomes[key].label[self.wording.language]

    def when(self, analysis: str, endpoint: str) -> str:
        """`T3`, or `trend`."""
        return endpoint if analysis == ENDPOINT else self.wording.text("common.trend").lower()

    def check(self, row: Row) -> str:
        """` (a)`, nothing for the main analysis."""
        return "" if row["model"] == "main" else f" ({self.codes.get(row['model'], row['model'])})"

    def heading(self, title: str, analysis: str, *, several: bool) -> str:
        """`Another conclusion: trend`, with the analysis if there are several."""
        text = self.wording.text(f"diff.{title}")
        return f"{text}: {self.when(analysis, self.wording.study.design.endpoint)}" if several else text

    def tone(self, row: Row, side: str) -> Tone:
        """Green or red where one file marks an effect, as in its own table."""
        if not row[f"mark_{side}"]:
            return ""
        upward = row[f"estimate_{side}"] - KINDS[row[f"scale_{side}"]].none
        effect = pd.Series({"p_value": row[f"p_{side}"], "estimate": upward, "outcome": row["outcome"]})
        return tone_of(effect, self.studies["ab".index(side)], "better")


def _row(row: Row, names: _Names) -> tuple[Cell, ...]:
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
    return (*cells, Cell(_why_in_words(row, wording), tone))


def _estimate(row: Row, side: str, names: _Names) -> list[Cell]:
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


def _why_in_words(row: Row, wording: Wording) -> str:
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


def _notes(content: EffectChanges, kept: pd.DataFrame, repeated: int, names: _Names) -> list[str]:
    wording = names.wording
    percent = wording.number(100 * MOVED, 0)
    notes = [wording.text("diff.shift_note", limit=wording.number(MOVED, 2), percent=percent)]
    notes.append(wording.marks_note())
    notes += [
        wording.text("diff.check_note", code=names.codes[key], label=names.labels[key])
        for key in dict.fromkeys(kept["model"])
        if key in names.labels
    ]
    if content.others:
        notes.append(wording.text("diff.others_note", n=content.others, moved=content.others_moved))
    notes += [wording.text("diff.repeated", n=repeated)] if repeated else []
    left = len(content.effects) - len(kept) - repeated
    return [*notes, wording.text("diff.hidden", n=left)] if left else notes
