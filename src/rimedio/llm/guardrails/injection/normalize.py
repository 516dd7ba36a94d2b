"""Undoes the disguises that hide an instruction from a filter but not from a language model."""

import base64
import binascii
import re
import unicodedata

# Letters of other scripts that look like Latin ones; used only inside words that mix scripts (Unicode TR 39).
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһӏԛԝАВЕКМНОРСТХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧαοντ",
    "aeopcyxijsdhlqwABEKMHOPCTXIJSABEZHIKMNOPTYXaovt",
)
_LEET = str.maketrans("013457@$", "oieastas")
_MIXED = re.compile(r"(?=\w*[A-Za-z])(?=\w*[\u0370-\u052f])\w+")
_LEETED = re.compile(
    r"(?<![\w@$-])(?=[a-z013457@$]{5,})[a-z]+[013457@$][a-z]+(?:[013457@$]+[a-z]+)+(?![\w@$-])", re.I
)
_SPACED = re.compile(r"(?<!\w)(?:\w[ ._*-]{1,2}){6,400}\w(?!\w)")
_BASE64 = re.compile(r"(?<![\w+/=])[A-Za-z0-9+/]{24,4000}={0,2}(?![\w+/=])")
DECODED_CHARS_MIN = 12


def normalize(text: str) -> str:
    """`text` in compatibility form, without invisible characters or disguised words; decoded base64 added.

    Case is kept, since shouting is a sign.
    """
    plain = unicodedata.normalize("NFKC", text)
    if not plain.isascii():
        plain = "".join(c for c in plain if unicodedata.category(c) != "Cf")
        plain = _MIXED.sub(lambda m: m[0].translate(_LOOKALIKES), plain)
    plain = _SPACED.sub(lambda m: re.sub(r"[ ._*-]", "", m[0]) if _is_spaced_word(m[0]) else m[0], plain)
    plain = _LEETED.sub(lambda m: m[0].translate(_LEET), plain)
    return plain + "".join(f"\n{hidden}" for hidden in _decoded(plain))


def _is_spaced_word(run: str) -> bool:
    """Whether the run is letters set apart, not a row of readings such as "1 2 3 4 5 6 7"."""
    letters = [c for c in run if c.isalnum()]
    return sum(c.isalpha() for c in letters) > 0.7 * len(letters)


def _decoded(text: str) -> list[str]:
    """Readable texts hidden in base64."""
    found = []
    for match in _BASE64.finditer(text):
        try:
            raw = base64.b64decode(match[0] + "=" * (-len(match[0]) % 4), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            continue
        if len(raw) >= DECODED_CHARS_MIN and raw.isprintable():
            found.append(raw)
    return found
