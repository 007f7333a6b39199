"""The one way from a command's argument to data: each file is opened, verified, hashed and parsed once.

`--study` and `--set` are applied here and nowhere else.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dnt_cli.cli.console import detail, warn
from dnt_cli.cli.endings import warn_of_need
from dnt_cli.cli.progress import progress
from dnt_cli.cli.terminal import terminal
from dnt_cli.errors import DataError, StudyError, UsageError
from dnt_cli.sentences import Sentence, say

if TYPE_CHECKING:
    import pandas as pd

    from dnt_cli.findings import Finding
    from dnt_cli.imputed.data import Completed
    from dnt_cli.reading import Hints, Prepared, RawTable, Reading
    from dnt_cli.stagefile.container import Provenance, Stage
    from dnt_cli.study import Language, Study

_LARGE = 1_000_000  # bytes of a file of another program; dnt's own are read at once
_CASTABLE = ("answers", "survey")  # kinds whose values are read again under whatever study is given
_MOST_KEYS = 5  # of the study file that an error names

Foreign = Literal["never", "with study", "always"]  # when a file that is no stage file is read


@dataclass(frozen=True)
class Input:
    """A file, a pipe or a folder that was read.

    Attributes:
        name: How messages call it.
        sha256: Of its bytes; of a folder, of the hashes of its files.
        study: The study with `--study` and `--set` applied; None where nothing says which.
        stage: The stage file, with that study; None if another program made it.
        applied: What the provenance tells of `--study` and `--set`, where they changed the study of imputed data.
        files: Who is in which file of a folder.
        content: The bytes.
        hints: Where its table begins, where no study says so.
    """

    name: str
    sha256: str
    study: Study | None
    stage: Stage | None = None
    applied: Mapping[str, Any] = field(default_factory=dict)
    files: pd.DataFrame | None = field(default=None, repr=False)
    content: bytes = field(default=b"", repr=False)
    joined: RawTable | None = field(default=None, repr=False)
    hints: Hints | None = None

    @property
    def kind(self) -> str | None:
        """The kind of stage file; None if another program made it."""
        return None if self.stage is None else self.stage.kind

    @property
    def spec(self) -> Study:
        """The study, where there must be one.

        Raises:
            UsageError: Nothing says which study it is.
        """
        if self.study is None:
            raise UsageError(say("add_study", file=self.name))
        return self.study

    @cached_property
    def raw(self) -> RawTable:
        """The values as they stand, with their labels and user-missing codes."""
        from dnt_cli.reading import Dictionary, RawTable

        if self.joined is not None:
            return self.joined
        if self.stage is not None:
            return RawTable(self.stage.frame, Dictionary.from_json(self.stage.extra.get("dictionary", {})))
        return _parsed(self.content, self.name, self.study, self.hints)

    def frame(self) -> pd.DataFrame:
        """The values as the study means them, or without user-missing codes where no study is known."""
        if self.study is None:
            tell_findings(self.raw.findings, self.name)
            frame, missing = self.raw.without_missing()
            for column, codes in missing.groupby("column", sort=False):
                listed = ", ".join(f"{code}: {n}" for code, n in zip(codes["code"], codes["count"], strict=True))
                warn(say("codes_missing", file=self.name, column=column, codes=listed))
            return frame
        prepared = self.prepared
        tell_findings(prepared.findings, self.name)
        return prepared.checked(self.name)

    @cached_property
    def prepared(self) -> Prepared:
        """The values as the study means them, with all that was noticed, errors too."""
        from dnt_cli.reading import prepare

        return prepare(self.raw, self.spec)

    def reading(self) -> Reading:
        """The survey with all findings; a survey that dnt wrote is cast as it stands."""
        from dnt_cli.reading import Prepared, examined

        stored = self.stage is not None and self.kind == "survey"
        return examined(Prepared(self.stage.frame, ()) if stored and self.stage else self.prepared, self.spec)

    def survey(self, also: Sequence[str] = (), beside: Iterable[str] = ()) -> pd.DataFrame:
        """The survey, cast to the study.

        Args:
            also: Patterns such as `support_*` of columns that the study file does not name; they follow the others.
            beside: Names of columns that follow too, as far as the file has them.
        """
        from fnmatch import fnmatchcase

        from dnt_cli.study import open_questions
        from dnt_cli.survey import with_further

        study, reading = self.spec, self.reading()
        require_answered(study)
        frame, survey = reading.frame, reading.checked()
        if questions := open_questions(study.text):
            lines = ", ".join(str(question.line) for question in questions)
            warn(say("guesses", n=len(questions), lines=lines))
        tell_findings(reading.findings, self.name)
        for pattern in also:
            if not any(fnmatchcase(column, pattern) for column in frame.columns):
                raise UsageError(say("also_column", pattern=pattern, file=self.name))
        wanted = {c for c in frame.columns if c in beside or any(fnmatchcase(c, pattern) for pattern in also)}
        further = [c for c in frame.columns if c in wanted and c not in survey]
        if further:
            survey = with_further(survey, frame[[study.design.id, study.design.wave, *further]], study)
        return survey

    def told(self) -> dict[str, pd.DataFrame]:
        """What reading this file, or the one that it was made from, has to tell that a survey takes along.

        Returns:
            `left_out`, persons and rows that the study leaves out, and `missing_codes`; each where there are any.
        """
        from dnt_cli.reading.left_out import left_out, missing_codes

        if self.stage is not None and self.kind == "survey":
            tables = {name: self.stage.extra_frame(name) for name in ("left_out", "missing_codes")}
        else:
            findings = self.prepared.findings
            tables = {"left_out": left_out(findings), "missing_codes": missing_codes(findings)}
        return {name: table for name, table in tables.items() if len(table)}

    def completed(self) -> Completed:
        """The completed data sets of an imputations file, or of a long table that another program wrote."""
        from dnt_cli.imputed.data import read_completed
        from dnt_cli.imputed.foreign import from_long

        require_answered(self.spec)
        if self.stage is not None:
            size = self.stage.parquet.metadata
            warn_of_need(size.num_rows * size.num_columns)
            return read_completed(self.stage)
        return from_long(self.frame(), self.spec, self.name)

    def provenance(self, command: str, settings: Mapping[str, Any]) -> Provenance:
        """The provenance of what a command makes of this."""
        from dnt_cli.stagefile.container import Provenance

        before = () if self.stage is None else self.stage.steps
        return Provenance(command, {**settings, **self.applied}, self.sha256, before)


def read(source: str) -> tuple[bytes, str]:
    """The bytes of a file or of standard input, and its name in messages."""
    from dnt_cli.stagefile.atomic import read_bytes

    if source == "-" and sys.stdin is not None and sys.stdin.isatty():
        raise UsageError(say("keyboard"))
    content, name = read_bytes(source, None if sys.stdin is None else sys.stdin.buffer)
    detail(say("read", file=name, bytes=len(content)))
    return content, name


def open_input(
    source: str,
    command: str,
    kinds: Iterable[str],
    *,
    foreign: Foreign = "never",
    study: str | None = None,
    overrides: Sequence[str] | None = None,
    hints: Hints | None = None,
) -> Input:
    """What a command was given, verified, with the study that it is to be read with.

    Args:
        source: Path, or `-` for standard input.
        command: Such as `dnt describe`, for messages.
        kinds: The kinds of stage file that the command reads.
        foreign: Whether it reads files of other programs.
        study: `--study`: a study file, or a built-in study.
        overrides: `--set`, as `key=value`.
        hints: Where the table of another program's file begins, where no study says so.

    Raises:
        UsageError: The study is not known, or `--study` or `--set` can change nothing in this file.
        DataError: The file is damaged, of another kind, or none that the command reads.
        StudyError: The study file is wrong, or would need other data or another imputation.
    """
    from dnt_cli.stagefile.container import is_parquet, no_stage_file, open_stage, require_kind
    from dnt_cli.study import load_study

    kinds = tuple(kinds)
    if "answers" in kinds and Path(source).is_dir():
        return _open_folder(Path(source), study, overrides)
    content, name = read(source)
    stage = open_stage(content, name)
    if stage is not None:
        return with_study(require_kind(stage, kinds, command), study, overrides)
    if foreign == "never" or (foreign == "with study" and study is None):
        if foreign == "with study" and kinds != ("imputations",) and not is_parquet(content):
            raise UsageError(say("add_study", file=name))
        raise no_stage_file(content, name, kinds, command, foreign=foreign == "with study")
    digest = hashlib.sha256(content).hexdigest()
    spec = None if study is None else load_study(study, overrides or ())
    return Input(name, digest, spec, content=content, hints=hints)


def open_stage_file(source: str, command: str, kinds: Iterable[str] | None = None) -> Stage:
    """A stage file of one of the kinds, or of any kind, as it stands."""
    from dnt_cli.stagefile.container import read_stage, require_whole
    from dnt_cli.stagefile.kinds import KINDS

    content, name = read(source)
    return require_whole(read_stage(content, name, KINDS if kinds is None else kinds, command))


def open_together(
    sources: Sequence[str], command: str, kinds: Iterable[str], language: Language, *, force: bool
) -> list[Stage]:
    """Stage files of one study that are to stand side by side; what differs behind them is told.

    Raises:
        DataError: They are about different studies, or began with different data and `force` is not given.
    """
    stages = [open_stage_file(source, command, kinds) for source in sources]
    for other in stages[1:]:
        _require_same_study(stages[0], other)
    first = next((own for own in stages if own.kind == "estimates"), stages[0])
    for other in stages:
        if other is not first:
            _tell_apart(first, other, language, force=force)
    return stages


def _require_same_study(first: Stage, other: Stage) -> None:
    """Refuse files whose study files say different things; what `--set` changed is told with the other differences."""
    from dnt_cli.diff.origins import file_causes

    if keys := [cause.item for cause in file_causes(first.study, other.study)]:
        if first.study.key != other.study.key:
            raise DataError(say("other_studies"))
        more = say("more_of", count=len(keys) - _MOST_KEYS) if len(keys) > _MOST_KEYS else ""
        listed = ", ".join(keys[:_MOST_KEYS])
        raise DataError(say("study_changed", first=first.name, other=other.name, keys=listed, more=more))


def _tell_apart(first: Stage, other: Stage, language: Language, *, force: bool) -> None:
    """Say in one line what differs behind two results that are to stand in one table.

    Raises:
        DataError: They began with different data, and `--force` was not given.
    """
    from dnt_cli.diff.origins import joined_causes
    from dnt_cli.wording import sentence

    data, causes = joined_causes(first, other)
    if data == "other" and not force:
        raise DataError(say("other_data", first=first.name, other=other.name))
    told = [sentence("diff.joined_data", language)] if data == "other" else []
    told += [f"{cause.item} {cause.a or '-'} | {cause.b or '-'}" for cause in causes]
    if told:
        names = f"{first.name} | {other.name}"
        warn(sentence("diff.joined", language, names=names, differences="; ".join(told)))


def with_study(stage: Stage, study: str | None, overrides: Sequence[str] | None) -> Input:
    """The stage file under the study that the command line asks for."""
    from dnt_cli.study import load_study, parse_study
    from dnt_cli.study.reanalysis import require_reanalysis

    if study is None and not overrides:
        return Input(stage.name, stage.sha256, stage.study, stage)
    given = list(overrides or ())
    if stage.kind not in (*_CASTABLE, "imputations"):
        option = "--set" if study is None else "--study"
        raise UsageError(say("changes_nothing", option=option, file=stage.name))
    if study is None:
        inherited = list(stage.study.overrides)
        asked = parse_study(stage.study.text, Sentence("study.study_in", {"file": stage.name}), [*inherited, *given])
    else:
        # How the data were imputed stays as it was, whatever the study file says of the next time.
        imputed = stage.kind == "imputations"
        inherited = [o for o in stage.study.overrides if imputed and o.strip().startswith("imputation.")]
        asked = load_study(study, [*inherited, *given])
    applied: dict[str, Any] = {}
    if stage.kind == "imputations":
        changed = require_reanalysis(stage.study, asked, stage.name)
        if study is not None:
            applied["study_sha256"] = hashlib.sha256(asked.text.encode()).hexdigest()
        if given:
            applied["set"] = given
        applied["study_changes"] = [change.key for change in changed]
    return Input(stage.name, stage.sha256, asked, replace(stage, study=asked), applied)


def _open_folder(folder: Path, study: str | None, overrides: Sequence[str] | None) -> Input:
    """All files of the study, joined; each is named when something is wrong with it."""
    from dnt_cli.findings import Line
    from dnt_cli.reading import join_files
    from dnt_cli.study import load_study

    if study is None:
        raise UsageError(say("folder_study", file=folder))
    spec = load_study(study, overrides or ())
    digest = hashlib.sha256()

    def table(path: str) -> RawTable:
        content, name = read(str(folder / path))
        digest.update(hashlib.sha256(content).digest())
        return _parsed(content, name, spec)

    joined = join_files(spec, table)
    errors = [f for f in joined.findings if f.level == "error"]
    for finding in joined.findings:
        if finding.level == "warning" or len(errors) > 1:
            warn(f"{finding.line(terminal.language)}.")
    if errors:
        raise DataError(say("files_unfit", finding=Line(errors[0])))
    return Input(str(folder), digest.hexdigest(), spec, files=joined.report, joined=joined.raw)


def _parsed(content: bytes, name: str, study: Study | None, hints: Hints | None = None) -> RawTable:
    """The table of another program's file; a large one takes its time, which is told."""
    from dnt_cli.reading import NO_HINTS, hints_of, read_table

    with progress(say("reading", file=name)) if len(content) > _LARGE else contextlib.nullcontext():
        return read_table(content, name, hints_of(study) if study is not None else hints or NO_HINTS)


def require_answered(study: Study) -> None:
    """Stop where the study file still asks something without which nothing can be computed.

    Raises:
        StudyError: It does; the first such line.
    """
    from dnt_cli.study import open_questions

    for question in open_questions(study.text):
        if question.needed:
            raise StudyError(say("unanswered", line=question.line, guess=question.guess))


def tell_findings(findings: Iterable[Finding], name: str) -> None:
    """Warn of what was noticed, apart from errors; each names the file."""
    for finding in findings:
        if finding.level == "warning":
            line = finding.line(terminal.language)
            warn(f"{line}." if "file" in finding.values else f"{name}: {line}.")
