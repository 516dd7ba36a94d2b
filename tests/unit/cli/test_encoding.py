"""What an output that lacks characters gets."""

import errno
import io
import json
import sys

import pytest

from rimedio.cli.encoding import write_anywhere
from rimedio.cli.output import guarded, print_json


class Full(io.RawIOBase):
    """A disk without space."""

    def writable(self) -> bool:
        return True

    def write(self, _: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def output(monkeypatch: pytest.MonkeyPatch, encoding: str) -> io.BytesIO:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding, write_through=True))
    return raw


@pytest.mark.parametrize(
    ("encoding", "text", "written"),
    [
        ("ascii", "✓ perché 85 °C → “E029”…", b'v perche 85 deg C -> "E029"...'),
        ("ascii", "電", b"?"),
        ("latin-1", "perché • 5 m", "perché * 5 m".encode("latin-1")),
        ("utf-8", "perché • 電", "perché • 電".encode()),
        ("utf-8", "a\udcffb", b"a?b"),
    ],
)
def test_what_the_encoding_lacks_becomes_the_nearest_plain_characters(
    monkeypatch: pytest.MonkeyPatch, encoding: str, text: str, written: bytes
) -> None:
    raw = output(monkeypatch, encoding)
    write_anywhere()
    sys.stdout.write(text)
    assert raw.getvalue() == written


def test_json_keeps_every_character_also_where_only_ascii_can_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = output(monkeypatch, "ascii")
    print_json({"text": "perché → 電"})
    assert json.loads(raw.getvalue()) == {"text": "perché → 電"}


def test_a_full_disk_is_named_and_is_no_fault_of_the_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = io.TextIOWrapper(io.BufferedWriter(Full()), "utf-8")
    monkeypatch.setattr(sys, "stdout", full)
    with pytest.raises(SystemExit) as ended:
        guarded(lambda: print_json([1]))
    said = capsys.readouterr().err
    assert ended.value.code == 7
    assert "no space left" in said.lower()
    assert "please report" not in said
    with pytest.raises(OSError, match="No space"):  # what is still unwritten would be told of at the very end
        full.close()


def test_a_closed_standard_output_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    guarded(lambda: print_json([1]))
    sys.stdout.close()
