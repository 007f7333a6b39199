"""A fixture of the tests of modules."""

from __future__ import annotations

import pytest

from dnt_cli.study import Study, parse_study


@pytest.fixture(scope="module")
def study(request: pytest.FixtureRequest) -> Study:
    """The study of the study file `STUDY` of a test module."""
    return parse_study(request.module.STUDY)
