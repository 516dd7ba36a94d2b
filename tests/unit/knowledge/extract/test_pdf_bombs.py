"""PDFs that unfold to more than they are, built here: each is refused before it has taken much."""

import subprocess
import sys
import zlib
from collections.abc import Callable

import pytest

from rimedio.domain.errors import InvalidDocument
from rimedio.knowledge.extract import extract

MEGABYTE = 1_000_000
LINE = b"BT /F1 10 Tf 72 700 Td (Una riga di testo) Tj ET\n"
FORM = "/Type /XObject /Subtype /Form /BBox [0 0 600 900] /Resources << /XObject << /X {} 0 R >> >>"


def unfolding(unit: bytes, size: int) -> bytes:
    """A Flate stream that unfolds to at least `size` bytes."""
    packer = zlib.compressobj(9)
    block = unit * (MEGABYTE // len(unit) + 1)
    return b"".join(packer.compress(block) for _ in range(size // len(block) + 1)) + packer.flush()


def stream(data: bytes, entries: str = "", filters: str = "/FlateDecode") -> bytes:
    head = f"<< {entries} /Filter {filters} /Length {len(data)} >>\nstream\n"
    return head.encode() + data + b"\nendstream"


def pdf(objects: dict[int, bytes], *, pages: int = 1, contents: str = "5 0 R") -> bytes:
    """A PDF whose page, shown `pages` times, draws `contents`; X is object 9."""
    kids = " ".join(["4 0 R"] * pages)
    resources = "/Resources << /Font << /F1 3 0 R >> /XObject << /X 9 0 R >> >>"
    given = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode(),
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        4: f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {contents} {resources} >>".encode(),
        **objects,
    }
    body = b"".join(f"{number} 0 obj\n".encode() + what + b"\nendobj\n" for number, what in given.items())
    return b"%PDF-1.5\n" + body + b"trailer\n<< /Root 1 0 R >>\n%%EOF"


def refolded() -> bytes:
    return pdf(
        {5: stream(zlib.compress(unfolding(b" ", 200 * MEGABYTE), 9), filters="[/FlateDecode /FlateDecode]")}
    )


def drawn_ten_times_ten_times() -> bytes:
    forms = {n: stream(zlib.compress(b"/X Do " * 10), FORM.format(n + 1)) for n in range(9, 40)}
    return pdf(
        {5: stream(zlib.compress(b"/X Do")), **forms, 40: stream(zlib.compress(LINE), FORM.format(41))}
    )


BOMBS: dict[str, Callable[[], bytes]] = {
    "a content of nothing": lambda: pdf({5: stream(unfolding(b" ", 150 * MEGABYTE))}),
    "a content of lines": lambda: pdf({5: stream(unfolding(b"0 0 m 9 9 l S\n", 20 * MEGABYTE))}),
    "folded twice": refolded,
    "a predictor": lambda: pdf(
        {5: stream(unfolding(b"\0", 150 * MEGABYTE), "/DecodeParms << /Predictor 12 /Columns 100000 >>")}
    ),
    "one content a thousand times": lambda: pdf(
        {5: stream(unfolding(LINE, MEGABYTE))}, contents=f"[{'5 0 R ' * 1000}]"
    ),
    "forms that draw forms": drawn_ten_times_ten_times,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_pdf_that_unfolds_beyond_all_reason_is_refused(bomb: str) -> None:
    with pytest.raises(InvalidDocument, match=r"^bomb\.pdf unfolds to more than the 13\d MB .* or a bomb\."):
        extract(BOMBS[bomb](), "bomb.pdf")


def test_a_page_that_is_shown_a_thousand_times_is_refused_by_the_work_it_makes() -> None:
    with pytest.raises(InvalidDocument, match=r"^bomb\.pdf takes far more work"):
        extract(pdf({5: stream(unfolding(LINE, MEGABYTE))}, pages=1000), "bomb.pdf")


def test_a_length_that_lies_hides_no_bomb() -> None:
    honest = pdf({5: stream(unfolding(LINE, 50 * MEGABYTE))})
    at = honest.index(b"/Length ", honest.index(b"5 0 obj"))
    with pytest.raises(InvalidDocument, match="unfolds to more"):
        extract(honest[:at] + b"/Length 10" + honest[honest.index(b" >>\nstream", at) :], "bomb.pdf")


def test_what_a_file_of_its_size_may_well_be_is_read() -> None:
    pages = pdf({5: stream(zlib.compress(LINE * 40))}, pages=400)
    assert extract(pages, "manual.pdf").pages == 400


MEASURED = """
import re, resource, sys
from pathlib import Path
from rimedio.domain.errors import InvalidDocument
from rimedio.knowledge.extract import extract
from rimedio.knowledge.extract.confinement import _KEEPERS
try:
    extract(sys.stdin.buffer.read(), "bomb.pdf")
except InvalidDocument:
    _KEEPERS[0].close()
    # Not getrusage's: that peak outlives exec, so it would be the peak of the worker that started this process.
    own = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
    helper = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(own // 1024, helper.ru_maxrss // 1024, helper.ru_utime + helper.ru_stime)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts a process's memory at every request")
def test_a_bomb_takes_little_memory_and_time() -> None:
    """150 MB out of 150 KB: twice as much took 0.9 GB and 80 s of the process that served everybody."""
    bomb = pdf({5: stream(unfolding(LINE, 150 * MEGABYTE))})
    done = subprocess.run([sys.executable, "-c", MEASURED], input=bomb, capture_output=True, check=True)
    own, helper, seconds = map(float, done.stdout.split())
    assert own < 120
    assert helper < 220
    assert seconds < 8  # the 0.3 s of a quiet machine, and the 80 s of before
