"""What must hold between the parts of a study file, beyond the type of each value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from datetime import date
from itertools import pairwise

from dnt_cli.study.described import check_described
from dnt_cli.study.disclosure import check_disclosure
from dnt_cli.study.instruments import check_instrument
from dnt_cli.study.register import check_register
from dnt_cli.study.source_rules import check_source
from dnt_cli.study.spec import CHECK_LETTERS, Covariate, Moderator, Outcome, Study, Subset

Fail = Callable[[tuple[str, ...], str], None]
_KEY = re.compile(r"^[^\W\d_][\w-]*$")
_RESERVED = {".imp", ".id"}
_TERMS = {"group", "wave"}  # names of terms in the models
_BOTH_GROUPS = "all"
_MOST_CLASSES = 100
MOST_TESTED_CLASSES = 30  # as `engines.ordered.MOST_CLASSES`
MOST_ROUNDS = 10_000  # imputations, or iterations; more would take days, and is a slip of the finger


def check(study: Study, fail: Fail, attempt: Callable[..., object]) -> None:
    """Judge all parts of a study; what is wrong with the design is told alone, since the others follow from it.

    Args:
        study: As it was read.
        fail: Called as `fail(path, message)` at the first thing in a part that contradicts another; it raises.
        attempt: Calls a part with its arguments and remembers what `fail` raised.
    """
    _check_design(study, fail)
    if not study.outcomes:
        fail(("outcomes",), "a study needs at least one outcome, such as [outcomes.work]")
    for key, outcome in study.outcomes.items():
        attempt(_check_outcome, study, key, outcome, fail)
    for key, covariate in study.covariates.items():
        attempt(_check_covariate, key, covariate, fail)
    for part in (_check_names, _check_models, _check_imputation):
        attempt(part, study, fail)
    from_jobs = any(outcome.register is not None for outcome in study.outcomes.values())
    attempt(check_register, study.register, tuple(wave.months for wave in study.design.waves), from_jobs, fail)
    attempt(_check_received, study, fail)
    attempt(_check_times, study, fail)
    for key, moderator in study.moderators.items():
        attempt(_check_moderator, study, key, moderator, fail)
    attempt(_check_robustness, study, fail)
    for key, instrument in study.instruments.items():
        attempt(check_instrument, key, instrument, fail)
    attempt(_check_files, study, fail)
    attempt(check_source, study, fail)
    attempt(_check_significance, study, fail)
    attempt(check_described, study, fail)
    attempt(check_disclosure, study.disclosure, fail)


def _check_significance(study: Study, fail: Fail) -> None:
    if not 0 < study.significance.strict <= study.significance.lenient < 1:
        fail(("significance",), "expected 0 < strict <= lenient < 1")


def _check_design(study: Study, fail: Fail) -> None:
    design = study.design
    keys = design.wave_keys
    if len(keys) < 2 or len(set(keys)) != len(keys):
        fail(("design", "waves"), "expected at least two waves with different keys")
    _check_codes(("design", "waves"), keys, fail)
    months = [wave.months for wave in design.waves]
    if not all(map(math.isfinite, months)) or any(b <= a for a, b in pairwise(months)):
        fail(("design", "waves"), "the waves must stand in order of time, with increasing months")
    for name in ("baseline", "endpoint", "follow_up"):
        wave = getattr(design, name)
        if wave is not None and wave not in keys:
            fail(("design", name), f"found {wave!r}; allowed: {', '.join(keys)}")
    if keys.index(design.endpoint) <= keys.index(design.baseline):
        fail(("design", "endpoint"), f"the endpoint must come after the baseline {design.baseline}")
    for name in ("intervention", "comparison"):
        _check_codes(("design", name), (getattr(design, name),), fail)
        if getattr(design, name) == _BOTH_GROUPS:
            fail(("design", name), f"{_BOTH_GROUPS!r} is what results call both groups together; give another code")
    if design.intervention == design.comparison:
        fail(("design", "comparison"), "the two groups have the same code")
    _check_arms(study, fail)
    columns = [c for c in (design.id, design.wave, design.group, design.site) if c is not None]
    if len(set(columns)) != len(columns):
        fail(("design",), "id, wave, group and site must be different columns")
    if design.pair is not None and design.site is None:
        fail(("design", "pair"), 'a pair is one of sites; add site = "COLUMN"')
    if design.pair in columns:
        fail(("design", "pair"), f"{design.pair} is a column of the design already; name the column of the pairs")
    if ".imp" in (*columns, design.pair):
        fail(("design",), "the column .imp holds the number of the imputation")


def _check_arms(study: Study, fail: Fail) -> None:
    design = study.design
    further = design.further_interventions
    _check_codes(("design", "further_interventions"), further, fail)
    if {design.intervention, design.comparison, _BOTH_GROUPS} & {*further}:
        fail(("design", "further_interventions"), "each arm has a code of its own, and none is called all")
    if any(":" in code for code in (design.intervention, design.comparison)) and design.contrast is not None:
        fail(("design", "contrast"), "no code of an arm may hold a colon")
    if design.contrast is not None:
        first, _, second = design.contrast.partition(":")
        if first == second or not {first, second} <= {*design.arms}:
            listed = ", ".join(design.arms)
            fail(("design", "contrast"), f"found {design.contrast!r}; expected two arms such as "
                 f"{design.intervention}:{design.comparison}; known: {listed}")  # fmt: skip


def _check_outcome(study: Study, key: str, outcome: Outcome, fail: Fail) -> None:
    path = ("outcomes", key)
    waves = study.design.wave_keys
    _check_key(path, key, fail)
    for wave in outcome.waves:
        if wave not in waves:
            fail((*path, "waves"), f"found {wave!r}; allowed: {', '.join(waves)}")
    if not outcome.waves or len(set(outcome.waves)) != len(outcome.waves):
        fail((*path, "waves"), "expected at least one wave, each once")
    if outcome.hypothesis is not None and outcome.hypothesis not in study.hypotheses:
        known = ", ".join(study.hypotheses) or "none yet; add [hypotheses.H1]"
        fail((*path, "hypothesis"), f"found {outcome.hypothesis!r}; known: {known}")
    if outcome.range is not None and not outcome.range[0] < outcome.range[1]:
        fail((*path, "range"), "expected [lowest, highest]")
    if outcome.range is not None and outcome.kind == "binary":
        fail((*path, "range"), "a binary outcome is 0 or 1 and has no range")
    if outcome.integer and any(math.isfinite(limit) and limit % 1 for limit in outcome.range or ()):
        fail((*path, "range"), "an outcome of whole numbers has whole limits")
    if outcome.kind == "ordinal":
        _check_ordinal(path, outcome, fail)
    if outcome.kind == "count":
        _check_count(path, outcome, fail)
    if outcome.counterpart is not None and outcome.counterpart not in study.outcomes:
        fail((*path, "counterpart"), f"there is no outcome {outcome.counterpart}")
    if outcome.source == "register" and (outcome.derive or outcome.conditional_on):
        fail(path, "a register outcome is neither derived nor conditional")
    if outcome.register is not None and outcome.source != "register":
        fail((*path, "register"), 'only an outcome with source = "register" is taken from a register')
    binary = outcome.register in ("work", "over_hours", "above_norm")
    if outcome.register is not None and binary != (outcome.kind == "binary"):
        fail((*path, "kind"), f"{outcome.register} is {'binary' if binary else 'linear'}")
    _check_models_of(study, key, outcome, fail)
    _check_relations(study, path, outcome, fail)


def _check_ordinal(path: tuple[str, ...], outcome: Outcome, fail: Fail) -> None:
    """Classes are counted from the range, so it must say which there are."""
    if outcome.range is not None:
        low, high = outcome.range
        if not (low.is_integer() and high.is_integer() and high - low < _MOST_CLASSES):
            fail((*path, "range"), f"an ordinal outcome has whole numbers, and at most {_MOST_CLASSES} of them")
        elif outcome.role == "tested" and not 2 <= high - low < MOST_TESTED_CLASSES:
            fail(
                (*path, "range"),
                f"a tested ordinal outcome has 3 to {MOST_TESTED_CLASSES} classes; choose another kind",
            )
    classes = None if outcome.range is None else outcome.range[1] - outcome.range[0] + 1
    if outcome.level_labels and len(outcome.level_labels) != classes:
        fail((*path, "level_labels"), "expected a range, and a label for each of its whole numbers")


def _check_count(path: tuple[str, ...], outcome: Outcome, fail: Fail) -> None:
    """Counts are whole numbers from 0, and too many to be imputed as classes."""
    low, high = outcome.range or (0.0, math.inf)
    if low < 0 or not all(limit.is_integer() for limit in (low, high) if math.isfinite(limit)):
        fail(
            (*path, "range"),
            "a count is a whole number from 0, such as range = [0, 40]; it may have no range",
        )
    if outcome.impute_method not in (None, "pmm", "norm"):
        fail((*path, "impute_method"), "a count is imputed by pmm or norm")


def _check_models_of(study: Study, key: str, outcome: Outcome, fail: Fail) -> None:
    """The waves that the outcome's own models need."""
    path, waves, baseline = ("outcomes", key), study.design.wave_keys, study.design.baseline
    endpoint = study.endpoint(key)
    if outcome.role == "tested":
        if endpoint not in outcome.waves:
            fail((*path, "endpoint"), f"not asked at {endpoint}; set endpoint to one of its waves")
        if waves.index(endpoint) <= waves.index(baseline):
            fail((*path, "endpoint"), f"the endpoint must come after the baseline {baseline}")
    if outcome.adjust_for_baseline and baseline not in outcome.waves:
        fail((*path, "adjust_for_baseline"), f"not asked at the baseline {baseline}")
    if outcome.trend and len(outcome.waves) < 2:
        fail((*path, "trend"), "a trend needs at least two waves")
    if outcome.controls is not None:
        if outcome.role != "tested":
            fail((*path, "controls"), "only an outcome that is tested has models with controls")
        _check_controls(study, (*path, "controls"), outcome.controls, fail)


def _check_relations(study: Study, path: tuple[str, ...], outcome: Outcome, fail: Fail) -> None:
    parent = study.outcomes.get(outcome.conditional_on or "")
    if outcome.conditional_on is not None and (
        parent is None or parent.kind != "binary" or parent.derive or parent.conditional_on or outcome.kind == "ordinal"
    ):
        fail((*path, "conditional_on"), "expected a measured binary outcome that is not conditional itself")
    if parent is not None and not set(outcome.waves) <= set(parent.waves):
        fail((*path, "conditional_on"), f"{outcome.conditional_on} was not asked at all waves of this outcome")
    rule = outcome.derive
    if rule is None:
        return
    source = study.outcomes.get(rule.source)
    if source is None or source.derive is not None:
        fail((*path, "derive", "source"), "expected an outcome that is measured itself")
        return
    if rule.rule in ("at_least", "at_most", "equals") and rule.value is None:
        fail((*path, "derive", "value"), f"the rule {rule.rule} needs a value")
    if not all(map(math.isfinite, (*rule.cutoffs, rule.value or 0.0))):
        fail((*path, "derive"), "a cut-off is a number, not nan or inf")
    if rule.rule in ("rise", "fall", "change") and rule.since not in source.waves:
        fail((*path, "derive", "since"), f"the rule {rule.rule} needs a wave; allowed: {', '.join(source.waves)}")
    if not set(outcome.waves) <= set(source.waves):
        fail((*path, "waves"), f"{rule.source} was not asked at all these waves")
    if rule.rule == "classes":
        _check_classes(path, outcome, rule.cutoffs, fail)
    kind = {"change": "linear", "classes": "ordinal"}.get(rule.rule, "binary")
    if outcome.kind != kind:
        fail((*path, "kind"), f"the rule {rule.rule} gives a {kind} outcome")


def _check_classes(path: tuple[str, ...], outcome: Outcome, cutoffs: tuple[float, ...], fail: Fail) -> None:
    if not cutoffs or any(b <= a for a, b in pairwise(cutoffs)):
        fail((*path, "derive", "cutoffs"), "the rule classes needs the lowest value of each higher class, increasing")
    if outcome.range is None or outcome.range[1] - outcome.range[0] != len(cutoffs):
        fail((*path, "range"), f"{len(cutoffs)} cut-offs give {len(cutoffs) + 1} classes, such as [0, {len(cutoffs)}]")


def _check_files(study: Study, fail: Fail) -> None:
    for key, file in study.files.items():
        path = ("files", key)
        if file.wave is not None and file.wave_column is not None:
            fail((*path, "wave"), "give either the wave of the whole file or the column that says it")
        for name, wave in (("wave", file.wave), *(("wave_codes", wave) for wave in file.wave_codes.values())):
            if wave is not None and wave not in study.design.wave_keys:
                fail((*path, name), f"found {wave!r}; allowed: {', '.join(study.design.wave_keys)}")
        if len(set(file.columns.values())) != len(file.columns):
            fail((*path, "columns"), "two columns get the same name")


def _check_covariate(key: str, covariate: Covariate, fail: Fail) -> None:
    path = ("covariates", key)
    _check_key(path, key, fail)
    if covariate.range is not None and not covariate.range[0] < covariate.range[1]:
        fail((*path, "range"), "expected [lowest, highest]")
    if covariate.kind == "continuous":
        for name in ("levels", "reference", "collapse", "level_labels"):
            if getattr(covariate, name):
                fail((*path, name), "a continuous covariate has no levels")
        return
    _check_levels(path, covariate, fail)


def _check_levels(path: tuple[str, ...], covariate: Covariate, fail: Fail) -> None:
    _check_codes((*path, "levels"), covariate.levels, fail)
    if len(covariate.levels) < 2 or len(set(covariate.levels)) != len(covariate.levels):
        fail((*path, "levels"), "expected at least two different levels")
    if covariate.reference is not None and covariate.reference not in covariate.levels:
        fail((*path, "reference"), f"found {covariate.reference!r}; allowed: {', '.join(covariate.levels)}")
    taken = [level for levels in covariate.collapse.values() for level in levels]
    if len(set(taken)) != len(taken) or not set(taken) <= set(covariate.levels):
        fail((*path, "collapse"), f"expected each of these levels at most once: {', '.join(covariate.levels)}")
    for new, olds in covariate.collapse.items():
        if new in covariate.levels and new not in olds:
            fail((*path, "collapse"), f"{new} is a level itself; give those taken together another name")
    if len(covariate.model_levels) < 2:
        fail((*path, "collapse"), "all levels are taken together; nothing is left to compare")
    if covariate.level_labels and len(covariate.level_labels) != len(covariate.levels):
        fail((*path, "level_labels"), f"expected a label for each of the {len(covariate.levels)} levels")


def _check_codes(path: tuple[str, ...], codes: Iterable[str], fail: Fail) -> None:
    """Codes are compared with data from which spaces around a value were taken."""
    for code in codes:
        if code != code.strip() or not code:
            fail(path, f"found {code!r}; a code holds something and has no space before or after it")


def _check_key(path: tuple[str, ...], key: str, fail: Fail) -> None:
    if not _KEY.match(key):
        fail(path, "a key starts with a letter and holds letters, digits, _ and - only")


def _check_names(study: Study, fail: Fail) -> None:
    """Columns of the wide table must not collide."""
    design = study.design
    fixed = {design.id, design.wave, design.group, *design.places} | _RESERVED
    for key in study.covariates:
        if key in fixed - {design.site} or key in study.outcomes:
            fail(("covariates", key), "another column has this name")
        if key == design.site and study.covariates[key].kind == "continuous":
            fail(("covariates", key, "kind"), "it is the site of the persons as well, so it is categorical")
        if key in _TERMS:
            fail(("covariates", key), "the models have a term of this name; call the covariate otherwise")
    for key in study.outcomes:
        if key in fixed:
            fail(("outcomes", key), "another column has this name")
    taken = {*fixed, *study.covariates}
    for key in study.covariates:
        for column in {study.covariate_column(key, wave) for wave in design.wave_keys} - {key}:
            if column in taken:
                fail(("covariates", key), f"the wide column {column} has the name of another column")
            taken.add(column)
    for key, outcome in study.outcomes.items():
        for column in (study.column(key, wave) for wave in outcome.waves):
            if column in taken:
                fail(("outcomes", key), f"the wide column {column} has the name of another column")
            taken.add(column)


def _check_models(study: Study, fail: Fail) -> None:
    models = study.models
    if not models.ladder:
        fail(("models", "ladder"), "expected at least one set of controls; [[]] is a ladder without controls")
    sets = {"controls": models.controls, "register_controls": models.register_controls}
    sets |= {"ladder": models.ladder_controls}
    for name, controls in sets.items():
        _check_controls(study, ("models", name), controls, fail, once=name != "ladder")
    for name in ("controls_as_published", "endpoint_controls_as_published"):
        for outcome, controls in getattr(models, name).items():
            path = ("models", name, outcome)
            trend = name == "controls_as_published"
            if outcome not in study.tested or (trend and not study.has_trend(outcome)):
                fail(path, "expected an outcome with a longitudinal model" if trend else "expected a tested outcome")
            _check_controls(study, path, controls, fail)
    if models.min_observed < 1:
        fail(("models", "min_observed"), "expected a whole number of at least 1")
    if any(len(set(rung)) != len(rung) for rung in models.ladder):
        fail(("models", "ladder"), "expected each covariate once in a set of controls")


def _check_controls(
    study: Study, path: tuple[str, ...], controls: Iterable[str], fail: Fail, *, once: bool = True
) -> None:
    """Controls are covariates, or outcomes of the survey at baseline."""
    controls, baseline = list(controls), study.baseline_columns
    if once and len(set(controls)) != len(controls):
        fail(path, "expected each covariate once")
    for control in controls:
        if control in baseline:
            continue
        if control not in study.covariates:
            known = ", ".join(study.covariates) or "none yet; add [covariates.age]"
            fail(path, f"unknown covariate {control}; known: {known}, or an outcome at baseline, such as "
                 f"{next(iter(baseline), f'work_{study.design.baseline}')}")  # fmt: skip
        if not study.covariates[control].impute:
            fail(("covariates", control, "impute"), "it stands in a model, so its gaps must be filled")


def _check_received(study: Study, fail: Fail) -> None:
    key, path = study.design.received, ("design", "received")
    if key is None:
        return
    covariate = study.covariates.get(key)
    used = {*study.all_controls, *study.models.register_controls, *study.moderators}
    if covariate is None or covariate.timing != "baseline" or len(covariate.levels) != 2 or key in used:
        fail(path, f"expected a covariate with two levels, not received first, that no model controls for or is split "
             f'by: [covariates.{key}] levels = ["no", "yes"]')  # fmt: skip


def _check_times(study: Study, fail: Fail) -> None:
    design = study.design
    for name in ("wave_time", "interview_date"):
        key = getattr(design, name)
        own = study.covariates.get(key or "")
        if key is not None and (own is None or own.kind != "continuous" or own.timing != "wave" or own.impute):
            settings = 'kind = "continuous", timing = "wave", impute = false, describe = false'
            fail(("design", name), f"expected a covariate [covariates.{key}] with {settings}")
    if study.models.time == "actual" and design.wave_time is None:
        fail(("models", "time"), "design.wave_time must name the covariate with the actual months")
    if design.calendar_split is not None and (design.interview_date is None or not _is_date(design.calendar_split)):
        fail(("design", "calendar_split"), 'expected a date such as "2020-03-12", and design.interview_date beside it')


def _is_date(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _check_moderator(study: Study, key: str, moderator: Moderator, fail: Fail) -> None:
    path = ("moderators", key)
    if key not in study.covariates:
        known = ", ".join(study.covariates) or "none yet; add [covariates.age]"
        fail(path, f"unknown covariate {key}; known: {known}")
    covariate, cutoffs = study.covariates[key], moderator.cutoffs
    if not covariate.impute:
        fail(("covariates", key, "impute"), "it is a moderator, so its gaps must be filled")
    if covariate.kind == "continuous":
        if not cutoffs or not all(map(math.isfinite, cutoffs)) or any(b <= a for a, b in pairwise(cutoffs)):
            fail((*path, "cutoffs"), "a continuous moderator needs increasing cut-offs, such as cutoffs = [40]")
    elif cutoffs:
        fail((*path, "cutoffs"), "only a continuous covariate has cut-offs; use collapse to take levels together")


def _check_imputation(study: Study, fail: Fail) -> None:
    plan = study.imputation
    for name, least in (("m", 1), ("iterations", 1), ("donors", 1), ("seed", 0)):
        if getattr(plan, name) < least:
            fail(("imputation", name), f"expected a whole number of at least {least}")
    for name in ("m", "iterations"):
        if getattr(plan, name) > MOST_ROUNDS:
            fail(("imputation", name), f"expected a whole number of at most {MOST_ROUNDS}")
    if plan.max_predictors is not None and plan.max_predictors < 1:
        fail(("imputation", "max_predictors"), "expected a whole number of at least 1")
    if not 0 <= plan.min_correlation <= 1:
        fail(("imputation", "min_correlation"), "expected a correlation between 0 and 1")
    if not 0 <= plan.min_usable <= 1:
        fail(("imputation", "min_usable"), "expected a share between 0 and 1")
    models = study.models
    used = {*study.all_controls, *models.register_controls, *study.tested, *study.moderators}
    controls = {*study.all_controls, *models.register_controls}
    used |= {key for column, key in study.baseline_columns.items() if column in controls}
    for outcome in study.outcomes.values():
        used |= {outcome.derive.source} if outcome.derive is not None else set()
        used |= {outcome.conditional_on} if outcome.conditional_on is not None else set()
    for key in plan.exclude:
        if key not in study.outcomes and key not in study.covariates:
            fail(("imputation", "exclude"), f"unknown outcome or covariate {key}")
        if key in used:
            message = f"a model, or another outcome, needs {key}, so it must take part in the imputation"
            fail(("imputation", "exclude"), message)


def _check_robustness(study: Study, fail: Fail) -> None:
    plan = study.robustness
    for key, subset in plan.subsets.items():
        _check_subset(study, key, subset, fail)
    for letter in plan.checks:
        if letter not in CHECK_LETTERS:
            fail(("robustness", "checks"), f"unknown check {letter}; allowed: {', '.join(CHECK_LETTERS)}")
    if len(set(plan.checks)) != len(plan.checks):
        fail(("robustness", "checks"), "expected each check once")
    steps = (0.0, *plan.deltas)
    if not plan.deltas or not all(map(math.isfinite, steps)) or any(b <= a for a, b in pairwise(steps)):
        fail(("robustness", "deltas"), "expected increasing numbers above 0")
    if plan.second_m < 2:
        fail(("robustness", "second_m"), "expected a whole number of at least 2")
    if plan.second_m > MOST_ROUNDS:
        fail(("robustness", "second_m"), f"expected a whole number of at most {MOST_ROUNDS}")
    if not plan.sparse > 0:
        fail(("robustness", "sparse"), "expected a number above 0")


def _check_subset(study: Study, key: str, subset: Subset, fail: Fail) -> None:
    path = ("robustness", "subsets", key, "where")
    allowed = [*study.covariates, *study.baseline_columns]
    for condition in subset.where:
        if condition.column not in allowed:
            fail(path, f"unknown column {condition.column}; known at baseline: {', '.join(allowed)}")
        covariate = study.covariates.get(condition.column)
        categorical = covariate is not None and covariate.kind != "continuous"
        if categorical and str(condition.value) not in covariate.levels:  # type: ignore[union-attr]
            fail(path, f"{condition.column} has no level {condition.value}")
        if categorical and condition.operator not in ("==", "!="):
            fail(path, f"{condition.column} has levels, which are compared with == and != only")
        if not categorical and (isinstance(condition.value, str) or math.isnan(condition.value)):
            fail(path, f"{condition.column} is compared with a number")
