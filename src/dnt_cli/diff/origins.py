"""Why two files differ: the study, the data, and what each step of the chain was told and made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Literal

from dnt_cli.stagefile.kinds import KINDS
from dnt_cli.study import Study
from dnt_cli.study.comparison import changes, written
from dnt_cli.study.reanalysis import IMPUTATION, SCORES, concern

if TYPE_CHECKING:
    from dnt_cli.stagefile.container import Stage

Step = Mapping[str, Any]
Data = Literal["same", "same link", "other", "unknown"]
STUDY, STEPS, VERSIONS, INPUT = "study", "steps", "versions", "input"
_OF_STUDY = ("study_sha256", "set", "study_changes")  # settings that the comparison of the studies tells already
_SHARED = ("level", "standardise")  # settings of endpoint and trend alike
_WORDS = {"label", "labels", "note", "title"}


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is not the same.

    Attributes:
        where: `study`, `steps`, `versions`, or the dnt command of a step.
        item: Key of the study file, name of a setting or library, `input` for the file that a step read, or a command.
        a: As text, in the first file; None where it is not there.
        b: The same in the second file.
    """

    where: str
    item: str
    a: str | None
    b: str | None


def study_causes(a: Study, b: Study) -> list[Cause]:
    """The keys of the study file, with `--set` applied, that mean something else; a default written out is no cause.

    Words come last, since no number follows from them.
    """
    found = [Cause(STUDY, change.key, change.old, change.new) for change in changes(a, b)]
    return sorted(found, key=lambda cause: not _WORDS.isdisjoint(cause.item.replace("_label", ".label").split(".")))


def file_causes(a: Study, b: Study) -> list[Cause]:
    """What differs between the study files themselves: `study_causes` without what `--set` changed in either."""
    if a.text == b.text:
        return []
    given = [override.partition("=")[0].strip() for study in (a, b) for override in study.overrides]
    return [own for own in study_causes(a, b) if not any(f"{own.item}.".startswith(f"{key}.") for key in given)]


def data_of(a: Sequence[Step], b: Sequence[Step]) -> Data:
    """Whether both chains began with the same data: by the hash of the first file that each read.

    `dnt example` reads nothing: its settings are its data, unless the next step read another file, as after a change of
    the study or of dnt itself, which may or may not be another survey. `dnt polis` knows its link
    file only, not the records.
    """
    if not a or not b:
        return "unknown"
    first, second = a[0], b[0]
    if first["input_sha256"] is None and second["input_sha256"] is None:
        if (first["command"], first["settings"]) != (second["command"], second["settings"]):
            return "other"
        read = [steps[1]["input_sha256"] if len(steps) > 1 else None for steps in (a, b)]
        return "same" if None in read or read[0] == read[1] else "unknown"
    if first["input_sha256"] != second["input_sha256"]:
        return "other"
    return "same link" if "polis" in (first["command"], second["command"]) else "same"


def step_causes(a: Sequence[Step], b: Sequence[Step], study: Sequence[Cause] = ()) -> list[Cause]:
    """Steps that only one chain has, then per step what it was told, and the libraries.

    The file that a step read is told only where nothing before it explains why it is another file: if `impute` got
    another seed, its result is another file and so is that of every later step.

    Args:
        a: Steps of the first file, oldest first.
        b: Steps of the second.
        study: Differences between the studies; a setting that says the same is left out.
    """
    known = {(cause.item.rpartition(".")[2], cause.a, cause.b) for cause in study}
    causes: list[Cause] = []
    pairs, one_sided = _aligned(a, b)
    for command, in_first in one_sided:
        causes.append(Cause(STEPS, command, command if in_first else None, None if in_first else command))
    explained = bool(study) or bool(one_sided)
    libraries: dict[Cause, None] = {}
    for first, second in pairs:
        where = str(first["command"])
        own = [Cause(where, *found) for found in _settings(first, second) if found not in known]
        versions = _mapped(first["versions"], second["versions"])
        libraries |= {Cause(VERSIONS, *found): None for found in versions}
        start = first is a[0] and second is b[0]
        if first["input_sha256"] != second["input_sha256"] and (start or not explained):
            causes.append(Cause(where, INPUT, _short(first["input_sha256"]), _short(second["input_sha256"])))
            explained = True
        causes += own
        explained = explained or bool(own) or bool(versions)
    return [*causes, *libraries]


def joined_causes(a: Stage, b: Stage) -> tuple[Data, list[Cause]]:
    """What differs behind two results that are to stand in one table, such as endpoint and trend.

    Returns:
        Whether they began with the same data; and the differences in study and, of two that were made from the same
        kind of file, in steps before, and level and standardisation of the results themselves.
    """
    if KINDS[a.kind].source != KINDS[b.kind].source:
        causes = study_causes(a.study, b.study)
        if not (KINDS[a.kind].source and KINDS[b.kind].source):  # records know nothing of how answers were scored
            causes = [cause for cause in causes if concern(cause.item) not in (SCORES, IMPUTATION)]
        return _data_of_kinds(a, b), causes
    last = a.steps[-1], b.steps[-1]
    own = [{**step, "settings": {k: step["settings"].get(k) for k in _SHARED}} for step in last]
    causes = [*study_causes(a.study, b.study), *(Cause("", *found) for found in _settings(*own))]
    if last[0]["input_sha256"] is not None and last[0]["input_sha256"] == last[1]["input_sha256"]:
        return "same", causes
    before = a.steps[:-1], b.steps[:-1]
    whole = before if all(before) else (a.steps, b.steps)  # of other programs' imputations nothing is known before
    return data_of(*whole), [*causes, *step_causes(*before, causes)]


def _data_of_kinds(a: Stage, b: Stage) -> Data:
    """Whether a survey's description and what was made of its imputations began with the same data.

    Of a register's file, and of imputations by another program, it is not known which survey they belong to.
    """
    foreign = any(KINDS[own.kind].source == "imputations" and len(own.steps) < 2 for own in (a, b))
    if foreign or not (KINDS[a.kind].source and KINDS[b.kind].source):
        return "unknown"
    return data_of(a.steps, b.steps)


def _aligned(a: Sequence[Step], b: Sequence[Step]) -> tuple[list[tuple[Step, Step]], list[tuple[str, bool]]]:
    """The steps that answer to each other, and (command, whether in the first) of the others."""
    names = [[str(step["command"]) for step in steps] for steps in (a, b)]
    pairs: list[tuple[Step, Step]] = []
    others: list[tuple[str, bool]] = []
    for tag, i, j, k, n in SequenceMatcher(None, names[0], names[1], autojunk=False).get_opcodes():
        if tag == "equal":
            pairs += zip(a[i:j], b[k:n], strict=True)
        else:
            others += [(name, True) for name in names[0][i:j]] + [(name, False) for name in names[1][k:n]]
    return pairs, others


def _settings(a: Step, b: Step) -> list[tuple[str, str | None, str | None]]:
    told = [{key: value for key, value in step["settings"].items() if key not in _OF_STUDY} for step in (a, b)]
    return _mapped(*told)


def _mapped(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[tuple[str, str | None, str | None]]:
    """(key, old, new) of what differs; a setting without value is as one that is not there."""
    pairs = [(str(key), a.get(key), b.get(key)) for key in dict.fromkeys([*a, *b])]
    return [
        (key, *(None if value is None else _hash_or_text(key, value) for value in (old, new)))  # type: ignore[misc]
        for key, old, new in pairs
        if old != new
    ]


def _hash_or_text(key: str, value: Any) -> str | None:
    return _short(str(value)) if key.endswith("sha256") else written(value)


def _short(digest: str | None) -> str | None:
    """Enough of a hash to tell two files apart."""
    return None if digest is None else digest[:8]
