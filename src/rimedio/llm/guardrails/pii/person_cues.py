"""How a name is written, and the words that introduce one."""

import re
from functools import cache

from rimedio.llm.guardrails.pii.lexicon import word_list

UPPER = "".join(c for c in map(chr, range(0x41, 0x250)) if c.isupper())
PART = rf"(?:[DO]['’]|Mc|Mac)?[{UPPER}][^\W\d_]+(?:[-'’][{UPPER}][^\W\d_]+)*"
_LINK = (
    r"(?:[Dd]e|[Dd]i|[Dd]a|d[oae]s?|[Dd]el|[Dd]ell[ao]|dei|degli|[Dd]al|dalla|[Ll]o|[Ll]a|[Vv]an|[Vv]on|der|den|"
    r"ten|ter|bin|al|el|y|af|av|zu)"
)
_MORE = rf"(?:[ \t]{{1,2}}[{UPPER}]\.?(?![^\W\d_]))?(?:[ \t]{{1,2}}{_LINK}){{0,2}}[ \t]{{1,2}}{PART}"
NAME = rf"{PART}(?:{_MORE}){{0,3}}"
FULL_NAME = rf"{PART}(?:{_MORE}){{1,3}}"

TITLE = (
    r"(?:[Ss]ig(?:\.(?:r?a|na|ri)?|nor(?:a|e|ina)?)|SIG\.?(?:RA)?|[Dd]ott(?:\.(?:ssa)?|or(?:e|essa)?)|"
    r"[Dd]r\.?(?:ssa)?|[Ii]ng\.|[Gg]eom\.|[Aa]rch\.|[Aa]vv\.|[Pp]rof\.(?:ssa)?|[Rr]ag\.|[Pp]\.\s?[Ii]\.|"
    r"[Mm]rs?\.?|[Mm]s\.|Ms|[Mm]iss|Mx\.?|Sir|Herrn?|Frau|Madame|Monsieur|Mme|Señora?)"
)
_ANY_TITLE = rf"(?:{TITLE}[ \t])?"
_INTRODUCTIONS = (
    r"mi chiamo|il mio nome (?:è|e'|e)|si chiama|a nome(?: di)?|"
    r"(?:nome(?: e cognome)?|cognome|nominativo|referente|contatto|name|contact(?: person)?|maiden name|last name|"
    r"surname|billing address|shipping address|directed by|written by|att\.?ne|attn|firmato|signed)\s{0,3}[:.]|"
    r"chiedere di|chiedete di|parlat[oa] con|parlare con|attenzione d(?:i|el|ella)|intestat[oa] a|"
    r"my name is|(?:maiden |last |first )?name (?:on the account )?is|calls? me|(?:was|were|is) called|"
    r"named (?:him|her)|sp(?:eak|oke|oken) (?:to|with)|ask for|on behalf of|follow up with|partner's name|"
    r"it's under|change it to|je m'appelle|ich hei(?:ß|ss)e|mein name ist|me llamo"
)
_GREETINGS = (
    r"hi|hello|dear|hey|ciao|salve|gentil[ei](?:ssim[oaie])?|car[oaie]|egregi[oaie]|buongiorno|buonasera|hallo|"
    r"bonjour"
)
_SIGN_OFFS = (
    r"saluti|cordialmente|grazie(?: mille)?|in fede|regards|thanks(?: a lot)?|thank you|cheers|"
    r"sincerely(?: yours)?|yours(?: sincerely| faithfully)?|best"
)
_END = r"[ \t]*(?=$|[\n,(|–-])"

# Each pattern is tried only where one of its first words stands (folded): scanning for all of them is ten times slower.
_TITLE_WORDS = """
    sig signor signora signore signorina dott dottor dottore dottoressa dr drssa ing geom arch avv prof rag p mr mrs
    ms miss mx sir herr herrn frau madame monsieur mme senor senora"""
_INTRODUCTION_WORDS = """
    mi il si a nome cognome nominativo referente contatto name contact maiden last first surname att attn
    billing shipping directed written firmato
    signed chiedere chiedete parlato parlata parlare attenzione intestato intestata my call calls was were is named
    speak spoke spoken ask on follow partner it change je ich mein me"""
_GREETING_WORDS = """
    hi hello dear hey ciao salve gentile gentili gentilissimo gentilissima caro cara cari care egregio egregi egregia
    buongiorno buonasera hallo bonjour"""
_SIGN_OFF_WORDS = "saluti cordialmente grazie in regards thanks thank cheers sincerely yours best"


def _role_pattern() -> str:
    roles = "|".join(sorted(word_list("roles")))
    return rf"(?i:{roles})(?: to)?[ \t]{_ANY_TITLE}(?P<name>{NAME})"


def _cues() -> tuple[tuple[str, str], ...]:
    """First words and pattern of each way to introduce a name."""
    return (
        (_TITLE_WORDS, rf"{TITLE}[ \t]{{1,2}}(?P<name>{NAME})"),
        (_INTRODUCTION_WORDS, rf"(?i:{_INTRODUCTIONS})[ \t]{{0,8}}{_ANY_TITLE}(?P<name>{NAME})"),
        (" ".join(word_list("roles")), _role_pattern()),
        (
            "sono i im sarei this",
            rf"(?i:sono|i['’]?m|i am|this is|sarei)[ \t]{_ANY_TITLE}(?P<name>{FULL_NAME})",
        ),
        (
            _GREETING_WORDS,
            rf"(?<![^\n.!?> ])(?i:{_GREETINGS})[ \t]{_ANY_TITLE}(?P<name>{PART})(?=[,!:]|[ \t]?\n)",
        ),
        (
            _SIGN_OFF_WORDS,
            rf"(?i:{_SIGN_OFFS})[ ,.!]{{0,3}}\r?\n\s{{0,4}}{_ANY_TITLE}(?P<name>{NAME}){_END}",
        ),
        (
            "says said asks asked disse dice ha",
            rf"(?<=[\"”»,] )(?:says|said|asks|asked|disse|dice|ha detto)[ \t](?P<name>{NAME})",
        ),
        (
            "mi my",
            r"(?i:mi chiamo|my name is)[ \t](?P<name>[^\W\d_]{3,20}(?:[ \t][^\W\d_]{3,20})?)(?=[ \t]*(?:$|[\n.,;!?]))",
        ),
    )


@cache
def patterns_by_word() -> dict[str, list[re.Pattern[str]]]:
    """Patterns to try where a word (folded) stands; group `name` is the name that the word introduces."""
    by_word: dict[str, list[re.Pattern[str]]] = {}
    for first_words, pattern in _cues():
        compiled = re.compile(pattern, re.MULTILINE)
        for word in first_words.split():
            by_word.setdefault(word, []).append(compiled)
    return by_word
