"""How the tests on random input draw their examples."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings


def the_same(examples: int) -> settings:
    """As many examples, the same in every run and as long as they take, without making a failing one smaller."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
