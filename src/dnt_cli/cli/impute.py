"""`dnt impute`: fill the gaps m times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from dnt_cli.cli.app import app
from dnt_cli.cli.console import tell, warn
from dnt_cli.cli.groups import ResultOptions, StudyOptions, WorkOptions
from dnt_cli.cli.inputs import Input, open_input
from dnt_cli.cli.options import INPUT, MODEL, Seed, argument, option
from dnt_cli.cli.progress import progress
from dnt_cli.cli.results import save
from dnt_cli.cli.terminal import terminal
from dnt_cli.errors import UsageError
from dnt_cli.sentences import say

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from dnt_cli.imputation import Imputation, Settings
    from dnt_cli.stagefile.container import Stage
    from dnt_cli.study import Study
    from dnt_cli.wording import Wording


@dataclass(frozen=True)
class _Job:
    """What is imputed, and from where on."""

    wide: pd.DataFrame
    study: Study
    settings: Settings
    opened: Input
    before: Stage | None = None  # the file that is extended
    register: str = ""  # digest of the file with register outcomes


@app.command(rich_help_panel="Stages")
def impute(
    source: Annotated[str, argument("SURVEY", "Survey: stage file, Parquet or CSV; - is a pipe.")],
    *,
    study: StudyOptions,
    register: Annotated[
        str | None,
        option(
            "--register FILE",
            "What dnt polis wrote, carried along and never imputed; or a table with id, wave and the outcomes.",
            INPUT,
        ),
    ] = None,
    method: Annotated[
        Literal["pmm", "norm", "forest"] | None,
        option("--method", "pmm, norm or forest (miceforest); default: the study's.", MODEL),
    ] = None,
    m: Annotated[
        str | None, option("-m M", "Completed data sets, or auto: as many as needed; default: the study's.", MODEL)
    ] = None,
    precision: Annotated[
        float,
        option(
            "--precision SHARE",
            "With -m auto: share by which a standard error may differ between two runs.",
            MODEL,
            min=0.005,
            max=0.5,
        ),
    ] = 0.05,
    extend: Annotated[bool, option("--extend", "Add imputations to a file of imputations, up to -m.", MODEL)] = False,
    iterations: Annotated[int | None, option("--iterations N", "Rounds; default: the study's.", MODEL, min=1)] = None,
    max_predictors: Annotated[
        int | None, option("--max-predictors N", "Per column; default: a ninth of the persons.", MODEL, min=1)
    ] = None,
    seed: Seed = None,
    work: WorkOptions,
    result: ResultOptions,
) -> None:
    """Fill the gaps of a survey m times, each time with other plausible values.

    Example: dnt impute survey.parquet -m 50 -o imputed.parquet
    """
    from dataclasses import replace

    from dnt_cli.imputed.data import STUDY_SETTINGS
    from dnt_cli.imputed.tables import imputation_summary
    from dnt_cli.stagefile.container import as_columns
    from dnt_cli.stagefile.result import Content
    from dnt_cli.wording import Wording

    result.check("imputations", "impute", required=True)
    count = None if m is None or m == "auto" else _count(m)
    _refuse_many(iterations)
    changes = {
        "method": method, "iterations": iterations, "seed": seed, "max_predictors": max_predictors,
    }  # fmt: skip
    job = _extended(source, study, count, changes) if extend else _fresh(source, study, count, changes)
    if register is not None:
        job = _with_register(job, register)
    extra: dict[str, Any] = {}
    with work.place() as free, progress("Imputing") as report:
        rounds, frames = _run(job, m == "auto", precision, free, report)
        total = len(frames) if isinstance(frames, list) else job.settings.m
        made = 0 if job.before is None else job.before.parquet.num_row_groups - 1
        said = {k: getattr(replace(job.settings, m=made + total), k) for k in STUDY_SETTINGS}
        said |= {"precision": precision} if m == "auto" else {}
        said |= {"register_sha256": job.register} if job.register else {}

        def tables() -> Iterator[pa.Table]:
            yield from _row_groups(job, frames, made)
            for name in ("trace", "events", "models"):
                extra[name] = as_columns(_told(job.before, rounds, name))

        provenance = job.opened.provenance("impute", said)
        save(result.output, "imputations", job.study, Content(tables(), extra), provenance, force=result.force)
    events, models = _told(None, rounds, "events"), _told(None, rounds, "models")
    if len(events):
        tell(say("events_logged", n=len(events)))
    wording = Wording(job.study, result.language)
    shown = imputation_summary(job.wide, models, events, said, wording)
    result.show([shown, *_beside(job, wording)], models)


def _count(m: str) -> int:
    from dnt_cli.study.rules import MOST_ROUNDS

    try:
        count = int(m)
    except ValueError:
        count = 0
    if not 1 <= count <= MOST_ROUNDS:
        raise UsageError(say("m_wrong", m=m, most=MOST_ROUNDS))
    return count


def _refuse_many(iterations: int | None) -> None:
    from dnt_cli.study.rules import MOST_ROUNDS

    if iterations is not None and iterations > MOST_ROUNDS:
        raise UsageError(say("iterations_many", iterations=iterations, most=MOST_ROUNDS))


def _fresh(source: str, study: StudyOptions, m: int | None, changes: dict[str, Any]) -> _Job:
    from dnt_cli.imputed.data import settings_of
    from dnt_cli.wide import to_wide

    opened = study.open(source, "dnt impute", ["survey"], foreign="with study")
    spec = opened.spec
    return _Job(to_wide(opened.survey(), spec), spec, settings_of(spec, m=m, **changes), opened)


def _beside(job: _Job, wording: Wording) -> list[Any]:
    """How far the register agrees with the answers, if there is one."""
    if not job.register:
        return []
    from dnt_cli.polis.agreement import agreement, agreement_tables

    return agreement_tables(agreement(job.wide, job.study), wording)


def _with_register(job: _Job, source: str) -> _Job:
    """The same with the outcomes of a register beside the survey's."""
    from dataclasses import replace

    from dnt_cli.polis.join import add_register

    if job.before is not None:
        raise UsageError(say("extend_register"))
    opened = open_input(source, "dnt impute --register", ["register"], foreign="always")
    frame = opened.frame() if opened.stage is None else opened.stage.frame
    wide, findings = add_register(job.wide, frame, job.study, opened.name)
    for finding in findings:
        warn(f"{finding.line(terminal.language)}.")
    return replace(job, wide=wide, register=opened.sha256)


def _extended(source: str, study: StudyOptions, m: int | None, changes: dict[str, Any]) -> _Job:
    """The observed data of an imputations file, and the settings that made it."""
    from dataclasses import replace

    from dnt_cli.imputed.data import measured_columns, recorded_settings

    given = changes | {"study": study.study, "set": study.settings}
    told = [f"--{name.replace('_', '-')}" for name, value in given.items() if value is not None]
    if told:
        raise UsageError(say("extend_settings", options=", ".join(told)))
    opened = open_input(source, "dnt impute --extend", ["imputations"])
    stage = opened.stage
    assert stage is not None  # nothing else is read
    data = opened.completed()
    settings = recorded_settings(stage, stage.study)
    if stage.steps[-1]["command"] != "impute" or m is None or m <= data.m:
        raise UsageError(say("extend_needs", m=data.m))
    wide = measured_columns(data.observed, stage.study)
    return _Job(wide, stage.study, replace(settings, m=m - data.m), opened, stage)


def _run(job: _Job, auto: bool, precision: float, jobs: int, report: Any) -> tuple[list[Imputation], Any]:
    """The imputations, and the completed tables: a list when their number follows from the data, else a stream."""
    from dnt_cli.imputed.data import impute_wide

    if auto:
        from dnt_cli.imputed.precision import impute_until_precise

        return impute_until_precise(job.wide, job.study, job.settings, precision=precision, jobs=jobs, progress=report)
    start = 0 if job.before is None else job.before.parquet.num_row_groups - 1
    imputation, completed = impute_wide(
        job.wide, job.study, job.settings, jobs=jobs, progress=report, start=start, stacked=True
    )
    return [imputation], completed


def _row_groups(job: _Job, frames: Any, made: int) -> Iterator[pa.Table]:
    from dnt_cli.imputed.data import imputation_tables, numbered_tables

    if job.before is None:
        yield from imputation_tables(job.wide, iter(frames), job.study)
        return
    for i in range(made + 1):
        yield job.before.parquet.read_row_group(i)
    yield from numbered_tables(frames, job.study, len(job.wide), made + 1)


def _told(before: Stage | None, rounds: list[Imputation], name: str) -> pd.DataFrame:
    """What was recorded about the imputations: the chains of all rounds; the rest is the same in every round."""
    import pandas as pd

    if name != "trace":
        return getattr(rounds[-1], name)  # type: ignore[no-any-return]
    earlier = [] if before is None else [before.extra_frame(name)]
    return pd.concat([*earlier, *(r.trace for r in rounds)], ignore_index=True)
