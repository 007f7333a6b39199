"""From a command's arguments to studies and stages, and from results to files and the screen."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import typer

from dnt_cli.cli.console import complain, detail, show_tables, tell, warn, write_out
from dnt_cli.cli.options import Format
from dnt_cli.cli.progress import progress
from dnt_cli.errors import DataError, UsageError

_LARGE = 1_000_000  # bytes of a file of another program; dnt's own are read at once

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from dnt_cli.findings import Finding
    from dnt_cli.imputed.data import Completed
    from dnt_cli.reading import Raw
    from dnt_cli.stagefile.container import Provenance, Stage
    from dnt_cli.study import Study
    from dnt_cli.tables import Table


def read(source: str) -> tuple[bytes, str]:
    """The bytes of a file or of standard input, and its name in messages."""
    from dnt_cli.stagefile.atomic import read_bytes

    if source == "-" and sys.stdin is not None and sys.stdin.isatty():
        raise UsageError("- reads a stage file from a pipe, but standard input is the keyboard; give a file name.")
    content, name = read_bytes(source, None if sys.stdin is None else sys.stdin.buffer)
    detail(f"Read {name}: {len(content):,} bytes.")
    return content, name


def load_stage(source: str, expected: Iterable[str], command: str, overrides: list[str] | None = None) -> Stage:
    """A stage file of one of the expected kinds, with `--set` applied to its study."""
    from dnt_cli.stagefile.container import read_stage

    content, name = read(source)
    return overridden(read_stage(content, name, expected, command), overrides)


def overridden(stage: Stage, overrides: list[str] | None) -> Stage:
    """The stage with `--set` applied to its study."""
    from dataclasses import replace

    from dnt_cli.study import parse_study

    if not overrides:
        return stage
    study = parse_study(stage.study.text, f"the study in {stage.name}", [*stage.study.overrides, *overrides])
    return replace(stage, study=study)


def load_survey(
    source: str, study: str | None, overrides: list[str] | None, command: str, *, also: Sequence[str] = ()
) -> tuple[pd.DataFrame, Study, dict[str, Any]]:
    """A cast survey, its study, and what its provenance starts from: a stage file, or CSV or Parquet with `--study`.

    `also` are patterns such as `support_*` of columns that the study file does not name; they follow the others.
    """
    return survey_of(*read(source), study, overrides, command, also=also)


def survey_of(
    content: bytes,
    name: str,
    study: str | None,
    overrides: list[str] | None,
    command: str,
    *,
    also: Sequence[str] = (),
) -> tuple[pd.DataFrame, Study, dict[str, Any]]:
    """As `load_survey`, from bytes that were read."""
    import hashlib
    from fnmatch import fnmatchcase

    from dnt_cli.reading import examined
    from dnt_cli.stagefile.container import is_parquet, kind_of, read_stage
    from dnt_cli.study import load_study
    from dnt_cli.survey import cast_survey, with_further

    origin: dict[str, Any] = {"input_sha256": hashlib.sha256(content).hexdigest(), "before": ()}
    if study is None or kind_of(content, name) is not None:
        if study is None and not is_parquet(content):
            raise UsageError(f"{name} is no stage file, so dnt cannot know the study; add --study FILE.")
        stage = overridden(read_stage(content, name, ["survey"], command), None if study else overrides)
        origin["before"] = stage.steps
        frame, spec = stage.frame, stage.study
        if study is not None:
            spec = load_study(study, overrides or ())
        survey, findings = cast_survey(frame, spec)
    else:
        spec = load_study(study, overrides or ())
        reading = examined(parsed(content, name, spec), spec)
        frame = reading.frame
        findings, survey = list(reading.findings), reading.checked()
    tell_findings(findings, name)
    for pattern in also:
        if not any(fnmatchcase(column, pattern) for column in frame.columns):
            raise UsageError(f"--also {pattern}: {name} has no such column.")
    further = [c for c in frame.columns if c not in survey and any(fnmatchcase(c, pattern) for pattern in also)]
    if further:
        keys = [spec.design.id, spec.design.wave]
        survey = with_further(survey, frame[[*keys, *further]], spec)
    return survey, spec, origin


def load_frame(source: str, study: Study | None = None) -> tuple[pd.DataFrame, str]:
    """Any table, stage file or not, as it stands (or with the study's levels), and its name."""
    content, name = read(source)
    return frame_of(content, name, study), name


def frame_of(content: bytes, name: str, study: Study | None = None) -> pd.DataFrame:
    """As `load_frame`, from bytes that were read."""
    from dnt_cli.stagefile.container import kind_of

    kind_of(content, name)  # a stage file must be as it was written
    return plain_frame(content, name, study)


def plain_frame(content: bytes, name: str, study: Study | None = None) -> pd.DataFrame:
    """A data frame from a file that another program wrote, without user-missing codes and with the study's levels."""
    return cleaned(parsed(content, name, study), name, study)


def parsed(content: bytes, name: str, study: Study | None = None) -> Raw:
    """The table of another program's file; a large one takes its time, which is told."""
    from dnt_cli.reading import Hints, hints_of, read_table

    with progress(f"Reading {name}") if len(content) > _LARGE else contextlib.nullcontext():
        return read_table(content, name, Hints() if study is None else hints_of(study))


def cleaned(raw: Raw, name: str, study: Study | None) -> pd.DataFrame:
    """The values of a table, as the study means them if there is one; tells what was decided in reading."""
    from dnt_cli.reading import prepare

    if study is not None:
        prepared = prepare(raw, study)
        tell_findings(prepared.findings, name)
        return prepared.checked(name)
    frame, missing = raw.without_missing()
    tell_findings(raw.findings, name)
    for column, codes in missing.groupby("column", sort=False):
        listed = ", ".join(f"{code}: {count}" for code, count in zip(codes["code"], codes["count"], strict=True))
        warn(f"{name}: {column}: user-missing codes were taken as no answer ({listed}).")
    return frame


def tell_findings(findings: Iterable[Finding], name: str) -> None:
    """Warn of what was noticed, apart from errors; each names the file."""
    for finding in findings:
        if finding.level == "warning":
            warn(f"{finding}." if "file" in finding.values else f"{name}: {finding}.")


def load_completed(
    source: str, study: str | None, overrides: list[str] | None, command: str
) -> tuple[Completed, dict[str, Any], Stage | None]:
    """Completed data sets: an imputations file, or with `--study` a long table as R's mice writes it."""
    return completed_of(*read(source), study, overrides, command)


def completed_of(
    content: bytes, name: str, study: str | None, overrides: list[str] | None, command: str
) -> tuple[Completed, dict[str, Any], Stage | None]:
    """As `load_completed`, from bytes that were read."""
    import hashlib

    from dnt_cli.imputed.data import from_long, read_completed
    from dnt_cli.stagefile.container import kind_of, read_stage
    from dnt_cli.study import load_study

    origin: dict[str, Any] = {"input_sha256": hashlib.sha256(content).hexdigest(), "before": ()}
    if study is not None and kind_of(content, name) is None:
        spec = load_study(study, overrides or ())
        return from_long(plain_frame(content, name, spec), spec, name), origin, None
    stage = overridden(read_stage(content, name, ["imputations"], command), overrides)
    return read_completed(stage), origin | {"before": stage.steps}, stage


def check_output(output: str | None, kind: str, command: str, *, force: bool, required: bool = False) -> None:
    """Refuse before any work is done what could not be written after it."""
    from dnt_cli.stagefile.container import refuse_foreign

    if output is None:
        if required:
            raise UsageError(f"dnt {command} needs to know where its result goes: add -o FILE, or -o - in a pipe.")
    elif output == "-":
        if sys.stdout.isatty():
            raise UsageError("A Parquet file would garble the terminal; add -o FILE, or pipe it into the next command.")
    else:
        refuse_foreign(output, kind, command, force=force)
        check_folder(output)


def check_folder(output: str) -> None:
    """Refuse a file in a folder that is not there."""
    folder = Path(output).parent
    if not folder.is_dir():
        raise DataError(f"Cannot write {output}: there is no folder {folder}.")


def check_figures(folder: str | None, output: str | None) -> None:
    """Refuse before any work is done a folder for figures that could not be made or written into after it."""
    if folder is None:
        return
    from dnt_cli.figures.style import make_folder
    from dnt_cli.stagefile.atomic import refuse_unwritable

    if not folder.strip():
        raise UsageError("--figures names no folder; give one, such as --figures figures.")
    path = Path(folder)
    if output not in (None, "-") and path.absolute().is_relative_to(Path(str(output)).absolute()):
        raise UsageError(f"-o {output} and --figures {folder} name the same place; give the figures another folder.")
    missing = [place for place in (path, *path.parents) if not os.path.exists(place)]
    try:
        make_folder(path)
        refuse_unwritable(path / "figure")
    finally:
        for place in missing:
            with contextlib.suppress(OSError):  # it was not made
                place.rmdir()


def save(
    output: str | None,
    kind: str,
    study: Study,
    tables: Iterable[pa.Table],
    provenance: Provenance,
    extra: Mapping[str, Any] | None = None,
    *,
    force: bool = False,
) -> None:
    """Write a stage file where `-o` says, if it says anything."""
    from dnt_cli.stagefile.container import write_stage

    if output is None:
        return
    target: str | BinaryIO = sys.stdout.buffer if output == "-" else output
    write_stage(target, kind, study, tables, provenance, extra, force=force)
    for name, value in provenance.settings.items():
        if value is not None:
            detail(f"  {name}: {value}")
    if output != "-":
        tell(f"Wrote {output}.")


def rows_as_json(frame: pd.DataFrame) -> str:
    """The rows with every digit, where pandas writes a p-value of 1e-20 as 0; null for what is no number."""
    import json
    import math

    def plain(value: Any) -> Any:
        value = value.item() if hasattr(value, "item") else value
        return None if isinstance(value, float) and not math.isfinite(value) else value

    known = frame.astype(object).where(frame.notna(), None)
    columns = {str(name): [plain(value) for value in known[name]] for name in known.columns}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return json.dumps(rows, ensure_ascii=False, indent=1, allow_nan=False)


def end_if_nothing_estimable(estimates: pd.DataFrame) -> None:
    """End with 1, which tells a script that there is no answer, when no effect could be estimated."""
    if (estimates["status"] == "not estimable").all():
        complain("None of the effects could be estimated; the notes say why.")
        raise typer.Exit(1)


def present(output: str | None, form: Format, tables: list[Table], frame: pd.DataFrame) -> None:
    """Show a result, unless standard output is taken by a stage file."""
    from dnt_cli.tables import RENDERERS

    if output == "-":
        return
    if form is Format.table:
        show_tables(tables)
    elif form is Format.csv:
        write_out(frame.to_csv(index=False, lineterminator="\n"))
    elif form is Format.json:
        write_out(rows_as_json(frame))
    else:
        write_out(RENDERERS[form.value](tables))
