"""Answers to questionnaires -> scores."""

from dnt_cli.scoring.score import Scored, holds_items, score

__all__ = ["Scored", "holds_items", "score"]
