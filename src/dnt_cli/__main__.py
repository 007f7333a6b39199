"""`python -m dnt_cli` and the console script `dnt`."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal

# Until a command can tidy up there is nothing to tidy, and Ctrl-C ends us silently as it would any program; Python's
# own answer would be a traceback. Where the one who started us does not want to hear of Ctrl-C, that stands.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# One thread per process for linear algebra: the matrices are small, the work is spread over processes, and a fixed
# number keeps results the same to the last bit. Must be set before NumPy is loaded.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
# The C library gives the memory of every freed array back to the system and gets it again page by page, which costs a
# fifth of the time of a fit. It may keep a gigabyte; larger arrays than 32 MB still go back at once. Worker processes
# read the variables; other C libraries than GNU's have no such settings.
for _name, _setting, _bytes in (("MALLOC_TRIM_THRESHOLD_", -1, 1 << 30), ("MALLOC_MMAP_THRESHOLD_", -3, 1 << 25)):
    os.environ[_name] = str(_bytes)
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_setting, _bytes)
# Loading libraries makes many objects and no garbage; to look for some every 700 of them costs a tenth of the start.
gc.set_threshold(100_000, 50, 50)
# Excel files are the same whether lxml is there or not, and a full disk is an OSError, not an error of lxml.
os.environ["OPENPYXL_LXML"] = "False"


def main() -> None:
    """Run the command line."""
    from dnt_cli.cli.endings import tell_exits_of_libraries

    tell_exits_of_libraries()
    from dnt_cli.cli.app import run

    run()


if __name__ == "__main__":
    main()
