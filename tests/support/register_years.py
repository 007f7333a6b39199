"""Years of synthetic register records of any size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from dnt_cli.synthetic.register import person_keys, random_jobs, records_of

_BLOCK = 40_000  # persons per table


def register_year(persons: int, year: int, seed: int) -> Iterator[pa.Table]:
    """The records of one year in blocks, about 13 rows per person; rows in random order within each."""
    for number, first in enumerate(range(0, persons, _BLOCK)):
        rng = np.random.default_rng(np.random.SeedSequence([seed, year, number]))
        keys = person_keys(min(_BLOCK, persons - first), first + 1)
        yield records_of(random_jobs(keys, year, rng), year, rng, dirty=True)
