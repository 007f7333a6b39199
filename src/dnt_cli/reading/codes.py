"""From what stands in the file to what the study means by it: yes and no, words for classes, names of levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dnt_cli.reading.dictionary import known_levels, unambiguous
from dnt_cli.reading.table import DataTable, Distinct, Variable, code_of, shown
from dnt_cli.study import Code, Outcome
from dnt_cli.study.files import level_name
from dnt_cli.study.source_rules import same_code
from dnt_cli.survey import unknown_level

YES = frozenset({"ja", "yes", "j", "y", "waar", "true"})
NO = frozenset({"nee", "no", "n", "onwaar", "false"})
_TRUTHS = {"TRUE", "FALSE"}  # of R; read as 1 and 0 without a word


def codes(table: DataTable) -> None:
    """Replace codes and words by the numbers and levels of the study."""
    levels = known_levels(table.study)
    for column, variable in table.of("wave"):
        _levels(table, column, variable, levels[variable.key], _own(table.study.source.wave_codes))
    for column, variable in table.of("group"):
        _levels(table, column, variable, levels[variable.key], {})
    for column, variable in table.of("covariate"):
        assert variable.covariate is not None
        own = _own(variable.covariate.codes)
        if variable.numeric:
            _numbers(table, column, variable, own, {})
        else:
            named = {c: level_name(value) for c, value in own.items()}
            _levels(table, column, variable, levels[variable.key], named)
    for column, variable in table.of("outcome"):
        assert variable.outcome is not None
        if variable.outcome.kind == "binary":
            _binary(table, column, variable, variable.outcome)
        else:
            _numbers(table, column, variable, _own(variable.outcome.codes), _classes(variable.outcome))


def _own(codes: Mapping[Any, Any]) -> dict[Code, Any]:
    """What the study file says of codes, by the form in which they are compared."""
    return {same_code(code): meant for code, meant in codes.items()}


def _classes(outcome: Outcome) -> dict[Code, float]:
    """Name of a class -> its number."""
    low = outcome.range[0] if outcome.range is not None else 0.0
    return {same_code(name): low + i for i, text in enumerate(outcome.level_labels) for name in (text.nl, text.en)}


def _levels(
    table: DataTable, column: str, variable: Variable, known: Mapping[str, str], own: Mapping[Code, Any]
) -> None:
    """What the study file says of a code comes first, then its label in the file, then its name."""
    values = table.frame[column]
    labels = table.labels(column)
    if values.dtype.kind in "fiu" and not labels and not own:
        return
    spelled = {code_of(c): str(label).strip() for c, label in table.dictionary.values.get(column, {}).items()}
    folded = unambiguous((same_code(name), level) for name, level in known.items())
    ways = {word: level for word, level in _truths(set(known.values())).items() if word not in folded}

    def level(text: str) -> str | None:
        return known.get(text) or folded.get(same_code(text)) or ways.get(same_code(text))

    change: dict[int, Any] = {}
    distinct = Distinct.of(values)
    for place, value, count, code in distinct.coded():
        if isinstance(value, (bool, np.bool_)):
            continue
        label = labels.get(code)
        if code in own or (label is not None and label in own):
            change[place] = own[code if code in own else label]  # type: ignore[index]
        elif label is not None and (meant := level(spelled[code])) is not None:
            change[place] = meant
        elif isinstance(value, str) and value.strip() not in known.values() and (meant := level(value.strip())):
            change[place] = meant
            if not isinstance(code, float) and value.strip() not in known:  # 1.0 is the level 1
                table.notes.add("warning", variable.key, "level_words", count)
        elif table.wide and variable.role == "covariate" and isinstance(value, str) and _is_unknown(value, known):
            table.notes.add(
                "error", variable.key, "level_unknown", count, **unknown_level(variable.key, known.values())
            )
            change[place] = None
    table.frame[column] = distinct.replaced(change, values)


def _is_unknown(value: str, known: Mapping[str, str]) -> bool:
    text = value.strip()
    return text not in known.values() and text not in ("", "NA", *_TRUTHS)


def _truths(levels: set[str]) -> dict[Code, str]:
    """Yes and no in other words, where the levels are yes and no or 1 and 0."""
    words: dict[Code, str] = {}
    for kind, number in ((YES, "1"), (NO, "0")):
        meant = [level for level in levels if level == number or level.casefold() in kind]
        if len(meant) != 1:
            return {}
        words |= dict.fromkeys(kind, meant[0])
    return words


def _binary(table: DataTable, column: str, variable: Variable, outcome: Outcome) -> None:
    given = dict.fromkeys(map(same_code, outcome.yes), 1.0) | dict.fromkeys(map(same_code, outcome.no), 0.0)
    given |= _own(outcome.codes)
    if given:
        _numbers(table, column, variable, given, {}, complete=True)
        return
    labels = table.labels(column)
    meant = {code: truth(label) for code, label in labels.items()}
    found = sorted(one for one in meant.values() if one is not None)
    if found == [0.0, 1.0]:
        by_label: dict[Code, Any] = {code: one for code, one in meant.items() if one is not None}
        if any(code != one for code, one in by_label.items()):
            codes = ", ".join(f"{shown(code)} {labels[code]}" for code in by_label)
            count = _numbers(table, column, variable, by_label, {})
            table.notes.add("warning", variable.key, "yes_no_labels", count, meaning=codes)
        return
    _numbers(table, column, variable, {}, dict.fromkeys(YES, 1.0) | dict.fromkeys(NO, 0.0))


def truth(word: Code) -> float | None:
    """1 for a word that says yes, 0 for one that says no."""
    return 1.0 if word in YES else 0.0 if word in NO else None


def _numbers(
    table: DataTable,
    column: str,
    variable: Variable,
    own: Mapping[Code, Any],
    named: Mapping[Any, float],
    *,
    complete: bool = False,
) -> int:
    """Codes and words as numbers; returns in how many rows.

    Args:
        table: Whose column is changed.
        column: Its name.
        variable: What it is.
        own: What the study file, or the labels of yes and no, say of codes or of their labels.
        named: Words that mean a number whatever the file; used for words and labels of codes.
        complete: Other numbers than those that `own` names cannot be, if it names numbers.
    """
    values = table.frame[column]
    labels = table.labels(column)
    if values.dtype.kind in "fiu" and not own and not (labels and named):
        return 0
    allowed = {0.0, 1.0} if complete and not any(isinstance(code, float) for code in own) else None
    distinct = Distinct.of(values)
    by_label = {code: named[label] for code, label in labels.items() if label in named}
    _check_labels(table, variable, distinct, by_label)
    change: dict[int, Any] = {}
    for place, value, count, code in distinct.coded():
        label = labels.get(code)
        if code in own or (label is not None and label in own):
            change[place] = float(own[code if code in own else label])  # type: ignore[index]
        elif complete and isinstance(code, float) and (allowed is None or code not in allowed):
            table.notes.add("error", variable.key, "code_unknown", count, section=variable.section)
            change[place] = None
        elif code in by_label:
            change[place] = by_label[code]
            if by_label[code] != code:
                table.notes.add("warning", variable.key, "labels_read", count)
        elif isinstance(value, str) and code in named and value.strip() not in _TRUTHS:
            change[place] = named[code]
            table.notes.add("warning", variable.key, "words_read", count, code=f"{value.strip()} = {named[code]:g}")
    table.frame[column] = _numeric(distinct.replaced(change, values))
    return sum(distinct.counts[place] for place in change)


def _check_labels(table: DataTable, variable: Variable, distinct: Distinct, by_label: Mapping[Code, float]) -> None:
    """Labels that give another number for one code and nothing for the next leave the column half recoded."""
    if all(code == number for code, number in by_label.items()):
        return
    count = sum(n for _, _, n, code in distinct.coded() if isinstance(code, float) and code not in by_label)
    table.notes.add("error", variable.key, "labels_partial", count, section=variable.section)


def _numeric(values: Any) -> Any:
    kinds = {type(value) for value in values.dropna()}
    return values.astype("float64") if kinds <= {int, float} and values.dtype == "object" else values
