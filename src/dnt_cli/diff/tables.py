"""The difference between two files as tables, headline first, and as one frame for other programs."""

from __future__ import annotations

import pandas as pd

from dnt_cli.diff import Difference
from dnt_cli.diff.layout import without_empty_end
from dnt_cli.diff.origins import INPUT, STEPS, STUDY, VERSIONS, Cause
from dnt_cli.study import Language
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.wording import Wording

_WIDTH = 22  # characters of a value in the table; other programs get all of it
_HASH = "_sha256"
_MOST = 15  # causes of one kind, unless all are asked for
_SAME = {"same", "within"}


def difference_tables(found: Difference, language: Language, *, everything: bool = False) -> list[Table]:
    """Where the files come from under a headline of what moved, then what moved.

    Args:
        found: As `compare` gives it.
        language: Of the words and the decimal sign.
        everything: Also what is the same.
    """
    wording = Wording(found.b.study, language)
    origin = _origin(found, found.content.headline(found, wording), wording, everything=everything)
    return [origin] if found.identical else [origin, *found.content.table(found, wording, everything=everything)]


def _origin(found: Difference, headline: str, wording: Wording, *, everything: bool) -> Table:
    if found.identical:
        headline = wording.text("diff.identical")
    elif found.content.same:
        told = bool(found.causes) or found.data == "other" or found.a.study.text != found.b.study.text
        headline = f"{headline} {wording.text('diff.same_numbers' if told else 'diff.unnamed')}"
    names = (name if len(name) <= _WIDTH else f"…{name[1 - _WIDTH :]}" for name in found.names)
    rows = [_row(wording.text("diff.file"), *names)]
    if found.data == "other":
        rows.append(_row(wording.text("diff.data"), *_hashes(found), wording.text("diff.other_data")))
    rows += [_row(wording.text(f"diff.{name}"), *pair) for name, pair in found.content.sizes(found).items()]
    sections = [Section("", tuple(rows))]
    notes = wording.synthetic_note()
    hidden = 0
    for title, causes in _grouped(found, wording).items():
        most = len(causes) if everything else _MOST
        hidden += max(0, len(causes) - most)
        sections.append(Section(title, tuple(_cause_row(cause, found, wording) for cause in causes[:most])))
    notes += _origin_notes(found, wording)
    notes += [wording.text("diff.more", n=hidden)] if hidden else []
    columns = (Column("", "left"), Column("A", "left"), Column("B", "left"), Column(wording.text("diff.note"), "left"))
    return without_empty_end(Table(headline, columns, tuple(sections), tuple(notes)))


def _row(label: str, a: str, b: str, word: str = "") -> tuple[Cell, ...]:
    return (Cell(label), Cell(a), Cell(b), Cell(word))


def _hashes(found: Difference) -> tuple[str, str]:
    """The hash of what the first step read; `dnt example` reads nothing."""
    texts = []
    for steps in (found.a.steps, found.b.steps):
        digest, command = steps[0]["input_sha256"], steps[0]["command"]
        texts.append(f"dnt {command}" if digest is None else str(digest)[:8])
    return texts[0], texts[1]


def _additional(found: Difference) -> list[Cause]:
    """The causes but for the hash of the first file, which is told as other data."""
    told = ("", "")
    if found.data == "other" and found.a.steps:
        told = (found.a.steps[0]["command"], INPUT)
    return [cause for cause in found.causes if (cause.where, cause.item) != told]


def _grouped(found: Difference, wording: Wording) -> dict[str, list[Cause]]:
    """The causes under their headings."""
    groups: dict[str, list[Cause]] = {}
    order = {STEPS: 0, STUDY: 2, VERSIONS: 3}
    for cause in sorted(_additional(found), key=lambda c: order.get(c.where, 1)):
        heading = wording.text(f"diff.{cause.where if cause.where in (STUDY, VERSIONS) else STEPS}")
        groups.setdefault(heading, []).append(cause)
    return groups


def _cause_row(cause: Cause, found: Difference, wording: Wording) -> tuple[Cell, ...]:
    label, word = cause.item, ""
    if cause.where == STEPS:
        label = wording.text("diff.step_row", step=cause.item)
    elif cause.where not in (STUDY, VERSIONS):
        label = f"{wording.text('diff.step_row', step=cause.where)}: {cause.item}"
    if cause.where == STUDY:
        keys = {override.partition("=")[0].strip() for s in (found.a, found.b) for override in s.study.overrides}
        word = wording.text("diff.set") if cause.item in keys else ""
    if cause.a is None or cause.b is None:
        word = " ".join(filter(None, (word, wording.text("diff.only_b" if cause.a is None else "diff.only_a"))))
    elif cause.item == INPUT or cause.item.endswith(_HASH):
        word = wording.text("diff.step_input")
    return _row(label, *_cut(cause.a or "", cause.b or ""), word)


def _cut(a: str, b: str) -> tuple[str, str]:
    """Both values no longer than the table allows, without a beginning that they share."""
    pairs = enumerate(zip(a, b, strict=False))
    start = next((i for i, (own, other) in pairs if own != other), min(len(a), len(b))) - 3
    if max(len(a), len(b)) > _WIDTH and start > 1:
        a, b = (f"…{text[start:]}" for text in (a, b))
    return tuple(text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…" for text in (a, b))  # type: ignore[return-value]


def _origin_notes(found: Difference, wording: Wording) -> list[str]:
    """What is the same, in plain words."""
    if found.identical:
        return []
    wheres = {cause.where for cause in _additional(found)}
    others = [cause.item.removesuffix(_HASH) for cause in found.causes if cause.item.endswith(_HASH)]
    key = "same_data_but" if others else "same_data"
    same = [wording.text(f"diff.{key}", others=", ".join(others))] if found.data == "same" else []
    same += [wording.text("diff.same_study")] if STUDY not in wheres else []
    if wheres <= {STUDY, VERSIONS}:
        same.append(wording.text("diff.same_otherwise" if STUDY in wheres else "diff.same_steps"))
    same += [wording.text("diff.same_versions")] if VERSIONS not in wheres else []
    text = ", ".join(same)
    notes = [f"{text[:1].upper()}{text[1:]}."] if same else []
    unsure = {"same link": "same_link", "unknown": "unknown_data"}
    notes += [wording.text(f"diff.{unsure[found.data]}")] if found.data in unsure else []
    rewritten = STUDY not in wheres and found.a.study.text != found.b.study.text
    return [*notes, wording.text("diff.reworded")] if rewritten else notes


def difference_frame(found: Difference, *, everything: bool = False) -> pd.DataFrame:
    """One row per cause and per change, with all digits.

    Returns:
        `part` (`origin` or the kind of the files), `where`, `item`, `a`, `b`, `change`, and the columns of the changes.
    """
    alike = "identical" if found.identical else "same numbers" if found.content.same else "different"
    data = {"part": "origin", "where": "data", "item": "data", "change": found.data}
    rows = [{"part": "origin", "where": "files", "item": found.a.kind, "change": alike}, data]
    for cause in found.causes:
        change = "added" if cause.a is None else "removed" if cause.b is None else "changed"
        rows.append({"part": "origin", "where": cause.where, "item": cause.item, "change": change})
        rows[-1] |= {"a": cause.a, "b": cause.b}  # type: ignore[dict-item]
    origin = pd.DataFrame(rows, columns=["part", "where", "item", "change", "a", "b"], dtype=object)
    changes = found.content.frame()
    changes = changes if everything else changes[~changes["change"].isin(_SAME)]
    changes = changes.assign(part=found.a.kind).astype(object)
    return pd.concat([origin, changes], ignore_index=True) if len(changes) else origin


def distinct_names(a: str, b: str) -> tuple[str, str]:
    """The last parts of two paths, as many as it takes to tell them apart."""
    first, second = (path.replace("\\", "/").split("/") for path in (a, b))
    for n in range(1, max(len(first), len(second)) + 1):
        one, two = "/".join(first[-n:]), "/".join(second[-n:])
        if one != two:
            return one, two
    return a, b
