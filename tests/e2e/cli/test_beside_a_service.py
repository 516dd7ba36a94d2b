"""Commands that write, while another process works on the same data folder."""

import socket
from pathlib import Path

import pytest
from tests.e2e.cli.conftest import Run, refused

from rimedio.cli.address import forgotten_at_the_end, note_address
from rimedio.storage.folder import DataFolder

TICKET = ("ticket", "open", "La colonnina non carica", "--product", "EV_CHARGER", "--model", "XC-200")


@pytest.mark.parametrize("command", [("ingest", "."), TICKET, ("classify", "rollback")])
def test_a_command_that_writes_says_where_to_do_it_while_the_service_runs(
    rimedio: Run, own: Path, command: tuple[str, ...]
) -> None:
    folder = DataFolder(own)
    with socket.create_server(("127.0.0.1", 0)) as service, forgotten_at_the_end(own):
        address = f"http://127.0.0.1:{service.getsockname()[1]}"
        note_address(own, address)
        ended = rimedio("--data-dir", own, *command)
    folder.close()
    refused(ended, 7, address, f"--data-dir {own} sign-in --role operator", f"--data-dir {own} token")


def test_a_process_that_is_no_service_is_named_as_before(rimedio: Run, own: Path) -> None:
    folder = DataFolder(own)
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with forgotten_at_the_end(own):
        note_address(own, f"http://127.0.0.1:{port}")  # of a service that was killed
        ended = rimedio("--data-dir", own, *TICKET)
    folder.close()
    refused(ended, 7, "is in use by process", "Stop that process first")
