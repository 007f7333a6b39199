"""The kinds of stage file: what each holds, which command makes it, from what, and the class of its result.

A new kind is one entry here and the class that it names, in `result.py` of its room.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of stage file.

    Attributes:
        words: What it holds, as messages say it.
        maker: The commands that make it.
        source: The kind that it is made from; "" if from files of other programs only.
    """

    words: str
    maker: str
    source: str = ""


KINDS = {
    "answers": Kind("answers to questionnaires, a row per person and wave", "`dnt example --answers` or `dnt convert`"),
    "survey": Kind(
        "survey answers, a row per person and wave", "`dnt score`, `dnt example` or `dnt convert`", "answers"
    ),
    "imputations": Kind("imputed data sets", "`dnt impute`", "survey"),
    "register": Kind("register outcomes", "`dnt polis`"),
    "estimates": Kind("effect estimates", "`dnt fit-t3` or `dnt fit-longitudinal`", "imputations"),
    "robustness": Kind("robustness checks", "`dnt robustness`", "imputations"),
    "description": Kind("a description", "`dnt describe`", "survey"),
}


def holding(kind: str) -> str:
    """What a file of this kind holds; files of a later dnt may be of a kind that is not known here."""
    return KINDS[kind].words if kind in KINDS else "something unknown"


def sources(kind: str) -> list[str]:
    """The kinds from which one of this kind is made, nearest first."""
    found: list[str] = []
    while kind in KINDS and (kind := KINDS[kind].source):
        found.append(kind)
    return found
