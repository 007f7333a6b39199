"""`dnt convert`: from the files of other programs to stage files, and back with labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnt_cli.cli.answers import Source, load_source, source_of
from dnt_cli.cli.app import app
from dnt_cli.cli.console import show_tables, tell, warn
from dnt_cli.cli.files import check_folder, completed_of, overridden, read, save, survey_of
from dnt_cli.cli.manners import manners
from dnt_cli.cli.options import Force, Lang, Overrides, StudyFile
from dnt_cli.cli.progress import progress
from dnt_cli.errors import DataError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from dnt_cli.study import Language, Study

_STAGE = ".parquet"
_OTHERS = (".csv", ".xlsx", ".sav", ".dta")


@app.command(rich_help_panel="Files")
def convert(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Stage file, SPSS, Stata, Excel, CSV or Parquet, or a folder of the files that the study names.",
        ),
    ],
    output: Annotated[str, typer.Option("-o", "--output", metavar="FILE", help=".parquet, .sav, .dta, .xlsx or .csv.")],
    study: StudyFile = None,
    overrides: Overrides = None,
    language: Lang = ...,  # type: ignore[assignment]
    force: Force = False,
) -> None:
    """Carry data from SPSS, Stata, Excel or CSV into stage files, and back with labels.

    With --study a .parquet output becomes a stage file: answers if the file holds the items of questionnaires, a survey
    if it holds scores, imputations if it has a column .imp. Value labels and user-missing codes go along.

    Example: dnt convert answers.sav --study study.toml -o answers.parquet
    """
    suffix = Path(output).suffix.lower()
    if suffix not in (_STAGE, *_OTHERS):
        raise UsageError(f"{output}: dnt convert writes {', '.join((_STAGE, *_OTHERS))}.")
    if suffix == _STAGE and study is None:
        raise UsageError("A stage file carries its study: add --study FILE.")
    check_folder(output)
    if suffix == _STAGE:
        _to_stage(source, output, str(study), overrides, language.value, force=force)
        return
    if Path(output).exists() and not force:
        raise DataError(f"{output} exists; choose another name, or --force to replace it.")
    _to_other(source, output, suffix, study, overrides, language.value)
    tell(f"Wrote {output}.")


def _to_other(
    source: str, output: str, suffix: str, study: str | None, overrides: list[str] | None, language: Language
) -> None:
    from dnt_cli.reading import write_table
    from dnt_cli.stagefile.atomic import replacing
    from dnt_cli.stagefile.container import read_stage
    from dnt_cli.stagefile.kinds import KINDS

    content, name, kind = _read(source)
    if kind is None or kind == "answers":
        loaded = _source(source, content, name, study, overrides)
        frame, dictionary = _labelled(loaded.raw.frame, loaded.study, language, suffix)
        with progress("Writing") as report:
            result = write_table(frame, loaded.raw.dictionary.over(dictionary), suffix, report)
        if suffix == ".csv" and (lost := list(loaded.raw.without_missing()[1]["column"].unique())):
            more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
            warn(
                f"CSV does not say which codes mean no answer; in {output} those of {', '.join(lost[:3])}{more} stand "
                f"as if they were answers. Choose .xlsx, .sav, .dta or .parquet to keep them apart."
            )
        with replacing(Path(output)) as stream:
            stream.write(result)
        return
    stage = overridden(read_stage(content, name, list(KINDS), "dnt convert"), overrides)
    with progress("Writing") as report, replacing(Path(output)) as stream:
        if suffix == ".csv":
            for i, part in enumerate(stage.row_groups()):
                part.to_csv(stream, index=False, header=i == 0, lineterminator="\n", encoding="utf-8")
                report(i + 1, stage.parquet.num_row_groups)
        else:
            stream.write(write_table(*_labelled(stage.frame, stage.study, language, suffix), suffix, report))


def _labelled(frame: pd.DataFrame, study: Study | None, language: Language, suffix: str) -> tuple[pd.DataFrame, Any]:
    """Levels as codes with labels, where the format has labels."""
    from dnt_cli.reading import Dictionary, study_dictionary

    return (frame, Dictionary()) if study is None or suffix == ".csv" else study_dictionary(frame, study, language)


def _read(source: str) -> tuple[bytes, str, str | None]:
    """The bytes of a file (a pipe can be read once only), its name, and the kind of a stage file."""
    from dnt_cli.stagefile.container import kind_of

    if Path(source).is_dir():
        return b"", source, None
    content, name = read(source)
    return content, name, kind_of(content, name)


def _source(source: str, content: bytes, name: str, study: str | None, overrides: list[str] | None) -> Source:
    if Path(source).is_dir():
        return load_source(source, study, overrides, "dnt convert")
    return source_of(content, name, study, overrides, "dnt convert")


def _to_stage(
    source: str,
    output: str,
    study: str,
    overrides: list[str] | None,
    language: Language,
    *,
    force: bool,
) -> None:
    from dnt_cli.imputed.data import imputation_tables
    from dnt_cli.scoring import holds_items
    from dnt_cli.stagefile.container import Provenance
    from dnt_cli.survey import cast_survey, survey_table

    def write(kind: str, spec: Study, tables: Any, origin: dict[str, Any], extra: dict[str, Any] | None = None) -> None:
        save(output, kind, spec, tables, Provenance("convert", {}, **origin), extra, force=force)

    content, name, kind = _read(source)
    if kind not in (None, "answers", "imputations"):
        survey, spec, origin = survey_of(content, name, study, overrides, "dnt convert")
        write("survey", spec, [survey_table(survey)], origin)
        return
    loaded = None if kind == "imputations" else _source(source, content, name, study, overrides)
    if loaded is None or ".imp" in loaded.raw.frame.columns:
        data, origin, _ = completed_of(content, name, study, overrides, "dnt convert")
        write("imputations", data.study, imputation_tables(data.observed, iter(data.sets), data.study), origin)
        return
    assert loaded.study is not None
    if loaded.files is not None and not manners.quiet:
        from dnt_cli.scoring.tables import files_table

        show_tables([files_table(loaded.files, language)])
    if holds_items(loaded.raw.frame, loaded.study):
        table = survey_table(_checked(loaded))
        write("answers", loaded.study, [table], loaded.origin, {"dictionary": loaded.raw.dictionary.as_json()})
        return
    survey, findings = cast_survey(loaded.clean(), loaded.study)
    for finding in findings:
        warn(f"{loaded.name}: {finding}.")
    write("survey", loaded.study, [survey_table(survey)], loaded.origin)


def _checked(loaded: Source) -> pd.DataFrame:
    """The answers as they stand, if they say whose they are and when they were given."""
    frame, study = loaded.raw.frame, loaded.study
    assert study is not None
    columns = [str(c) for c in frame.columns]
    for needed in (study.design.id, study.design.wave):
        if needed not in columns:
            raise DataError(f"{loaded.name} lacks the column {needed}.")
    if twice := sorted({c for c in columns if columns.count(c) > 1}):
        raise DataError(f"{loaded.name} has two columns {twice[0]}.")
    return frame
