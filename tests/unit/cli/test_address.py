"""Where the service answers, as a second command finds it."""

from pathlib import Path

from rimedio.cli.address import forgotten_at_the_end, note_address, noted_address


def test_an_address_is_known_while_the_service_runs_and_forgotten_with_it(tmp_path: Path) -> None:
    assert noted_address(tmp_path) is None
    with forgotten_at_the_end(tmp_path):
        note_address(tmp_path, "http://127.0.0.1:9000")
        assert noted_address(tmp_path) == "http://127.0.0.1:9000"
    assert noted_address(tmp_path) is None


def test_a_folder_that_cannot_be_written_does_not_keep_the_service_from_starting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with forgotten_at_the_end(tmp_path / "file"):
        note_address(tmp_path / "file", "http://127.0.0.1:9000")
        assert noted_address(tmp_path / "file") is None


def test_a_note_that_is_no_text_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "address").write_bytes(b"\xff\xfe")
    assert noted_address(tmp_path) is None
