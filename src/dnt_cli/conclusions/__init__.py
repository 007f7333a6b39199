"""What follows from the results of a study: a verdict and a sentence per outcome and per hypothesis.

Rules were fixed before any result (`rules.RULES`), so that nobody joins numbers of four files by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dnt_cli.conclusions.changes import change_sentences
from dnt_cli.conclusions.result import Conclusions
from dnt_cli.conclusions.rules import conclude
from dnt_cli.conclusions.speech import Statement

if TYPE_CHECKING:
    from dnt_cli.stagefile.result import StageResult
    from dnt_cli.tables import Table
    from dnt_cli.wording import Wording

__all__ = ["Conclusions", "Statement", "change_sentences", "conclude", "sentences", "tables"]


def tables(results: Sequence[StageResult], wording: Wording) -> list[Table]:
    """Verdicts per hypothesis, the evidence per outcome, and both in words.

    Args:
        results: Effects at the endpoint, over time, or both; and, as far as they are there, one result each of
            robustness checks, description and register.
        wording: Their study in a language.

    Raises:
        DataError: There are no effects among them, or the same thing stands there twice.
    """
    return conclude(results).tables(wording)


def sentences(results: Sequence[StageResult], wording: Wording) -> list[Statement]:
    """A statement per hypothesis, each followed by those on its outcomes; arguments and errors as of `tables`."""
    from dnt_cli.conclusions.speech import statements

    return statements(conclude(results), wording)
