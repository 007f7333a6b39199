"""The kinds of stage file: what each holds, which command makes it, from what, and the class of its result.

A new kind is one entry here and the class that it names, in `result.py` of its room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dnt_cli.sentences import Either, Sentence, say

if TYPE_CHECKING:
    from dnt_cli.stagefile.container import Stage
    from dnt_cli.stagefile.form import Form
    from dnt_cli.stagefile.result import StageResult


@dataclass(frozen=True, slots=True)
class StageKind:
    """A kind of stage file.

    Attributes:
        maker: The commands that make it.
        result: `module:class` of its result; a string, so that nothing is imported before it is needed.
        source: The kind that it is made from; "" if from files of other programs only.
        shown: Whether `dnt show` has tables of it.
        joined: Whether several files can stand in one table; then the class has a method `joined`.
        concluded: Whether conclusions are drawn from it, together with effects.
        as_given: Whether it holds the values of another program, with the labels that they came with.
    """

    maker: str
    result: str
    source: str = ""
    shown: bool = True
    joined: bool = False
    concluded: bool = False
    as_given: bool = False


KINDS = {
    "answers": StageKind(
        "`dnt example --answers` or `dnt convert`",
        "dnt_cli.scoring.result:AnswersResult",
        shown=False,
        as_given=True,
    ),
    "survey": StageKind(
        "`dnt score`, `dnt example` or `dnt convert`",
        "dnt_cli.scoring.result:SurveyResult",
        "answers",
        shown=False,
    ),
    "estimates": StageKind(
        "`dnt fit-t3` or `dnt fit-longitudinal`",
        "dnt_cli.effects.result:Estimates",
        "imputations",
        joined=True,
        concluded=True,
    ),
    "robustness": StageKind(
        "`dnt robustness`",
        "dnt_cli.robustness.result:RobustnessResult",
        "imputations",
        concluded=True,
    ),
    "description": StageKind("`dnt describe`", "dnt_cli.description.result:Description", "survey", concluded=True),
    "imputations": StageKind("`dnt impute`", "dnt_cli.imputed.result:Imputations", "survey"),
    "power": StageKind("`dnt power study`", "dnt_cli.power.result:SimulatedPower"),
    "register": StageKind("`dnt polis`", "dnt_cli.polis.result:RegisterResult", concluded=True),
}


def held(kind: str) -> Sentence:
    """What a file of this kind holds; files of a later dnt may be of a kind that is not known here."""
    return say(f"kind_{kind}" if kind in KINDS else "kind_unknown")


def maker_of(kind: str) -> Either:
    """The commands that make a file of this kind, in either language."""
    return Either(tuple(KINDS[kind].maker.split(" or ")))


def sources(kind: str) -> list[str]:
    """The kinds from which one of this kind is made, nearest first."""
    found: list[str] = []
    while kind in KINDS and (kind := KINDS[kind].source):
        found.append(kind)
    return found


def result_class(kind: str) -> Any:
    """The class of the results of this kind; it has the face `stagefile.result.StageResult`."""
    from importlib import import_module

    module, _, name = KINDS[kind].result.partition(":")
    return getattr(import_module(module), name)


def form_of(kind: str) -> Form | None:
    """What a stage file of this kind must look like; None of a kind that is not known here."""
    return result_class(kind).form if kind in KINDS else None


def result_of(stage: Stage) -> StageResult:
    """The result that a stage file holds."""
    found: StageResult = result_class(stage.kind).from_stage(stage)
    return found


def kind_of(result: StageResult) -> str:
    """The kind of stage file that holds such a result."""
    own = f"{type(result).__module__}:{type(result).__qualname__}"
    return next(name for name, kind in KINDS.items() if kind.result == own)
