"""Bytes to text: the encodings manuals really come in, and a refusal for what is no text at all."""

import codecs
import re

from rimedio.domain.errors import InvalidDocument

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
CONTROL_SHARE_MAX = 0.01
SAMPLE = 65_536
INVISIBLE = {0xFEFF: None, 0x200B: None, 0x200C: None, 0x00AD: None, 0x2060: None, 0x2011: "-"}
MOJIBAKE = re.compile(r"[\u00c2-\u00f4](?:[\u0080-\u00bf]|[€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]){1,3}")
NUL_SHARE = 0.3  # of every second byte: Latin text in UTF-16 has a NUL beside nearly every letter


def decode(data: bytes, name: str) -> str:
    """Text of `data`, line ends as "\\n". Raises InvalidDocument when it is empty or is not text."""
    if not data.strip():
        msg = f"{name} is empty. Check that it was saved or copied completely."
        raise InvalidDocument(msg)
    text = _decoded(data, name)
    sample = text[:SAMPLE]
    if len(CONTROLS.findall(sample)) > CONTROL_SHARE_MAX * len(sample):
        raise _not_text(name)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    text = repaired(CONTROLS.sub("", text).translate(INVISIBLE))
    if not text.strip():
        msg = f"{name} holds no text. Check that it was saved or copied completely."
        raise InvalidDocument(msg)
    return text


def repaired(text: str) -> str:
    """UTF-8 that was once read as Windows-1252 ("Wiâ€‘Fi") turned back; other text stays."""
    return MOJIBAKE.sub(_repair, text).translate(INVISIBLE) if MOJIBAKE.search(text) else text


def _repair(match: re.Match[str]) -> str:
    raw = bytearray()
    for char in match.group():
        raw += bytes([ord(char)]) if ord(char) < 256 else char.encode("cp1252")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return match.group()


def _decoded(data: bytes, name: str) -> str:
    for bom, encoding in BOMS:
        if data.startswith(bom):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as error:
                msg = (
                    f"{name} says that it is {encoding.removesuffix('-sig').upper()} but breaks its rules "
                    f"at byte {error.start}. Save it again as UTF-8."
                )
                raise InvalidDocument(msg) from error
    if (guessed := _utf16_without_bom(data)) is not None:
        try:
            return data.decode(guessed)
        except UnicodeDecodeError:
            raise _not_text(name) from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decoded_legacy(data, name)


def _decoded_legacy(data: bytes, name: str) -> str:
    """Not UTF-8 as a whole: a mostly UTF-8 text with a few broken bytes, or Windows-1252."""
    lenient = data.decode("utf-8", errors="replace")
    broken = lenient.count("\ufffd")
    good = sum(1 for c in lenient[:SAMPLE] if c > "\x7f" and c != "\ufffd")
    if broken * 4 <= good:
        return lenient
    text = data.decode("cp1252", errors="replace")
    letters = sum(1 for c in text[:SAMPLE] if c.isascii() or c.isalpha() or c in "°«»“”‘’–—…€²³µ±×·™®")
    if text.count("\ufffd") > CONTROL_SHARE_MAX * len(text) or letters < 0.9 * len(text[:SAMPLE]):
        raise _not_text(name)
    return text


def _utf16_without_bom(data: bytes) -> str | None:
    sample = data[:SAMPLE]
    if len(sample) < 4 or len(data) % 2:
        return None
    half = len(sample) / 2
    odd, even = sample[1::2].count(0), sample[::2].count(0)
    if odd > NUL_SHARE * half and even == 0:
        return "utf-16-le"
    if even > NUL_SHARE * half and odd == 0:
        return "utf-16-be"
    return None


def _not_text(name: str) -> InvalidDocument:
    return InvalidDocument(
        f"{name} is not text: its bytes are binary or in an unknown encoding. "
        "Save it as UTF-8 text, or give the original PDF or DOCX."
    )
