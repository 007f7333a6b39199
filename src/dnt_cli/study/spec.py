"""The study specification as frozen dataclasses; `reader` makes them from TOML and checks them.

Field names are the keys of the study file. A field without a default must be given. The comment behind a field is
what `dnt study init` explains to the analyst.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Literal

from dnt_cli.study.described import ComposedFigure, DescribedBlock, Population, Published
from dnt_cli.study.disclosure import Disclosure, Thresholds
from dnt_cli.study.files import Code, Codes, DataFile, Source, level_name
from dnt_cli.study.instruments import Instrument
from dnt_cli.study.register import Measure, Register
from dnt_cli.study.text import Language as Language
from dnt_cli.study.text import Text as Text

_INTERVENTION = Text("Interventie", "Intervention")
_COMPARISON = Text("Vergelijking", "Comparison")

LARGEST_COUNT = 1e9  # beyond it a number is no count of anything
CHECK_LETTERS = tuple("abcdefghijklmn")  # of the robustness checks, in the order of `dnt robustness --list`


@dataclass(frozen=True)
class Wave:
    """One round of measurement."""

    key: str  # as it stands in the wave column
    months: float  # months since inclusion


@dataclass(frozen=True)
class Condition:
    """One comparison in a rule, such as `work_T0 != 1`."""

    column: str
    operator: Literal["==", "!=", "<=", ">=", "<", ">"]
    value: float | str


@dataclass(frozen=True)
class Exclusion:
    """Persons who are left out of the study: `{ age = "> 70", reason = "over 70" }` in the study file."""

    where: tuple[Condition, ...]  # all must hold, at a person's first answer; a missing value fulfils only !=
    reason: Text

    @property
    def text(self) -> str:
        """The conditions: `age > 70`."""
        return " and ".join(f"{c.column} {c.operator} {level_name(c.value)}" for c in self.where)


@dataclass(frozen=True)
class Design:
    """Who was measured when, and which columns say so."""

    id: str  # column with the person's id
    wave: str  # column with the wave
    group: str  # column with the group
    intervention: str  # code of the intervention group in that column
    comparison: str  # code of the comparison group
    waves: tuple[Wave, ...]  # in order of time
    baseline: str  # wave before the intervention
    endpoint: str  # wave at which the effect is judged
    follow_up: str | None = None  # wave at which lasting effects are judged
    site: str | None = None  # column with the place of recruitment, for cluster checks; never imputed
    pair: str | None = None  # column with the matched pair that the site belongs to, for check h; never imputed
    further_interventions: dict[str, Text] = field(
        default_factory=dict
    )  # codes of other arms in the data: their labels
    contrast: str | None = None  # which two arms this run compares, such as "b:control"; default: the two above
    received: str | None = None  # covariate with two levels, not received first: who took part in the programme
    wave_time: str | None = None  # covariate that changes: actual months of each interview, for models.time = "actual"
    interview_date: str | None = None  # covariate that changes: date of each interview, for calendar_split
    calendar_split: str | None = None  # date such as "2020-03-12": effects of those interviewed before and since it
    intervention_label: Text = _INTERVENTION  # in tables and figures
    comparison_label: Text = _COMPARISON  # in tables and figures
    exclude: tuple[Exclusion, ...] = ()  # persons who are in the file but not in the study, and why
    waves_outside: Literal["error", "drop"] = "error"  # rows of a wave that the study does not name

    @cached_property
    def arms(self) -> dict[str, Text]:
        """Code of each arm of the data -> its label, the two that are compared first."""
        two = {self.intervention: self.intervention_label, self.comparison: self.comparison_label}
        return two | self.further_interventions

    def contrasted(self) -> Design:
        """The design that compares the two arms of `contrast`; the others are further arms."""
        if self.contrast is None:
            return self
        first, _, second = self.contrast.partition(":")
        others = {code: label for code, label in self.arms.items() if code not in (first, second)}
        return replace(
            self, intervention=first, comparison=second, intervention_label=self.arms[first],
            comparison_label=self.arms[second], further_interventions=others,
        )  # fmt: skip

    @cached_property
    def places(self) -> tuple[str, ...]:
        """The columns that say where a person was recruited: site and matched pair, as far as there are."""
        return tuple(column for column in (self.site, self.pair) if column is not None)

    @cached_property
    def groups(self) -> tuple[str, str]:
        """The codes of intervention and comparison group."""
        return self.intervention, self.comparison

    @cached_property
    def wave_keys(self) -> tuple[str, ...]:
        """The waves' keys in order of time."""
        return tuple(wave.key for wave in self.waves)


@dataclass(frozen=True)
class Hypothesis:
    """What the intervention was expected to do."""

    label: Text
    primary: bool = False  # its outcomes are primary: corrected for several tests among themselves


@dataclass(frozen=True)
class Derivation:
    """How an outcome follows from another one, so that the two can never contradict each other."""

    source: str  # the outcome it follows from
    rule: Literal["at_least", "at_most", "equals", "classes", "rise", "fall", "change"]
    value: float | None = None  # the cut-off of at_least, at_most and equals
    cutoffs: tuple[float, ...] = ()  # of classes: the lowest value of each class but the first
    since: str | None = None  # the wave with which rise, fall and change compare


@dataclass(frozen=True)
class Outcome:
    """One thing that was measured repeatedly."""

    label: Text
    kind: Literal[
        "binary", "linear", "count", "ordinal"
    ]  # effects: odds ratios, betas, rate ratios, odds of a higher class
    waves: tuple[str, ...]  # the waves at which it was asked
    role: Literal["tested", "descriptive"] = "tested"  # descriptive: described and imputed with, never tested
    source: Literal["survey", "register"] = "survey"  # register outcomes are complete and not imputed
    hypothesis: str | None = None  # under which it stands in the tables
    expected: Literal["increase", "decrease"] | None = None  # direction that the hypothesis expects
    better: Literal["higher", "lower"] = "higher"  # what is better for the person
    range: tuple[float, float] | None = None  # lowest and highest possible value
    integer: bool = False  # whole numbers only
    level_labels: tuple[Text, ...] = ()  # names of the classes of an ordinal outcome, lowest first
    endpoint: str | None = None  # wave of the endpoint model, if not the design's
    adjust_for_baseline: bool | None = None  # default: yes if asked at baseline
    trend: bool | None = None  # longitudinal model; default: yes if asked at baseline and later
    controls: tuple[str, ...] | None = None  # of its own models, in place of models.controls and of the ladder
    derive: Derivation | None = None  # it follows from another outcome, after imputation
    conditional_on: str | None = None  # a binary outcome without which this one is 0
    impute_method: Literal["pmm", "norm", "logreg", "polyreg", "polr"] | None = None  # default: by kind
    counterpart: str | None = None  # the survey outcome that a register outcome stands beside
    register: Measure | None = None  # what `dnt polis` makes that this outcome is; default: a column of its own name
    note: Text | None = None  # printed under the table
    figure: str | None = None  # number of its figure in the report that it stands in; told in figures.csv
    missing: Codes = ()  # codes and words of the data file that mean no answer
    valid: Codes = ()  # numbers that look like codes for no answer, but are answers
    yes: Codes = ()  # of a binary outcome: what stands in the file for 1, such as "ja" or 1
    no: Codes = ()  # ... and for 0, such as "nee" or 2
    codes: dict[str, float] = field(default_factory=dict)  # what stands in the file -> the number that it means

    @property
    def whole(self) -> bool:
        """Whether only whole numbers can be answers."""
        return self.kind != "linear" or self.integer

    @property
    def limits(self) -> tuple[float, float] | None:
        """Lowest and highest possible value, by the range or by the kind; None where any number is possible."""
        if self.kind == "binary":
            return 0.0, 1.0
        return (0.0, LARGEST_COUNT) if self.kind == "count" and self.range is None else self.range


@dataclass(frozen=True)
class Covariate:
    """A characteristic of the person."""

    label: Text
    kind: Literal["categorical", "ordered", "continuous"]
    timing: Literal["baseline", "wave"] = "baseline"  # wave: it may change; trends use it at the wave of the outcome
    levels: tuple[str, ...] = ()  # in order
    reference: str | None = None  # default: the first level
    collapse: dict[str, tuple[str, ...]] = field(default_factory=dict)  # levels taken together in models
    range: tuple[float, float] | None = None
    level_labels: tuple[Text, ...] = ()
    impute: bool = True  # takes part in the imputation
    describe: bool = True  # stands in the table of the population
    missing: Codes = ()  # codes and words of the data file that mean no answer
    valid: Codes = ()  # numbers that look like codes for no answer, but are answers
    codes: dict[str, Code] = field(default_factory=dict)  # what stands in the file -> the level or number it means

    @cached_property
    def model_levels(self) -> tuple[str, ...]:
        """Levels as the models use them, reference first."""
        merged = {old: new for new, olds in self.collapse.items() for old in olds}
        names = list(dict.fromkeys(merged.get(level, level) for level in self.levels))
        first = merged.get(self.reference or self.levels[0], self.reference or self.levels[0])
        return (first, *(name for name in names if name != first))

    def model_level(self, level: str) -> str:
        """The model's level that `level` belongs to."""
        for new, olds in self.collapse.items():
            if level in olds:
                return new
        return level


@dataclass(frozen=True)
class Moderator:
    """A covariate of which it is asked whether the effect depends on it."""

    declared: bool = False  # named before the effects were known; otherwise the tables say that it is exploratory
    cutoffs: tuple[float, ...] = ()  # of a continuous covariate: the lowest value of each subgroup but the first


@dataclass(frozen=True)
class Models:
    """Which covariates each model controls for."""

    controls: tuple[str, ...] = ()  # endpoint model; covariates, or outcomes at baseline, as `<key>_<baseline>`
    ladder: tuple[tuple[str, ...], ...] = ((),)  # longitudinal model: the first set whose fits all converge
    controls_as_published: dict[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # of trends, for --controls published
    endpoint_controls_as_published: dict[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # of the endpoint, for --controls published; default: those of the study
    time: Literal["wave", "months", "actual"] = "wave"  # 0, 1, 2, ...; months as planned; or design.wave_time
    errors: Literal["model", "persons", "sites"] = "model"  # what SE, p and marks rest on: independent rows, or these
    min_observed: int = 5  # an effect is shown only if each group has so many observed answers at each of its waves
    register_controls: tuple[str, ...] = ()  # models of register outcomes; also survey outcomes, as `<key>_<baseline>`
    register_covariates: Literal["imputed", "observed"] = "imputed"  # observed: without persons who miss a control
    register_trend: Literal["odds ratio", "probability"] = "odds ratio"  # scale of a binary register outcome's trend

    @cached_property
    def ladder_controls(self) -> tuple[str, ...]:
        """Every covariate on a rung of the ladder, once."""
        return tuple(dict.fromkeys(c for rung in self.ladder for c in rung))


@dataclass(frozen=True)
class ImputationPlan:
    """How gaps are filled; every setting can be overridden for one run."""

    method: Literal["pmm", "norm", "forest"] = "pmm"  # predictive mean matching, linear regression, or trees
    m: int = 50  # number of completed data sets
    iterations: int = 10  # rounds of the chained equations
    seed: int = 1  # of the random numbers; the same seed gives the same bytes
    donors: int = 5  # candidates from whom pmm draws an observed value
    max_predictors: int | None = None  # default: about a ninth of the persons
    min_correlation: float = 0.1  # with the values, or with their being missing, to be a predictor
    min_usable: float = 0.25  # share of the persons to impute who must have a value, to be a predictor
    local_residuals: bool = True  # pmm: the drawn prediction plus a donor's residual; false: the donor's value, as mice
    skew: bool = True  # draws of yes/no and ordinal values around the posterior mean; false: around the mode, as mice
    group_interactions: bool = False  # in the imputation models: group x predictor for each predictor
    blocks: Literal["auto", "off"] = "auto"  # auto: all waves of an outcome together (three or more); off: wave by wave
    sites: Literal["auto", "off"] = "auto"  # auto: blocks with an intercept per site, given eight or more; off: none
    allow_empty_arm: bool = False  # impute an outcome at a wave that nobody of a group answered
    exclude: tuple[str, ...] = ()  # covariates and outcomes that take no part


@dataclass(frozen=True)
class Subset:
    """A part of the persons on which effects are estimated again."""

    label: Text
    where: tuple[Condition, ...]  # all must hold; see robustness.unknown for missing values


@dataclass(frozen=True)
class Robustness:
    """Which other honest choices the effects are tried under."""

    subsets: dict[str, Subset] = field(default_factory=dict)
    checks: tuple[str, ...] = ("a", "b", "c", "d", "h", "k")  # `dnt robustness --list` explains the letters
    unknown: Literal["impute", "leave_out"] = "impute"  # check a: persons of whom a subset rule asks what is missing
    deltas: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)  # check e, in SD of a score or log-odds of a yes/no
    second_m: int = 5  # check f: imputations by the other method
    weights: Literal["overlap", "inverse"] = "overlap"  # check i
    sparse: float = 10.0  # check j: outcomes with fewer events, or non-events, per coefficient


@dataclass(frozen=True)
class Significance:
    """Marks of statistical significance, two-sided."""

    strict: float = 0.05  # marked **
    lenient: float = 0.10  # marked *

    def mark(self, p_value: float) -> str:
        """`**`, `*` or nothing; a missing p-value has no mark."""
        return "**" if p_value < self.strict else "*" if p_value < self.lenient else ""


@dataclass(frozen=True)
class Study:
    """Everything that an analysis needs to know about a study."""

    key: str
    title: Text
    design: Design
    outcomes: dict[str, Outcome]
    covariates: dict[str, Covariate] = field(default_factory=dict)
    hypotheses: dict[str, Hypothesis] = field(default_factory=dict)
    models: Models = Models()
    moderators: dict[str, Moderator] = field(default_factory=dict)  # covariates: for whom does it work
    imputation: ImputationPlan = ImputationPlan()
    robustness: Robustness = Robustness()
    significance: Significance = Significance()
    instruments: dict[str, Instrument] = field(default_factory=dict)  # questionnaires that `dnt score` scores
    register: Register = field(default_factory=Register)  # how records of jobs become outcomes
    description: dict[str, DescribedBlock] = field(default_factory=dict)  # further answers, in tables of their own
    populations: dict[str, Population] = field(default_factory=dict)  # published figures beside those at baseline
    figures: dict[str, ComposedFigure] = field(default_factory=dict)  # beside the figure of each outcome
    published: dict[str, Published] = field(default_factory=dict)  # what tables of an earlier report correspond to
    disclosure: Disclosure = field(default_factory=Disclosure)  # the rules of `dnt release`
    files: dict[str, DataFile] = field(default_factory=dict)  # the files that hold the answers, if there are several
    source: Source = field(default_factory=Source)  # how files are to be read; in the study file part of [files]
    synthetic: bool = False  # made-up data: said on every table
    text: str = field(default="", compare=False, repr=False)  # the study file itself, verbatim
    overrides: tuple[str, ...] = ()  # `--set key=value` of this run

    @cached_property
    def thresholds(self) -> Thresholds | None:
        """What may leave the secure environment; None where everything may."""
        return self.disclosure.thresholds(register=any(map(self.is_register, self.outcomes)))

    def column(self, outcome: str, wave: str) -> str:
        """Name of the wide column that holds `outcome` at `wave`."""
        return f"{outcome}_{wave}"

    @cached_property
    def columns(self) -> dict[str, tuple[str, str]]:
        """Wide column -> (outcome, wave), for all outcomes, in the order of the study file and of time."""
        return {
            self.column(key, wave): (key, wave)
            for key, outcome in self.outcomes.items()
            for wave in self.design.wave_keys
            if wave in outcome.waves
        }

    @cached_property
    def covariate_columns(self) -> dict[str, tuple[str, str]]:
        """Wide column -> (covariate, wave); of a covariate that does not change only its key, at baseline."""
        return {
            self.covariate_column(key, wave): (key, wave)
            for key, covariate in self.covariates.items()
            for wave in (self.design.wave_keys if covariate.timing == "wave" else (self.design.baseline,))
        }

    def covariate_column(self, covariate: str, wave: str) -> str:
        """Name of the wide column that holds a covariate at a wave; what does not change has its own name.

        A control that is no covariate, such as `work_T0`, is a column already.
        """
        known = self.covariates.get(covariate)
        changes = known is not None and known.timing == "wave" and wave != self.design.baseline
        return f"{covariate}_{wave}" if changes else covariate

    @cached_property
    def received_level(self) -> str:
        """The level of `design.received` of those who took part."""
        return self.covariates[str(self.design.received)].levels[1]

    def subgroups(self, moderator: str) -> tuple[str, ...]:
        """The subgroups of a covariate: its levels as the models use them, or between its cut-offs.

        Returns:
            In the order of the study file; none of a continuous covariate without cut-offs.
        """
        if moderator == self.design.interview_date:
            return (f"<{self.design.calendar_split}", f">={self.design.calendar_split}")
        covariate = self.covariates[moderator]
        if covariate.kind != "continuous":
            return tuple(dict.fromkeys(map(covariate.model_level, covariate.levels)))
        cuts = [f"{cut:g}" for cut in self.cutoffs(moderator)]
        between = [f"{low}-<{high}" for low, high in pairwise(cuts)]
        return (f"<{cuts[0]}", *between, f">={cuts[-1]}") if cuts else ()

    def cutoffs(self, moderator: str) -> tuple[float, ...]:
        """The cut-offs of a continuous covariate; of the date of the interview in days since 1970."""
        if moderator == self.design.interview_date:
            days = date.fromisoformat(str(self.design.calendar_split)) - date(1970, 1, 1)
            return (float(days.days),)
        return self.moderators.get(moderator, Moderator()).cutoffs

    @cached_property
    def measured(self) -> dict[str, Outcome]:
        """Outcomes that stand in the survey itself: neither derived nor taken from a register."""
        return {k: o for k, o in self.outcomes.items() if o.derive is None and o.source == "survey"}

    @cached_property
    def tested(self) -> dict[str, Outcome]:
        """Outcomes that are tested, in the order of the study file."""
        return {k: o for k, o in self.outcomes.items() if o.role == "tested"}

    def endpoint(self, outcome: str) -> str:
        """The wave of the outcome's endpoint model."""
        return self.outcomes[outcome].endpoint or self.design.endpoint

    def adjusts_for_baseline(self, outcome: str) -> bool:
        """Whether the endpoint model holds the outcome's baseline value."""
        spec = self.outcomes[outcome]
        return self.design.baseline in spec.waves if spec.adjust_for_baseline is None else spec.adjust_for_baseline

    @cached_property
    def baseline_columns(self) -> dict[str, str]:
        """Wide column -> outcome, for what the survey asked at baseline; models can control for it."""
        baseline = self.design.baseline
        return {c: k for c, (k, wave) in self.columns.items() if wave == baseline and not self.is_register(k)}

    @cached_property
    def possible_controls(self) -> tuple[str, ...]:
        """What models can control for: covariates, and outcomes of the survey at baseline."""
        return (*self.covariates, *self.baseline_columns)

    @cached_property
    def all_controls(self) -> tuple[str, ...]:
        """Every control of the models of survey outcomes, once: covariates and outcomes at baseline."""
        models = self.models
        published = (*models.controls_as_published.values(), *models.endpoint_controls_as_published.values())
        own = [outcome.controls or () for outcome in self.outcomes.values()]
        return tuple(dict.fromkeys(c for part in (models.controls, *models.ladder, *published, *own) for c in part))

    def endpoint_controls(self, outcome: str) -> tuple[str, ...]:
        """The controls of an outcome's endpoint model: its own, those of the study, or those of register models."""
        own = self.outcomes[outcome].controls
        default = self.models.register_controls if self.is_register(outcome) else self.models.controls
        return self.without_itself(default if own is None else own, outcome)

    def trend_controls(self, outcome: str) -> tuple[tuple[str, ...], ...]:
        """The sets of controls of an outcome's longitudinal model, first choice first."""
        own = self.outcomes[outcome].controls
        default = (self.models.register_controls, ()) if self.is_register(outcome) else self.models.ladder
        sets = default if own is None else (own,)
        return tuple(dict.fromkeys(self.without_itself(controls, outcome) for controls in sets))

    def without_itself(self, controls: Iterable[str], outcome: str) -> tuple[str, ...]:
        """The controls but the outcome at baseline, which its models hold already, as control or as response."""
        return tuple(c for c in controls if self.columns.get(c, ("", ""))[0] != outcome)

    def has_trend(self, outcome: str) -> bool:
        """Whether the outcome has a longitudinal model."""
        spec = self.outcomes[outcome]
        if spec.trend is not None:
            return spec.trend
        return (
            self.design.baseline in spec.waves
            and len(spec.waves) > 1
            and not (spec.kind == "ordinal" and spec.role == "descriptive")
        )

    def is_register(self, outcome: str) -> bool:
        """Whether the outcome comes from a register."""
        return self.outcomes[outcome].source == "register"

    def has_probability_trend(self, outcome: str) -> bool:
        """Whether the trend of a binary outcome is a linear model of its probability instead of its odds."""
        spec = self.outcomes[outcome]
        return self.is_register(outcome) and spec.kind == "binary" and self.models.register_trend == "probability"

    def times(self) -> dict[str, float]:
        """Wave -> time in the longitudinal model: its rank, or months since inclusion."""
        months = self.models.time != "wave"
        return {wave.key: wave.months if months else float(i) for i, wave in enumerate(self.design.waves)}
