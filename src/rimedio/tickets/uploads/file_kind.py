"""Whether a file is what it was announced as: by its first bytes, not by its name."""

import io
import warnings

from rimedio.domain.errors import InvalidDocument, InvalidInput
from rimedio.domain.ticket import AttachmentType
from rimedio.knowledge.extract import Limits, is_supported

HEAD_BYTES = 64 * 1024
PIXELS_MAX = 80_000_000
IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM", b"II*\x00", b"MM\x00*")
ARCHIVES = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"Rar!",
    b"7z\xbc\xaf",
    b"BZh",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
)
PROGRAMS = (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")
ZIP = b"PK\x03\x04"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
PHOTO_BRANDS = (b"heic", b"heix", b"mif1", b"avif")


def check_kind(head: bytes, name: str, kind: AttachmentType) -> None:
    """Refuse a file whose first bytes, up to 64 KiB, are not those of its kind. Raises InvalidInput."""
    looks = {
        AttachmentType.PDF: is_pdf,
        AttachmentType.IMAGE: is_image,
        AttachmentType.VIDEO: is_video,
        AttachmentType.LOG: is_text,
        AttachmentType.DOCUMENT: is_document,
    }[kind]
    if not looks(head):
        msg = f"{name} is not a {kind} by its content. Announce it as what it is, or send the right file."
        raise InvalidInput(msg)
    if kind is AttachmentType.DOCUMENT and not is_supported(name):
        raise InvalidInput(f"{name} has an ending that no reader knows. Send PDF, DOCX, HTML or text.")


def needs_whole(head: bytes, kind: AttachmentType) -> bool:
    """Whether `check_whole` has something to look at."""
    return kind is AttachmentType.IMAGE or head.startswith(ZIP)


def check_whole(data: bytes, name: str) -> None:
    """Refuse what would unpack beyond all reason: archives and pictures. Raises InvalidInput."""
    if data.startswith(ZIP):
        from rimedio.knowledge.extract.word import refuse_bombs

        refuse_bombs(data, name, Limits())
        return
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            width, height = Image.open(io.BytesIO(data)).size  # reads the header alone
    except UnidentifiedImageError as error:
        if data.startswith(IMAGES):
            raise InvalidDocument(f"{name} is a damaged picture. Save it again and retry.") from error
        return  # a kind of picture that Pillow does not know is kept, and never opened
    except Image.DecompressionBombError as error:
        raise InvalidInput(f"{name} has too many pixels ({error}). Send a smaller picture.") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise InvalidDocument(f"{name} is a damaged picture ({error}). Save it again and retry.") from error
    if width * height > PIXELS_MAX:
        msg = f"{name} has {width} × {height} pixels; {PIXELS_MAX // 10**6} million are kept. Send a smaller one."
        raise InvalidInput(msg)


def is_pdf(head: bytes) -> bool:
    """Whether a PDF begins here."""
    return b"%PDF-" in head[:1024]


def is_document(head: bytes) -> bool:
    """Whether a PDF, a Word document (a zip archive) or a text begins here."""
    return is_pdf(head) or head.startswith(ZIP) or is_text(head)


def is_image(head: bytes) -> bool:
    """Whether a raster picture begins here; SVG is none, for it can carry scripts."""
    webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return head.startswith(IMAGES) or webp or (head[4:8] == b"ftyp" and head[8:12] in PHOTO_BRANDS)


def is_video(head: bytes) -> bool:
    """Whether a video begins here: MP4, MOV, WebM, Matroska, AVI, MPEG."""
    avi = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    mp4 = head[4:8] in (b"ftyp", b"moov", b"wide", b"mdat") and head[8:12] not in PHOTO_BRANDS
    return mp4 or avi or head.startswith((b"\x1a\x45\xdf\xa3", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3"))


def is_text(head: bytes) -> bool:
    """Whether this is text: no program, archive, picture or PDF, and no zero bytes but UTF-16's."""
    if head.startswith((*ARCHIVES, *PROGRAMS)) or is_pdf(head) or is_image(head):
        return False
    return head.startswith(UTF16) or b"\x00" not in head
