"""A note under a table of effects, and which notes a document with an appendix sets there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from dnt_cli.wording import Wording


@dataclass(frozen=True, slots=True)
class Note:
    """A note under a table.

    Attributes:
        key: `<file>.<key>` of its words.
        text: The note in the language of the table.
    """

    key: str
    text: str


DETAILS = frozenset(
    f"effects.{key}"
    for key in (
        "estimand", "controls_of", "uncontrolled_of", "marginal_note", "marginal_trend", "allocation",
        "errors_not_for", "flag_sites", "flag_persons", "larger_persons", "smaller_persons",
        "few_sites_of", "few_events", "few_persons", "few_in_group",
        "few_observed", "far_imputed", "unequal_loss", "false_alarms", "false_alarms_scales",
        "detectable_rate", "detectable_size", "message", "message_not_estimable", "message_no_model", "own_note",
        "engine", "published_same", "published_other",
    )
)  # fmt: skip
"""The notes that a document with an appendix sets there."""


def details(notes: Iterable[Note]) -> frozenset[str]:
    """The texts of those that a document with an appendix sets there."""
    return frozenset(own.text for own in notes if own.key in DETAILS)


def note(key: str, wording: Wording, **values: object) -> Note:
    """A note, with its values filled in."""
    return Note(key, wording.text(key, **values))


def said_of(row: pd.Series, about: str, wording: Wording) -> tuple[str, str, str]:
    """What the message of a row says of `about`, for `once_each`."""
    key = "effects.message_not_estimable" if row["status"] == "not estimable" else "effects.message"
    return key, wording.messages(row["message"]).rstrip("."), about


def other_endpoints(keys: Iterable[str], wording: Wording) -> list[Note]:
    """On the outcomes whose effect is not at the study's endpoint but at one of their own."""
    return [Note("common.other_endpoint", text) for text in wording.other_endpoints(keys)]


def once_each(found: Iterable[tuple[str, str, str]], wording: Wording, between: str = ", ") -> list[Note]:
    """What is said of single effects, each sentence once with all that it is about.

    Args:
        found: Key of a sentence with `outcome` and `message`, the message, and what it is about.
        wording: Of the sentences.
        between: What stands between the names.
    """
    said: dict[tuple[str, str], list[str]] = {}
    for key, text, about in found:
        said.setdefault((key, text), []).append(about)
    return [note(key, wording, outcome=between.join(own), message=text) for (key, text), own in said.items()]
