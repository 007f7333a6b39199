"""What follows from the results of a study: a verdict and a sentence per outcome and per hypothesis.

Rules were fixed before any result (`rules.RULES`), so that nobody joins numbers of four files by hand.
"""

from __future__ import annotations

from dnt_cli.conclusions.changes import change_sentences
from dnt_cli.conclusions.result import Conclusions
from dnt_cli.conclusions.rules import conclude

__all__ = ["Conclusions", "change_sentences", "conclude"]
