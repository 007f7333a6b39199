"""What must hold between the parts of a study file, beyond the type of each value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable
from datetime import date

from dnt_cli.study.described import check_described
from dnt_cli.study.instruments import check_instrument
from dnt_cli.study.problems import Place, differ, expect, expect_one_of, fail, increase, phrase
from dnt_cli.study.register import check_register
from dnt_cli.study.source_rules import check_conditions, check_source
from dnt_cli.study.spec import CHECK_LETTERS, Covariate, Moderator, Outcome, Study

_KEY = re.compile(r"^[^\W\d_][\w-]*$")
_RESERVED = {".imp", ".id"}
_TERMS = {"group", "wave"}  # names of terms in the models
_BOTH_GROUPS = "all"
_MOST_CLASSES = 100
MOST_TESTED_CLASSES = 30  # as `engines.ordered.MOST_CLASSES`
MOST_ROUNDS = 10_000  # imputations, or iterations; more would take days, and is a slip of the finger

_ANY, _ABOVE_0 = math.inf, math.ulp(0.0)
# Section and key of each number, its lowest and highest value, and what is said of another; None is left out.
_LIMITS: tuple[tuple[str, str, float, float, str], ...] = (
    ("imputation", "m", 1, _ANY, "at_least"),
    ("imputation", "iterations", 1, _ANY, "at_least"),
    ("imputation", "donors", 1, _ANY, "at_least"),
    ("imputation", "seed", 0, _ANY, "at_least"),
    ("imputation", "m", -_ANY, MOST_ROUNDS, "at_most"),
    ("imputation", "iterations", -_ANY, MOST_ROUNDS, "at_most"),
    ("imputation", "max_predictors", 1, _ANY, "at_least"),
    ("imputation", "min_correlation", 0, 1, "correlation"),
    ("imputation", "min_usable", 0, 1, "share"),
    ("models", "min_observed", 1, _ANY, "at_least"),
    ("robustness", "second_m", 2, _ANY, "at_least"),
    ("robustness", "second_m", -_ANY, MOST_ROUNDS, "at_most"),
    ("robustness", "sparse", _ABOVE_0, _ANY, "above_0"),
    ("register", "work_hours", 0, 168, "hours"),
    ("register", "hours_cut", 0, 168, "hours"),
    ("register", "missing_amount", _ABOVE_0, _ANY, "above_0"),
    ("register", "missing_hours", _ABOVE_0, _ANY, "above_0"),
    ("source", "header_row", 1, _ANY, "header_row"),
    ("source", "id_width", 1, 100, "id_width"),
    ("disclosure", "persons", 2, _ANY, "at_least"),
    ("disclosure", "df", 1, _ANY, "at_least"),
    ("disclosure", "width", 1, _ANY, "at_least"),
    ("disclosure", "share", _ABOVE_0, 1, "above_0_to_1"),
    ("disclosure", "dominance", _ABOVE_0, 1, "above_0_to_1"),
)


def check(study: Study, attempt: Callable[..., object]) -> None:
    """Judge all parts of a study; what is wrong with the design is told alone, since the others follow from it.

    Args:
        study: As it was read.
        attempt: Calls a part with its arguments and remembers the first problem in it.

    Raises:
        ProblemError: Something is wrong with the design.
    """
    _check_design(study)
    expect(study.outcomes, ("outcomes",), "no_outcomes")
    for key, outcome in study.outcomes.items():
        attempt(_check_outcome, study, key, outcome)
    for key, covariate in study.covariates.items():
        attempt(_check_covariate, key, covariate)
    for part in (_check_names, _check_models):
        attempt(part, study)
    for limits in _LIMITS:
        attempt(_check_number, study, *limits)
    for part in (_check_excluded, check_register, _check_received, _check_times):
        attempt(part, study)
    for key, moderator in study.moderators.items():
        attempt(_check_moderator, study, key, moderator)
    attempt(_check_robustness, study)
    for key, instrument in study.instruments.items():
        attempt(check_instrument, key, instrument)
    for part in (_check_files, check_source, _check_significance, check_described, _check_disclosure):
        attempt(part, study)


def _check_number(study: Study, section: str, key: str, lowest: float, highest: float, said: str) -> None:
    value = getattr(getattr(study, section), key)
    holds = value is None or lowest <= value <= highest
    expect(holds, (section, key), said, lowest=lowest, highest=highest)


def _check_significance(study: Study) -> None:
    expect(0 < study.significance.strict <= study.significance.lenient < 1, ("significance",), "significance")


def _check_disclosure(study: Study) -> None:
    """Thresholds beside a preset that has none are a mistake."""
    unused = tuple(study.disclosure.given) if study.disclosure.preset == "none" else ()
    expect(not unused, ("disclosure", *unused[:1]), "no_preset")


def _check_design(study: Study) -> None:
    design = study.design
    keys = design.wave_keys
    expect(len(keys) > 1 and differ(keys), ("design", "waves"), "two_waves")
    _check_codes(("design", "waves"), keys)
    expect(increase([wave.months for wave in design.waves]), ("design", "waves"), "waves_in_order")
    for name in ("baseline", "endpoint", "follow_up"):
        expect_one_of(keys, ("design", name), getattr(design, name))
    _check_after_baseline(study, ("design", "endpoint"), design.endpoint)
    for name in ("intervention", "comparison"):
        _check_codes(("design", name), (getattr(design, name),))
        expect(getattr(design, name) != _BOTH_GROUPS, ("design", name), "both_groups", code=_BOTH_GROUPS)
    expect(design.intervention != design.comparison, ("design", "comparison"), "same_code")
    _check_arms(study)
    columns = [c for c in (design.id, design.wave, design.group, design.site) if c is not None]
    expect(differ(columns), ("design",), "same_column")
    expect(design.pair is None or design.site is not None, ("design", "pair"), "pair_of_sites")
    expect(design.pair not in columns, ("design", "pair"), "pair_taken", column=design.pair)
    expect(".imp" not in (*columns, design.pair), ("design",), "number_of_imputation")


def _check_after_baseline(study: Study, place: Place, endpoint: str) -> None:
    keys, baseline = study.design.wave_keys, study.design.baseline
    expect(keys.index(endpoint) > keys.index(baseline), place, "after_baseline", baseline=baseline)


def _check_arms(study: Study) -> None:
    design = study.design
    further, place = design.further_interventions, ("design", "further_interventions")
    _check_codes(place, further)
    expect(not {design.intervention, design.comparison, _BOTH_GROUPS} & {*further}, place, "arms_differ")
    if design.contrast is None:
        return
    place = ("design", "contrast")
    expect(not any(":" in code for code in design.groups), place, "colon")
    first, _, second = design.contrast.partition(":")
    expect(
        first != second and {first, second} <= {*design.arms}, place, "contrast",
        found=design.contrast, example=":".join(design.groups), known=design.arms,
    )  # fmt: skip


def _check_outcome(study: Study, key: str, outcome: Outcome) -> None:
    place = ("outcomes", key)
    _check_key(place, key)
    expect_one_of(study.design.wave_keys, (*place, "waves"), *outcome.waves)
    expect(outcome.waves and differ(outcome.waves), (*place, "waves"), "some_waves")
    if outcome.hypothesis is not None and outcome.hypothesis not in study.hypotheses:
        known = study.hypotheses or phrase("none_yet", example=f"[hypotheses.{outcome.hypothesis}]")
        fail((*place, "hypothesis"), "known", found=outcome.hypothesis, known=known)
    _check_range((*place, "range"), outcome)
    if outcome.kind == "ordinal":
        _check_ordinal(place, outcome)
    if outcome.kind == "count":
        _check_count(place, outcome)
    other = outcome.counterpart
    expect(other is None or other in study.outcomes, (*place, "counterpart"), "no_such_outcome", key=other)
    from_register = outcome.source == "register"
    expect(not (from_register and (outcome.derive or outcome.conditional_on)), place, "register_as_it_is")
    if outcome.register is not None:
        expect(from_register, (*place, "register"), "not_of_register")
        kind = "binary" if outcome.register in ("work", "over_hours", "above_norm") else "linear"
        right = (kind == "binary") == (outcome.kind == "binary")
        expect(right, (*place, "kind"), "kind_of_measure", measure=outcome.register, kind=kind)
    _check_models_of(study, key, outcome)
    _check_relations(study, place, outcome)


def _check_range(place: Place, of: Outcome | Covariate) -> None:
    if of.range is None:
        return
    expect(of.range[0] < of.range[1], place, "range")
    expect(of.kind != "binary", place, "binary_range")
    if isinstance(of, Outcome) and of.integer:
        expect(not any(math.isfinite(limit) and limit % 1 for limit in of.range), place, "whole_limits")


def _check_ordinal(place: Place, outcome: Outcome) -> None:
    """Classes are counted from the range, so it must say which there are."""
    classes = None
    if outcome.range is not None:
        low, high = outcome.range
        whole = low.is_integer() and high.is_integer() and high - low < _MOST_CLASSES
        expect(whole, (*place, "range"), "ordinal_range", most=_MOST_CLASSES)
        classes = high - low + 1
        few = outcome.role != "tested" or 3 <= classes <= MOST_TESTED_CLASSES
        expect(few, (*place, "range"), "tested_classes", most=MOST_TESTED_CLASSES)
    expect(len(outcome.level_labels) in (0, classes), (*place, "level_labels"), "class_labels")


def _check_count(place: Place, outcome: Outcome) -> None:
    """Counts are whole numbers from 0, and too many to be imputed as classes."""
    low, high = outcome.range or (0.0, math.inf)
    whole = all(limit.is_integer() for limit in (low, high) if math.isfinite(limit))
    expect(low >= 0 and whole, (*place, "range"), "count_range")
    expect(outcome.impute_method in (None, "pmm", "norm"), (*place, "impute_method"), "count_method")


def _check_models_of(study: Study, key: str, outcome: Outcome) -> None:
    """The waves that the outcome's own models need."""
    place, baseline, endpoint = ("outcomes", key), study.design.baseline, study.endpoint(key)
    if outcome.role == "tested":
        expect(endpoint in outcome.waves, (*place, "endpoint"), "no_endpoint", wave=endpoint)
        _check_after_baseline(study, (*place, "endpoint"), endpoint)
    asked = not outcome.adjust_for_baseline or baseline in outcome.waves
    expect(asked, (*place, "adjust_for_baseline"), "no_baseline", baseline=baseline)
    expect(not outcome.trend or len(outcome.waves) > 1, (*place, "trend"), "trend_waves")
    if outcome.controls is not None:
        expect(outcome.role == "tested", (*place, "controls"), "tested_controls")
        _check_controls(study, (*place, "controls"), outcome.controls)


def _check_relations(study: Study, place: Place, outcome: Outcome) -> None:
    if outcome.conditional_on is not None:
        parent = study.outcomes.get(outcome.conditional_on)
        fits = parent is not None and parent.kind == "binary" and outcome.kind != "ordinal"
        measured = parent is not None and not parent.derive and not parent.conditional_on
        expect(fits and measured, (*place, "conditional_on"), "parent")
        asked = parent is not None and {*outcome.waves} <= {*parent.waves}
        expect(asked, (*place, "conditional_on"), "parent_waves", key=outcome.conditional_on)
    rule = outcome.derive
    if rule is None:
        return
    source = study.outcomes.get(rule.source)
    if source is None or source.derive is not None:
        fail((*place, "derive", "source"), "derived_source")
    needs_value = rule.rule in ("at_least", "at_most", "equals")
    expect(not needs_value or rule.value is not None, (*place, "derive", "value"), "rule_value", rule=rule.rule)
    expect(all(map(math.isfinite, (*rule.cutoffs, rule.value or 0.0))), (*place, "derive"), "cutoff")
    compares = rule.rule in ("rise", "fall", "change")
    known = not compares or rule.since in source.waves
    expect(known, (*place, "derive", "since"), "rule_since", rule=rule.rule, allowed=source.waves)
    expect({*outcome.waves} <= {*source.waves}, (*place, "waves"), "source_waves", key=rule.source)
    if rule.rule == "classes":
        _check_classes(place, outcome, rule.cutoffs)
    kind = {"change": "linear", "classes": "ordinal"}.get(rule.rule, "binary")
    expect(outcome.kind == kind, (*place, "kind"), "rule_kind", rule=rule.rule, kind=kind)


def _check_classes(place: Place, outcome: Outcome, cutoffs: tuple[float, ...]) -> None:
    expect(cutoffs and increase(cutoffs), (*place, "derive", "cutoffs"), "class_cutoffs")
    n = len(cutoffs)
    fits = outcome.range is not None and outcome.range[1] - outcome.range[0] == n
    expect(fits, (*place, "range"), "classes_range", cutoffs=n, classes=n + 1)


def _check_files(study: Study) -> None:
    for key, file in study.files.items():
        place = ("files", key)
        expect(file.wave is None or file.wave_column is None, (*place, "wave"), "file_wave")
        expect_one_of(study.design.wave_keys, (*place, "wave"), file.wave)
        expect_one_of(study.design.wave_keys, (*place, "wave_codes"), *file.wave_codes.values())
        expect(differ(list(file.columns.values())), (*place, "columns"), "same_name")


def _check_covariate(key: str, covariate: Covariate) -> None:
    place = ("covariates", key)
    _check_key(place, key)
    _check_range((*place, "range"), covariate)
    if covariate.kind == "continuous":
        for name in ("levels", "reference", "collapse", "level_labels"):
            expect(not getattr(covariate, name), (*place, name), "no_levels")
        return
    levels, collapse = covariate.levels, (*place, "collapse")
    _check_codes((*place, "levels"), levels)
    expect(len(levels) > 1 and differ(levels), (*place, "levels"), "two_levels")
    expect_one_of(levels, (*place, "reference"), covariate.reference)
    taken = [level for together in covariate.collapse.values() for level in together]
    expect(differ(taken) and {*taken} <= {*levels}, collapse, "levels_once", levels=levels)
    for new, olds in covariate.collapse.items():
        expect(new not in levels or new in olds, collapse, "level_itself", level=new)
    expect(len(covariate.model_levels) > 1, collapse, "all_together")
    labelled = len(covariate.level_labels) in (0, len(levels))
    expect(labelled, (*place, "level_labels"), "level_labels", count=len(levels))


def _check_codes(place: Place, codes: Iterable[str]) -> None:
    """Codes are compared with data from which spaces around a value were taken."""
    for code in codes:
        expect(code and code == code.strip(), place, "code", code=code)


def _check_key(place: Place, key: str) -> None:
    expect(_KEY.match(key), place, "key")


def _check_names(study: Study) -> None:
    """Columns of the wide table must not collide."""
    design = study.design
    fixed = {design.id, design.wave, design.group, *design.places} | _RESERVED
    for key, covariate in study.covariates.items():
        place = ("covariates", key)
        expect(key not in fixed - {design.site} and key not in study.outcomes, place, "name_taken")
        expect(key != design.site or covariate.kind != "continuous", (*place, "kind"), "site_categorical")
        expect(key not in _TERMS, place, "name_of_term")
    for key in study.outcomes:
        expect(key not in fixed, ("outcomes", key), "name_taken")
    taken = {*fixed, *study.covariates}
    wide = [(("covariates", key), {study.covariate_column(key, wave) for wave in design.wave_keys} - {key})
            for key in study.covariates]  # fmt: skip
    wide += [(("outcomes", key), {study.column(key, wave) for wave in outcome.waves})
             for key, outcome in study.outcomes.items()]  # fmt: skip
    for place, columns in wide:
        expect(not columns & taken, place, "wide_column", column=sorted(columns & taken)[:1])
        taken |= columns


def _check_models(study: Study) -> None:
    models = study.models
    expect(models.ladder, ("models", "ladder"), "no_ladder")
    _check_controls(study, ("models", "controls"), models.controls)
    _check_controls(study, ("models", "register_controls"), models.register_controls)
    _check_controls(study, ("models", "ladder"), models.ladder_controls)
    for name, with_model, said in (
        ("controls_as_published", [key for key in study.tested if study.has_trend(key)], "has_trend"),
        ("endpoint_controls_as_published", study.tested, "is_tested"),
    ):
        for outcome, controls in getattr(models, name).items():
            expect(outcome in with_model, ("models", name, outcome), said)
            _check_controls(study, ("models", name, outcome), controls)
    expect(all(map(differ, models.ladder)), ("models", "ladder"), "rung_once")


def _check_controls(study: Study, place: Place, controls: Collection[str]) -> None:
    """Controls are covariates, or outcomes of the survey at baseline."""
    expect(differ(controls), place, "covariate_once")
    for control in (own for own in controls if own not in study.baseline_columns):
        if control not in study.covariates:
            example = next(iter(study.baseline_columns), f"work_{study.design.baseline}")
            fail(place, "control", key=control, known=_known_covariates(study), example=example)
        expect(study.covariates[control].impute, ("covariates", control, "impute"), "control_imputed")


def _known_covariates(study: Study) -> object:
    return study.covariates or phrase("none_yet", example="[covariates.age]")


def _check_received(study: Study) -> None:
    key = study.design.received
    if key is None:
        return
    own = study.covariates.get(key)
    fits = own is not None and own.timing == "baseline" and len(own.levels) == 2
    used = {*study.all_controls, *study.models.register_controls, *study.moderators}
    expect(fits and key not in used, ("design", "received"), "received", key=key)


def _check_times(study: Study) -> None:
    design = study.design
    for name in ("wave_time", "interview_date"):
        key = getattr(design, name)
        own = study.covariates.get(key or "")
        fits = own is not None and own.kind == "continuous" and own.timing == "wave" and not own.impute
        expect(key is None or fits, ("design", name), "time_covariate", key=key)
    expect(study.models.time != "actual" or design.wave_time, ("models", "time"), "actual_time")
    split = design.calendar_split
    dated = split is None or (design.interview_date is not None and _is_date(split))
    expect(dated, ("design", "calendar_split"), "calendar_split")


def _is_date(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _check_moderator(study: Study, key: str, moderator: Moderator) -> None:
    place = ("moderators", key)
    expect(key in study.covariates, place, "moderator", key=key, known=_known_covariates(study))
    covariate, cutoffs = study.covariates[key], moderator.cutoffs
    expect(covariate.impute, ("covariates", key, "impute"), "moderator_imputed")
    if covariate.kind == "continuous":
        expect(cutoffs and increase(cutoffs), (*place, "cutoffs"), "moderator_cutoffs")
    else:
        expect(not cutoffs, (*place, "cutoffs"), "no_cutoffs")


def _check_excluded(study: Study) -> None:
    """What a model or another outcome needs takes part in the imputation."""
    place = ("imputation", "exclude")
    controls = {*study.all_controls, *study.models.register_controls}
    used = controls | {*study.tested, *study.moderators}
    used |= {key for column, key in study.baseline_columns.items() if column in controls}
    for outcome in study.outcomes.values():
        used |= {outcome.derive.source} if outcome.derive is not None else set()
        used |= {outcome.conditional_on} if outcome.conditional_on is not None else set()
    for key in study.imputation.exclude:
        expect(key in study.outcomes or key in study.covariates, place, "exclude_unknown", key=key)
        expect(key not in used, place, "exclude_needed", key=key)


def _check_robustness(study: Study) -> None:
    plan = study.robustness
    for key, subset in plan.subsets.items():
        check_conditions(study, ("robustness", "subsets", key, "where"), subset.where, study.baseline_columns)
    for letter in plan.checks:
        expect(letter in CHECK_LETTERS, ("robustness", "checks"), "check", letter=letter, allowed=CHECK_LETTERS)
    expect(differ(plan.checks), ("robustness", "checks"), "check_once")
    expect(plan.deltas and increase((0.0, *plan.deltas)), ("robustness", "deltas"), "deltas")
