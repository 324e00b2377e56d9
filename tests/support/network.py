"""Closed doors: tests talk to this machine only, so that none depends on somebody else's server being up."""

import ipaddress
import socket
from typing import Any

import pytest

LOCAL_NAMES = {"localhost", "", None}


class OutsideConnection(RuntimeError):
    """A test reached for the world; the message names the place."""


def is_local(host: Any) -> bool:
    """Whether `host` (a name or an address, as sockets take it) means this machine."""
    if isinstance(host, bytes):
        host = host.decode()
    if host in LOCAL_NAMES or str(host).endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def close_the_doors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make connecting, sending and looking up beyond loopback and Unix sockets raise OutsideConnection."""

    def guarded(original: Any) -> Any:
        def call(self: socket.socket, address: Any, *rest: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                _check(address[0])
            return original(self, address, *rest)

        return call

    look_up = socket.getaddrinfo

    def guarded_look_up(host: Any, *rest: Any, **named: Any) -> Any:
        _check(host)
        return look_up(host, *rest, **named)

    monkeypatch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)


def _check(host: Any) -> None:
    if not is_local(host):
        raise OutsideConnection(
            f"A test reached for {host!r}. Tests talk to 127.0.0.1 and Unix sockets only: start the other side in the "
            "test (tests/support, tests/emulators)."
        )
