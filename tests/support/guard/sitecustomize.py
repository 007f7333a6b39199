"""No network: every Python that a test starts loads this and ends at once, with 97, when it reaches for a socket.

Sockets of the file system (AF_UNIX), by which processes of one machine talk, are let through.
"""

import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
_ALWAYS = {
    "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo", "socket.gethostname",
    "urllib.Request", "ftplib.connect", "smtplib.connect", "poplib.connect", "imaplib.open", "http.client.connect",
    "telnetlib.Telnet.open", "nntplib.connect",
}  # fmt: skip
_WITH_ADDRESS = {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"}


def _guard(event, arguments):
    if event not in _WITH_ADDRESS and event not in _ALWAYS:
        return
    # A name that a family of sockets other than AF_UNIX understands is a tuple.
    if event in _WITH_ADDRESS and isinstance(arguments[1], (str, bytes, type(None))):
        return
    os.write(2, f"Warning: the network was reached for ({event}).\n".encode())
    os._exit(97)


def _load_the_one_we_hide():
    """An environment may have a sitecustomize of its own, which ours, first on the path, stands before."""
    path = [entry for entry in sys.path if os.path.abspath(entry or ".") != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", path)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


sys.addaudithook(_guard)
_load_the_one_we_hide()
