"""Office files with the same bytes for the same content: no time of writing inside."""

from __future__ import annotations

import io
import re
import zipfile

_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can tell
_WHEN = re.compile(rb"<dcterms:(created|modified)[^>]*>[^<]*</dcterms:\1>")


def reproducible(content: bytes) -> bytes:
    """The same Office file without the times at which it and its parts were made."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            part = _WHEN.sub(b"", part) if name == "docProps/core.xml" else part
            info = zipfile.ZipInfo(name, _TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, part)
    return target.getvalue()
