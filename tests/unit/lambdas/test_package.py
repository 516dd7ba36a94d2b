"""The deployment package: the same inputs give the same bytes, and what is cut out of a library is not code."""

import os
import struct
import zipfile
from pathlib import Path

from tools.package_lambda import EVERY_FILE_AT, _zip
from tools.package_lambda_contents import add_rimedio, prune
from tools.package_lambda_elf import without_sections

HEADER = 64


def library(loaded: int, sections: int) -> bytes:
    """An ELF file with one program header that covers `loaded` bytes, and sections behind it."""
    image = bytearray(HEADER + 56 + loaded + sections)
    image[:6] = b"\x7fELF\x02\x01"
    struct.pack_into("<QQ", image, 32, HEADER, len(image) - 10)
    struct.pack_into("<HHHHH", image, 54, 56, 1, 64, 5, 4)
    struct.pack_into("<II6Q", image, HEADER, 1, 5, 0, 0, 0, HEADER + 56 + loaded, HEADER + 56 + loaded, 4096)
    return bytes(image)


def test_a_library_loses_what_stands_behind_its_last_loaded_byte() -> None:
    kept = without_sections(library(1000, 9000))
    assert len(kept) == HEADER + 56 + 1000
    assert struct.unpack_from("<Q", kept, 40) == (0,)
    assert struct.unpack_from("<HH", kept, 60) == (0, 0)


def test_what_is_no_library_or_has_little_to_lose_stays_as_it_is() -> None:
    for image in (b"", b"#!/bin/sh", library(9000, 100), b"\x7fELF\x01\x01" + bytes(100)):
        assert without_sections(image) == image


def folder_of(root: Path, names: list[str]) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def test_only_what_a_function_uses_is_kept(tmp_path: Path) -> None:
    kept = ["botocore/data/s3/2006-03-01/service-2.json.gz", "botocore/data/partitions.json", "numpy/__init__.py",
            "numpy/testing/__init__.py", "x-1.0.dist-info/METADATA", "x-1.0.dist-info/entry_points.txt"]  # fmt: skip
    gone = ["botocore/data/ec2/1/service-2.json.gz", "numpy/tests/test_x.py", "numpy/f2py/a.py", "bin/tool",
            "x-1.0.dist-info/RECORD", "numpy/a.pyi", "PIL/_avif.cpython-313-x86_64-linux-gnu.so"]  # fmt: skip
    folder = folder_of(tmp_path, kept + gone)
    prune(folder)
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == sorted(kept)


def test_rimedio_goes_in_without_the_rooms_that_no_function_enters(tmp_path: Path) -> None:
    source = Path(__file__).resolve().parents[3] / "src" / "rimedio"
    add_rimedio(source, tmp_path)
    rooms = {path.name for path in (tmp_path / "rimedio").iterdir()}
    assert {"lambdas", "tickets", "storage"} <= rooms
    assert not rooms & {"cli", "http", "console", "bedrock_local", "__pycache__"}
    assert not list(tmp_path.rglob("*.onnx"))


def test_the_same_files_make_the_same_zip_whenever_they_were_written(tmp_path: Path) -> None:
    made = []
    for place, moment in (("a", 1_000_000_000), ("b", 1_700_000_000)):
        folder = folder_of(tmp_path / place, ["z.py", "a/b.py", "a.py"])
        for path in folder.rglob("*"):
            os.utime(path, (moment, moment))
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        output = tmp_path / f"{place}.zip"
        _zip(output, folder, files)
        made.append(output.read_bytes())
    assert made[0] == made[1]
    with zipfile.ZipFile(tmp_path / "a.zip") as package:
        assert {entry.date_time for entry in package.infolist()} == {EVERY_FILE_AT}
