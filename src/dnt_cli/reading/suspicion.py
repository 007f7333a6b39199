"""Values that look like codes for no answer but that nobody declared: an error, before they become a mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.reading.table import DataTable, Distinct, Variable, code_of, shown
from dnt_cli.study.source_rules import same_code

NEGATIVE = frozenset(
    {*range(-9, 0), -66, -77, -88, *range(-99, -94), -666, -777, -888, *range(-999, -989), -9999, -99999}
)
POSITIVE = frozenset({
    7, 8, 9, 66, 77, 88, *range(95, 100), 666, 777, 888, *range(990, 1000), 8888, 9998, 9999, 99998, 99999, 999998,
    999999, 9999999, 99999999, 999999999,
})  # fmt: skip
ALWAYS = frozenset({-(2.0**31), 2.0**31 - 1, -(2.0**63), 2.0**63, -32768.0, 32767.0})
SMALL = 10  # codes of one digit are codes only beside a scale of a few whole numbers
CLASSES = 8
NO_ANSWER = (
    "weet niet", "weet ik niet", "weet het niet", "wil niet", "geen antwoord", "geen opgave", "geen mening", "onbekend",
    "niet ingevuld", "niet van toepassing", "niet beantwoord", "niet gevraagd", "geweigerd", "weigert", "ontbreek",
    "missing", "don't know", "dont know", "do not know", "don`t know", "don’t know", "not applicable", "no answer",
    "no opinion", "not asked", "not answered", "refus", "unknown", "declined", "prefer not", "n.v.t",
    "nvt", "n/a", "dk",
)  # fmt: skip


def means_no_answer(label: str) -> bool:
    """Whether a label, or a word in a cell, says that there is no answer."""
    text = label.strip().casefold()
    return any(
        text == word or (len(word) > 3 and text.startswith(word)) or (len(word) > 5 and word in text)
        for word in NO_ANSWER
    )


def suspicious(table: DataTable) -> None:
    """An error for every value that looks like a code; its cells are emptied, so that nothing else is said of them."""
    for column, variable in table.of("outcome", "covariate"):
        if not variable.numeric or table.frame[column].dtype.kind not in "fiu":
            _words(table, column, variable)
        if variable.numeric:
            numbers = pd.to_numeric(table.frame[column], errors="coerce")
            _number_codes(table, column, variable, numbers.astype("float64"))


def _words(table: DataTable, column: str, variable: Variable) -> None:
    """Words such as "weet niet" are named, since they are nobody's answer; so are codes among levels."""
    values = table.frame[column]
    spec = variable.covariate
    levels = set() if spec is None else set(spec.levels)
    kept = {same_code(code) for code in (spec.valid if spec is not None else ())}
    distinct = Distinct.of(values)
    change: dict[int, None] = {}
    for place, value, count, code in distinct.coded():
        if code in kept or (shown(code) if isinstance(code, float) else str(value).strip()) in levels:
            continue
        if isinstance(code, float):
            suspect = not variable.numeric and (code in NEGATIVE | ALWAYS or (code in POSITIVE and code >= SMALL - 1))
        else:
            suspect = means_no_answer(code)
        if suspect:
            written = shown(code) if isinstance(code, float) else f'"{str(value).strip()}"'
            said = {"value": written, "code_": written, "section": variable.section}
            table.notes.add("error", variable.key, "suspect", count, **said)
            change[place] = None
    table.frame[column] = distinct.replaced(change, values)


def _number_codes(table: DataTable, column: str, variable: Variable, values: pd.Series) -> None:
    spec = variable.outcome or variable.covariate
    assert spec is not None
    own, person = variable.covariate, table.study.design.id
    judged = values
    if own is not None and own.timing == "baseline" and person in table.frame:  # a person counts once
        judged = values[~pd.DataFrame({"id": table.frame[person], "value": values}).duplicated()]
    x = judged.to_numpy()
    different, counts = np.unique(x[np.isfinite(x)], return_counts=True)
    kept = {same_code(code) for code in spec.valid}
    labels = {code_of(c): label for c, label in table.dictionary.values.get(column, {}).items()}
    limits = spec.range if variable.outcome is None else variable.outcome.limits
    found = [float(v) for v in suspects(different, counts, labels, limits) if float(v) not in kept]
    if variable.outcome is not None and variable.outcome.level_labels:  # a class is no code
        found = [v for v in found if limits is None or not limits[0] <= v <= limits[1]]
    for value in found:
        count = int((values == value).sum())
        written = f"{shown(value)} ({labels[value]})" if value in labels else shown(value)
        table.notes.add(
            "error", variable.key, "suspect", count, value=written, code_=shown(value), section=variable.section
        )
    if found:
        table.frame[column] = table.frame[column].mask(values.isin(found))


def suspects(
    different: NDArray[np.float64],
    counts: NDArray[np.intp],
    labels: Mapping[Any, str],
    limits: tuple[float, float] | None,
) -> list[float]:
    """Which of the values of a column look like codes for no answer.

    Args:
        different: (k,) the values that occur, increasing.
        counts: (k,) how often each does.
        labels: What the file calls some of them.
        limits: The range of the study file, if it has one; values outside it need less to be suspect.

    Returns:
        Those with a label that says so; the extremes of a computer's whole numbers; negative codes where all else is
        positive; and codes such as 9, 99 or 999 that lie far from all else.
    """
    named = {v for v in different if v in labels and means_no_answer(labels[v])}
    codes = {v for v in different if v in NEGATIVE or v in POSITIVE or v in ALWAYS}
    others = np.array([v for v in different if v not in codes and v not in named])
    if others.size == 0:  # codes only: a scale of 7, 8 and 9 is a scale
        others = np.array([v for v in different if v in POSITIVE and v < SMALL and v not in named])
    out = set(named)
    often = dict(zip(different.tolist(), counts.tolist(), strict=True))
    small = others.size > 0 and bool((others % 1 == 0).all()) and others.size <= CLASSES
    for v in sorted(codes - named, key=abs):
        outside = limits is not None and not limits[0] <= v <= limits[1]
        if v in ALWAYS:
            suspect = others.size == 0 or abs(v) > 10 * np.abs(others).max() or outside
        elif outside:
            suspect = True
        elif others.size == 0:
            suspect = abs(v) >= SMALL
        else:
            suspect = _far(v, others, small=small) and (often[v] > 1 or _is_plain(v))
        if suspect:
            out.add(v)
        else:
            others = np.append(others, v)  # an answer, beside which the next is judged
    return sorted(float(v) for v in out)


def _is_plain(v: float) -> bool:
    """Nines, or below zero: a code even if it occurs once; 77 may be a count."""
    return v < 0 or (v > SMALL and set(f"{v:g}") == {"9"})


def _far(v: float, others: NDArray[np.float64], *, small: bool) -> bool:
    low, high = float(others.min()), float(others.max())
    spread = max(high - low, 1.0)
    if v < 0:
        return (low >= 0 and v < low) or v < low - 0.5 * spread
    if v < SMALL:
        return small and high < v - 1 and low >= 0 and v - high >= 0.5 * spread
    return v - high > 0.5 * spread or v < low - 0.5 * spread
