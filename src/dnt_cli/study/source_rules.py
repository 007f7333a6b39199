"""What must hold in the parts of a study file that say how data files are to be read, and who is left out."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable

from dnt_cli.study.files import Code, level_name
from dnt_cli.study.problems import Place, differ, expect, expect_one_of, phrase
from dnt_cli.study.spec import Condition, Covariate, Outcome, Study

_PLACES = ["outcome", "wave"]


def check_source(study: Study) -> None:
    """Refuse settings of `[files]`, codes and exclusions that contradict others."""
    _check_layout(study)
    for key, outcome in study.outcomes.items():
        _check_outcome_codes(("outcomes", key), outcome)
    for key, covariate in study.covariates.items():
        _check_covariate_codes(("covariates", key), covariate)
    baseline = study.design.baseline
    columns = [study.column(key, baseline) for key, outcome in study.measured.items() if baseline in outcome.waves]
    for rule in study.design.exclude:
        check_conditions(study, ("design", "exclude"), rule.where, columns)


def _check_outcome_codes(place: Place, outcome: Outcome) -> None:
    binary = outcome.kind == "binary"
    expect(binary or not (outcome.yes or outcome.no), (*place, "yes"), "binary_codes")
    expect(bool(outcome.yes) == bool(outcome.no), (*place, "yes" if outcome.no else "no"), "yes_and_no")
    _check_apart(place, {"yes": outcome.yes, "no": outcome.no, "missing": outcome.missing})
    _check_apart(place, {"codes": tuple(outcome.codes), "missing": outcome.missing})
    low, high = (0.0, 1.0) if binary else outcome.range or (-math.inf, math.inf)
    for name, number in outcome.codes.items():
        expect(low <= number <= high, (*place, "codes", name), "code_outside", found=f"{number:g}")


def _check_covariate_codes(place: Place, covariate: Covariate) -> None:
    _check_apart(place, {"codes": tuple(covariate.codes), "missing": covariate.missing})
    for name, value in covariate.codes.items():
        own = (*place, "codes", name)
        if covariate.kind == "continuous":
            expect(not isinstance(value, str), own, "wanted", found=repr(value), expected=phrase("type_float"))
        else:
            expect(level_name(value) in covariate.levels, own, "allowed", found=value, allowed=covariate.levels)


def same_code(value: Code) -> Code:
    """What makes two ways to write a code equal: -99 and "-99", "Ja" and " ja"."""
    if isinstance(value, str):
        text = value.strip().casefold()
        try:
            number = float(text)
        except ValueError:
            return text
        return number if math.isfinite(number) else text
    return float(value)


def _check_layout(study: Study) -> None:
    source = study.source
    if source.pattern is not None:
        found = sorted(re.findall(r"\{(\w*)\}", source.pattern))
        expect(found == _PLACES, ("files", "pattern"), "pattern", found=source.pattern)
        expect(source.layout != "long", ("files", "pattern"), "pattern_wide")
    for code, wave in source.wave_codes.items():
        expect_one_of(study.design.wave_keys, ("files", "wave_codes", code), wave)
    expect(differ(list(source.columns.values())), ("files", "columns"), "same_name")


def _check_apart(place: Place, parts: dict[str, Iterable[Code]]) -> None:
    """No code means two things."""
    taken: dict[Code, str] = {}
    for name, codes in parts.items():
        for code in codes:
            other = taken.setdefault(same_code(code), name)
            expect(other == name, (*place, name), "code_twice", code=code, other=other)


def check_conditions(study: Study, place: Place, conditions: Iterable[Condition], columns: Collection[str]) -> None:
    """Refuse comparisons with what is not known at baseline, or that the kind of a column does not allow.

    Args:
        study: Its covariates may be compared.
        place: Where the conditions stand.
        conditions: Column, operator and value of each.
        columns: Outcomes at baseline that may be compared as well.
    """
    known = [*study.covariates, *columns]
    for condition in conditions:
        column, value = condition.column, condition.value
        expect(column in known, place, "unknown_column", column=column, known=known)
        covariate = study.covariates.get(column)
        if covariate is None or covariate.kind == "continuous":
            number = not isinstance(value, str) and not math.isnan(value)
            expect(number, place, "compared_with_number", column=column)
        else:
            level = level_name(condition.value)
            expect(level in covariate.levels, place, "no_such_level", column=column, level=level)
            expect(condition.operator in ("==", "!="), place, "compared_levels", column=column)
