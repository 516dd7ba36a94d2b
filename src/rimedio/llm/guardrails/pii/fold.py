"""Letters without case and accents, position by position."""

import unicodedata
from functools import lru_cache


def _table() -> dict[int, str]:
    """Latin letters outside ASCII and their plain lower-case letter; one for one, so that offsets stay."""
    table = {}
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFD", chr(code))[0].lower()
        table[code] = base if len(base) == 1 else chr(code)
    table |= {ord("ø"): "o", ord("Ø"): "o", ord("ł"): "l", ord("Ł"): "l", ord("đ"): "d", ord("Đ"): "d"}
    return table | {ord("’"): "'", ord("ı"): "i", ord("ð"): "d", ord("Ð"): "d"}


_PLAIN = _table()


@lru_cache(maxsize=4)
def fold(text: str) -> str:
    """`text` in lower case without accents. Always as long as `text`."""
    if text.isascii():
        return text.lower()
    plain = text.translate(_PLAIN)
    lower = plain.lower()
    return (
        lower if len(lower) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in plain)
    )
