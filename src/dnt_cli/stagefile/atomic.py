"""Reading files whole and replacing them atomically: a file is the old one or the new one, never half of either."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from dnt_cli.errors import DataError
from dnt_cli.sentences import say, why

_TEMPORARY = ".dnt-tmp"
_LOCK = "lock"  # in a temporary folder: open and locked as long as its process lives
FileState = tuple[int, int, int]  # inode, size, time of the last change


def read_bytes(source: str, stdin: BinaryIO | None) -> tuple[bytes, str]:
    """The content of a file, or of standard input for `-`, and how messages call it.

    Raises:
        DataError: The file is missing or unreadable or was changed meanwhile, or nothing comes from standard input.
    """
    if source == "-":
        content = stdin.read() if stdin is not None else b""
        if not content:
            raise DataError(say("nothing_piped"))
        return content, "standard input"
    name = Path(source).name
    try:
        with open(source, "rb") as stream:
            # A file that is replaced as a whole is still read as it was; one that is written into is not.
            found = os.fstat(stream.fileno())
            if stat.S_ISCHR(found.st_mode):  # such as /dev/zero, which never ends
                raise DataError(say("device", file=source))
            before = _state(found)
            content = stream.read()
            after = _state(os.fstat(stream.fileno()))
    except FileNotFoundError:
        raise DataError(say("no_file", file=source)) from None
    except OSError as error:
        raise DataError(say("cannot_read", file=source, reason=why(error))) from None
    if before != after:
        raise _changed(name)
    return content, name


def file_state(path: Path) -> FileState | None:
    """What of a file differs once it is written into or replaced; None if it is gone or is no ordinary file."""
    try:
        return _state(path.stat())
    except OSError:
        return None


def refuse_changed(path: Path, before: FileState | None) -> None:
    """Stop if a file that was read by its path is not as `file_state` found it.

    Raises:
        DataError: It was written into, replaced or removed.
    """
    if file_state(path) != before:
        raise _changed(path.name)


def _state(found: os.stat_result) -> FileState | None:
    ordinary = stat.S_ISREG(found.st_mode)  # the times of a pipe say when somebody wrote, which is as it should be
    return (found.st_ino, found.st_size, found.st_mtime_ns) if ordinary else None


def _changed(name: str) -> DataError:
    return DataError(say("changed", file=name))


def refuse_unwritable(path: Path) -> None:
    """Stop before work is done whose result could not be written.

    Raises:
        DataError: The file, or the folder that it is to stand in, may not be written.
    """
    place = Path(os.path.realpath(path))
    if place.is_symlink():
        raise DataError(say("link_circle", file=path))
    for checked in (place, place.parent):
        if checked.exists() and not os.access(checked, os.W_OK):
            raise DataError(say("cannot_write", file=path, reason=say("system_EACCES")))


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A stream to a temporary file beside `path` that takes its place at the end; on any failure it is removed.

    The file is readable by its owner only, since it may hold records of persons. What a killed run left behind in the
    folder is removed first. A link stays a link: the file that it leads to is replaced. A file that may not be written
    is not replaced either, though the system would allow it.

    Raises:
        DataError: The folder is missing or cannot be written, the file may not be written, or the disk is full.
    """
    place = Path(os.path.realpath(path))
    temporary = place.parent / f".{secrets.token_hex(8)}{_TEMPORARY}"
    refuse_unwritable(path)
    try:
        _sweep(place.parent)
        with _claimed(temporary) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(place)
    except OSError as error:
        raise DataError(say("cannot_write", file=path, reason=why(error))) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_file(path: Path, content: bytes) -> None:
    """The content into a file, as `replacing` does and with its errors."""
    with replacing(path) as stream:
        stream.write(content)


def make_folder(folder: Path) -> None:
    """The folder, with those above it.

    Raises:
        DataError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(say("cannot_make_folder", folder=folder, reason=why(error))) from None


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Name -> content of each file, into a folder that is made if it is not there; errors as of either."""
    make_folder(folder)
    for name, content in files.items():
        write_file(folder / name, content)


@contextlib.contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A private folder in `folder`, for libraries that write to paths only; what a killed run left goes first.

    It stands where the result goes, never in the system's temporary folder: records of persons stay in folders that
    the user named.

    Args:
        folder: Where the result is to stand.

    Raises:
        OSError: The folder is missing, may not be written, or has no room.
    """
    place = folder / f".{secrets.token_hex(8)}{_TEMPORARY}"
    _sweep(folder)
    try:
        place.mkdir(mode=0o700)
        with _claimed(place / _LOCK):
            yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _claimed(path: Path) -> BinaryIO:
    """A new file, locked as long as it is open, so that other runs see that its process lives."""
    while True:
        stream = open(path, "x+b", opener=lambda name, flags: os.open(name, flags, 0o600))  # noqa: SIM115
        if sys.platform != "win32":  # Windows lets nobody remove an open file
            import fcntl

            with contextlib.suppress(OSError):  # a file system without locks, where nothing is swept either
                fcntl.flock(stream, fcntl.LOCK_EX)
        if path.exists():
            return stream
        stream.close()  # another run swept it in the moment before it was locked


def _sweep(folder: Path) -> None:
    """Remove temporary files and folders whose process was killed; those of running processes stay."""
    for path in folder.glob(f".*{_TEMPORARY}"):
        # Whatever stands in the way (another user's file, one that is in use), it may stay.
        with contextlib.suppress(OSError):
            if path.is_dir() and not path.is_symlink():
                _sweep_folder(path)
            else:
                _remove_unless_locked(path)


def _sweep_folder(path: Path) -> None:
    lock = path / _LOCK
    if lock.exists():
        _remove_unless_locked(lock)
        shutil.rmtree(path)
    else:
        path.rmdir()  # only if it is empty


def _remove_unless_locked(path: Path) -> None:
    """Remove a file that no running process has claimed.

    Raises:
        OSError: A process has.
    """
    if sys.platform == "win32":  # which lets nobody remove an open file
        path.unlink()
        return
    import fcntl

    with path.open("r+b") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
