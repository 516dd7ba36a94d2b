"""Scanned pages read by Amazon Textract: single images at once, whole documents in S3 as a job.

Source: Amazon Textract Developer Guide, "Detecting text"; limits: "Set quotas in Amazon Textract" (10 MB and one page
a synchronous call, 500 MB and 3,000 pages a job). Of the blocks that Textract returns, the LINE blocks of a page are
its text, in the order given; what it was not sure of is left in, for a wrong letter is easier to see than a gap.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rimedio.aws import Client, error_code, translated
from rimedio.domain.clock import Clock
from rimedio.domain.errors import InvalidDocument, RimedioError, Unavailable

SERVICE = "Amazon Textract"
IMAGE_BYTES_MAX = 10 * 1024 * 1024
POLL_SECONDS, POLL_SECONDS_MAX = 2.0, 15.0
REFUSALS = frozenset(
    {
        "BadDocumentException",
        "DocumentTooLargeException",
        "InvalidParameterException",
        "InvalidS3ObjectException",
        "UnsupportedDocumentException",
    }
)
DONE = ("SUCCEEDED", "PARTIAL_SUCCESS")


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of a page; pages count from 1. `confidence` is the mean over its lines, 0 to 100."""

    page: int
    text: str
    confidence: float


class TextractReader:
    """Reads page images, as Tesseract does at home, and whole documents."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def available(self) -> bool:
        """Always: it is a service."""
        return True

    def read_image(self, png: bytes, name: str, seconds_max: float) -> str:
        """The text of one page. Raises InvalidDocument, Throttled, Forbidden or Unavailable."""
        del seconds_max  # the client's own time limit holds
        if len(png) > IMAGE_BYTES_MAX:
            msg = f"A page of {name} is an image of {len(png)} bytes; {IMAGE_BYTES_MAX} may be. Scan it at 300 dpi."
            raise InvalidDocument(msg)
        with _explained(name):
            answer = self._client.detect_document_text(Document={"Bytes": png})
        return "\n".join(page.text for page in pages_of(answer.get("Blocks", ())))

    def read_document(
        self, bucket: str, key: str, *, version: str | None = None, seconds_max: float = 600.0
    ) -> tuple[PageText, ...]:
        """The pages of a PDF or TIFF in S3, read by a job that is waited for.

        The same object starts the same job, however often this is called (for seven days). Raises InvalidDocument,
        or Unavailable when it takes longer than `seconds_max`; then ask again, and the job goes on.
        """
        where = {"Bucket": bucket, "Name": key, **({"Version": version} if version else {})}
        token = hashlib.sha256("\x1f".join((bucket, key, version or "")).encode()).hexdigest()
        with _explained(key):
            job = self._client.start_document_text_detection(
                DocumentLocation={"S3Object": where}, ClientRequestToken=token
            )["JobId"]
        self._wait(job, key, seconds_max)
        return pages_of(self._blocks(job, key))

    def _wait(self, job: str, name: str, seconds_max: float) -> None:
        until, pause = self._clock.monotonic() + seconds_max, POLL_SECONDS
        while True:
            with _explained(name):
                answer = self._client.get_document_text_detection(JobId=job, MaxResults=1)
            status = answer["JobStatus"]
            if status in DONE:
                return
            if status == "FAILED":
                said = answer.get("StatusMessage", "it does not say why")
                raise InvalidDocument(f"{SERVICE} could not read {name}: {said}. Check that the file opens.")
            if self._clock.monotonic() + pause > until:
                raise Unavailable(f"{SERVICE} still reads {name} after {seconds_max:.0f} s. Ask again later.")
            self._clock.sleep(pause)
            pause = min(POLL_SECONDS_MAX, pause * 1.5)

    def _blocks(self, job: str, name: str) -> Iterator[Mapping[str, Any]]:
        token: dict[str, str] = {}
        while True:
            with _explained(name):
                answer = self._client.get_document_text_detection(JobId=job, MaxResults=1000, **token)
            yield from answer.get("Blocks", ())
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}


def pages_of(blocks: Iterator[Mapping[str, Any]] | Sequence[Mapping[str, Any]]) -> tuple[PageText, ...]:
    """The text of each page, by number. A page without lines is there, empty; one image is page 1."""
    lines: dict[int, list[tuple[str, float]]] = {}
    for block in blocks:
        page = int(block.get("Page", 1))
        if block.get("BlockType") == "PAGE":
            lines.setdefault(page, [])
        elif block.get("BlockType") == "LINE" and block.get("Text"):
            lines.setdefault(page, []).append((block["Text"], float(block.get("Confidence", 0.0))))
    return tuple(
        PageText(page, "\n".join(text for text, _ in found), _mean([sure for _, sure in found]))
        for page, found in sorted(lines.items())
    )


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 2) if values else 0.0


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Textract's errors as Rimedio's: what the document is guilty of is InvalidDocument."""
    try:
        with translated(SERVICE, f"reading {name}"):
            yield
    except RimedioError as error:
        code = error_code(error.__cause__) if error.__cause__ else ""
        if code in REFUSALS:
            msg = f"{SERVICE} cannot read {name} ({code}). Give a PDF, PNG, JPEG or TIFF that opens."
            raise InvalidDocument(msg) from error
        raise
