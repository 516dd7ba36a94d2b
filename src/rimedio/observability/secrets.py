"""Keeps secrets out of logs and traces, by the name of a field and by the look of a value."""

import re

MASK = "***"

_NAMES = re.compile(
    r"(?i)(authorization|cookie|credential|passw|secret|signature|api.?key|private.?key|token$|^code$)"
)
_VALUES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}",
        r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*",  # a JSON Web Token
        r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)",  # user and password in a URL
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
        r"\b(?:sk|whsec|ghp|xox[abp])[-_][A-Za-z0-9_-]{16,}",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
        r"(?i)(?<=password=)[^\s&;]+|(?<=secret=)[^\s&;]+|(?<=api_key=)[^\s&;]+|(?<=access_token=)[^\s&;]+",
    )
)


def scrubbed(text: str) -> str:
    """The text with what looks like a secret masked."""
    for pattern in _VALUES:
        text = pattern.sub(MASK, text)
    return text


def scrubbed_field(name: str, value: object) -> object:
    """The value of a named field; masked when the name says that it is a secret. Counts stay."""
    if isinstance(value, bool | int | float) or value is None:
        return value
    return MASK if _NAMES.search(name) else value
