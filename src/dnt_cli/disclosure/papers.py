"""What a checker reads beside a release, and what stays inside: the log of all decisions."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from dnt_cli.disclosure.protect import ROUNDING, Decision
from dnt_cli.disclosure.quantities import Quantity, untagged
from dnt_cli.disclosure.release import HIDDEN, Left, Release
from dnt_cli.study import Thresholds
from dnt_cli.study.disclosure import RULES_OF_THUMB
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.wording import Wording

_TOGETHER = ("persons", "share", "secondary", "differing")  # telling them apart would narrow what is hidden


def checker_tables(release: Release, kinds: Mapping[str, str], thresholds: Thresholds, wording: Wording) -> list[Table]:
    """The sheets of `outputcheck.xlsx`: the letter, files, rules, what was left out, and the tables explained.

    Args:
        release: What leaves.
        kinds: Source -> the kind of its stage file.
        thresholds: That were applied.
        wording: The study in a language.
    """
    sheets = {
        "files": files_table(release, kinds, wording),
        "rules": _rules(release, thresholds, wording),
        "cells": _cells(release.left, thresholds, wording),
        "columns": _explained(release, wording),
    }
    title, *paragraphs = letter(release, thresholds, wording).strip().split("\n\n")
    others = [wording.text(f"disclosure.sheet_{key}", title=own.title) for key, own in sheets.items()]
    rows = [tuple((Cell(" ".join(text.splitlines())),) for text in own) for own in (paragraphs, others)]
    sections = (Section("", rows[0]), Section(wording.text("disclosure.sheets"), rows[1]))
    return [Table(title, (Column("", "left"),), sections), *sheets.values()]


def files_table(release: Release, kinds: Mapping[str, str], wording: Wording, title: str = "files_title") -> Table:
    """Per file and table how many figures are shown and left out."""
    say = wording.room("disclosure")
    left = Counter((own.source, own.table) for own in release.left if own.rule != "note")
    sections = []
    for source, tables in release.tables.items():
        rows = []
        for table in tables:
            counts = (release.shown[source, table.title], left[source, table.title])
            rows.append((Cell(table.title), *(Cell(str(n), value=float(n)) for n in counts)))
        heading = f"{source}: {say(f'content_{kinds[source]}')} (N = {persons_in(release)})"
        sections.append(Section(heading, tuple(rows)))
    columns = (Column(say("table"), "left"), Column(say("kept")), Column(say("hidden")))
    return Table(say(title), columns, tuple(sections))


def persons_in(release: Release) -> str:
    """How many persons the tables of this release are of: the mark where that is hidden, 0 where none gives it."""
    decision = release.decision
    own = {q for q in decision.values.keys() - decision.earlier if not q.what and len(untagged(q.who)) <= 1}
    most = max((decision.values[q] for q in own), default=0)
    hidden = own and all(decision.values[q] < most for q in own - decision.hidden.keys())
    return HIDDEN if hidden else f"{most:.0f}"


def _rules(release: Release, thresholds: Thresholds, wording: Wording) -> Table:
    say = wording.room("disclosure")
    rows = []
    for field in fields(Thresholds):
        value = getattr(thresholds, field.name)
        shown = say(f"{value}_extremes") if field.name == "extremes" else wording.number(value, 0 if value >= 1 else 2)
        status = say("rule_of_thumb" if field.name in RULES_OF_THUMB else "own_choice")
        rows.append((Cell(field.name), Cell(say(f"setting_{field.name}")), Cell(shown), Cell(status)))
    numbers = Counter(merged(own.rule) for own in release.left)
    used = tuple(
        (Cell(""), Cell(reason(rule, thresholds, wording)), Cell(str(n), value=float(n)), Cell(""))
        for rule, n in sorted(numbers.items())
    )
    columns = (
        Column(say("setting"), "left"), Column(say("rule"), "left"), Column(say("value")), Column(say("status"), "left")
    )  # fmt: skip
    return Table(say("rules_title"), columns, (Section("", tuple(rows)), Section(say("cells_title"), used)))


def merged(rule: str) -> str:
    """The rule as the checker reads it: which of the figures are small themselves would help to compute them."""
    return "protected" if rule in _TOGETHER else rule


def reason(rule: str, thresholds: Thresholds, wording: Wording) -> str:
    """A rule in words."""
    values = asdict(thresholds) | {
        "share": wording.number(100 * thresholds.share, 0),
        "dominance": wording.number(100 * thresholds.dominance, 0),
    }
    return wording.text(f"disclosure.rule_{rule}", **values)


def _cells(left: Iterable[Left], thresholds: Thresholds, wording: Wording) -> Table:
    say = wording.room("disclosure")
    found = [own for own in left if own.rule != "note"]  # of a note, what it says may not be told
    texts = [(o.source, o.table, o.row, o.column, reason(merged(o.rule), thresholds, wording)) for o in found]
    rows = tuple(tuple(Cell(text) for text in line) for line in texts)
    names = ("file", "table", "row", "column", "reason")
    return Table(say("cells_title"), tuple(Column(say(name), "left") for name in names), (Section("", rows),))


def _explained(release: Release, wording: Wording) -> Table:
    say = wording.room("disclosure")
    sections = []
    for source in release.tables:
        for table in release.leaving(source):
            lines = [(say("headings"), "; ".join(heading for heading in table.headings if heading))]
            lines += [(say("note"), note.strip()) for note in table.notes]
            rows = tuple((Cell(what), Cell(text)) for what, text in lines)
            sections.append(Section(f"{source}: {table.title}", rows))
    return Table(say("columns_title"), (Column("", "left"), Column("", "left")), tuple(sections))


def letter(release: Release, thresholds: Thresholds, wording: Wording) -> str:
    """The text for the checker."""
    say = wording.room("disclosure")
    more = [say("letter_figures" if "figures" in release.tables else "letter_no_figures")]
    more += [say("letter_report")] if "report" in release.tables else []
    return say(
        "letter", title=wording.study.title[wording.language], files=len(release.tables) - len(more) + 1,
        persons=persons_in(release), least=thresholds.persons, bounds=proven(release.decision, thresholds, wording),
        figures="\n".join(more),
        hidden=sum(own.rule != "note" and own.source != "report" for own in release.left),
        shown=sum(n for (source, _), n in release.shown.items() if source != "report"),
    ).lstrip()  # fmt: skip


def proven(decision: Decision, thresholds: Thresholds, wording: Wording) -> str:
    """Between which bounds what a rule forbids was shown to lie at least."""
    counts = {q: high - low for q, (low, high) in decision.bounds.items() if not q.what}
    closest = min((own for q, own in counts.items() if q not in decision.unprotected), default=math.inf)
    told = [wording.text("disclosure.letter_bounds", width=thresholds.width)]
    if closest < thresholds.width - ROUNDING:
        told.append(wording.text("disclosure.letter_seen", least=math.floor(closest + ROUNDING)))
    if decision.unprotected:
        told.append(wording.text("disclosure.letter_unprotected", n=len(decision.unprotected)))
    return "\n".join(text.strip() for text in told)


def log(release: Release, thresholds: Thresholds) -> str:
    """What stays inside, as JSON: what was told, which a later release needs to know, and each decision."""
    decision = release.decision
    content = {
        "thresholds": asdict(thresholds),
        "told": [_as_json(q, value) for q, value in sorted(release.told.items())],
        "hidden": [
            _as_json(q, decision.values[q]) | {"rule": rule, "bounds": decision.bounds.get(q)}
            for q, rule in sorted(decision.hidden.items())
        ],
        "left": [asdict(own) for own in release.left],
    }
    return json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n"


def told_before(text: str) -> dict[Quantity, float]:
    """What an earlier release told, from its log."""
    return {_quantity(own): float(own["value"]) for own in json.loads(text)["told"]}


def _as_json(quantity: Quantity, value: float) -> dict[str, object]:
    return {"who": quantity.who, "what": quantity.what, "power": quantity.power, "value": value}


def _quantity(own: Mapping[str, Any]) -> Quantity:
    who = tuple((str(name), tuple(str(value) for value in values)) for name, values in own["who"])
    return Quantity(who, str(own["what"]), int(own["power"]))
