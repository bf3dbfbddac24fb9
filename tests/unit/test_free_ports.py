"""A port chosen for a test's server stays its own, before the server starts and between two starts."""

from __future__ import annotations

import socket

import pytest

from sandbox.processes import free_ports
from tests.listening import listening


def test_a_chosen_port_refuses_calls_until_its_server_listens_and_again_after_it() -> None:
    (port,) = free_ports(1)
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        with listening(port), socket.create_connection(("127.0.0.1", port)) as caller:
            assert caller.getpeername() == ("127.0.0.1", port)


def test_no_other_choice_takes_a_port_whose_server_is_not_there() -> None:
    (port,) = free_ports(1)
    with socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
        other.bind(("127.0.0.1", port))
