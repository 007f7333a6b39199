"""Models with a random intercept per person, fitted to many data sets at once.

No loop over persons or data sets: all that is computed per row, person or quadrature node is computed for a stack of
data sets together, and every data set that has arrived at its optimum leaves the stack. What a data set's answer is
does not depend on which other data sets stand in its stack, to the bit.
"""

from __future__ import annotations

from dnt_cli.engines.random_intercept.logistic import LogisticData
from dnt_cli.engines.random_intercept.packing import Stack, stacked

__all__ = ["LogisticData", "Stack", "stacked"]
