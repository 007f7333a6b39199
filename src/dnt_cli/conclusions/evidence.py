"""What the results of one study say about each outcome: effects, robustness checks, register and observed change."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

import pandas as pd

from dnt_cli.description.lookup import Lookup
from dnt_cli.description.persons import Behind
from dnt_cli.description.rounding import PERCENT_DECIMALS, decimals_of, half_up
from dnt_cli.description.rows import ALL
from dnt_cli.description.trend_tables import level_at
from dnt_cli.description.trends import interval_names
from dnt_cli.effects.columns import effect_rows, expected_of, wave_of
from dnt_cli.effects.errors import flags_of, resting_on, site_is_group, unknown_by_site
from dnt_cli.effects.persons import behind
from dnt_cli.effects.result import Estimates
from dnt_cli.errors import DataError
from dnt_cli.messages import Message
from dnt_cli.models import ENDPOINT, LONGITUDINAL
from dnt_cli.robustness.notes import REGISTER, TESTS
from dnt_cli.robustness.result import RobustnessResult, codes
from dnt_cli.sentences import say
from dnt_cli.stagefile.kinds import held
from dnt_cli.study import Study
from dnt_cli.tables import Counts, together

if TYPE_CHECKING:
    from dnt_cli.stagefile.result import StageResult

FOLLOW_UP = "follow_up"
PARTS = (ENDPOINT, LONGITUDINAL, FOLLOW_UP)
"""At the endpoint, over the waves, and at the follow-up."""
HARDLY = 0.05
"""Standard errors below which an effect without a mark contradicts nothing."""
_ABSENT = "not estimable"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, eq=False)
class EffectEvidence:
    """One effect as evidence for or against an expectation.

    Attributes:
        row: The effect, as the fitting stages write it.
        direction: 1 upward, -1 downward, 0 neither.
        along: 1 in the expected direction, -1 the other way, 0 neither, or nothing expected.
        mark: Of significance.
        not_under: The other standard errors, of `effects.clusters.CLUSTERS`, that take the mark away.
        sites: What cannot be told from sites that each lie in one group: `group` where one of the groups is a single
            site, `errors` where there are too few for errors by site; else empty.
    """

    row: pd.Series = field(repr=False)
    direction: int
    along: int
    mark: str
    not_under: tuple[str, ...] = ()
    sites: Literal["", "errors", "group"] = ""

    @property
    def pointing(self) -> int:
        """The direction as far as it can contradict another: none if unmarked and next to nothing."""
        return _pointing(self.row, self.mark)

    @property
    def counted(self) -> bool:
        """Whether it has a mark, and one that cannot as well be a difference between sites."""
        return bool(self.mark) and not self.sites


@dataclass(frozen=True, slots=True)
class Check:
    """An effect under another assumption, beside the main one.

    Attributes:
        part: Of `PARTS`.
        code: Short name of the check, such as `a` or `k2`.
        label: What it does.
        verdict: Of `robustness.verdicts.VERDICTS`.
        shift: From the main effect in its standard errors; NaN where they cannot be compared.
        along: As `EffectEvidence.along`.
        mark: Of significance.
        pointing: As `EffectEvidence.pointing`.
        counts: The persons behind it; None where they are not known.
    """

    part: str
    code: str
    label: Message
    verdict: str
    shift: float
    along: int
    mark: str
    pointing: int
    counts: Counts | None = None


@dataclass(frozen=True, slots=True)
class ObservedChange:
    """What was observed per group, without controls or imputation.

    Attributes:
        changes: Whether the figures are changes since baseline; else they are levels at the endpoint.
        intervention: Percentage points, percentages or points of the score; as rounded as it is shown.
        comparison: The same in the comparison group.
        decimals: Of both.
        percentage: Whether the outcome is yes or no.
        direction: 1 where the intervention group is higher or rose more, -1 the other way round, 0 equal.
        counts: The persons behind both; None where they are not known.
        twice: The changes of those who answered at both waves, where these have another direction; else None.
    """

    changes: bool
    intervention: float
    comparison: float
    decimals: int
    percentage: bool
    direction: int
    counts: Counts | None = None
    twice: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """All that is known of one tested outcome.

    Attributes:
        outcome: Its key.
        expected: The direction that its hypothesis expects; of a register outcome without one, its counterpart's.
        parts: Analysis (of `PARTS`) -> effect, of those that could be estimated.
        reasons: Analysis -> why there is no effect, as a column of messages holds it.
        checks: Under other assumptions.
        raw: As observed.
        registers: The evidence of the register outcomes that stand beside it.
    """

    outcome: str
    expected: str | None
    parts: dict[str, EffectEvidence]
    reasons: dict[str, str]
    checks: tuple[Check, ...] = ()
    raw: ObservedChange | None = None
    registers: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """The results from which conclusions are drawn.

    Attributes:
        study: What they are about.
        estimates: The effects of the intervention.
        level: Of their intervals, 0 to 1.
        robustness: The checks, if they were done.
        description: The figures as observed, if they were described.
        register: A row per person and wave, if the register's own file is there.
    """

    study: Study
    estimates: pd.DataFrame = field(repr=False)
    level: float
    robustness: RobustnessResult | None = None
    description: pd.DataFrame | None = field(default=None, repr=False)
    register: pd.DataFrame | None = field(default=None, repr=False)

    @classmethod
    def of(cls, results: Sequence[StageResult]) -> Sources:
        """The results by their kind.

        Raises:
            DataError: There are no effects among them, or the same thing stands there twice.
        """
        from dnt_cli.description.result import Description
        from dnt_cli.polis.result import RegisterResult

        effects = [own for own in results if isinstance(own, Estimates)]
        if not effects:
            raise DataError(say("conclusions_effects"))
        joined = Estimates.joined(effects)
        rows = effect_rows(joined.estimates, waves=True)
        if rows.duplicated(["analysis", "outcome", "wave"]).any():
            raise DataError(say("effects_twice"))
        robustness = _only(results, RobustnessResult, "robustness")
        described = _only(results, Description, "description")
        register = _only(results, RegisterResult, "register")
        return cls(
            joined.study,
            resting_on(rows, joined.study.models.errors),
            joined.level,
            robustness,
            None if described is None else described.figures,
            None if register is None else register.outcomes,
        )

    def has(self, part: str) -> bool:
        """Whether any row is about this part, estimated or not."""
        return any(_part_of(row, self.study) == part for _, row in self.estimates.iterrows())


def _only(results: Sequence[StageResult], kind: type[_T], name: str) -> _T | None:
    """The one result of its kind."""
    found = [own for own in results if isinstance(own, kind)]
    if len(found) > 1:
        raise DataError(say("two_of_a_kind", kind=held(name)))
    return found[0] if found else None


def collect(sources: Sources) -> dict[str, Evidence]:
    """The evidence of every tested outcome, in the order of the study file."""
    study = sources.study
    rows: dict[tuple[str, str], pd.Series] = {}
    if sources.robustness is not None:  # the register's effects stand among the checks where nothing else tells them
        own = effect_rows(sources.robustness.estimates)
        rows = _by_part(resting_on(own[own["model"].str[0] == REGISTER], study.models.errors), study)
    rows |= _by_part(sources.estimates, study)
    checks = {} if sources.robustness is None else _checks(sources.robustness)
    described = sources.description
    persons = None if described is None else Behind(described, study)
    found: dict[str, Evidence] = {}
    registers: dict[str, list[Evidence]] = {}
    # Register outcomes first: those of the survey refer to them.
    for key in sorted(study.tested, key=lambda key: not study.is_register(key)):
        outcome = study.outcomes[key]
        own_rows = {part: rows[key, part] for part in PARTS if (key, part) in rows}
        expected = expected_of(key, study)
        found[key] = Evidence(
            key,
            expected,
            {part: _part(row, expected, study) for part, row in own_rows.items() if row["status"] != _ABSENT},
            {part: str(row["message"] or "") for part, row in own_rows.items() if row["status"] == _ABSENT},
            tuple(checks.get(key, ())),
            None if described is None or persons is None else raw_of(described, key, study, persons),
            tuple(registers.get(key, ())),
        )
        if outcome.counterpart is not None:
            registers.setdefault(outcome.counterpart, []).append(found[key])
    return {key: found[key] for key in study.tested}


def _by_part(rows: pd.DataFrame, study: Study) -> dict[tuple[str, str], pd.Series]:
    found = {(str(row["outcome"]), _part_of(row, study)): row for _, row in rows.iterrows()}
    return {key: row for key, row in found.items() if key[1]}


def _part_of(row: pd.Series, study: Study) -> str:
    """What an effect is about: the endpoint, the waves together, the follow-up, or another wave (empty)."""
    if row["analysis"] == LONGITUDINAL:
        return LONGITUDINAL
    wave = wave_of(row, study)
    if wave == study.endpoint(row["outcome"]):
        return ENDPOINT
    return FOLLOW_UP if wave == study.design.follow_up else ""


def _along(direction: int, expected: str | None) -> int:
    return direction * {"increase": 1, "decrease": -1, None: 0}[expected]


def _sign(value: float) -> int:
    return 0 if math.isnan(value) else int(value > 0) - int(value < 0)


def _pointing(row: pd.Series, mark: str) -> int:
    hardly = abs(row["estimate"]) < HARDLY * row["std_error"]
    return 0 if hardly and not mark else _sign(float(row["estimate"]))


def _part(row: pd.Series, expected: str | None, study: Study) -> EffectEvidence:
    direction, mark = _sign(float(row["estimate"])), study.significance.mark
    lost = tuple(by for by in flags_of(row, study) if not mark(row[f"p_value_{by}"]))
    sites = "group" if site_is_group(row) else "errors" if unknown_by_site(row) else ""
    return EffectEvidence(row, direction, _along(direction, expected), mark(row["p_value"]), lost, sites)  # type: ignore[arg-type]


def _checks(robustness: RobustnessResult) -> dict[str, list[Check]]:
    """Outcome -> checks of its effects; the register is a source of its own and no check here."""
    study, names = robustness.study, codes(robustness.labels)
    found: dict[str, list[Check]] = {}
    rows = effect_rows(robustness.estimates)
    for _, row in rows[rows["model"].isin(list(names))].iterrows():
        model, outcome = str(row["model"]), str(row["outcome"])
        if model[0] == REGISTER:
            continue
        along = _along(_sign(float(row["estimate"])), expected_of(outcome, study))
        shift = math.nan if model[0] == TESTS else float(row["shift"])
        part = _part_of(row, study)
        label, verdict, mark = robustness.labels[model], str(row["verdict"]), study.significance.mark(row["p_value"])
        points, counts = _pointing(row, mark), behind(row, study)
        found.setdefault(outcome, []).append(
            Check(part, names[model], label, verdict, shift, along, mark, points, counts)
        )
    return found


def raw_of(description: pd.DataFrame, key: str, study: Study, persons: Behind) -> ObservedChange | None:
    """The observed figures beside an endpoint effect, None where a group has none.

    The change since baseline where the model holds the baseline value, else the level at the endpoint. `persons` tells
    who is behind them.
    """
    design, outcome = study.design, study.outcomes[key]
    end, binary = study.endpoint(key), outcome.kind == "binary"
    changes = study.adjusts_for_baseline(key) and end != design.baseline
    if changes:
        table, statistic = "change", "pct_point_change_rounded" if binary else "mean_change_rounded"
        wave = interval_names(study, [(design.baseline, end)])[0]
    else:
        table, statistic, wave = "trend", "pct" if binary else "mean", end
    figures = Lookup(description, table)
    groups = design.groups
    decimals = PERCENT_DECIMALS if binary else decimals_of(outcome)
    found = [figures.get(key, "", group, wave, statistic).value for group in groups]
    if any(math.isnan(value) for value in found):
        return None
    own, other = (float(value) for value in half_up(found, decimals))
    trend, level = Lookup(description, "trend"), "pct" if binary else "mean"
    places = [(group, at) for group in groups for at in ((design.baseline, end) if changes else (end,))]
    counts = together(level_at(trend, persons, key, "", place, level)[1] for place in places)
    # As a reader of the figures sees it: two that are printed the same have no direction.
    direction, twice = _sign(own - other), None
    if changes:
        again = [figures.get(key, "", group, wave, "paired_mean").value for group in groups]
        first, second = (float(value) for value in half_up(again, decimals))
        known = not any(map(math.isnan, again))
        twice = (first, second) if known and _sign(first - second) != direction else None
    return ObservedChange(changes, own, other, decimals, binary, direction, counts, twice)


def counts_of(evidence: Evidence, study: Study) -> Counts | None:
    """The persons behind all that is known of an outcome; None where those behind some of it are not known."""
    found = [behind(part.row, study) for part in evidence.parts.values()]
    found += [check.counts for check in evidence.checks]
    found += [] if evidence.raw is None else [evidence.raw.counts]
    found += [counts_of(other, study) for other in evidence.registers if other.parts]
    return together(found) if found else Counts()


def register_levels(sources: Sources) -> Iterable[tuple[str, str, int, int, float]]:
    """Per register outcome with a yes/no counterpart: how many the register and the survey count at the endpoint.

    Yields:
        Register outcome, counterpart, the register's count of yes, of how many persons, and the survey's percentage of
        those who answered.
    """
    study = sources.study
    if sources.register is None or sources.description is None:
        return
    figures = Lookup(sources.description, "trend")
    for key, outcome in study.outcomes.items():
        column = outcome.register or key
        if not study.is_register(key) or outcome.counterpart is None or outcome.kind != "binary":
            continue
        wave = study.endpoint(key)
        said = figures.get(outcome.counterpart, "", ALL, wave, "pct")
        if column in sources.register.columns and not math.isnan(said.value):
            values = sources.register.loc[sources.register["wave"] == wave, column].dropna()
            yield key, outcome.counterpart, int(values.sum()), len(values), said.value
