"""Reads "see error E017", "as in section 7.2", "vedi «Sostituzione del filtro»" out of a passage."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rimedio.domain.knowledge import Chunk

_POINTS = (
    r"(?:ved(?:i|ere|asi)(?: anche)?|cfr\.?|consult(?:a|are)|come (?:da|descritto|indicato"
    r"|spiegato)(?: (?:in|nel|nella|al|alla|a))?"
    r"|second[oa]|seguendo|descritt\w (?:in|nel|nella|al|alla)|procedura(?: di cui)?(?: (?:in|nel|nella"
    r"|al|alla|di))?"
    r"|see(?: also)?|refer to|as (?:described |explained |shown )?in|follow(?:ing)?|according to"
    r"|described in|procedure in|per)"
)
_SECTION_WORD = (
    r"(?:sezion[ei]|capitol[oi]|paragraf[oi]|sez\.|cap\.|par\.|§|punto"
    r"|sections?|chapters?|sec\.|ch\.|paragraphs?)"
)
_SECTION = re.compile(
    rf"{_SECTION_WORD}\s*(?P<first>\d{{1,2}}(?:\.\d{{1,2}})*)(?:\s*(?:,|e|ed|and"
    rf"|&)\s*(?P<second>\d{{1,2}}(?:\.\d{{1,2}})+))?",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    rf"\b{_POINTS}\s+(?:the |la |il |lo |l['’])?(?:{_SECTION_WORD}\s+|procedura\s+|procedure\s+)?"
    r"[«“\"‘](?P<name>[^»”\"’]{3,80})[»”\"’]",
    re.IGNORECASE,
)
_CODE = re.compile(
    rf"\b{_POINTS}\s+(?:(?:l['’]|the |il |la )?(?:error[ei]?s?|codic[ei]|codes?|allarm[ei]|alarms?"
    rf"|faults?|guasto)\s+)?"
    r"(?P<code>[A-Z]{1,3}\d{2,4}(?:[/-]\d{1,2})?|\d{3})(?![\w.,]\d|\w)"
    r"(?:\s*(?:,|e|o|and|or)\s+(?P<other>[A-Z]{1,3}\d{2,4}))?",
    re.IGNORECASE,
)
_LIMIT = 8


@dataclass(frozen=True, slots=True)
class References:
    """What a text points to: canonical codes, section numbers ("7.2"), section names."""

    codes: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.codes or self.sections or self.names)


def references_in(text: str, own: Iterable[str] = ()) -> References:
    """What `text` points to, each once, in order; codes in `own` are not references."""
    mine = {code.upper() for code in own}
    codes = [c.upper() for m in _CODE.finditer(text) for c in (m["code"], m["other"]) if c]
    sections = [n for m in _SECTION.finditer(text) for n in (m["first"], m["second"]) if n]
    names = [" ".join(m["name"].split()) for m in _QUOTED.finditer(text)]
    kept = tuple(dict.fromkeys(c for c in codes if c not in mine))[:_LIMIT]
    return References(kept, tuple(dict.fromkeys(sections))[:_LIMIT], tuple(dict.fromkeys(names))[:_LIMIT])


def is_section(chunk: Chunk, number: str) -> bool:
    """Whether a chunk stands under the heading numbered `number`, such as "7.2 Replacing the filter"."""
    pattern = re.compile(rf"(?:{_SECTION_WORD}\s*)?{re.escape(number)}(?![\d]|\.\d)", re.IGNORECASE)
    return any(pattern.match(heading) for heading in chunk.section)


def is_named(chunk: Chunk, name: str) -> bool:
    """Whether a chunk stands under a heading called `name`, its number aside."""
    wanted = name.lower()
    return any(re.sub(r"^[\d.]+\s*", "", heading).strip().lower() == wanted for heading in chunk.section)
