"""Stage files: Parquet with the study and its provenance inside, written whole or not at all.

Every stage reads one and writes one, so a chain can be piped or stopped between any two steps. The metadata is one
JSON value under the key `dnt`; it holds no time, host or path, so the same input and seed give the same bytes. Its
`seal` is the SHA-256 of the file with zeros in the place of the seal: a bit that fell over on a network share or a
stick is an error, never another answer.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dnt_cli import __version__
from dnt_cli.errors import DataError, StudyError
from dnt_cli.sentences import Either, Sentence, say
from dnt_cli.stagefile.atomic import read_bytes, refuse_unwritable, replacing
from dnt_cli.stagefile.kinds import KINDS, form_of, held, maker_of, sources
from dnt_cli.stagefile.result import Content
from dnt_cli.study import Study, parse_study

SCHEMA = 1
_KEY = b"dnt"
_MAGIC = b"PAR1"
_SEAL = b'"seal": "'
_UNSEALED = b"0" * 64
_IN_FOOTER = re.compile(_SEAL + rb'[0-9a-f]{64}"')
_TAIL = 8  # bytes after the footer: its length, and the magic word
_LIBRARIES = ("numpy", "pandas", "pyarrow", "scipy", "statsmodels", "miceforest", "duckdb")


@dataclass(frozen=True)
class Provenance:
    """How a stage file came about: enough to repeat it, nothing that differs between two equal runs."""

    command: str  # the dnt command
    settings: Mapping[str, Any]  # what it was told, or decided, that changes its result
    input_sha256: str | None = None
    before: tuple[Mapping[str, Any], ...] = ()  # provenance of the stages before, oldest first

    def as_list(self) -> list[Mapping[str, Any]]:
        """All steps so far, oldest first, as plain values."""
        own = {
            "command": self.command,
            "settings": dict(self.settings),
            "input_sha256": self.input_sha256,
            "versions": {"dnt": __version__, **_versions()},
        }
        return [*self.before, own]


@dataclass(frozen=True)
class Stage:
    """A stage file that was read."""

    kind: str
    name: str  # how messages call it
    study: Study
    sha256: str
    steps: tuple[Mapping[str, Any], ...]
    extra: Mapping[str, Any] = field(repr=False)
    parquet: pq.ParquetFile = field(repr=False)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The whole file as a data frame."""
        frame: pd.DataFrame = self.parquet.read().to_pandas()
        return frame

    def row_groups(self) -> Iterator[pd.DataFrame]:
        """One data frame per row group, for files too large to hold at once."""
        for i in range(self.parquet.num_row_groups):
            yield self.parquet.read_row_group(i).to_pandas()

    def rows(self, first: int, last: int) -> pd.DataFrame:
        """The rows from `first` up to `last`; no row group is read that holds none of them."""
        sizes = [self.parquet.metadata.row_group(i).num_rows for i in range(self.parquet.num_row_groups)]
        ends = list(accumulate(sizes))
        own = [i for i, (end, size) in enumerate(zip(ends, sizes, strict=True)) if end > first and end - size < last]
        before = ends[own[0]] - sizes[own[0]] if own else 0
        frame: pd.DataFrame = self.parquet.read_row_groups(own).slice(first - before, last - first).to_pandas()
        return frame

    def provenance(self, command: str, settings: Mapping[str, Any]) -> Provenance:
        """The provenance of what `command` makes of this file."""
        return Provenance(command, settings, self.sha256, self.steps)

    @property
    def second_tables(self) -> list[str]:
        """Names of the small tables that travel in the metadata, which are stored as columns of equal length."""
        tables = []
        for name, value in self.extra.items():
            if isinstance(value, dict) and value and all(isinstance(column, list) for column in value.values()):
                tables.append(name)
        return tables

    def extra_frame(self, key: str) -> pd.DataFrame:
        """A second table that travels in the metadata; empty if there is none."""
        return pd.DataFrame(self.extra.get(key, {}))


def is_parquet(content: bytes) -> bool:
    """Whether the bytes begin as a Parquet file does."""
    return content[:4] == _MAGIC


def open_stage(content: bytes, name: str) -> Stage | None:
    """The stage file in `content`, of whatever kind, or None for anything else.

    Raises:
        DataError: A stage file, but damaged or of another version.
    """
    if not is_parquet(content):
        return None
    parquet, metadata = _open(content, name)
    if metadata is None:
        return None
    form = form_of(metadata["kind"])
    if form is not None and not form.fits(metadata["extra"], parquet.schema_arrow):
        raise _foreign(name)
    study = _study_in(metadata["study"], tuple(metadata["overrides"]), name)
    digest = hashlib.sha256(content).hexdigest()
    return Stage(str(metadata["kind"]), name, study, digest, tuple(metadata["steps"]), metadata["extra"], parquet)


def _study_in(text: str, overrides: tuple[str, ...], name: str) -> Study:
    """The study inside a file; that of several files is read once."""
    try:
        return _known_study(text, overrides)
    except StudyError:
        return parse_study(text, Sentence("study.study_in", {"file": name}), overrides)  # which says in which file


@lru_cache(maxsize=4)
def _known_study(text: str, overrides: tuple[str, ...]) -> Study:
    return parse_study(text, overrides=overrides)


def read_stage(content: bytes, name: str, expected: Iterable[str], command: str) -> Stage:
    """The stage file in `content`, refused by name if it is of another kind than `expected`.

    Raises:
        DataError: Not Parquet, damaged, not a stage file, of another kind, or of another version.
    """
    stage = open_stage(content, name)
    if stage is None:
        raise no_stage_file(content, name, expected, command)
    return require_kind(stage, expected, command)


def require_kind(stage: Stage, expected: Iterable[str], command: str) -> Stage:
    """The stage, if it is of one of the expected kinds.

    Raises:
        DataError: It is of another kind.
    """
    expected = tuple(expected)
    if stage.kind not in expected:
        needs = needed(expected, command, stage.kind)
        raise DataError(say("other_kind", file=stage.name, holds=held(stage.kind), needs=needs))
    return stage


def require_whole(stage: Stage) -> Stage:
    """The stage, if all is there without which it cannot be shown, and nothing that cannot.

    Raises:
        DataError: Another program took something out, or put something in.
    """
    form = form_of(stage.kind)
    if form is None:
        return stage
    names = stage.parquet.schema_arrow.names
    coded = stage.parquet.read([name for name in names if name in form.values or name in form.beside])
    if not (form.is_whole(stage.extra, names, stage.study) and form.holds_known(coded, stage.extra, stage.study)):
        raise _foreign(stage.name)
    return stage


def no_stage_file(
    content: bytes, name: str, expected: Iterable[str], command: str, *, foreign: bool = False
) -> DataError:
    """What is said of a file that dnt did not write; `foreign` if the command reads such files with `--study`."""
    key = "parquet_no_stage" if is_parquet(content) else "no_parquet"
    more = say("foreign_add_study") if foreign else ""
    return DataError(say(key, file=name, needs=needed(expected, command), more=more))


def needed(expected: Iterable[str], command: str, found: str = "") -> Sentence:
    """Which kinds of file a command needs, and how to come by one; `found` is the kind that it was given instead."""
    expected = tuple(expected)
    if set(expected) == set(KINDS):
        return say("needs_any", command=command)
    if len(expected) > 1:
        return say("needs_one_of", command=command, kinds=Either(tuple(map(held, expected))))
    kind = expected[0]
    if kind in sources(found):
        return say("needs_source", command=command, kind=held(kind))
    return say("needs_made", command=command, kind=held(kind), maker=maker_of(kind))


def _open(content: bytes, name: str) -> tuple[pq.ParquetFile, dict[str, Any] | None]:
    """The Parquet file and its metadata, None if another program wrote it."""
    damaged = DataError(say("damaged_stage", file=name))
    try:
        parquet = pq.ParquetFile(io.BytesIO(content))
        raw = (parquet.metadata.metadata or {}).get(_KEY)
        metadata = None if raw is None else json.loads(raw)
    except (pa.ArrowException, OSError, ValueError):
        raise damaged from None
    if raw is None:
        if _IN_FOOTER.search(content[-parquet.metadata.serialized_size - _TAIL :]):
            raise damaged  # a stage file, whose key is no longer `dnt`
        return parquet, None
    if not isinstance(metadata, dict):
        raise damaged
    if metadata.get("schema") != SCHEMA:
        raise DataError(say("other_version", file=name, schema=metadata.get("schema"), own=SCHEMA))
    if not _is_sealed(content, str(metadata.get("seal")).encode()):
        raise damaged
    if not _is_formed(metadata):
        raise _foreign(name)
    return parquet, metadata


def _foreign(name: str) -> DataError:
    return DataError(say("changed_by_other", file=name))


def _is_formed(metadata: Mapping[str, Any]) -> bool:
    """Whether each part of the metadata is of the type that `write_stage` gives it."""
    types = {"kind": str, "study": str, "overrides": list, "steps": list, "extra": dict}
    if not all(isinstance(metadata.get(key), kind) for key, kind in types.items()):
        return False
    steps, overrides, extra = metadata["steps"], metadata["overrides"], metadata["extra"]
    return (
        all(isinstance(o, str) for o in overrides) and all(map(_is_step, steps)) and all(map(_is_even, extra.values()))
    )


def _is_step(step: Any) -> bool:
    types: dict[str, type | tuple[type, ...]] = {
        "command": str, "settings": dict, "versions": dict, "input_sha256": (str, type(None)),
    }  # fmt: skip
    return isinstance(step, dict) and all(key in step and isinstance(step[key], kind) for key, kind in types.items())


def _is_even(part: Any) -> bool:
    """Whether the columns of a second table are equally long; True for what is no table."""
    columns = list(part.values()) if isinstance(part, dict) else []
    if not any(isinstance(column, list) for column in columns):
        return True
    lists = [column for column in columns if isinstance(column, list)]
    return len(lists) == len(columns) and len({len(column) for column in lists}) == 1


def _is_sealed(content: bytes, seal: bytes) -> bool:
    """Whether not a bit has changed since the file was written."""
    place = content.rfind(_SEAL + seal + b'"')
    if place < 0:
        return False
    place += len(_SEAL)
    view = memoryview(content)
    digest = hashlib.sha256(view[:place])
    digest.update(_UNSEALED)
    digest.update(view[place + len(_UNSEALED) :])
    return digest.hexdigest().encode() == seal


def _seal(stream: BinaryIO) -> None:
    """Replace the zeros in a file that was just written by the digest of the file."""
    end = stream.seek(-_TAIL, os.SEEK_END)  # where the length of the footer stands, which holds the metadata
    footer = end - int.from_bytes(stream.read(4), "little")
    stream.seek(footer)
    # Quotes inside a JSON string are escaped, so nothing but the seal itself reads like this.
    place = footer + stream.read().index(_SEAL + _UNSEALED + b'"') + len(_SEAL)
    stream.seek(0)
    digest = hashlib.file_digest(stream, "sha256")  # type: ignore[arg-type]  # typeshed wants a concrete class
    stream.seek(place)
    stream.write(digest.hexdigest().encode())


def write_stage(
    target: str | BinaryIO,
    kind: str,
    study: Study,
    content: Content,
    provenance: Provenance,
    *,
    force: bool = False,
) -> None:
    """Write a stage file, a row group per table, atomically.

    Args:
        target: A path, or an open binary stream such as standard output.
        kind: One of `KINDS`.
        study: The study, kept inside.
        content: At least one table, consumed lazily, so that they need not fit in memory together; and what stands
            beside them.
        provenance: How the result came about.
        force: Replace an existing file whatever it holds.

    Raises:
        DataError: The target holds something else, or cannot be written.
    """

    def metadata() -> dict[bytes, bytes]:
        value = {
            "kind": kind,
            "schema": SCHEMA,
            "study": study.text,
            "overrides": list(study.overrides),
            "steps": provenance.as_list(),
            "extra": content.extra,
            "seal": _UNSEALED.decode(),
        }
        return {_KEY: json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False).encode()}

    if not isinstance(target, str):
        buffer = io.BytesIO()
        _write_tables(buffer, content.tables, metadata)
        target.write(buffer.getvalue())
        target.flush()
        return
    refuse_foreign(target, kind, provenance.command, force=force)
    with replacing(Path(target)) as stream:
        _write_tables(stream, content.tables, metadata)


def _write_tables(stream: Any, tables: Iterable[pa.Table], metadata: Any) -> None:
    """Row groups as they come; the metadata last, because it may tell of what happened while they were made."""
    iterator = iter(tables)
    first = next(iterator)
    with pq.ParquetWriter(stream, first.schema, compression="snappy") as writer:
        writer.write_table(first)
        for table in iterator:
            writer.write_table(table)
        writer.add_key_value_metadata(metadata())
    _seal(stream)


def refuse_foreign(target: str, kind: str, command: str, *, force: bool) -> None:
    """Stop before a file is replaced that another command, or another program, made.

    Raises:
        DataError: The target exists and holds something else, is no ordinary file, or may not be written.
    """
    path = Path(target)
    if path.is_dir():
        raise DataError(say("folder", file=target))
    refuse_unwritable(path)
    if not path.exists():
        return
    if not path.is_file():
        raise DataError(say("no_ordinary", file=target))
    if force:
        return
    content, _ = read_bytes(target, None)
    try:
        metadata = _open(content, target)[1] if is_parquet(content) else None
    except DataError as error:
        raise DataError(say("exists_unreadable", file=target)) from error
    holds = say("not_of_dnt")
    if metadata is not None:
        maker = metadata["steps"][-1]["command"]
        if (metadata["kind"], maker) == (kind, command):
            return
        holds = say("kind_made_by", kind=held(metadata["kind"]), command=maker)
    raise DataError(say("exists_holding", file=target, holds=holds))


def as_table(frame: pd.DataFrame) -> pa.Table:
    """A frame as the table of a stage file, without its index and without what pandas notes about it."""
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def as_columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """A small frame as JSON values, column by column; missing values become null."""
    plain = frame.astype(object).where(frame.notna(), None)
    return {str(name): [v.item() if hasattr(v, "item") else v for v in plain[name]] for name in frame.columns}


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in _LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
