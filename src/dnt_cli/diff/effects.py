"""Which effects moved between two runs, and which marks of significance were gained or lost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dnt_cli.effects import effect_rows
from dnt_cli.study import Significance

# In standard errors of the first file. A thousandth of an interval's width: no one would conclude otherwise from it,
# and well above what another library version or another machine makes of the same fit.
MOVED = 0.01
KEYS = ["analysis", "model", "outcome", "term"]
SAME, WITHIN, SHIFTED, CONCLUSION = "same", "within", "moved", "conclusion"
_NUMBERS = ("estimate", "std_error", "df", "p_value")

Row = dict[str, Any]


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


def effect_changes(a: pd.DataFrame, b: pd.DataFrame, marks_a: Significance, marks_b: Significance) -> EffectChanges:
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
    moved = sum(not _is_close(row) for row in others)
    return EffectChanges(pd.DataFrame(effects, columns=list(_COLUMNS)), len(others), moved)


_SIDES = ("scale", "estimate", "se", "p", "mark", "status", "verdict")
_COLUMNS = (
    *KEYS, *(f"{name}_{side}" for side in "ab" for name in _SIDES), "shift", "se_ratio", "change", "why",
)  # fmt: skip


def _paired(a: pd.DataFrame, b: pd.DataFrame) -> list[tuple[Row | None, Row | None]]:
    first, second = (
        {tuple(row[k] for k in KEYS): {str(k): v for k, v in row.items()} for row in frame.to_dict("records")}
        for frame in (a, b)
    )
    return [(first.get(key), second.get(key)) for key in dict.fromkeys([*second, *first])]


def _is_close(row: Row) -> bool:
    """Whether a control moved: as an effect, but its mark does not matter."""
    one_sided = "" in (row["status_a"], row["status_b"])
    status = row["status_a"] == row["status_b"] and row["scale_a"] == row["scale_b"]
    return not one_sided and status and not _far(row["shift"], row["se_ratio"])


def _compare(a: Row | None, b: Row | None, marks_a: Significance, marks_b: Significance) -> Row:
    present = b if b is not None else a
    assert present is not None
    one, two = _side(a, marks_a), _side(b, marks_b)
    row: Row = {key: present[key] for key in KEYS}
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
    binary = row["kind"] == "binary"
    beta = row["kind"] == "linear" and not math.isnan(_float(row["beta"]))
    name = "odds_ratio" if binary else "beta" if beta else "estimate"
    shown, shown_se = _float(row[name]), _float(row["std_error" if name == "estimate" else f"{name}_se"])
    link, link_se = (_float(row["estimate"]), _float(row["std_error"])) if binary else (shown, shown_se)
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
    """Whether an effect moved: its estimate, or its standard error by the same share of itself."""
    return not (abs(shift) <= MOVED and abs(ratio - 1) <= MOVED)


def _equal(a: Any, b: Any) -> bool:
    a, b = _float(a), _float(b)
    return a == b or (math.isnan(a) and math.isnan(b))


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)
