"""IP addresses, told from the firmware versions and section numbers that look like them."""

import ipaddress
import re
from collections.abc import Iterator
from functools import cache

from rimedio.llm.guardrails.pii.context import Cues
from rimedio.llm.guardrails.pii.entity import EntityKind, Span
from rimedio.llm.guardrails.pii.lexicon import word_list

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_V4 = re.compile(rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?!\w|\.\d|-\w)")
_V6 = re.compile(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?:\.\d{1,3}){0,3}(?![\w:])", re.IGNORECASE)


@cache
def _cues() -> Cues:
    return Cues(word_list("ip_cues"), word_list("version_cues"))


def find_ips(text: str) -> Iterator[Span]:
    """IPv4 and IPv6 addresses of somebody; masks, loopback and versions are technical and stay."""
    yield from _find_v4(text)
    if text.count(":") >= 2:
        yield from _find_v6(text)


def _find_v4(text: str) -> Iterator[Span]:
    for match in _V4.finditer(text):
        address = ipaddress.IPv4Address(match[0])
        mask = match[0].startswith(("255.", "0.")) or address.is_loopback
        if not mask and _cues().nearest(text, match.start()) is not False:
            yield Span(EntityKind.IP, match.start(), match.end())


def _find_v6(text: str) -> Iterator[Span]:
    for match in _V6.finditer(text):
        groups = match[0].split(":")
        # Eight pairs are the EUI-64 of a radio module; a name such as std::ab has no digit.
        if all(len(g) == 2 for g in groups) or not any(c.isdigit() for c in match[0]) or len(match[0]) < 6:
            continue
        try:
            address = ipaddress.IPv6Address(match[0])
        except ValueError:
            continue
        if not address.is_loopback:
            yield Span(EntityKind.IP, match.start(), match.end())
