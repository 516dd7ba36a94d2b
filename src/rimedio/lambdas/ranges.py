"""Pieces of a file, as HTTP asks for them (RFC 9110: conditions in section 13, ranges in section 14).

A piece holds `PIECE_BYTES_MAX` bytes in both homes, because Lambda hands on 6 MB, base64 included; RFC 9110 (14.2,
15.3.7) lets a server send less than was asked for, and `Content-Range` says what it sent. So any client gets a
file of any size in pieces. A request without `Range` must not be answered with a piece (15.3.7): it gets the whole
file where the home can send it, else 413, which says how to ask. A redirect to S3 would be shorter on AWS, but its
URL would open the file for whoever has it, and the laptop and the console's content security policy know no S3.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydantic import BaseModel, Field

from rimedio.lambdas.binding import BYTES
from rimedio.lambdas.failures import RequestRefused
from rimedio.lambdas.replies import Download, Reply

PIECE_BYTES_MAX = 4 * 1024 * 1024
HEADER_CHARS_MAX = 1000
NOT_MODIFIED, PARTIAL, PRECONDITION_FAILED, TOO_LARGE, BEYOND = 304, 206, 412, 413, 416
_TAGS = re.compile(r'(W/)?("[^"]*")')
_SPEC = re.compile(r"([0-9]*)-([0-9]*)")


class RangeHeaders(BaseModel):
    """Headers that ask for a piece of a file, or for one that is still the same."""

    range: str | None = Field(
        None,
        alias="Range",
        max_length=HEADER_CHARS_MAX,
        description="`bytes=0-4194303`, `bytes=4194304-` or `bytes=-500`: the first of the ranges is sent, up to "
        "4 MiB of it; go on behind what Content-Range says. What cannot be read as ranges is ignored.",
    )
    if_range: str | None = Field(
        None,
        alias="If-Range",
        max_length=HEADER_CHARS_MAX,
        description="The ETag of the first piece: the piece if the file is still the same, else the whole file.",
    )
    if_match: str | None = Field(
        None,
        alias="If-Match",
        max_length=HEADER_CHARS_MAX,
        description="ETags: 412 if the file has none of them.",
    )
    if_none_match: str | None = Field(
        None,
        alias="If-None-Match",
        max_length=HEADER_CHARS_MAX,
        description="ETags: 304 if the file has one of them.",
    )


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file to send: its size in bytes, the hash of its content, and what reads it from one byte up to another."""

    name: str
    size: int
    content_hash: str
    read: Callable[[int, int], bytes]

    @property
    def etag(self) -> str:
        """The strong entity tag: the same bytes, the same tag."""
        return f'"{self.content_hash}"'


def sent(file: SentFile, headers: RangeHeaders, whole_bytes_max: int | None) -> Reply[Download]:
    """The whole file or a piece of it, to be saved. `whole_bytes_max`: what fits into one answer of this home.

    Raises RequestRefused: 412 for a file that is another by now, 416 for a range behind its end, 413 for a whole
    file that does not fit.
    """
    known = {"ETag": file.etag, "Accept-Ranges": "bytes"}
    if headers.if_match is not None and not _names(headers.if_match, file.etag, weakly=False):
        msg = "The file is another one by now. Begin again, without If-Match."
        raise RequestRefused(msg, status=PRECONDITION_FAILED)
    if headers.if_none_match is not None and _names(headers.if_none_match, file.etag, weakly=True):
        return Reply(Download(b"", BYTES), known, NOT_MODIFIED)
    wanted = None
    if headers.range is not None and headers.if_range in (None, file.etag):
        wanted = wanted_range(headers.range, file.size)
    if wanted is not None:
        start, end = wanted
        end = min(end, start + PIECE_BYTES_MAX)
        told = known | {"Content-Range": f"bytes {start}-{end - 1}/{file.size}"}
        return Reply(Download(file.read(start, end), BYTES, file.name), told, PARTIAL)
    if whole_bytes_max is not None and file.size > whole_bytes_max:
        msg = (
            f"The file has {file.size} bytes; an answer holds {whole_bytes_max}. Ask for it in pieces: "
            f"`Range: bytes=0-{PIECE_BYTES_MAX - 1}`, and go on behind what Content-Range says."
        )
        raise RequestRefused(msg, status=TOO_LARGE, headers={"Accept-Ranges": "bytes"})
    return Reply(Download(file.read(0, file.size) if file.size else b"", BYTES, file.name), known)


def wanted_range(header: str, size: int) -> tuple[int, int] | None:
    """The first range with bytes in it, [start, end); None where the header says nothing that is to be obeyed.

    Raises RequestRefused (416) when all its ranges lie behind the file's end.
    """
    unit, _, listed = header.partition("=")
    if unit.strip().lower() != "bytes" or size == 0:
        return None
    specs = list(_specs(listed))
    if not specs or None in specs:
        return None
    for first, last in filter(None, specs):
        start = max(0, size - (last or 0)) if first is None else first
        end = size if first is None or last is None else min(size, last + 1)
        if start < end:
            return start, end
    msg = f"The file has {size} bytes; the range {header[:100]!r} begins behind them. Ask for an earlier one."
    raise RequestRefused(
        msg, status=BEYOND, headers={"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}
    )


def _specs(listed: str) -> Iterator[tuple[int | None, int | None] | None]:
    """First and last byte of each range, as it is written; None for one that is none."""
    for spec in filter(None, (one.strip(" \t") for one in listed.split(","))):
        found = _SPEC.fullmatch(spec)
        first, last = (int(text) if text else None for text in found.groups()) if found else (None, None)
        backwards = first is not None and last is not None and last < first
        yield None if (first is None and last is None) or backwards else (first, last)


def _names(header: str, etag: str, *, weakly: bool) -> bool:
    """Whether a list of entity tags has this one; a weak tag is equal in the weak comparison only (8.8.3.2)."""
    if header.strip() == "*":
        return True
    return any(tag == etag and (weakly or not weak) for weak, tag in _TAGS.findall(header))
