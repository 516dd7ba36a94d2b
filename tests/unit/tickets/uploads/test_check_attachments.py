"""A ticket names its tenant's own files, or the public internet, and nothing else."""

import pytest

from rimedio.domain.errors import InvalidInput, Unavailable
from rimedio.domain.ticket import Attachment, AttachmentType
from rimedio.security.ssrf import PublicUrl, check_public_url
from rimedio.storage.memory_objects import MemoryObjectStore
from rimedio.tickets.uploads.check_attachments import CheckAttachments


def resolve(host: str, _port: int) -> list[str]:
    if host == "gone.example":
        raise Unavailable("no such name")
    return ["10.0.0.7"] if host == "inside.example" else ["93.184.216.34"]


def check_url(url: str) -> PublicUrl:
    return check_public_url(url, resolver=resolve)


@pytest.fixture
def check() -> CheckAttachments:
    objects = MemoryObjectStore()
    objects.put("acme", "attachments/a.log", b"x")
    objects.put("acme", "vaults/tkt_1.json", b"secret")
    objects.put("other", "attachments/b.log", b"x")
    return CheckAttachments(objects, check_url, most=2)


def attached(uri: str, identifier: str = "a") -> Attachment:
    return Attachment(id=identifier, type=AttachmentType.LOG, uri=uri)


@pytest.mark.parametrize(
    "uri", ["object:attachments/a.log", "https://files.example/a.log", "http://gone.example/x"]
)
def test_own_files_and_public_addresses_are_taken(check: CheckAttachments, uri: str) -> None:
    check("acme", (attached(uri),))


@pytest.mark.parametrize(
    "uri",
    [
        "object:attachments/b.log",
        "object:vaults/tkt_1.json",
        "object:attachments/../vaults/tkt_1.json",
        "object:attachments/",
        "object:",
        "file:///etc/passwd",
        "s3://bucket/key",
        "attachments/a.log",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "https://inside.example/",
        "gopher://x",
        "http://user:word@files.example/",
    ],
)
def test_anything_else_is_refused(check: CheckAttachments, uri: str) -> None:
    with pytest.raises(InvalidInput):
        check("acme", (attached(uri),))


def test_too_many_or_equally_named_attachments_are_refused(check: CheckAttachments) -> None:
    uri = "object:attachments/a.log"
    with pytest.raises(InvalidInput, match="same id"):
        check("acme", (attached(uri), attached(uri)))
    with pytest.raises(InvalidInput, match="3 attachments"):
        check("acme", tuple(attached(uri, str(n)) for n in range(3)))
