"""Sentences that results carry are known in Dutch."""

from __future__ import annotations

import pytest

from dnt_cli.effects.messages import DUTCH, translated


@pytest.mark.parametrize("english", DUTCH)
def test_places_agree_between_the_languages(english: str) -> None:
    assert DUTCH[english].count("{}") <= english.count("{}")


def test_values_are_carried_over() -> None:
    message = "22 of 50 imputations separated; controls 'age' left: 3 of 50 fits unusable, 3 separated"
    assert translated(message, "nl") == (
        "22 van 50 imputaties gesepareerd; controles 'age' verlaten: 3 van 50 schattingen onbruikbaar, 3 gesepareerd"
    )
    assert translated(message, "en") == message


def test_an_unknown_sentence_stays_as_it_is() -> None:
    assert translated("Something new.", "nl") == "Something new."
