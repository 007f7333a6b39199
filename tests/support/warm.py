"""Load what `dnt` loads, then run each command line that comes in on standard input in a fork; replies go out.

Called with a path it makes a socket there instead, which `warm_dnt.py` calls as if it were `dnt`.

A request is one line of JSON: `arguments`, `folder`, `out` and `err` (files for what it says), and if need be `stdin`
(a file, which it gets through a pipe), `timeout` in seconds, `variables`, `fresh` (a new Python instead of a fork of
this one, behind the words of `before`) and what goes wrong:

    limit     no file may grow beyond this many bytes
    closed    these streams are closed
    head      standard output goes to `head -c` of this many bytes
    stranded  the working folder is gone
    after     seconds until `signal` is sent to `whom` (main, group or worker), or `touch` (an action, a path) is done

The reply: `code`, `pid`, `seconds`, `late` (it took longer than it may and was killed), `injected` (it was still
running then), `orphans` (processes that outlived it).
"""

from __future__ import annotations

import gc
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, TextIO

import dnt_cli.__main__
import dnt_cli.cli.app
import dnt_cli.description.tables
import dnt_cli.diff.tables
import dnt_cli.effects.run
import dnt_cli.effects.tables
import dnt_cli.figures.forest
import dnt_cli.figures.outcomes
import dnt_cli.imputed.data
import dnt_cli.robustness.run
import dnt_cli.robustness.tables
import dnt_cli.scoring.tables
import dnt_cli.stagefile.container
import dnt_cli.survey

# Loaded by dnt where they are used.
LIBRARIES = (
    "duckdb", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "matplotlib.pyplot", "openpyxl",
    "pydantic", "pyreadstat", "rich.markdown", "scipy.optimize", "scipy.stats", "statsmodels.api",
)  # fmt: skip

_LONGEST = 60.0  # seconds that a run may take
_PATIENCE = 8.0  # seconds in which the processes of a run that ended must end too


def run(request: dict[str, Any]) -> NoReturn:
    os.setsid()  # a group of its own, which a terminal's Ctrl-C reaches as a whole
    os.chdir(request["folder"])
    for number, name in enumerate((os.devnull, request["out"], request["err"])):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), number)
    if "stdin" in request:
        writer = subprocess.Popen(["cat", request["stdin"]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert writer.stdout is not None
        os.dup2(writer.stdout.fileno(), 0)
        writer.stdout.close()
    sys.stdin = stream(0, "r")
    os.environ.update(request.get("variables", {}))
    tempfile.tempdir = None  # TMPDIR may be another one
    spoil(request)
    sys.stdout, sys.stderr = stream(1), stream(2)  # type: ignore[assignment]
    if request.get("fresh"):
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        words = [*request.get("before", []), sys.executable, "-m", "dnt_cli", *request["arguments"]]
        os.execvp(words[0], words)
    execute(request["arguments"])


def execute(arguments: list[str]) -> NoReturn:
    """What the program does from here on."""
    sys.argv = ["dnt", *arguments]
    code = 0
    try:
        dnt_cli.__main__.main()
    except SystemExit as end:
        code = int(end.code or 0)
    except (Exception, KeyboardInterrupt):  # noqa: BLE001  # told as Python itself would
        traceback.print_exc()
        code = 1
    for said in (sys.stdout, sys.stderr):
        try:
            said.flush()
        except OSError:
            code = 120  # as Python itself would end
    os._exit(code)  # taking the modules apart would cost more than the run


def stream(number: int, mode: str = "w") -> TextIO | None:
    """As a Python that starts has it."""
    try:
        os.fstat(number)
    except OSError:
        return None
    return open(number, mode, encoding=os.environ.get("PYTHONIOENCODING"), closefd=False)


def spoil(request: dict[str, Any]) -> None:
    """What is wrong from the start."""
    if "head" in request:
        reader = subprocess.Popen(["head", "-c", str(request["head"])], stdin=subprocess.PIPE)
        assert reader.stdin is not None
        os.dup2(reader.stdin.fileno(), 1)
        reader.stdin.close()
        if not request["head"]:
            reader.wait()
    if "limit" in request:
        for number in (1, 2):  # what it says goes through pipes, which have no limit
            writer = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=number)
            assert writer.stdin is not None
            os.dup2(writer.stdin.fileno(), number)
            writer.stdin.close()
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["limit"], request["limit"]))
    for number in request.get("closed", []):
        os.close(number)
    if request.get("stranded"):
        os.mkdir("gone")
        os.chdir("gone")
        os.rmdir(os.getcwd())


def watch(request: dict[str, Any], pid: int, start: float) -> dict[str, Any]:
    """Wait for a run, and do to it what is asked, if it lives that long."""
    injected, late = "after" not in request, False
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return {"code": os.waitstatus_to_exitcode(status), "injected": injected, "late": late}
        if not late and time.monotonic() - start > request.get("timeout", _LONGEST):
            os.killpg(pid, signal.SIGKILL)
            late = True
        if injected:
            time.sleep(0.005)
            continue
        left = request["after"] - (time.monotonic() - start)
        if left > 0:
            time.sleep(min(left, 0.005))
            continue
        injected = True
        if "signal" in request:
            injected = send(request["signal"], request["whom"], pid)
        else:
            touch(*request["touch"])


def send(number: int, whom: str, pid: int) -> bool:
    """A signal to a run, to all of its group, or to one of its workers if there is one."""
    if whom == "worker":
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        ).stdout
        rows = [line.split(maxsplit=2) for line in listed.splitlines()]
        workers = [int(row[0]) for row in rows if int(row[1]) == pid and "popen_loky" in row[2]]
        for worker in workers[:1]:
            os.kill(worker, number)
        return bool(workers)
    alone = whom == "main" or os.getpgid(pid) != pid  # a run that has no group of its own yet is alone in it
    (os.kill if alone else os.killpg)(pid, number)
    return True


def touch(action: str, path: str) -> None:
    """What somebody else does to a file or folder meanwhile."""
    if action == "truncate":
        os.truncate(path, os.path.getsize(path) // 2)
    elif action == "append":
        with open(path, "ab") as stream:
            stream.write(b"\nanother,line\n")
    elif action == "replace":
        beside = Path(f"{path}.other")
        beside.write_bytes(b"something else\n")
        beside.replace(path)
    else:
        shutil.rmtree(path)


def orphans(group: int) -> int:
    """Processes that outlive a run, after some patience; they are ended."""
    end = time.monotonic() + _PATIENCE
    while True:
        listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
        rows = [line.split() for line in listed.splitlines()]
        alive = sum(int(row[0]) == group and not row[1].startswith("Z") for row in rows)
        if not alive:
            return 0
        if time.monotonic() > end:
            os.killpg(group, signal.SIGKILL)
            return alive
        time.sleep(0.02)


def serve(request: dict[str, Any]) -> dict[str, Any]:
    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        run(request)
    reply = watch(request, pid, start) | {"pid": pid, "seconds": time.monotonic() - start}
    return reply | ({"orphans": orphans(pid)} if "faulty" in request else {})


def answer(link: socket.socket) -> NoReturn:
    """Run what `warm_dnt.py` was called with, with its streams, folder and variables, and send it the exit code."""
    said, streams, _, _ = socket.recv_fds(link, 1 << 16, 3)
    while part := link.recv(1 << 16):
        said += part
    request = json.loads(said)
    pid = os.fork()
    if pid == 0:
        link.close()
        for number, given in enumerate(streams):
            os.dup2(given, number)
            os.close(given)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["variables"])
        tempfile.tempdir = None
        sys.stdin = stream(0, "r")
        sys.stdout, sys.stderr = stream(1), stream(2)  # type: ignore[assignment]
        execute(request["arguments"])
    for given in (0, 1, *streams):  # whoever reads what the run says waits until nobody can write it
        os.close(given)
    link.sendall(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
    os._exit(0)


def listen(path: str) -> None:
    """Answer calls of `warm_dnt.py`, several at once as in a pipe, until whoever started this ends it."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            link, _ = door.accept()
            if os.fork() == 0:
                door.close()
                answer(link)
            link.close()
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def main() -> None:
    dnt_cli.cli.app.load_commands()
    with warnings.catch_warnings(action="ignore"):
        for name in LIBRARIES:
            import_module(name)
    gc.freeze()
    if sys.argv[1:]:
        listen(sys.argv[1])
    for line in sys.stdin:
        sys.stdout.write(json.dumps(serve(json.loads(line))) + "\n")
        sys.stdout.flush()
    os._exit(0)  # duckdb complains when it is taken apart


if __name__ == "__main__":
    main()
