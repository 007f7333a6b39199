"""Sentences with their values: numbers have the decimal sign of the language, wherever they stand."""

from __future__ import annotations

import re

import pytest

from dnt_cli.study import Text, load_study
from dnt_cli.wording import Wording, filled, sentence


@pytest.mark.parametrize(("language", "right"), [("nl", "97,5%-BI"), ("en", "97.5% CI")])
def test_the_level_of_an_interval_is_local(language: str, right: str) -> None:
    assert sentence("common.interval", language, level=97.5) == right  # type: ignore[arg-type]


def test_a_number_without_a_form_has_no_needless_decimals() -> None:
    assert sentence("common.interval", "nl", level=95.0) == "95%-BI"


def test_a_form_keeps_its_decimals_and_a_count_stays_as_it_is() -> None:
    text = Text("{x:.2f} van {n}", "{x:.2f} of {n}")
    assert filled(text, "nl", x=0.5, n=1234) == "0,50 van 1234"
    assert filled(text, "en", x=0.5, n=1234) == "0.50 of 1234"


def test_a_setting_of_the_register_is_local() -> None:
    """In the notes under its table."""
    from dnt_cli.polis.tables import _settings

    study = load_study("dnt", ["register.hours_cut=12.5", "register.work_hours=0.5", "register.missing_amount=9999.5"])
    notes = " ".join(_settings(Wording(study, "nl")))
    assert "0,5 uur" in notes
    assert "9999,5 euro" in notes
    assert not re.search(r"\d\.\d", notes)


def test_wording_fills_in_the_same_way() -> None:
    assert Wording(load_study("dnt"), "nl").text("common.interval", level=97.5) == "97,5%-BI"


def test_hypotheses_stand_in_the_order_of_the_study_and_outcomes_without_one_last() -> None:
    wording = Wording(load_study("dnt"), "nl")
    assert wording.in_order(["", "H3", "H1a", "H3"]) == ["H1a", "H3", ""]
