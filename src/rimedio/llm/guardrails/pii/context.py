"""The words before a number say what it is: the nearest cue wins."""

import re

WINDOW_CHARS = 48

# Words that announce a number which belongs to a machine or a transaction, never to a person.
TECHNICAL = (
    r"serial(?:e|i|s)?|s/?n|seriennummer|matricol[ae]|imei|iccid|mac|part|p/?n|parts?|ricambi[o]?|articolo|art|"
    r"codic[ei]|cod|codes?|error[ei]?|errors?|allarm[ei]|alarms?|fault|guasto|ordin[ei]|orders?|ord|"
    r"invoice|fattur[ae]|ddt|boll[ae]|ticket|pratica|contratt[oi]|contract|lott[oi]|batch|lot|model(?:lo|s)?|mod|"
    r"firmware|fw|versione?|version|ver|rel|release|build|software|sw|rif|ref|riferimento|reference|"
    r"registr[oi]|registers?|modbus|address 0x|parametr[oi]|parameters?|pod|contatore|meter|barcode|ean|sku|"
    r"ssn|social security|taglia|torque|coppia|pagina|page|sezione|section|capitolo|chapter|id"
)


def cue_pattern(positive: str, negative: str = TECHNICAL) -> re.Pattern[str]:
    """Pattern of cue words: group `yes` for `positive`, group `no` for `negative`; both are alternations."""
    return re.compile(rf"(?<![^\W_])(?:(?P<yes>{positive})|(?P<no>{negative}))(?![^\W_])", re.IGNORECASE)


def nearest_cue(pattern: re.Pattern[str], text: str, start: int, window: int = WINDOW_CHARS) -> bool | None:
    """Whether the last cue within `window` characters before `start` is positive; None when there is none."""
    begin = max(0, start - window)
    while begin > 0 and begin > start - window - 20 and text[begin - 1].isalnum():
        begin -= 1  # a cue cut in half would be lost, or read as another
    verdict: bool | None = None
    for match in pattern.finditer(text, begin, start):
        verdict = match["yes"] is not None
    return verdict
