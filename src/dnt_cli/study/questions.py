"""What a study file that was made from data still asks: lines with a comment that begins with a question mark.

Two question marks: nothing is computed until the line is answered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_QUESTION = re.compile(r"#\s*\?(?P<needed>\??)\s*(?P<asked>.*)$")


@dataclass(frozen=True, slots=True)
class Question:
    """A guess that nobody has confirmed yet.

    Attributes:
        line: Of the study file, counted from 1.
        guess: What stands there now; empty where the line only asks.
        asked: What is asked.
        needed: Nothing is computed until it is answered, since the guess is a mere list (`# ??`).
    """

    line: int
    guess: str
    asked: str
    needed: bool = False


def open_questions(text: str) -> list[Question]:
    """The questions that stand in the text of a study file."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _QUESTION.search(line):
            found.append(Question(number, line[: match.start()].strip(), match["asked"].strip(), bool(match["needed"])))
    return found
