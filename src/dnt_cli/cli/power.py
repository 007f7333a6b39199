"""`dnt power`: how many persons a study needs, and what a study of a given size can see."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from dnt_cli.cli.app import app
from dnt_cli.cli.completion import complete_studies
from dnt_cli.cli.console import tell
from dnt_cli.cli.groups import ResultOptions, ShowOptions, WorkOptions
from dnt_cli.cli.inputs import open_stage_file
from dnt_cli.cli.options import RUN, Overrides, argument, option
from dnt_cli.cli.progress import progress
from dnt_cli.cli.results import save_result
from dnt_cli.cli.terminal import Group, Program
from dnt_cli.errors import UsageError
from dnt_cli.sentences import say

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import pandas as pd

    from dnt_cli.power.comparisons import Means, Proportions
    from dnt_cli.power.result import SimulatedPower
    from dnt_cli.power.simulation import World
    from dnt_cli.power.sizes import StudyPlan
    from dnt_cli.study import Language, Study

_DESIGN = "Design"
_SAVE_AFTER = 30.0  # seconds of work that a stop may lose


class _Power(Group):
    """`dnt power --study FILE` is `dnt power study FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Typer's own."""
        if args[:1] == ["--study"]:
            args = ["study", *args[1:]]
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed


power_app = Program(
    name="power",
    cls=_Power,
    no_args_is_help=True,
    help="Sample size and power: of a comparison of two groups, or of the whole analysis of a study.",
)
app.add_typer(power_app, rich_help_panel="Planning")


PowerMethod = Literal["exact", "normal", "unpooled", "arcsine", "corrected"]
_Alpha = Annotated[float, option("--alpha LEVEL", "Two-sided level.", _DESIGN, min=0.0001, max=0.5)]
_Dropout = Annotated[float, option("--dropout SHARE", "Share lost before the endpoint.", _DESIGN, min=0.0, max=0.95)]
_Icc = Annotated[
    float, option("--icc SHARE", "Share of variance between sites, with --sites.", _DESIGN, min=0.0, max=0.99)
]
_Sites = Annotated[int | None, option("--sites N", "Sites in all, half in each group, with --icc.", _DESIGN)]


@dataclass(frozen=True)
class _SizeOptions:
    """What is planned, and which answer is wanted of it."""

    n: Annotated[
        str | None,
        option("--n N,N", "Power of these group sizes (comparison,intervention) instead of the sizes needed.", _DESIGN),
    ] = None
    dropout: _Dropout = 0.0
    ratio: Annotated[float, option("--ratio RATIO", "Intervention per comparison.", _DESIGN, min=0.01, max=100)] = 1.0
    icc: _Icc = 0.0
    sites: _Sites = None
    alpha: _Alpha = 0.05
    wanted: Annotated[float, option("--power SHARE", "Wanted power.", _DESIGN, min=0.1, max=0.999)] = 0.80
    method: Annotated[
        PowerMethod | None, option("--method", "Only this method; default: all, side by side.", _DESIGN)
    ] = None

    def plan(self) -> StudyPlan:
        """The plan; one that does not hold together is refused."""
        from dnt_cli.power.sizes import StudyPlan

        return StudyPlan(self.alpha, self.wanted, self.ratio, self.dropout, self.icc, self.sites)


@power_app.command()
def proportions(
    comparison: Annotated[float, argument("COMPARISON", "Proportion in the comparison group.")],
    intervention: Annotated[float, argument("INTERVENTION", "In the intervention group.")],
    *,
    sizes: _SizeOptions,
    result: ShowOptions,
) -> None:
    """Two proportions, such as 5 % against 18 % with paid work.

    Example: dnt power proportions 0.05 0.18 --dropout 0.4
    """
    from dnt_cli.power.comparisons import Proportions

    _answer(Proportions(comparison, intervention), sizes, result)


@power_app.command()
def means(
    difference: Annotated[float, argument("DIFFERENCE", "In standard deviations.")],
    *,
    baseline_r: Annotated[
        float,
        option(
            "--baseline-r R", "Correlation of the outcome with its baseline value, which is controlled for.", _DESIGN
        ),
    ] = 0.0,
    sizes: _SizeOptions,
    result: ShowOptions,
) -> None:
    """Two means that differ by a number of standard deviations.

    Example: dnt power means 0.4 --baseline-r 0.5 --icc 0.05 --sites 16
    """
    from dnt_cli.power.comparisons import Means

    _answer(Means(difference, baseline_r), sizes, result)


@power_app.command()
def study(
    study_file: Annotated[str, argument("STUDY", "Study file, or a built-in study.", autocompletion=complete_studies)],
    *,
    outcome: Annotated[str, option("--outcome KEY", "Tested outcome.", _DESIGN)],
    effects: Annotated[
        str,
        option(
            "--effects EFFECT,...",
            "At the endpoint: shares in the intervention group, or differences in standard deviations.",
            _DESIGN,
        ),
    ],
    n: Annotated[str, option("--n N,N", "Persons: comparison,intervention.", _DESIGN)],
    analysis: Annotated[
        Literal["t3", "longitudinal"], option("--analysis", "Effect at the endpoint, or trend.", _DESIGN)
    ] = "t3",
    level: Annotated[
        float | None,
        option(
            "--comparison SHARE",
            "Share in the comparison group; needed for a yes/no outcome.",
            _DESIGN,
            min=0.001,
            max=0.999,
        ),
    ] = None,
    correlation: Annotated[float, option("--correlation R", "Between two waves.", _DESIGN, min=0.0, max=0.99)] = 0.5,
    dropout: _Dropout = 0.0,
    icc: _Icc = 0.0,
    sites: _Sites = None,
    alpha: _Alpha = 0.05,
    simulations: Annotated[int, option("--simulations N", "Per effect.", RUN, min=10, max=100_000)] = 200,
    m: Annotated[int, option("-m M", "Imputations.", RUN, min=2, max=200)] = 10,
    seed: Annotated[int, option("--seed N", "Seed.", RUN, min=0)] = 1,
    overrides: Overrides = None,
    work: WorkOptions,
    result: ResultOptions,
) -> None:
    """Power of the analysis of a study file: simulate the study, impute and analyse it, many times.

    No effect is always among the effects: how often it is found is the probability of a false alarm. With -o the run
    can be stopped, and goes on where it was when the same command is given again.

    Example: dnt power study dnt --outcome work --n 55,81 --comparison 0.35 --effects 0.5,0.6 --dropout 0.3
    """
    from dnt_cli.power.simulation import World, single_outcome
    from dnt_cli.power.sizes import StudyPlan
    from dnt_cli.study import load_study
    from dnt_cli.wording import Wording

    result.check("power", "power study")
    StudyPlan(icc=icc, sites=sites)  # refuses what does not belong together
    spec = load_study(study_file, overrides or ())
    alone = single_outcome(spec, outcome, sites=sites is not None)
    binary = alone.outcomes[outcome].kind == "binary"
    if binary != (level is not None):
        raise UsageError(
            say("power_comparison", outcome=outcome) if binary else say("power_no_comparison", outcome=outcome)
        )
    if analysis == "longitudinal" and not alone.has_trend(outcome):
        raise UsageError(say("no_trend_model", outcome=outcome))
    world = World(alone, outcome, analysis, _sizes_of(n), sites, level or 0.0, correlation, dropout, icc, m, seed)
    found = _simulate(spec, world, _effects_of(effects, level), alpha, simulations, result.output, work.place())
    result.show(found.tables(Wording(spec, result.language)), found.rows())


def _simulate(
    spec: Study, world: World, effects: list[float], alpha: float, simulations: int, output: str | None,
    place: AbstractContextManager[int],
) -> SimulatedPower:  # fmt: skip
    """All replicates: those that the file at `output` holds already, and the rest, saved now and then."""
    import time

    import pandas as pd

    from dnt_cli.power.result import SimulatedPower, settings_of
    from dnt_cli.power.simulation import COLUMNS, replicates

    settings = settings_of(world) | {"alpha": alpha}
    done = _begun(output, spec, settings)
    if done is None:
        done = pd.DataFrame(columns=list(COLUMNS)).astype({"replicate": int, "usable": bool}, errors="ignore")
    have = set(zip(done["effect"], done["replicate"], strict=True))
    missing = [k for k in range(simulations) if any((effect, k) not in have for effect in effects)]
    if len(missing) < simulations:
        tell(say("going_on", file=output, have=simulations - len(missing), n=simulations))
    parts = [done[done["effect"].isin(effects) & ~done["replicate"].isin(missing)]]
    saved = time.monotonic()

    def result() -> SimulatedPower:
        rows = pd.concat([part for part in parts if len(part)], ignore_index=True)
        whole = rows.groupby("replicate")["effect"].transform("size") == len(effects)  # stopped between two effects
        ordered = rows[whole].sort_values(["replicate", "effect"], ignore_index=True)
        return SimulatedPower(spec, ordered, settings)

    with place as jobs, progress("Simulating") as report:
        for part in replicates(world, effects, missing, jobs=jobs, progress=report):
            parts.append(part)
            if output not in (None, "-") and time.monotonic() - saved > _SAVE_AFTER and len(result().replicates):
                _save(output, result())
                saved = time.monotonic()
    _save(output, result())
    return result()


def _save(output: str | None, result: SimulatedPower) -> None:
    from dnt_cli.stagefile.container import Provenance

    save_result(output, result, Provenance("power study", dict(result.settings)), force=True)


def _begun(output: str | None, spec: Study, settings: dict[str, Any]) -> pd.DataFrame | None:
    """The replicates of the same simulation that a file holds already."""
    from pathlib import Path

    from dnt_cli.power.result import SimulatedPower

    if output in (None, "-") or not Path(str(output)).exists():
        return None
    found = SimulatedPower.from_stage(open_stage_file(str(output), "dnt power study", ["power"]))
    same = (found.settings, found.study.text, found.study.overrides) == (settings, spec.text, spec.overrides)
    return found.replicates if same else None


def _effects_of(text: str, level: float | None) -> list[float]:
    """The effects that are asked for, and none at all."""
    try:
        asked = {float(part) for part in text.split(",")}
    except ValueError:
        asked = {math.nan}
    low, high = (-5.0, 5.0) if level is None else (0.0, 1.0)
    if not all(low < effect < high for effect in asked):
        raise UsageError(say("power_differences", text=text) if level is None else say("power_shares", text=text))
    return sorted(asked | {0.0 if level is None else level})


def _answer(effect: Proportions | Means, asked: _SizeOptions, result: ShowOptions) -> None:
    """Sizes that are needed, or the power of those that are given."""
    from dnt_cli.power.sizes import required_size
    from dnt_cli.power.tables import methods_of, power_rows, power_table, size_rows, size_table

    plan, method = asked.plan(), asked.method
    language: Language = result.language
    offered = methods_of(effect, plan)
    if method is not None and method not in offered:
        raise UsageError(say("method_elsewhere", method=method, allowed=", ".join(offered)))
    methods = offered if method is None else (method,)
    if asked.n is None:
        sizes = [required_size(effect, m, plan) for m in methods]
        result.show([size_table(effect, sizes, plan, language)], size_rows(sizes))
        return
    found = power_rows(effect, methods, plan, _sizes_of(asked.n))
    result.show([power_table(effect, found, plan, language)], found)


def _sizes_of(text: str) -> tuple[int, int]:
    try:
        comparison, intervention = (int(part) for part in text.split(","))
    except ValueError:
        comparison = intervention = 0
    if min(comparison, intervention) < 2 or max(comparison, intervention) > 1_000_000:
        raise UsageError(say("two_sizes", text=text))
    return comparison, intervention
