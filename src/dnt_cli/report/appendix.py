"""The appendix: how the gaps were filled, which steps led to the results, and with which software."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from dnt_cli.imputed.result import Imputations
from dnt_cli.polis.result import RegisterResult
from dnt_cli.report.material import Material
from dnt_cli.report.model import Block, Heading, TableBlock
from dnt_cli.tables import Cell, Column, Counts, Section, Table

_HASH = 16  # characters of a hash that are enough to tell files apart


def appendix(material: Material) -> Iterator[Block]:
    """The tables of the imputation, if its file is there; files, steps and versions."""
    say = material.wording.text
    imputed = material.first(Imputations)
    own = imputed if imputed is not None and imputed.settings else None
    for name, found in (("imputation", own), ("register", material.first(RegisterResult))):
        if found is not None:
            yield Heading(say(f"report.{name}_head"))
            for i, table in enumerate(material.explained(found.tables(material.wording)), start=1):
                yield TableBlock(f"{name}_{i}", table)
    yield Heading(say("report.provenance_head"))
    yield TableBlock("files", _files(material))
    yield TableBlock("steps", _steps(material))
    yield TableBlock("versions", _versions(material))


def _files(material: Material) -> Table:
    say = material.wording.text
    columns = tuple(Column(say(f"report.{name}"), "left") for name in ("file", "holds", "hash"))
    rows = tuple((Cell(s.name), Cell(s.kind), Cell(s.sha256[:_HASH])) for s in material.stages)
    settings = ", ".join(material.wording.study.overrides)
    notes = (say("report.overrides", settings=settings),) if settings else ()
    return Table(say("report.files_title"), columns, (Section("", rows),), notes)


def _steps(material: Material) -> Table:
    """The steps behind the files, each once, with the settings that they were given."""
    say = material.wording.text
    seen: dict[str, tuple[str, dict[str, Any]]] = {}
    for stage in material.stages:
        for step in stage.steps:
            seen.setdefault(json.dumps(step, sort_keys=True, default=str), (step["command"], dict(step["settings"])))
    sections = tuple(
        Section(
            f"dnt {command}",
            tuple((Cell(name), Cell(_written(value))) for name, value in settings.items() if value not in (None, [])),
        )
        for command, settings in seen.values()
    )
    columns = (Column(say("report.setting"), "left"), Column(say("report.value"), "left"))
    return Table(say("report.steps_title"), columns, tuple(own for own in sections if own.rows))


def _written(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{text[:_HASH]}…" if len(text) == 64 and " " not in text else text


def _versions(material: Material) -> Table:
    say = material.wording.text
    columns = (Column(say("report.library"), "left"), Column(say("report.version"), "left"))
    rows = tuple((Cell(name), Cell(version, counts=Counts())) for name, version in material.versions().items())
    return Table(say("report.versions_title"), columns, (Section("", rows),))
