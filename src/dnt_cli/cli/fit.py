"""`dnt fit-t3` and `dnt fit-longitudinal`: effects of the intervention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from dnt_cli.cli.app import app
from dnt_cli.cli.completion import complete_controls
from dnt_cli.cli.console import tell
from dnt_cli.cli.groups import ResultOptions, StudyOptions, WorkOptions
from dnt_cli.cli.options import MODEL, GreenMeans, Level, Outcomes, argument, choose, option
from dnt_cli.cli.progress import progress
from dnt_cli.cli.results import end_if_nothing_estimable
from dnt_cli.errors import UsageError
from dnt_cli.sentences import say

if TYPE_CHECKING:
    import pandas as pd

    from dnt_cli.effects.fitting import Options
    from dnt_cli.effects.rows import Effects
    from dnt_cli.imputed.data import Completed
    from dnt_cli.progress import Progress
    from dnt_cli.stagefile.container import Provenance
    from dnt_cli.study import Study
    from dnt_cli.wording import Wording

    Asked = tuple[Callable[..., Effects], dict[str, Any]]  # an analysis, and what a file tells of what was asked

Source = Annotated[
    str,
    argument("IMPUTATIONS", "Imputations; - is a pipe; with --study also a CSV of R's mice (long, include = TRUE)."),
]


def _covariates(names: str, told: str) -> Any:
    """An option that takes covariates of the study."""
    return option(names, told, MODEL, autocompletion=complete_controls)


@dataclass(frozen=True)
class ModelOptions:
    """Of which outcomes, with which controls, and for which subgroups."""

    outcomes: Outcomes = None
    controls: Annotated[
        str | None,
        _covariates(
            "--controls KEY,KEY|published", "Other controls ('' for none), or those of the report per outcome."
        ),
    ] = None
    moderators: Annotated[
        str | None,
        _covariates(
            "--moderator KEY,KEY",
            "The effect per subgroup of these covariates too; default: the moderators of the study file; '' for none.",
        ),
    ] = None

    @property
    def published(self) -> bool:
        """Whether the controls are those of the published analysis."""
        return self.controls is not None and self.controls.strip() == "published"


@dataclass(frozen=True)
class TrendModelOptions(ModelOptions):
    """The same of trends, whose controls are a ladder."""

    controls: Annotated[
        str | None,
        _covariates(
            "--controls RUNG|KEY,KEY|published",
            "Only this rung of the ladder (1, 2, ...), these covariates ('' for none), or those of the report.",
        ),
    ] = None


@dataclass(frozen=True)
class FitOptions(ResultOptions, WorkOptions):
    """Where effects are computed and written, and how they are standardised and shown."""

    standardise: Annotated[
        Literal["both", "outcome", "none"],
        option("--standardise", "By the SD of outcome and group, of the outcome, or not.", MODEL),
    ] = "both"
    level: Level = 0.95
    green: GreenMeans = "better"

    def finish(self, effects: Effects, options: Options, provenance: Provenance, study: Study) -> None:
        """Write, show, and end with 1 when nothing could be estimated."""
        from dnt_cli.disclosure.rules import told_inside
        from dnt_cli.effects.result import Estimates
        from dnt_cli.wording import Wording

        estimates = Estimates.of(study, effects, options.level)
        self.save(estimates, provenance)
        wording = Wording(study, self.language)
        self.show(told_inside(estimates.tables(wording, green=self.green), wording), estimates.rows())
        end_if_nothing_estimable(effects.estimates)


@app.command("fit-t3", rich_help_panel="Stages")
def fit_t3(
    source: Source,
    study: StudyOptions,
    models: ModelOptions,
    *,
    at: Annotated[
        str | None,
        option("--at WAVE,WAVE|all", "The effect at these waves too; default: at the follow-up; '' for none.", MODEL),
    ] = None,
    separation: Annotated[
        Literal["stop", "firth"], option("--separation", "Where no finite estimate exists.", MODEL)
    ] = "stop",
    how: FitOptions,
) -> None:
    """Effects at the endpoint: odds ratios and standardised betas, pooled over the imputations.

    Example: dnt fit-t3 imputed.parquet -o t3.parquet
    """
    from dnt_cli.effects.fitting import Options

    how.check("estimates", "fit-t3")
    opened = study.open(source, "dnt fit-t3", ["imputations"], foreign="with study")
    data = opened.completed()
    analysis, said = endpoint_analysis(data.study, models, at)
    with how.place() as free, progress("Fitting") as report:
        options = Options(separation=separation, standardise=how.standardise, level=how.level, jobs=free)
        effects = analysis(data, options, report)
    how.finish(effects, options, opened.provenance("fit-t3", options.told() | said), data.study)


@app.command("fit-longitudinal", rich_help_panel="Stages")
def fit_longitudinal(
    source: Source,
    study: StudyOptions,
    models: TrendModelOptions,
    *,
    time: Annotated[
        Literal["wave", "months", "actual"] | None,
        option(
            "--time",
            "Waves counted, months as planned, or actual months of each interview; default: models.time.",
            MODEL,
        ),
    ] = None,
    engine: Annotated[
        Literal["own", "lme4"], option("--engine", "own: the built-in engine; lme4 needs R.", MODEL)
    ] = "own",
    cross_check_sets: Annotated[
        int, option("--cross-check K", "Fit the first K imputations with lme4 too.", MODEL, min=0)
    ] = 0,
    nodes: Annotated[int, option("--nagq N", "Quadrature nodes (odd); 1 is Laplace.", MODEL, min=1, max=101)] = 15,
    satterthwaite: Annotated[bool, option("--satterthwaite", "Satterthwaite df in linear models.", MODEL)] = False,
    how: FitOptions,
) -> None:
    """Trends of the effect over all waves: mixed models with a random intercept per person.

    Example: dnt fit-longitudinal imputed.parquet -o longitudinal.parquet
    """
    from dnt_cli.effects.checks import cross_check
    from dnt_cli.effects.fitting import Options
    from dnt_cli.wording import Wording

    how.check("estimates", "fit-longitudinal")
    if nodes % 2 == 0:
        raise UsageError(say("nodes_odd", nodes=nodes))
    if time is not None:
        study = replace(study, overrides=[*(study.overrides or []), f"models.time={time}"])
    opened = study.open(source, "dnt fit-longitudinal", ["imputations"], foreign="with study")
    data = opened.completed()
    analysis, said = trend_analysis(data.study, models)
    with how.place() as free, progress("Fitting") as report:
        options = Options(
            engine=engine, nodes=nodes, satterthwaite=satterthwaite, standardise=how.standardise, level=how.level,
            jobs=free,
        )  # fmt: skip
        effects = analysis(data, options, report)
        checked = cross_check(data, effects.estimates, options, cross_check_sets, report) if cross_check_sets else None
    if checked is not None:
        _show_cross_check(checked, Wording(data.study, how.language))
    said["cross_check"] = cross_check_sets
    how.finish(effects, options, opened.provenance("fit-longitudinal", options.told() | said), data.study)


def _show_cross_check(checked: pd.DataFrame, wording: Wording) -> None:
    """On standard error, since it is about the fits and not the result."""
    from dnt_cli.effects.tables import cross_check_table
    from dnt_cli.tables import as_text

    tell(as_text([cross_check_table(checked, wording)]))


def endpoint_analysis(study: Study, models: ModelOptions, at: str | None) -> Asked:
    """The effects at the endpoint that are asked for, with those at other waves, in subgroups and on compliers."""
    from dnt_cli.effects.run import complier_effects, endpoint_effects, subgroup_effects
    from dnt_cli.models import ENDPOINT

    published = published_controls(study, ENDPOINT) if models.published else None
    given = None if models.published else models.controls
    controls = choose("--controls", given, study.possible_controls, empty=True)
    keys = choose("--outcomes", models.outcomes, study.tested)
    waves, moderators = waves_beside(at, study), moderators_of(models.moderators, study)

    def analysis(data: Completed, options: Options, progress: Progress | None = None) -> Effects:
        effects = endpoint_effects(
            data, options, outcomes=keys, controls=controls, own_controls=published, at=waves, progress=progress
        )
        effects = subgroup_effects(data, effects, moderators, options, progress=progress)
        return complier_effects(data, effects, options)

    said = {"outcomes": keys, "controls": "published" if models.published else controls, "at": waves}
    return analysis, said | _moderators_said(moderators)


def trend_analysis(study: Study, models: ModelOptions) -> Asked:
    """The trends that are asked for, with those in subgroups."""
    from dnt_cli.effects.run import subgroup_effects, trend_effects
    from dnt_cli.models import LONGITUDINAL

    published = published_controls(study, LONGITUDINAL) if models.published else None
    ladder = None if models.published else _ladder(models.controls, study)
    keys = choose("--outcomes", models.outcomes, [key for key in study.tested if study.has_trend(key)])
    moderators = moderators_of(models.moderators, study)

    def analysis(data: Completed, options: Options, progress: Progress | None = None) -> Effects:
        effects = trend_effects(data, options, outcomes=keys, ladder=ladder, own_controls=published, progress=progress)
        return subgroup_effects(data, effects, moderators, options, progress=progress)

    said = {"outcomes": keys, "controls": models.controls, "cross_check": 0}
    return analysis, said | _moderators_said(moderators)


def waves_beside(at: str | None, study: Study) -> list[str]:
    """The waves of `--at` beside the endpoint, in order of time; by default the follow-up."""
    design = study.design
    if at is None:
        return [] if design.follow_up is None else [design.follow_up]
    known = [wave for wave in design.wave_keys if wave != design.baseline]
    chosen = known if at.strip() == "all" else choose("--at", at, known, empty=True) or []
    return [wave for wave in known if wave in chosen]


def moderators_of(keys: str | None, study: Study) -> list[str]:
    """The covariates of `--moderator`; by default those of the study file.

    Raises:
        UsageError: One is unknown, or continuous without cut-offs in the study file.
    """
    if keys is None:
        return list(study.moderators)
    chosen = choose("--moderator", keys, [k for k, c in study.covariates.items() if c.impute], empty=True) or []
    for key in chosen:
        if not study.subgroups(key):
            raise UsageError(say("no_subgroups", key=key))
    return chosen


def _moderators_said(keys: list[str]) -> dict[str, list[str]]:
    """The moderators for the provenance of a file, which says nothing of them where there are none."""
    return {"moderators": keys} if keys else {}


def published_controls(study: Study, analysis: str) -> dict[str, tuple[str, ...]]:
    """The controls per outcome of the published analysis, at the endpoint or of the trends."""
    from dnt_cli.effects.published import controls_of_publication

    if not (study.models.controls_as_published or study.models.endpoint_controls_as_published):
        raise UsageError(say("no_published_controls"))
    return controls_of_publication(study, analysis)


def _ladder(controls: str | None, study: Study) -> list[list[str]] | None:
    if controls is None:
        return None
    if controls.strip().isdecimal():  # which ² is not
        rung = int(controls)
        if not 1 <= rung <= len(study.models.ladder):
            raise UsageError(say("no_such_rung", rung=rung, rungs=len(study.models.ladder)))
        return [list(study.models.ladder[rung - 1])]
    return [choose("--controls", controls, study.possible_controls, empty=True) or []]
