"""Answers as a command's argument: an answers file, a file of another program, or a folder with several of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnt_cli.cli.console import warn
from dnt_cli.cli.files import cleaned, overridden, parsed, read
from dnt_cli.errors import DataError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from dnt_cli.reading import Raw
    from dnt_cli.study import Study


@dataclass(frozen=True)
class Source:
    """A table as it stands, the study if it is known, and where it comes from."""

    raw: Raw
    name: str
    study: Study | None
    origin: dict[str, Any]  # what its provenance starts from
    files: pd.DataFrame | None  # who is in which file, if there were several

    def clean(self) -> pd.DataFrame:
        """The values without user-missing codes and with the study's levels; tells how many codes there were."""
        return cleaned(self.raw, self.name, self.study)


def load_source(source: str, study: str | None, overrides: list[str] | None, command: str) -> Source:
    """A table from an answers file, a file of another program, or a folder."""
    from dnt_cli.study import load_study

    if Path(source).is_dir():
        if study is None:
            raise UsageError(f"{source} is a folder; --study FILE must say which files to take from it.")
        return _load_folder(Path(source), load_study(study, overrides or ()))
    return source_of(*read(source), study, overrides, command)


def source_of(content: bytes, name: str, study: str | None, overrides: list[str] | None, command: str) -> Source:
    """As `load_source`, from bytes that were read."""
    from dnt_cli.stagefile.container import kind_of
    from dnt_cli.study import load_study

    if kind_of(content, name) is not None:
        return _from_stage(content, name, study, overrides, command)
    spec = None if study is None else load_study(study, overrides or ())
    origin = {"input_sha256": hashlib.sha256(content).hexdigest(), "before": ()}
    return Source(parsed(content, name, spec), name, spec, origin, None)


def _from_stage(content: bytes, name: str, study: str | None, overrides: list[str] | None, command: str) -> Source:
    from dnt_cli.reading import Dictionary, Raw
    from dnt_cli.stagefile.container import read_stage
    from dnt_cli.study import load_study

    stage = overridden(read_stage(content, name, ["answers"], command), None if study else overrides)
    spec = stage.study if study is None else load_study(study, overrides or ())
    dictionary = Dictionary.from_json(stage.extra.get("dictionary", {}))
    origin = {"input_sha256": stage.sha256, "before": stage.steps}
    return Source(Raw(stage.frame, dictionary), name, spec, origin, None)


def _load_folder(folder: Path, study: Study) -> Source:
    """All files of the study, joined; each is named when something is wrong with it."""
    from dnt_cli.reading import join_files

    digest = hashlib.sha256()

    def table(path: str) -> Raw:
        content, name = read(str(folder / path))
        digest.update(hashlib.sha256(content).digest())
        return parsed(content, name, study)

    joined = join_files(study, table)
    errors = [f for f in joined.findings if f.level == "error"]
    for finding in joined.findings:
        if finding.level == "warning" or len(errors) > 1:
            warn(f"{finding}.")
    if errors:
        raise DataError(f"The files do not fit together: {errors[0]}.")
    origin = {"input_sha256": digest.hexdigest(), "before": ()}
    return Source(joined.raw, str(folder), study, origin, joined.report)
