"""What changed between two stage files of one kind: where they come from, and what moved."""

from __future__ import annotations

from dataclasses import dataclass

from dnt_cli.diff.changes import Changes
from dnt_cli.diff.effects import EffectChanges
from dnt_cli.diff.figures import FigureChanges
from dnt_cli.diff.origins import Cause, Data, data_of, step_causes, study_causes
from dnt_cli.diff.records import RecordChanges
from dnt_cli.errors import DataError
from dnt_cli.sentences import say
from dnt_cli.stagefile.container import Stage
from dnt_cli.stagefile.kinds import held, result_class
from dnt_cli.stagefile.result import Compared

__all__ = ["Cause", "Difference", "compare"]

# What sets two results side by side, by what their class says that is compared.
_CHANGES: dict[Compared, type[Changes]] = {
    "effects": EffectChanges, "figures": FigureChanges, "records": RecordChanges,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """Two files side by side.

    Attributes:
        a: The first file.
        b: The second.
        names: What to call them.
        data: Whether they began with the same data.
        causes: What differs in study, steps and libraries.
        content: The effects, the records or the figures, by the kind of the files.
    """

    a: Stage
    b: Stage
    names: tuple[str, str]
    data: Data
    causes: tuple[Cause, ...]
    content: Changes

    @property
    def identical(self) -> bool:
        """Whether the files are the same, byte for byte."""
        return self.a.sha256 == self.b.sha256


def compare(a: Stage, b: Stage, names: tuple[str, str]) -> Difference:
    """What changed from one file to the other.

    Raises:
        DataError: They are of different kinds.
    """
    if a.kind != b.kind:
        kinds = {"one": held(a.kind), "other": held(b.kind)}
        raise DataError(say("diff_kinds", file=names[0], beside=names[1], **kinds))
    study = study_causes(a.study, b.study)
    causes = (*study, *step_causes(a.steps, b.steps, study))
    content = _CHANGES[result_class(a.kind).compared].between(a, b)
    return Difference(a, b, names, data_of(a.steps, b.steps), causes, content)
