"""What must hold in the parts of a study file that say how data files are to be read, and who is left out."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable

from dnt_cli.study.files import Code
from dnt_cli.study.spec import Study

_Fail = Callable[[tuple[str, ...], str], None]
_PLACES = ("outcome", "wave")


def check_source(study: Study, fail: _Fail) -> None:
    """Call `fail(path, message)` at the first thing that contradicts another."""
    _check_layout(study, fail)
    for key, outcome in study.outcomes.items():
        path = ("outcomes", key)
        if outcome.kind != "binary" and (outcome.yes or outcome.no):
            fail((*path, "yes"), "only a binary outcome has a yes and a no; use codes")
        if bool(outcome.yes) != bool(outcome.no):
            fail((*path, "yes" if outcome.no else "no"), 'give both, such as yes = "ja" and no = "nee"')
        _check_apart(path, {"yes": outcome.yes, "no": outcome.no, "missing": outcome.missing}, fail)
        _check_apart(path, {"codes": tuple(outcome.codes), "missing": outcome.missing}, fail)
        limits = (0.0, 1.0) if outcome.kind == "binary" else outcome.range or (-math.inf, math.inf)
        for name, number in outcome.codes.items():
            if not limits[0] <= number <= limits[1]:
                fail((*path, "codes", name), f"found {number:g}, which is outside the range of the outcome")
    for key, covariate in study.covariates.items():
        path = ("covariates", key)
        _check_apart(path, {"codes": tuple(covariate.codes), "missing": covariate.missing}, fail)
        for name, value in covariate.codes.items():
            if covariate.kind != "continuous" and level_name(value) not in covariate.levels:
                fail((*path, "codes", name), f"found {value!r}; allowed: {', '.join(covariate.levels)}")
            if covariate.kind == "continuous" and isinstance(value, str):
                fail((*path, "codes", name), f"found {value!r}, expected a number")
    _check_exclusions(study, fail)


def level_name(value: Code) -> str:
    """A level as the study file writes it in `levels`: 1.0 of TOML is the level 1."""
    return f"{value:g}" if isinstance(value, float) else value


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


def _check_layout(study: Study, fail: _Fail) -> None:
    source = study.source
    if source.pattern is not None:
        found = re.findall(r"\{(\w*)\}", source.pattern)
        if sorted(found) != sorted(_PLACES):
            fail(
                ("files", "pattern"),
                f'found {source.pattern!r}; expected both places once, as in "{{outcome}}_{{wave}}"',
            )
        if source.layout == "long":
            fail(("files", "pattern"), 'only a wide file has a pattern; set layout = "wide"')
    if source.header_row is not None and source.header_row < 1:
        fail(("files", "header_row"), "rows are counted from 1")
    if source.id_width is not None and not 1 <= source.id_width <= 100:
        fail(("files", "id_width"), "expected a number of digits, such as 5")
    for code, wave in source.wave_codes.items():
        if wave not in study.design.wave_keys:
            fail(("files", "wave_codes", code), f"found {wave!r}; allowed: {', '.join(study.design.wave_keys)}")
    if len(set(source.columns.values())) != len(source.columns):
        fail(("files", "columns"), "two columns get the same name")


def _check_apart(path: tuple[str, ...], parts: dict[str, Iterable[Code]], fail: _Fail) -> None:
    """No code means two things."""
    taken: dict[Code, str] = {}
    for name, codes in parts.items():
        for code in codes:
            other = taken.setdefault(same_code(code), name)
            if other != name:
                fail((*path, name), f"{code!r} stands in {other} as well")


def _check_exclusions(study: Study, fail: _Fail) -> None:
    baseline = study.design.baseline
    columns = {study.column(key, baseline) for key, outcome in study.measured.items() if baseline in outcome.waves}
    path = ("design", "exclude")
    for rule in study.design.exclude:
        for condition in rule.where:
            if condition.column not in study.covariates and condition.column not in columns:
                known = ", ".join([*study.covariates, *sorted(columns)])
                fail(path, f"unknown column {condition.column}; known at baseline: {known}")
            covariate = study.covariates.get(condition.column)
            if covariate is not None and covariate.kind != "continuous":
                if str(level_name(condition.value)) not in covariate.levels:
                    fail(path, f"{condition.column} has no level {level_name(condition.value)}")
                if condition.operator not in ("==", "!="):
                    fail(path, f"{condition.column} has levels, which are compared with == and != only")
            elif isinstance(condition.value, str) or math.isnan(condition.value):
                fail(path, f"{condition.column} is compared with a number")
