"""Every note under a table of effects, each derived from fits: what is said must be so, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from dnt_cli.effects.columns import effect_rows
from dnt_cli.effects.fitting import Options
from dnt_cli.effects.notes import Note, notes_of
from dnt_cli.effects.result import Estimates
from dnt_cli.effects.rows import Effects
from dnt_cli.effects.run import endpoint_effects, trend_effects
from dnt_cli.errors import ModelError
from dnt_cli.imputed.data import Completed
from dnt_cli.study import Study, parse_study
from dnt_cli.study.spec import Derivation, Outcome, Text
from dnt_cli.wide import derive
from dnt_cli.wording import Wording, catalogue
from tests.support.kinds import KINDS_STUDY, answers
from tests.support.persons import two_groups
from tests.support.studies import study_text

STUDY = study_text(
    {
        "work": {"kind": "binary", "expected": "decrease", "note": "Any hours.", "hypothesis": "H1"},
        "debts": {"kind": "binary", "waves": ["T1", "T2"]},
        "score": {"kind": "linear", "waves": ["T0", "T2"]},
        "late": {"kind": "linear", "waves": ["T2"]},
        "paid": {"label": "Paid (register)", "kind": "binary", "source": "register"},
    },
    hypotheses={"H1": {"label": "More work", "primary": True}},
    covariates={
        "age": {"kind": "continuous"},
        "town": {"kind": "categorical", "levels": ["none", "a", "b", "c"]},
    },
    models={"controls": ["age"], "ladder": [["town", "age"], ["age"]], "register_trend": "probability"},
)
OF_KINDS = parse_study(KINDS_STUDY)
N = 120
WAVES = ("T0", "T1", "T2")
Make = Callable[[Study], dict[str, Note]]


def table(
    *, towns: tuple[str, ...] = ("none", "a", "b"), age: float | None = None, effect: float = 1.5
) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    frame = two_groups(N)
    treated = (frame["group"] == "i").to_numpy(dtype=float)
    frame["age"] = rng.normal(40, 8, N) if age is None else age
    frame["town"] = pd.Categorical(np.resize(np.repeat(towns, 2), N), ["none", "a", "b", "c"])
    person = rng.normal(size=N)
    for wave in WAVES:
        push = effect * treated * (wave != "T0")
        frame[f"work_{wave}"] = (person + push + rng.normal(0, 1.5, N) > 0).astype(float)
        frame[f"score_{wave}"] = person + push + rng.normal(size=N)
        frame[f"debts_{wave}"] = (person + rng.normal(0, 1.5, N) > 0).astype(float)
        frame[f"paid_{wave}"] = (person + rng.normal(0, 1.5, N) > 0).astype(float)
        frame[f"late_{wave}"] = person + rng.normal(size=N)
    return frame.drop(columns=["score_T1", "debts_T0", "late_T0", "late_T1"])


def rare_work() -> pd.DataFrame:
    """Four persons of each group work at the end."""
    frame = table()
    order = np.random.default_rng(3).permutation(N)
    frame["work_T2"] = np.isin(np.arange(N), [i for arm in (0, 1) for i in order[order % 2 == arm][:4]]).astype(float)
    return frame


def completed(study: Study, *sets: pd.DataFrame, m: int = 2) -> Completed:
    own = sets if len(sets) > 1 else sets * m
    frames = tuple(derive(frame, study) for frame in own)
    return Completed(study, frames[0], frames)


def keys_of(effects: Effects, study: Study, *, kind: str, register: bool = False) -> dict[str, Note]:
    """The notes under the table of one kind of effect; each also speaks Dutch."""
    rows = effect_rows(effects.estimates)
    rows = rows[(rows["kind"] == kind) & (rows["outcome"].map(study.is_register) == register)]
    english, dutch = (notes_of(rows, Wording(study, language)) for language in ("en", "nl"))
    assert [note.key for note in english] == [note.key for note in dutch]
    for one, other in zip(english, dutch, strict=True):
        assert one.text != other.text or one.key in ("effects.own_note", "effects.message"), one.key
    return {note.key: note for note in english}


def endpoint(
    study: Study, frame: pd.DataFrame, kind: str, *, outcomes: list[str] | None = None,
    controls: list[str] | None = None, standardise: str = "both",
) -> dict[str, Note]:  # fmt: skip
    """The notes under effects at the endpoint."""
    options = Options(standardise=standardise)  # type: ignore[arg-type]
    effects = endpoint_effects(completed(study, frame), options, outcomes=outcomes, controls=controls)
    return keys_of(effects, study, kind=kind)


def trend(
    study: Study, frame: pd.DataFrame, kind: str, *, register: bool = False, standardise: str = "both"
) -> dict[str, Note]:
    """The notes under trends."""
    options = Options(quadrature_check=0, standardise=standardise)  # type: ignore[arg-type]
    return keys_of(trend_effects(completed(study, frame), options), study, kind=kind, register=register)


def single(study: Study) -> dict[str, Note]:
    data = completed(study, table(), m=1)
    effects = endpoint_effects(Completed(study, data.observed, (data.observed,)), Options())
    return keys_of(effects, study, kind="binary")


def mixed(study: Study, first: str) -> dict[str, Note]:
    """Two outcomes with other controls; the first sets the common note. The control of `late` is the same for all."""
    parts = {
        key: endpoint_effects(completed(study, table(age=age)), Options(), outcomes=[key])
        for key, age in (("score", None), ("late", 40.0))
    }
    order = sorted(parts, key=lambda key: key != first)
    rows = pd.concat([parts[key].estimates for key in order], ignore_index=True)
    return keys_of(Effects(rows, parts[first].fits), study, kind="linear")


def cut_offs(study: Study) -> Study:
    """With two cut-offs of the score as tested outcomes."""
    rules = {f"over_{cut}": Derivation("score", "at_least", float(cut)) for cut in (0, 1)}
    made = {key: Outcome(Text(key, key), "binary", ("T0", "T2"), derive=rule) for key, rule in rules.items()}
    return replace(study, outcomes=study.outcomes | made)


def three_arms(study: Study) -> Study:
    """With a third arm, of which the table holds nobody."""
    return replace(study, design=replace(study.design, further_interventions={"b": Text("Training", "Training")}))


def few_seen() -> tuple[pd.DataFrame, pd.DataFrame]:
    """As observed, eight persons of the intervention group with an answer on work at the end; and completed."""
    whole = table()
    seen = whole.copy()
    seen.loc[whole.index[whole["group"] == "i"][8:], "work_T2"] = np.nan
    return seen, whole


def far_imputed() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Half of those who work answered and nobody else, so that only those without work are imputed."""
    whole = table()
    seen = whole.copy()
    idle = whole.index[whole["work_T2"] == 0]
    seen.loc[idle[: len(idle) - 16], "work_T2"] = np.nan
    return seen, whole


def endpoint_of(study: Study, frames: tuple[pd.DataFrame, pd.DataFrame]) -> dict[str, Note]:
    seen, whole = frames
    data = Completed(study, derive(seen, study), (derive(whole, study), derive(whole, study)))
    return keys_of(endpoint_effects(data, Options()), study, kind="binary")


def published(study: Study, controls: tuple[str, ...]) -> dict[str, Note]:
    """Effects with the study's control, age; a publication had these for the scores, and none for others."""
    told = {"endpoint_controls_as_published": {"score": controls}}
    own = replace(study, models=replace(study.models, controls=(), **told))  # type: ignore[arg-type]
    return endpoint(own, table(), "linear")


@cache
def _plain(fit: Callable[..., dict[str, Note]], kind: str, standardise: str) -> dict[str, Note]:
    return fit(parse_study(STUDY), table(), kind, standardise=standardise)


def of_table(fit: Callable[..., dict[str, Note]], kind: str, standardise: str = "both") -> Make:
    """The notes under effects of the table as it is, fitted once for all cases."""
    return lambda _: _plain(fit, kind, standardise)


BINARY, LINEAR = of_table(endpoint, "binary"), of_table(endpoint, "linear")
BINARY_TREND, LINEAR_TREND = of_table(trend, "binary"), of_table(trend, "linear")
OWN_UNITS, OWN_UNITS_TREND = (of_table(fit, "linear", "none") for fit in (endpoint, trend))
BETA, BETA_TREND = (of_table(fit, "linear", "outcome") for fit in (endpoint, trend))
# Note -> how it comes about, from fits of made data, and what its English text holds.
CASES: dict[str, tuple[Make, str]] = {
    "effects.sample": (BINARY, "m = 2 imputations"),
    "effects.sample_single": (single, "no imputation"),
    "effects.controls": (BINARY, "Controlled for age and, where measured, the outcome at T0."),
    "effects.no_controls": (
        lambda s: endpoint(s, table(), "linear", outcomes=["late"], controls=[]),
        "Without controls.",
    ),
    "effects.controls_of": (lambda s: mixed(s, "late"), "Score: controlled for age and the outcome at T0."),
    "effects.uncontrolled_of": (lambda s: mixed(s, "score"), "Late: without controls."),
    "effects.published_other": (
        lambda s: published(s, ("age",)),
        "The published report had other controls for Score; to repeat it: `dnt fit-t3 ... --controls published`.",
    ),
    "effects.published_same": (lambda s: published(s, ()), "those of the published report"),
    "effects.rate": (BINARY, "more common in the intervention group"),
    "effects.marginal_note": (BINARY, "percentage points"),
    "effects.rate_trend": (BINARY_TREND, "given the random intercept of the person"),
    "effects.probability_note": (lambda s: trend(s, table(), "probability", register=True), "linear probability"),
    "effects.beta_both": (LINEAR, "of outcome and group: not the difference"),
    "effects.estimand": (BINARY, "as they were assigned"),
    "effects.few_events": (lambda s: endpoint(s, rare_work(), "binary"), "per coefficient: Work (2.0)"),
    "effects.few_in_group": (lambda s: endpoint(s, rare_work(), "binary"), "Fewer than 10 answers of one kind"),
    "effects.false_alarms": (BINARY, "2 tests in this table: without any effect 0.2 of them"),
    "effects.false_alarms_scales": (
        lambda s: endpoint(cut_offs(s), table(), "binary"),
        "4 tests of 3 scales in this table: related cut-offs of one scale count once. Without any effect 0.3 scales",
    ),
    "effects.few_observed": (
        lambda s: endpoint_of(s, few_seen()),
        "Fewer than 10 observed answers in a group: Work (8)",
    ),
    "effects.far_imputed": (
        lambda s: endpoint_of(s, far_imputed()),
        "What was imputed lies far from what was answered (more than 1 SD): Work (-",
    ),
    "effects.further_arms": (
        lambda s: endpoint(three_arms(s), table(), "binary"),
        "Compared are Intervention and Comparison; the persons of other arms (Training) are left out",
    ),
    "effects.unequal_loss": (
        lambda s: endpoint_of(s, few_seen()),
        "(intervention / comparison): Work (87% / 0%). The effect then depends much",
    ),
    "effects.primary": (BINARY, "Primary: Work. After Holm's correction"),
    "effects.d_note": (LINEAR, "standard deviations of the outcome; own units"),
    "effects.own_units_note": (OWN_UNITS, "Difference between the groups in the outcome's own units"),
    "effects.own_units_note_trend": (
        OWN_UNITS_TREND,
        "Difference between the groups per wave, in the outcome's own units",
    ),
    "effects.marginal_trend": (BINARY_TREND, "change per wave of the difference in prob"),
    "effects.beta_outcome": (BETA, "Beta: difference between the groups in standard deviations of the outcome"),
    "effects.beta_outcome_trend": (BETA_TREND, "Beta: difference between the groups per wave, in standard deviations"),
    "effects.observed_note": (BINARY, "at least 5 in each"),
    "effects.observed_note_trend": (BINARY_TREND, "at every wave"),
    "common.marks": (BINARY, "** p < .05, * p < .10"),
    "effects.detectable_rate": (BINARY, "p < .05; per outcome: Work "),
    "effects.detectable_size": (LINEAR, "per outcome: Score ±"),
    "effects.adjusted": (BINARY, "Holm"),
    "effects.against": (BINARY, "Against the hypothesis: Work."),
    "effects.message": (
        lambda s: endpoint(s, table(towns=("a", "b")), "linear", controls=["town"]),
        "nobody has the reference of town; the reference is now a",
    ),
    "effects.message_not_estimable": (
        lambda s: endpoint(s, table().assign(late_T2=3.0), "linear"),
        "Late: not estimable: 2 of 2 imputations without usable fit: The outcome has the same value in every row",
    ),
    "effects.message_no_model": (LINEAR_TREND, "Late: no trend: not asked at T0."),
    "effects.own_note": (BINARY, "Work: Any hours."),
    "effects.engine": (BINARY, "Fitted with dnt logistic."),
    "effects.rate_ratio": (lambda s: endpoint(OF_KINDS, answers(), "count"), "IRR > 1: the mean count is larger"),
    "effects.rate_ratio_trend": (lambda s: trend(OF_KINDS, answers(), "count"), "between the groups grows each wave"),
    "effects.higher_class": (lambda s: endpoint(OF_KINDS, answers(), "ordinal"), "more often in a higher class"),
    "effects.few_persons": (
        lambda s: endpoint(OF_KINDS, answers().iloc[:26], "ordinal"),
        "Fewer than 10 persons per coefficient: ",
    ),
    "effects.higher_class_trend": (lambda s: trend(OF_KINDS, answers(), "ordinal"), "classes (proportional odds)"),
}  # fmt: skip


@pytest.mark.parametrize("key", CASES)
def test_a_note_follows_from_the_fits(study: Study, key: str) -> None:
    make, text = CASES[key]
    notes = make(study)
    assert key in notes
    assert text in notes[key].text


def test_every_note_has_a_case() -> None:
    """The notes are the part of the catalogue behind `# notes`; a new one needs a case here."""
    from importlib.resources import files

    words = (files("dnt_cli") / "words" / "effects.toml").read_text(encoding="utf-8").partition("# notes")[2]
    parts = {"baseline_all", "baseline_some", "and_baseline", "and_some_baseline"}  # of the notes on controls
    known = {f"effects.{key}" for key in catalogue("effects") if f"\n{key}" in words and key not in parts}
    assert known | {"common.marks"} == set(CASES)


def test_a_table_without_an_estimate_says_nothing_of_its_number_of_persons(study: Study) -> None:
    effects = trend_effects(completed(study, table()), Options(quadrature_check=0))
    late = replace(effects, estimates=effects.estimates[effects.estimates["outcome"] == "late"])
    notes = keys_of(late, study, kind="linear")
    assert "effects.message_no_model" in notes
    assert "effects.sample" not in notes


def test_no_note_says_that_there_are_no_controls_over_a_model_with_the_baseline(study: Study) -> None:
    notes = endpoint(study, table(), "linear", outcomes=["score"], controls=[])
    assert notes["effects.controls"].text == "Controlled for the outcome at T0."
    assert "effects.no_controls" not in notes


def test_a_constant_control_is_neither_in_the_model_nor_in_the_note(study: Study) -> None:
    notes = endpoint(study, table(age=40.0), "linear", outcomes=["late"])
    assert "effects.no_controls" in notes
    assert notes["effects.message"].text == "Late: the same for all and therefore left out: age."


@pytest.mark.parametrize(
    ("separated", "says"), [(1, "1 of 4 imputations separated and fitted"), (4, "all 4 imputations")]
)
def test_firth_is_said_of_as_many_fits_as_it_was(study: Study, separated: int, says: str) -> None:
    plain = table(towns=("none", "a", "b", "c"), effect=0.3)
    split = plain.assign(work_T2=plain["work_T2"].where(plain["town"] != "c", 1.0))
    data = completed(study, *([split] * separated), *([plain] * (4 - separated)))
    effects = endpoint_effects(data, Options(separation="firth"), outcomes=["work"], controls=["town"])
    notes = keys_of(effects, study, kind="binary")
    assert says in notes["effects.message"].text
    engines = notes["effects.engine"].text
    assert ("(1/4)" in engines and "(3/4)" in engines) == (separated == 1)
    assert engines.startswith("Fitted with dnt Firth logistic.") == (separated == 4)


def test_two_files_standardised_otherwise_are_told_apart(study: Study) -> None:
    data = completed(study, table())
    both, outcome = (Options(quadrature_check=0, standardise=way) for way in ("both", "outcome"))  # type: ignore[arg-type]
    wording = Wording(study, "en")
    ends = [Estimates.of(study, endpoint_effects(data, own, outcomes=["score"]), 0.95) for own in (both, outcome)]
    shown = Estimates.joined(ends).tables(wording)[0]
    labels = [row[0].text for row in shown.rows]
    assert labels == ["Score (SD of outcome and group)", "Score (SD of outcome)"]
    assert {"not the difference", "Beta: difference between"} == {
        text for text in ("not the difference", "Beta: difference between") if any(text in note for note in shown.notes)
    }
    over_time = Estimates.of(study, trend_effects(data, outcome, outcomes=["score"]), 0.95)
    beside = Estimates.joined([ends[0], over_time]).tables(wording)[0]
    assert [f"{c.group} {c.heading}" for c in beside.columns if "SD of" in c.heading] == [
        "T2 beta (SD of outcome and group)", "Trend beta (SD of outcome)",
    ]  # fmt: skip
    same = Estimates.joined([ends[1], over_time]).tables(wording)[0]
    assert not any("SD of" in column.heading for column in same.columns)


def test_an_outcome_asked_at_two_waves_has_the_difference_of_differences_as_trend(study: Study) -> None:
    """With two waves and all answers, group x wave is the difference of the mean changes, and its error is theirs."""
    frame = table()
    effects = trend_effects(completed(study, frame), Options(), outcomes=["score"], ladder=[[]])
    row = effects.estimates.set_index("term").loc["group:wave"]
    change = frame["score_T2"] - frame["score_T0"]
    treated = frame["group"] == "i"
    step = 2.0  # T2 is the third wave
    assert row["estimate"] == pytest.approx((change[treated].mean() - change[~treated].mean()) / step, rel=1e-6)
    spread = change.groupby(treated).var()
    pooled = ((treated.sum() - 1) * spread[True] + ((~treated).sum() - 1) * spread[False]) / (N - 2)
    error = np.sqrt(pooled * (1 / treated.sum() + 1 / (~treated).sum())) / step
    assert row["std_error"] == pytest.approx(error, rel=1e-4)


def test_an_outcome_with_an_endpoint_of_its_own_is_nowhere_said_to_be_at_the_studys(study: Study) -> None:
    """Title and headings name the study's endpoint; the model is that at the outcome's, as its share at T1 shows."""
    own = replace(study, outcomes=study.outcomes | {"debts": replace(study.outcomes["debts"], endpoint="T1")})
    frame = table()
    effects = endpoint_effects(completed(own, frame), Options(), outcomes=["work", "debts"])
    notes = keys_of(effects, own, kind="binary")
    assert notes["common.other_endpoint"].text == "Debts: at T1, not at T2."
    assert "; outcome at T1, T2." in notes["effects.estimand"].text
    shown = Estimates.of(own, effects, 0.95).tables(Wording(own, "en"))[0]
    place = [column.heading for column in shown.columns].index("T1 / T2 obs. (i / c)")
    share = 100 * frame.groupby("group", observed=True)["debts_T1"].mean()
    cells = {row[0].text: row[place].text for row in shown.rows}
    assert cells["Debts"] == f"{share['i']:.0f}% / {share['c']:.0f}%"
    alone = keys_of(endpoint_effects(completed(own, frame), Options(), outcomes=["work"]), own, kind="binary")
    assert "common.other_endpoint" not in alone
    assert "; outcome at T2." in alone["effects.estimand"].text


def test_effects_of_a_register_that_is_not_there_are_refused_by_name(study: Study) -> None:
    outcomes = {key: replace(own, role="descriptive") for key, own in study.outcomes.items() if key != "paid"}
    only = replace(study, outcomes=outcomes | {"paid": study.outcomes["paid"]})
    data = completed(only, table().drop(columns=[f"paid_{wave}" for wave in WAVES]))
    for fit in (endpoint_effects, trend_effects):
        with pytest.raises(ModelError, match=r"From a register comes paid, .* --register FILE"):
            fit(data, Options())


@pytest.mark.parametrize("fit", [endpoint_effects, trend_effects])
def test_a_register_that_is_missing_is_told_where_all_of_the_survey_is_there(
    study: Study, fit: Callable[..., Effects]
) -> None:
    whole, options = completed(study, table()), Options(quadrature_check=0)
    data = completed(study, table().drop(columns=[f"paid_{wave}" for wave in WAVES]))

    def told(effects: Effects) -> bool:
        notes = Estimates.of(study, effects, 0.95).tables(Wording(study, "en"))[-1].notes
        return any("none of these files has their effects" in note and "Paid (register)" in note for note in notes)

    assert told(fit(data, options))
    assert not told(fit(whole, options))
    assert not told(fit(data, options, outcomes=["score"]))
