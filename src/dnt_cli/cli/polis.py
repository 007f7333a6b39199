"""`dnt polis`: work and income from register records."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from dnt_cli.cli.app import app
from dnt_cli.cli.console import tell
from dnt_cli.cli.groups import ResultOptions, StudyOptions
from dnt_cli.cli.inputs import open_input
from dnt_cli.cli.options import INPUT, OUTPUT, RUN, argument, option
from dnt_cli.cli.progress import progress
from dnt_cli.errors import DataError, UsageError
from dnt_cli.sentences import say


@app.command(rich_help_panel="Stages")
def polis(
    records: Annotated[
        list[str] | None,
        argument("RECORDS...", "Files or folders with SPOLISBUS records: Parquet, CSV, SPSS .sav or Stata .dta."),
    ] = None,
    link: Annotated[
        str | None,
        option(
            "--link FILE",
            "CSV or Parquet: the study's id, RINPERSOONS, RINPERSOON, date_T0 (inclusion); date_T1, ... if known.",
            INPUT,
        ),
    ] = None,
    *,
    given: StudyOptions,
    threads: Annotated[int, option("-j --jobs N", "Threads; the result does not depend on it.", RUN, min=1)] = 2,
    example: Annotated[
        str | None, option("--example FOLDER", "Write made-up records and a link file there.", OUTPUT)
    ] = None,
    result: ResultOptions,
) -> None:
    """Work, hours and income per person and wave, from the wage-tax records of every job ("polis").

    Example: dnt polis G:/Spolis/SPOLISBUS --link link.csv --study study.toml -o register.parquet
    """
    if example is not None:
        _write_example(example, force=result.force)
        return
    if not records or link is None:
        raise UsageError(say("polis_needs"))
    if given.study is None:
        raise UsageError(say("records_study"))
    from dnt_cli.disclosure.rules import told_inside
    from dnt_cli.polis import chosen_files, read_link, register_outcomes
    from dnt_cli.stagefile.container import Provenance
    from dnt_cli.stagefile.kinds import KINDS
    from dnt_cli.study import load_study
    from dnt_cli.wording import Wording

    result.check("register", "polis")
    spec = load_study(given.study, given.settings or ())
    paths, left = chosen_files(records)
    if left:
        tell(say("lower_versions", files=", ".join(p.name for p in left)))
    opened = open_input(link, "dnt polis --link", KINDS, foreign="always")
    persons = read_link(opened.frame(), spec, opened.name)
    with progress("Reading") as report:
        register = register_outcomes(paths, persons, spec, threads=threads, progress=report)
    said = asdict(spec.register) | {"records": [path.name for path in paths]}
    result.save(register, Provenance("polis", said, opened.sha256))
    wording = Wording(spec, result.language)
    result.show(told_inside(register.tables(wording), wording), register.rows())


def _write_example(folder: str, *, force: bool) -> None:
    """Records of the women of the synthetic survey, as files that `dnt polis` reads."""
    from dnt_cli.stagefile.atomic import write_folder
    from dnt_cli.synthetic import generate
    from dnt_cli.synthetic.register import example_register

    target = Path(folder)
    link, years = example_register(generate())
    files = {"link.csv": link} | {f"SPOLISBUS{year}V1.csv": table for year, table in years.items()}
    present_files = [name for name in files if (target / name).exists()]
    if present_files and not force:
        raise DataError(say("folder_holds", folder=folder, file=present_files[0]))
    contents = {name: frame.to_csv(index=False, lineterminator="\n").encode() for name, frame in files.items()}
    write_folder(target, contents)
    tell(say("wrote_example", n=len(files), folder=folder))
