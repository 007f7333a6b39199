"""The notes under a table of effects, each derived from the estimates and never from the options that were given."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dnt_cli.effects.cluster_notes import cluster_notes
from dnt_cli.effects.columns import FAR, MOST, UNEQUAL, expected_of, far_imputed, unequal_loss
from dnt_cli.effects.detectable import detectable_scaled
from dnt_cli.effects.errors import resting_on
from dnt_cli.effects.kinds import KINDS
from dnt_cli.effects.note import Note, note, once_each, other_endpoints, said_of
from dnt_cli.effects.persons import coefficients
from dnt_cli.effects.published import differing
from dnt_cli.models import ENDPOINT, LONGITUDINAL, keys_in
from dnt_cli.study import Study
from dnt_cli.wording import Wording, within_sentence

LEAST_EVENTS = 5
"""Events, or non-events, per coefficient (Vittinghoff and McCulloch 2007, American Journal of Epidemiology 165)."""
LEAST_PERSONS = 10
"""Persons per coefficient of counts and of ordered classes. In simulated studies of 5 (and 7) persons per coefficient
a log odds ratio of classes is 30% (20%) too large, and intervals of 95% hold 92% (counts: 89 to 91%)."""
LEAST_IN_GROUP = 10
"""Events, or non-events, or observed answers, in each group."""


def notes_of(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """All notes of a table.

    Args:
        rows: The effects in the table: one analysis and one kind of outcome.
        wording: The study in a language.
    """
    if "errors" not in rows:
        rows = resting_on(rows, wording.study.models.errors)
    return [
        _estimand(rows, wording),
        *_further_arms(wording),
        *other_endpoints(rows.loc[rows["analysis"] == ENDPOINT, "outcome"], wording),
        *_sample(rows, wording),
        *control_notes(rows, wording),
        *_published(rows, wording),
        *_scale_notes(rows, wording),
        *_observed_note(rows, wording),
        Note("common.marks", wording.marks_note()),
        *cluster_notes(rows, wording),
        *_few_events(rows, wording),
        *_few_persons(rows, wording),
        *_few_observed(rows, wording),
        *_far_imputed(rows, wording),
        *unequal_loss_notes(rows, wording),
        *_adjusted(rows, wording),
        *_detectable(rows, wording),
        *_against(rows, wording),
        *_row_notes(rows, wording),
        *_engines(rows, wording),
    ]


def _estimand(rows: pd.DataFrame, wording: Wording) -> Note:
    """What is estimated, in the terms of ICH E9(R1): population, treatment, variable, events in between, measure."""
    analysis, kind = rows["analysis"].iloc[0], rows["kind"].iloc[0]
    place = "endpoint" if analysis == ENDPOINT else "trend"
    measure = wording.text(f"effects.measure_{kind}_{place}", unit=wording.unit())
    handled = wording.text("effects.gaps_imputed" if int(rows["m"].max()) > 1 else "effects.gaps_left_out")
    at = {wording.study.endpoint(key) for key in rows["outcome"]}
    waves = ", ".join(wave for wave in wording.study.design.wave_keys if wave in at)
    when = waves if place == "endpoint" else wording.text("effects.all_waves")
    return note("effects.estimand", wording, when=when, measure=measure, handled=handled)


def _further_arms(wording: Wording) -> list[Note]:
    """Which two arms are compared, in a study of more."""
    design, language = wording.study.design, wording.language
    if not design.further_interventions:
        return []
    others = ", ".join(label[language] for label in design.further_interventions.values())
    arms = {"intervention": design.intervention_label[language], "comparison": design.comparison_label[language]}
    return [note("effects.further_arms", wording, others=others, **arms)]


def _few_events(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """The yes/no outcomes with so few answers of one kind that an odds ratio and its interval are not to be trusted."""
    fitted = rows[(rows["status"] != "not estimable") & rows["n_events"].notna()]
    thin, rare = [], []
    for _, row in fitted.iterrows():
        label = wording.label(row["outcome"])
        fewer = min(row["n_events"], row["n_observations"] - row["n_events"])
        ratio = fewer / coefficients(row, wording.study)
        if ratio < LEAST_EVENTS:
            thin.append(f"{label} ({wording.number(ratio, 1)})")
        if pd.notna(row["fewest_events"]) and row["fewest_events"] < LEAST_IN_GROUP:
            rare.append(f"{label} ({wording.number(row['fewest_events'], 0)})")
    found = (("few_events", LEAST_EVENTS, thin), ("few_in_group", LEAST_IN_GROUP, rare))
    return [note(f"effects.{key}", wording, least=least, outcomes=", ".join(own)) for key, least, own in found if own]


def _few_persons(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """The counts and ordered classes with so few persons that a ratio and its interval are not to be trusted."""
    asked = rows["kind"].map({name: bool(kind.ratio) and not kind.yes_no for name, kind in KINDS.items()})
    fitted = rows[(rows["status"] != "not estimable") & asked]
    ratios = [(row["outcome"], row["n_persons"] / coefficients(row, wording.study)) for _, row in fitted.iterrows()]
    told = [f"{wording.label(key)} ({wording.number(own, 1)})" for key, own in ratios if own < LEAST_PERSONS]
    return [note("effects.few_persons", wording, least=LEAST_PERSONS, outcomes=", ".join(told))] if told else []


def _sample(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """The persons and imputations behind the effects; nothing where no effect could be estimated."""
    m, persons = int(rows["m"].max()), rows["n_persons"].max()
    key = "effects.sample" if m > 1 else "effects.sample_single"
    return [note(key, wording, n=int(persons), m=m)] if persons > 0 else []


def control_notes(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """What the models hold beside the group: the most common set first, then the outcomes that have another."""
    fitted = rows[rows["status"] != "not estimable"]
    sets = [_held(row) for _, row in fitted.iterrows()]
    if not sets:
        return []
    common = max(dict.fromkeys(sets), key=sets.count)
    notes = []
    for held in [common, *(own for own in dict.fromkeys(sets) if own != common)]:
        own = fitted[[found == held for found in sets]]
        named = _enumerated(held, own, wording)
        if held == common:
            notes.append(note("effects.controls" if named else "effects.no_controls", wording, controls=named))
        else:
            outcomes = wording.labels(list(own["outcome"]))
            key = "effects.controls_of" if named else "effects.uncontrolled_of"
            notes.append(note(key, wording, outcomes=outcomes, controls=named))
    return notes


def _published(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """Whether a published analysis had the same controls, and how to repeat it."""
    others, known = differing(rows, wording.study)
    if not known:
        return []
    command = "dnt fit-t3" if rows["analysis"].iloc[0] == ENDPOINT else "dnt fit-longitudinal"
    if not others:
        return [note("effects.published_same", wording)]
    return [note("effects.published_other", wording, outcomes=wording.labels(others), command=command)]


def _held(row: pd.Series) -> tuple[str, ...]:
    """The controls that are in the model: those that are the same for all are not."""
    left_out = keys_in(row["left_out"])
    return tuple(key for key in keys_in(row["controls"]) if key not in left_out)


def _enumerated(held: tuple[str, ...], rows: pd.DataFrame, wording: Wording) -> str:
    """The labels of the controls, and the outcome at baseline where some or all of the models hold it."""
    named = ", ".join(within_sentence(wording.label(key)) for key in held)
    with_baseline = rows["baseline"] != ""
    if not with_baseline.any():
        return named
    every = bool(with_baseline.all())
    wave = wording.study.design.baseline
    baseline = wording.text("effects.baseline_all" if every else "effects.baseline_some", wave=wave)
    if not named:
        return baseline
    key = "effects.and_baseline" if every else "effects.and_some_baseline"
    return wording.text(key, controls=named, baseline=baseline)


def _scale_notes(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """What the estimates mean."""
    kind, endpoint = KINDS[rows["kind"].iloc[0]], rows["analysis"].iloc[0] == ENDPOINT
    if own := kind.endpoint_notes if endpoint else kind.trend_notes:
        return [note(f"effects.{key}", wording, unit=wording.unit()) for key in own]
    keys = {
        "both": "effects.beta_both",
        "outcome": "effects.beta_outcome" if endpoint else "effects.beta_outcome_trend",
        "none": "effects.own_units_note" if endpoint else "effects.own_units_note_trend",
    }
    notes = [note(keys[own], wording, unit=wording.unit()) for own in rows["standardise"].unique() if own]
    return [*notes, note("effects.d_note", wording)] if rows["d"].notna().any() else notes


def _observed_note(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    if rows["n_observed_intervention"].isna().all():
        return []
    key = "effects.observed_note" if rows["analysis"].iloc[0] == ENDPOINT else "effects.observed_note_trend"
    return [note(key, wording, least=wording.study.models.min_observed)]


def _detectable(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """What the study could have shown, per outcome, and in the middle of them."""
    fitted = rows[rows["std_error"].notna()]
    if fitted.empty:
        return []
    own = KINDS[fitted["kind"].iloc[0]]
    kind, digits = "rate" if own.ratio else "size", 3 if own.factor > 1 else 2
    low, high = detectable_scaled(fitted)
    middle = int(np.argsort(high, kind="stable")[(len(high) - 1) // 2])

    def pair(i: int) -> str:
        size = wording.number(high[i], digits)
        return f"{wording.number(low[i], digits)} / {size}" if kind == "rate" else f"±{size}"

    each = "; ".join(f"{wording.label(key)} {pair(i)}" for i, key in enumerate(fitted["outcome"]))
    named = wording.text(f"effects.named_{own.ratio}") if own.ratio else ""
    ends = {name: wording.number(end[middle], digits) for name, end in (("low", low), ("high", high))}
    return [note(f"effects.detectable_{kind}", wording, named=named, each=each, **ends)]


def _adjusted(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    if int(rows["p_value"].notna().sum()) < 2:
        return []
    lenient = wording.study.significance.lenient
    alarms = _false_alarms(rows, lenient, wording)
    primary = rows[rows["p_holm_primary"].notna()]
    holm, bh = (int((rows[column] < lenient).sum()) for column in ("p_holm", "p_bh"))
    values = {"lenient": wording.threshold(lenient)}
    notes = [alarms, note("effects.adjusted", wording, holm=holm, bh=bh, **values)]
    if len(primary):
        left = [wording.label(row["outcome"]) for _, row in primary.iterrows() if row["p_holm_primary"] < lenient]
        named, stay = wording.labels(list(primary["outcome"])), ", ".join(left) or wording.text("effects.none_left")
        notes.append(note("effects.primary", wording, outcomes=named, left=stay, **values))
    return notes


def _false_alarms(rows: pd.DataFrame, lenient: float, wording: Wording) -> Note:
    """How many marks chance would give, cut-offs of one scale counted once."""
    tested = rows.loc[rows["p_value"].notna(), "outcome"]
    cut_from = {key: wording.study.outcomes[key].derive for key in tested}
    scales = {key if rule is None else rule.source for key, rule in cut_from.items()}
    tests, alarms = len(tested), wording.number(len(scales) * lenient, 1)
    if len(scales) == tests:
        return note("effects.false_alarms", wording, tests=tests, alarms=alarms)
    most = wording.number(tests * lenient, 1)
    return note("effects.false_alarms_scales", wording, tests=tests, scales=len(scales), alarms=alarms, most=most)


def _few_observed(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """The effects that rest on few observed answers in a group, and so mainly on the imputation."""
    fewest = rows[["n_observed_intervention", "n_observed_comparison"]].min(axis=1)
    thin = rows[(rows["status"] != "not estimable") & (rows["m"] > 1) & (fewest < LEAST_IN_GROUP)]
    if thin.empty:
        return []
    pairs = zip(thin["outcome"], fewest[thin.index], strict=True)
    told = [f"{wording.label(key)} ({wording.number(least, 0)})" for key, least in pairs]
    return [note("effects.few_observed", wording, least=LEAST_IN_GROUP, outcomes=", ".join(told))]


def _far_imputed(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """The outcomes whose imputed answers at the endpoint lie far from the observed ones."""
    pairs = [(row["outcome"], row["imputed_gap"]) for _, row in far_imputed(rows).iterrows()]
    if not pairs:
        return []
    told = ", ".join(f"{wording.label(key)} ({wording.number(gap, 1, sign=True)})" for key, gap in pairs)
    return [note("effects.far_imputed", wording, far=wording.number(FAR, 0), outcomes=told)]


def unequal_loss_notes(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """The outcomes of which a group lost many answers, or many more than the other; each once."""
    told = [
        f"{wording.label(key)} ({wording.number(100 * own, 0)}% / {wording.number(100 * other, 0)}%)"
        for key, own, other in unequal_loss(rows)
    ]
    if not told:
        return []
    limits = {"more": wording.number(100 * UNEQUAL, 0), "most": wording.number(100 * MOST, 0)}
    return [note("effects.unequal_loss", wording, outcomes=", ".join(dict.fromkeys(told)), **limits)]


def _against(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    found = against_hypothesis(rows, wording.study)
    return [note("effects.against", wording, outcomes=wording.labels(found))] if found else []


def against_hypothesis(rows: pd.DataFrame, study: Study) -> list[str]:
    """The outcomes with a significant effect in the direction that the hypothesis does not expect."""
    found = []
    for _, row in rows.iterrows():
        expected = expected_of(row["outcome"], study)
        opposite = row["estimate"] * (1 if expected == "increase" else -1) < 0
        if expected and opposite and study.significance.mark(row["p_value"]):
            found.append(row["outcome"])
    return found


def _row_notes(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """What is to be said about single effects, by the fits and by the study."""
    found: list[tuple[str, str, str]] = []
    for _, row in rows.iterrows():
        label, own = wording.label(row["outcome"]), wording.study.outcomes[row["outcome"]].note
        if row["message"]:
            key, text, about = said_of(row, label, wording)
            no_model = row["analysis"] == LONGITUDINAL and not wording.study.has_trend(row["outcome"])
            found.append(("effects.message_no_model" if no_model else key, text, about))
        if own is not None:
            found.append(("effects.own_note", own[wording.language], label))
    return once_each(found, wording)


def _engines(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    engines = ", ".join(dict.fromkeys(engine for engine in rows["engine"] if engine))
    return [note("effects.engine", wording, engine=engines)] if engines else []
