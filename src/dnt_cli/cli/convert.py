"""`dnt convert`: from the files of other programs to stage files, and back with labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from dnt_cli.cli.app import app
from dnt_cli.cli.console import show_tables, tell, warn
from dnt_cli.cli.inputs import Input, open_input
from dnt_cli.cli.options import OUTPUT, Force, Lang, Overrides, StudyFile, argument, option
from dnt_cli.cli.progress import progress
from dnt_cli.cli.results import check_folder, check_new, save
from dnt_cli.cli.terminal import terminal
from dnt_cli.errors import DataError, UsageError
from dnt_cli.sentences import say
from dnt_cli.stagefile.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    import pyarrow as pa

    from dnt_cli.study import Language, Study

_STAGE = ".parquet"
_OTHERS = (".csv", ".xlsx", ".sav", ".dta")


@app.command(rich_help_panel="Files")
def convert(
    source: Annotated[
        str,
        argument(
            "FILE", "Stage file, SPSS, Stata, Excel, CSV or Parquet, or a folder of the files that the study names."
        ),
    ],
    output: Annotated[str, option("-o --output FILE", ".parquet, .sav, .dta, .xlsx or .csv.")],
    study: StudyFile = None,
    overrides: Overrides = None,
    raw: Annotated[
        bool,
        option(
            "--raw", "Leave text as it is that a spreadsheet would take for a formula (= + - @); CSV and Excel.", OUTPUT
        ),
    ] = False,
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
        raise UsageError(say("convert_writes", output=output, formats=", ".join((_STAGE, *_OTHERS))))
    if suffix == _STAGE and study is None:
        raise UsageError(say("stage_needs_study"))
    check_folder(output)
    if suffix != _STAGE:
        check_new(output, force=force)
    opened = open_input(source, "dnt convert", KINDS, foreign="always", study=study, overrides=overrides)
    if suffix == _STAGE:
        _to_stage(opened, output, language, force=force)
        return
    _to_other(opened, output, suffix, language, raw=raw)
    tell(say("wrote", file=output))
    if _has_rules(opened):
        warn(say("holds_records", file=output))


def _has_rules(opened: Input) -> bool:
    """Whether the study has rules on what may leave, and is not made up."""
    return opened.study is not None and opened.study.thresholds is not None and not opened.study.synthetic


def _to_other(opened: Input, output: str, suffix: str, language: Language, *, raw: bool) -> None:
    from dnt_cli.reading import write_table
    from dnt_cli.safe_text import neutral_frame
    from dnt_cli.stagefile.atomic import replacing, write_file

    stage = opened.stage
    if stage is None or KINDS[stage.kind].as_given:
        frame, dictionary = _labelled(opened.raw.frame, opened.study, language, suffix)
        with progress("Writing") as report:
            known = opened.raw.dictionary.over(dictionary)
            result = write_table(frame, known, suffix, report, folder=Path(output).parent, raw=raw)
        if suffix == ".csv" and (lost := list(opened.raw.without_missing()[1]["column"].unique())):
            more = say("more_of", count=len(lost) - 3) if len(lost) > 3 else ""
            warn(say("csv_codes", file=output, columns=", ".join(lost[:3]), more=more))
        write_file(Path(output), result)
        return
    with progress("Writing") as report, replacing(Path(output)) as stream:
        if suffix == ".csv":
            for i, part in enumerate(stage.row_groups()):
                part = part if raw else neutral_frame(part)
                part.to_csv(stream, index=False, header=i == 0, lineterminator="\n", encoding="utf-8")
                report(i + 1, stage.parquet.num_row_groups)
        else:
            table = _labelled(stage.frame, stage.study, language, suffix)
            stream.write(write_table(*table, suffix, report, folder=Path(output).parent, raw=raw))


def _labelled(frame: pd.DataFrame, study: Study | None, language: Language, suffix: str) -> tuple[pd.DataFrame, Any]:
    """Levels as codes with labels, where the format has labels."""
    from dnt_cli.reading import Dictionary, study_dictionary

    return (frame, Dictionary()) if study is None or suffix == ".csv" else study_dictionary(frame, study, language)


def _to_stage(opened: Input, output: str, language: Language, *, force: bool) -> None:
    from dnt_cli.imputed.data import imputation_tables
    from dnt_cli.imputed.foreign import holds_imputations
    from dnt_cli.scoring import holds_items
    from dnt_cli.stagefile.container import as_columns, require_kind
    from dnt_cli.stagefile.result import Content
    from dnt_cli.survey import survey_table

    spec = opened.spec

    def write(kind: str, tables: Iterable[pa.Table], **extra: Any) -> None:
        save(output, kind, spec, Content(tables, extra), opened.provenance("convert", {}), force=force)

    def write_survey() -> None:
        table = survey_table(opened.survey())
        write("survey", [table], **{name: as_columns(told) for name, told in opened.told().items()})

    if opened.stage is not None and opened.kind not in ("answers", "imputations"):
        require_kind(opened.stage, ["survey"], "dnt convert")
        write_survey()
        return
    if opened.kind == "imputations" or holds_imputations(opened.raw.frame):
        data = opened.completed()
        write("imputations", imputation_tables(data.observed, iter(data.sets), spec))
        return
    if opened.files is not None and not terminal.quiet:
        from dnt_cli.scoring.tables import files_table
        from dnt_cli.wording import Wording

        show_tables([files_table(opened.files, Wording(spec, language))])
    if holds_items(opened.raw.frame, spec):
        table = survey_table(_checked(opened))
        write("answers", [table], dictionary=opened.raw.dictionary.as_json())
        return
    write_survey()


def _checked(opened: Input) -> pd.DataFrame:
    """The answers as they stand, if they say whose they are and when they were given."""
    from dnt_cli.findings import summary
    from dnt_cli.survey import missing_columns

    frame, design = opened.raw.frame, opened.spec.design
    if findings := missing_columns(frame, [design.id, design.wave]):
        raise DataError(say("file_unfit", file=opened.name, finding=summary(findings)))
    return frame
