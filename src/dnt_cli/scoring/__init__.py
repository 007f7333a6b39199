"""Answers to questionnaires -> scores."""

from dnt_cli.scoring.score import Scored, score

__all__ = ["Scored", "score"]
