"""Power of the analysis that a study file describes, by simulating the study many times and analysing it each time.

The simulated persons have one outcome, with the same correlation between any two of its waves and, where sites are
given, a common part per site (a Gaussian copula: a binary outcome is 1 above the threshold that gives its share). The
effect grows in proportion to time until the endpoint and stays. Answers are lost at random, once and for all, ever more
until the endpoint. Imputation, model and pooling are those of the program itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.errors import ModelError, UsageError
from dnt_cli.models import ENDPOINT
from dnt_cli.progress import Progress
from dnt_cli.sentences import say
from dnt_cli.study import Study
from dnt_cli.workers import spread

COLUMNS = ("effect", "replicate", "estimate", "std_error", "p_value", "usable")
_TOGETHER = 4  # replicates of a task: enough to make sending it worth while, few enough to tell progress


@dataclass(frozen=True, slots=True)
class World:
    """How the simulated studies come about.

    Attributes:
        study: What is analysed; see `single_outcome`.
        outcome: Key of its outcome.
        analysis: The effect at the endpoint (`t3`), or the trend of the effect (`longitudinal`).
        sizes: Persons in the comparison and the intervention group.
        sites: How many, half of them in each group; None where persons were allocated one by one.
        level: Share of a binary outcome in the comparison group; scores have mean 0 and standard deviation 1.
        correlation: Between two waves of the outcome (of a binary one, of what lies behind it); no less than `icc`.
        dropout: Share of the persons who are lost at the endpoint.
        icc: Share of the variance between sites.
        m: Imputations.
        seed: Of the random numbers. Replicates of one number have the same persons under every effect.
    """

    study: Study
    outcome: str
    analysis: str
    sizes: tuple[int, int]
    sites: int | None = None
    level: float = 0.5
    correlation: float = 0.5
    dropout: float = 0.0
    icc: float = 0.0
    m: int = 10
    seed: int = 1

    def __post_init__(self) -> None:
        if self.correlation < self.icc:
            raise UsageError(say("power_correlation", correlation=self.correlation, icc=self.icc))
        if self.sites is not None and min(self.sizes) < self.sites // 2:
            raise UsageError(say("power_sites", sites=self.sites))

    @property
    def binary(self) -> bool:
        """Whether the outcome is yes or no."""
        return self.study.outcomes[self.outcome].kind == "binary"


def single_outcome(study: Study, outcome: str, *, sites: bool) -> Study:
    """The study with one outcome, as if it were asked by itself, and without covariates.

    Raises:
        UsageError: There is no such outcome, or it has no effect to find.
    """
    if outcome not in study.tested:
        raise UsageError(say("power_outcome", outcome=outcome, known=", ".join(study.tested)))
    own = study.outcomes[outcome]
    if own.kind not in ("binary", "linear"):
        known = ", ".join(key for key, one in study.tested.items() if one.kind in ("binary", "linear")) or "none"
        raise UsageError(say("power_kind", outcome=outcome, kind=own.kind, known=known))
    alone = replace(
        own, derive=None, conditional_on=None, counterpart=None, register=None, source="survey", integer=False,
        range=None if own.kind == "linear" else own.range, controls=None,
    )  # fmt: skip
    design = replace(study.design, site=(study.design.site or "site") if sites else None, pair=None, exclude=())
    return replace(
        study,
        design=design,
        outcomes={outcome: alone},
        covariates={},
        models=replace(
            study.models,
            controls=(),
            ladder=((),),
            register_controls=(),
            controls_as_published={},
            endpoint_controls_as_published={},
        ),
        imputation=replace(study.imputation, exclude=()),
    )


def simulated(world: World, effect: float, rng: np.random.Generator) -> pd.DataFrame:
    """One study as observed: a row per person, gaps as NaN.

    Args:
        world: How it comes about.
        effect: At the endpoint: the share in the intervention group, or the difference in standard deviations.
        rng: Random numbers; as many are drawn whatever the effect.
    """
    study, outcome, design = world.study, world.outcome, world.study.design
    comparison, intervention = world.sizes
    n = comparison + intervention
    treated = np.repeat([0.0, 1.0], [comparison, intervention])
    place = _places(world)
    common = np.sqrt(world.icc) * rng.normal(size=n)[place]
    person = common + np.sqrt(world.correlation - world.icc) * rng.normal(size=n)
    lost_at = rng.random(n)
    wide: dict[str, Any] = {
        design.id: np.arange(1, n + 1),
        design.group: pd.Categorical(np.where(treated == 1, design.intervention, design.comparison)),
    }
    if design.site is not None:
        wide[design.site] = pd.Categorical([f"site {i + 1}" for i in place])
    waves = [wave for wave in design.waves if wave.key in study.outcomes[outcome].waves]
    progress = _progress_of(world)
    for wave in waves:
        behind = person + np.sqrt(1 - world.correlation) * rng.normal(size=n)
        values = _answers(world, behind, treated, effect, progress[wave.key])
        lost = lost_at < world.dropout * progress[wave.key]
        wide[study.column(outcome, wave.key)] = np.where(lost, np.nan, values)
    return pd.DataFrame(wide)


def _progress_of(world: World) -> dict[str, float]:
    """Per wave how much of the time to the endpoint has passed."""
    times = world.study.times()
    start, end = times[world.study.design.baseline], times[world.study.endpoint(world.outcome)]
    return {wave: float(np.clip((time - start) / (end - start), 0, 1)) for wave, time in times.items()}


def _places(world: World) -> NDArray[np.int64]:
    """The site of each person: half of the sites in each group, as even as can be."""
    comparison, intervention = world.sizes
    if world.sites is None:
        return np.arange(comparison + intervention)
    half = world.sites // 2
    own = np.arange(comparison) % half
    return np.concatenate([own, half + np.arange(intervention) % (world.sites - half)])


def _answers(
    world: World, behind: NDArray[np.float64], treated: NDArray[np.float64], effect: float, passed: float
) -> NDArray[np.float64]:
    if not world.binary:
        return behind + effect * passed * treated
    from scipy.special import ndtri

    share = world.level + (effect - world.level) * passed * treated
    ones: NDArray[np.float64] = (behind > -ndtri(share)).astype(float)
    return ones


def replicates(
    world: World, effects: Sequence[float], numbers: Sequence[int], *, jobs: int = 1,
    progress: Progress | None = None,
) -> Iterator[pd.DataFrame]:  # fmt: skip
    """Analyses of simulated studies, some rows at a time, with the columns `COLUMNS`.

    Args:
        world: How they come about.
        effects: At the endpoint, as in `simulated`.
        numbers: Of the replicates; a number gives the same rows in every run.
        jobs: Processes.
        progress: Called with (done, all) analyses.
    """
    cells = [(effect, number) for number in numbers for effect in effects]
    parts = [cells[i : i + _TOGETHER] for i in range(0, len(cells), _TOGETHER)]
    done = 0
    for rows in spread(_analysed, [(world, part) for part in parts], jobs):
        done += len(rows)
        if progress is not None:
            progress(done, len(cells))
        yield rows


def _analysed(world: World, cells: Sequence[tuple[float, int]]) -> pd.DataFrame:
    return pd.DataFrame([_replicate(world, *cell) for cell in cells], columns=list(COLUMNS))


def _replicate(world: World, effect: float, number: int) -> tuple[float, int, float, float, float, bool]:
    """The effect that one simulated study finds."""
    from dnt_cli.effects.columns import effect_rows
    from dnt_cli.effects.fitting import Options
    from dnt_cli.effects.run import endpoint_effects, trend_effects
    from dnt_cli.imputed.data import Completed, impute_wide, settings_of

    wide = simulated(world, effect, np.random.default_rng([world.seed, number]))
    nothing = (effect, number, np.nan, np.nan, np.nan, False)
    try:
        if wide.isna().any().any():
            settings = settings_of(world.study, m=world.m, seed=1_000_003 * world.seed + number)
            _, completed = impute_wide(wide, world.study, settings, allow_empty_arm=True)
            sets = tuple(completed)
        else:
            sets = (wide, wide)
        data = Completed(world.study, wide, sets)
        options = Options(quadrature_check=0)
        found = (endpoint_effects if world.analysis == ENDPOINT else trend_effects)(data, options)
    except ModelError:
        return nothing
    row = effect_rows(found.estimates).iloc[0]
    if row["status"] == "not estimable":
        return nothing
    return effect, number, float(row["estimate"]), float(row["std_error"]), float(row["p_value"]), True
