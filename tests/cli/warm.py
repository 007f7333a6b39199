"""Load what `dnt` loads, then run each command line from standard input in a fork; the exit codes go out as JSON.

usage: python warm.py FOLDER   (standard output and error of run i go to FOLDER/i.out and FOLDER/i.err)
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import sys
import traceback
from importlib import import_module
from typing import NoReturn

import dnt_cli.__main__
import dnt_cli.cli
import dnt_cli.completed
import dnt_cli.effect_tables
import dnt_cli.effects
import dnt_cli.stages
import dnt_cli.survey


def run(arguments: list[str], folder: str, out: str, err: str) -> NoReturn:
    os.chdir(folder)
    for number, name in enumerate((os.devnull, out, err)):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), number)
    sys.argv = ["dnt", *arguments]
    code = 0
    try:
        dnt_cli.__main__.main()
    except SystemExit as end:
        code = int(end.code or 0)
    except (Exception, KeyboardInterrupt):  # noqa: BLE001  # told as Python itself would
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # taking the modules apart would cost more than the run


def main(place: str) -> None:
    codes = []
    for module in pkgutil.iter_modules(dnt_cli.cli.__path__):
        import_module(f"dnt_cli.cli.{module.name}")
    gc.freeze()
    for i, line in enumerate(sys.stdin.read().splitlines()):
        *arguments, folder = json.loads(line)
        child = os.fork()
        if child == 0:
            run(arguments, folder, f"{place}/{i}.out", f"{place}/{i}.err")
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    json.dump(codes, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
