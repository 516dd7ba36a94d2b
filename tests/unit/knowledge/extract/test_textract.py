"""Scanned pages read by Textract: what its blocks mean, and what becomes of its errors."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import Forbidden, InvalidDocument, Throttled, Unavailable
from rimedio.knowledge.extract.textract import IMAGE_BYTES_MAX, TextractReader, pages_of


def block(kind: str, text: str = "", page: int | None = None, sure: float = 99.0) -> dict[str, Any]:
    found: dict[str, Any] = {"BlockType": kind, "Id": f"{kind}-{text}-{page}", "Confidence": sure}
    found |= {"Text": text} if text else {}
    return found | ({"Page": page} if page else {})


def scan(page: int | None = None) -> list[dict[str, Any]]:
    """A page with two lines, as Textract describes it: the page, its lines, their words."""
    lines = [block("LINE", "Errore E029", page, 99.5), block("LINE", "Spegnere l'inverter", page, 90.5)]
    words = [block("WORD", word, page) for word in ("Errore", "E029", "Spegnere", "l'inverter")]
    return [block("PAGE", page=page), *lines, *words]


class Scripted:
    """A client that gives the answers of a script in turn, and remembers what it was asked."""

    def __init__(self, *answers: Mapping[str, Any] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str):
        def call(**given: Any) -> Mapping[str, Any]:
            self.asked.append((name, given))
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def refusal(code: str, status: int = 400) -> Exception:
    from botocore.exceptions import ClientError

    return ClientError(
        {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Detect"
    )


def reader(*answers: Mapping[str, Any] | Exception) -> tuple[TextractReader, Scripted, FakeClock]:
    client, clock = Scripted(*answers), FakeClock()
    return TextractReader(client, clock), client, clock


def job(status: str, blocks: Sequence[Mapping[str, Any]] = (), more: str | None = None, **also: str) -> dict:
    return {"JobStatus": status, "Blocks": list(blocks), **({"NextToken": more} if more else {}), **also}


def test_the_lines_of_an_image_are_its_text() -> None:
    found, client, _ = reader({"Blocks": scan()})
    assert found.read_image(b"png", "page.pdf", 60) == "Errore E029\nSpegnere l'inverter"
    assert client.asked == [("detect_document_text", {"Document": {"Bytes": b"png"}})]


def test_a_blank_page_is_no_text() -> None:
    found, _, _ = reader({"Blocks": [block("PAGE")]})
    assert found.read_image(b"png", "page.pdf", 60) == ""


def test_pages_keep_their_order_and_their_confidence() -> None:
    pages = pages_of([*scan(2), block("PAGE", page=3), *scan(1)])
    assert [(p.page, p.confidence) for p in pages] == [(1, 95.0), (2, 95.0), (3, 0.0)]
    assert pages[2].text == ""


def test_an_image_that_is_too_large_is_never_sent() -> None:
    found, client, _ = reader()
    with pytest.raises(InvalidDocument, match="300 dpi"):
        found.read_image(b"x" * (IMAGE_BYTES_MAX + 1), "page.pdf", 60)
    assert client.asked == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UnsupportedDocumentException", InvalidDocument),
        ("BadDocumentException", InvalidDocument),
        ("ProvisionedThroughputExceededException", Throttled),
        ("ThrottlingException", Throttled),
        ("AccessDeniedException", Forbidden),
        ("InternalServerError", Unavailable),
    ],
)
def test_its_errors_say_whose_fault_it_is(code, kind) -> None:
    found, _, _ = reader(refusal(code, 500 if code == "InternalServerError" else 400))
    with pytest.raises(kind):
        found.read_image(b"png", "page.pdf", 60)


def test_a_document_is_read_by_a_job_page_by_page() -> None:
    found, client, clock = reader(
        {"JobId": "j"},
        job("IN_PROGRESS"),
        job("IN_PROGRESS"),
        job("SUCCEEDED"),
        job("SUCCEEDED", scan(1), more="next"),
        job("SUCCEEDED", scan(2)),
    )
    before = clock.monotonic()
    pages = found.read_document("bucket", "scan.pdf")
    assert [p.page for p in pages] == [1, 2]
    assert clock.monotonic() - before == 5.0
    assert client.asked[-1][1]["NextToken"] == "next"


def test_the_same_object_starts_the_same_job() -> None:
    tokens = []
    for version in (None, None, "v2"):
        found, client, _ = reader({"JobId": "j"}, job("SUCCEEDED"), job("SUCCEEDED", scan(1)))
        found.read_document("bucket", "scan.pdf", version=version)
        tokens.append(client.asked[0][1]["ClientRequestToken"])
    assert tokens[0] == tokens[1] != tokens[2]
    assert len(tokens[0]) == 64


def test_a_job_that_fails_or_takes_too_long_says_so() -> None:
    found, _, _ = reader({"JobId": "j"}, job("FAILED", StatusMessage="UNSUPPORTED"))
    with pytest.raises(InvalidDocument, match="UNSUPPORTED"):
        found.read_document("bucket", "scan.pdf")
    found, _, clock = reader({"JobId": "j"}, *[job("IN_PROGRESS")] * 50)
    with pytest.raises(Unavailable, match="Ask again"):
        found.read_document("bucket", "scan.pdf", seconds_max=60)
    assert clock.monotonic() - FakeClock().monotonic() <= 60
