"""`python -m dnt_cli` and the console script `dnt`."""

from __future__ import annotations

import os
import sys

# One thread per process for linear algebra: the matrices are small, the work is spread over processes, and a fixed
# number keeps results the same to the last bit. Must be set before NumPy is loaded.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"


def main() -> None:
    """Run the command line."""
    try:
        from dnt_cli.cli.app import run

        run()
    except KeyboardInterrupt:  # before a command began, or after it ended
        sys.stderr.write("Error: Stopped.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
