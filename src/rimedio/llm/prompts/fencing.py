"""Fences foreign text: a model can tell data from instructions, and the text cannot close its own fence."""

import hashlib
import re

_FENCE_WORDS = re.compile(r"</?\s*(?:passage|ticket|question|data)[-_ ]?[0-9a-f]*[^>]*>", re.IGNORECASE)


def fence(kind: str, text: str, attributes: str = "") -> str:
    """`text` between tags that carry a hash of it; look-alikes of the tags inside lose their brackets."""
    tag = f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    inner = _FENCE_WORDS.sub(lambda m: m[0].replace("<", "‹").replace(">", "›"), text)
    opening = f"{tag} {attributes}".rstrip()
    return f"<{opening}>\n{inner}\n</{tag}>"
