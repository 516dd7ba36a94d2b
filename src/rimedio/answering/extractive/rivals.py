"""When several documents speak of one code: which is followed, and what a reader is told of the other."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rimedio.answering.context import ContextEntry, age_key
from rimedio.answering.extractive.cues import Part
from rimedio.answering.extractive.fault import Piece
from rimedio.domain.knowledge import Chunk, DocType

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_WORD = re.compile(r"\w+")
CORRECTS = re.compile(
    r"\b(?:sostituisce (?:il|la|lo|le|i|gli|l['’]|quanto|quell[oa])|corregge|rettific\w+"
    r"|non (?:è|sono) più valid\w"
    r"|sbagliat[oaie]|errata corrige|errat[oaie]\b|annulla|supersedes?d?|replaces the|corrects the"
    r"|corrected (?:value|in)|erratum|no longer (?:valid|appl\w+)|do(?:es)? not apply|(?:is|are) wrong"
    r"|instead of the manual)\b",
    re.IGNORECASE,
)
_ENOUGH = 0.9


@dataclass(frozen=True, slots=True)
class Account:
    """What one document says of one code."""

    entries: tuple[ContextEntry, ...]
    pieces: tuple[Piece, ...]

    @property
    def chunk(self) -> Chunk:
        """The chunk it begins with."""
        return self.entries[0].passage.chunk

    def words(self, *parts: Part) -> str:
        """Text of these parts, or of all."""
        return "\n".join(p.text for p in self.pieces if not parts or p.part in parts)

    def shares_product(self, other: "Account") -> bool:
        """Whether both may speak of one product: a common model, or one of them names none."""
        mine, theirs = set(self.chunk.product_models), set(other.chunk.product_models)
        return not mine or not theirs or bool(mine & theirs)

    def is_newer_than(self, other: "Account") -> bool:
        """Whether it is the later word: by date, or because it corrects and the other does not."""
        mine, theirs = age_key(self.chunk), age_key(other.chunk)
        return mine[0] > theirs[0] or (self.corrects and not other.corrects)

    @property
    def tells_remedy(self) -> bool:
        """Whether it says what to do."""
        return any(p.part in {Part.REMEDY, Part.CHECKS} for p in self.pieces)

    @property
    def corrects(self) -> bool:
        """Whether it is a bulletin, or says outside its instructions that it corrects something."""
        said = self.words(Part.MEANING, Part.CAUSE, Part.OTHER)
        return self.chunk.doc_type is DocType.BULLETIN or bool(CORRECTS.search(said))


def prefer(accounts: Sequence[Account], language: str) -> list[Account]:
    """Accounts in the order to be followed: those with a remedy, corrections by age, own language, then"
    " rank."""

    def key(account: Account) -> tuple[bool, bool, float, bool, int]:
        correction = account.corrects and account.tells_remedy
        newness = -age_key(account.chunk)[0].timestamp() if correction else 0.0
        return (
            not account.tells_remedy,
            not correction,
            newness,
            account.chunk.language != language,
            account.entries[0].index,
        )

    return sorted(accounts, key=key)


def contradicts(newer: Account, older: Account) -> bool:
    """Whether two documents' remedies differ, so that the reader must be told."""
    if newer.chunk.document_id == older.chunk.document_id or not older.tells_remedy:
        return False
    ours, theirs = newer.words(Part.REMEDY, Part.CHECKS), older.words(Part.REMEDY, Part.CHECKS)
    numbers, their_numbers = set(_NUMBER.findall(newer.words())), set(_NUMBER.findall(theirs))
    if newer.chunk.language != older.chunk.language:
        return newer.corrects and not their_numbers <= numbers
    words, their_words = set(_WORD.findall(ours.lower())), set(_WORD.findall(theirs.lower()))
    if not words or not their_words:
        return False
    agree = len(words & their_words) / min(len(words), len(their_words)) >= _ENOUGH
    return not agree or (newer.corrects and not their_numbers <= numbers)
