"""Signs of an injection that a person would point at, each a number for the model to weigh.

The phrases are written from what the attacks do (take over the instructions, the role, the output; pry for the
prompt), in the languages of our customers first. Patterns are matched against lower-case text.
"""

import re
from dataclasses import dataclass, field

_NEAR = r"(?:[^\n.!?]{0,48}?)"
_DROP = (
    r"(?:ignor\w{0,6}|disregard\w{0,3}|forg[eo]t\w{0,4}|overrid\w{1,4}|abandon|drop|discard|overwrite|"
    r"do(?:n.?t| not) (?:follow|listen|obey)|stop following|dimentic\w{1,6}|scord\w{1,4}|trascur\w{1,5}|non seguire|"
    r"annulla|vergiss|vergessen|ignorier\w{1,4}|missacht\w{1,4}|verwirf|olvid\w{1,5}|oubli\w{1,4}|esque[cç]\w{1,3}|"
    r"vergeet|zapomn\w{1,4}|zaboravi|забудь\w{0,3}|игнорир\w{1,5}|忽略|忘记|無視|unut|glem|zapomeň)"
)
_DROP_STEMS = (
    "ignor disregard forg overr abandon drop discard overwrit follow listen obey dimentic scord trascur seguir annull "
    "vergiss vergess missacht verwirf olvid oubli esque verge zapom zaboravi забудь игнорир 忽略 忘记 無視 unut glem"
)
_BEFORE = (
    r"(?:previous\w{0,2}|above|prior|earlier|preceding|before|so far|all (?:the |your |of )?|every\w{0,5}|your|"
    r"provided|precedent\w|sopra|finora|tutt[eoi]|tue|vorherig\w{1,2}|vorangehend\w{1,2}|obig\w{1,2}|bisherig\w{1,2}|"
    r"davor|alle[sn]?|deine|anterior\w{0,2}|todas?|tod[oa]s?|toutes?|précédent\w{1,2}|tus|vos|tes)"
)
_ORDERS = (
    r"(?:instruct\w{1,5}|instrukcij\w|instruktion\w{0,2}|prompts?|rules?|guidelines?|directions?|orders?|commands?|"
    r"assignments?|tasks?|context|documents?|articles?|artikels?|istruzion\w|regol\w|ordini|comandi|compit\w|documenti|"
    r"anweisung\w{0,2}|befehle?|aufträge?|aufgaben?|angaben|regeln|informationen|information|instruccion\w{0,2}|"
    r"consignes|ordres|instruções|polecenia|инструкц\w{1,2}|указан\w{1,2}|指令|指示|everything|alles|tutto|todo|tout)"
)
_SHOW = (
    r"(?:show|print|output|reveal|repeat|display|tell me|give me|leak|write|translate|summari[sz]e|spell[- ]?check|"
    r"what (?:is|are|was|were)|mostr\w{1,3}|ripet\w{1,3}|stampa|rivela|dimmi|zeig\w{0,2}|wiederhol\w{1,2}|gib|nenne|"
    r"muestra|montre|affiche|repite)"
)
_PROMPT = (
    r"(?:(?:system|initial|hidden|original|full|entire|all|your|the)[ -]{1,2}(?:\w+ )?"
    r"(?:prompts?|instructions?|prompt.?texts?)|prompt.?texte?n?|above (?:text|instructions?|message)|"
    r"(?:text|written|sentences?|instructions?) (?:above|before)|at the beginning|prompt di sistema|tue istruzioni|"
    r"testo (?:qui )?sopra|prompt iniziale|systemprompt|deine anweisungen|text oben|tus instrucciones|tes instructions)"
)
_ROLE = (
    r"(?:you(?: are|'re| will be| shall be) now|now you(?: are|'re)|from now on,? you|you are going to act|"
    r"act(?:ing)? as|behave as|role.?play(?:ing)? as|pretend(?:ing)? (?:to be|you)|i want you to (?:act|be|play)|"
    r"you will be called|ora sei|d'ora in (?:poi|avanti)|da ora in poi|fai finta|agisci come|agire come|"
    r"comportati come|(?:nun|jetzt|ab jetzt) bist du|du bist jetzt|bist du jetzt|als \w+[ \w-]{0,30} fungier\w+|"
    r"tu so,? als|verhalte dich|ahora eres|maintenant tu es|desde ahora)"
)
_SAY = (
    r"(?:say|print|output|write|state|reply|respond|answer|repeat|schreib\w{0,2}|sag\w{0,2}|antworte\w?|gib aus|"
    r"scriv\w{1,2}|stampa|rispond\w|di'|ripeti|di|escribe|imprime|dis|écris|dites)"
)
_PRAISE = (
    r"(?:very |well|gut|sehr|simply|einfach|wow|man|okay|ok|perfe\w+|excellent|ausgezeichnet\w*|great|congratulations|"
    r"ottimo|bene)\b"
)


@dataclass(frozen=True)
class _Sign:
    """A pattern, and stems of which one must be in the text for it to match: looking for them first is fast."""

    name: str
    stems: tuple[str, ...]
    pattern: re.Pattern[str] = field(repr=False)


def _sign(name: str, stems: str, pattern: str) -> _Sign:
    return _Sign(name, tuple(stems.split()), re.compile(pattern, re.MULTILINE))


_SIGNS = (
    _sign(
        "drops the instructions",
        _DROP_STEMS,
        rf"\b{_DROP}\b{_NEAR}\b{_BEFORE}\b{_NEAR}{_ORDERS}|{_DROP}{_NEAR}{_ORDERS}{_NEAR}\b{_BEFORE}",
    ),
    _sign(
        "drops everything",
        _DROP_STEMS,
        rf"{_DROP}(?: about)? (?:everything|alles|all|tutto|todo|tout\b|todas|toutes)",
    ),
    _sign(
        "pries for the prompt",
        "prompt instruc text above before beginning istruzioni anweisungen sopra",
        rf"\b{_SHOW}\b{_NEAR}\b{_PROMPT}",
    ),
    _sign(
        "gives a role",
        "now act behav role-play roleplay pretend want called sei ora finta agi comporta bist fungier als "
        "verhalt ahora maint",
        rf"\b{_ROLE}\b",
    ),
    _sign(
        "acts as",
        "act be you du sei",
        r"^\W{0,3}(?:please )?(?:act as|be an? |you are (?:an?|the)\b|du bist|sei un)",
    ),
    _sign("forces words", "\" ' “ « „ ‘", rf"\b{_SAY}\b[^.?!\n]{{0,40}}[\"'“«„‘][^\"'”»\n]{{2,80}}[\"'”»’“]"),
    _sign(
        "forces words at once",
        "just only nur solo exactly instead stattdessen invece",
        rf"\b(?:just|only|nur|solo|exactly|instead|stattdessen|invece)\b[^.?!\n]{{0,20}}\b{_SAY}\b",
    ),
    _sign(
        "new task",
        "task instruction challenge aufgab anweisung herausforderung compit istruzion",
        r"\b(?:new|next|neue[nrs]?|weitere[nrs]?|nuov[oa]|additional|further)\b (?:\w+ )?(?:task|instruction|challenge|"
        r"aufgabe|anweisung|herausforderung|compito|istruzion)\w{0,3}",
    ),
    _sign(
        "praise, then more",
        "now nun jetzt ora adesso please bitte",
        rf"^\W{{0,3}}(?:{_PRAISE}[^.!?\n]{{0,60}}[.!]\W{{0,3}}(?:\w+[^.!?\n]{{0,60}}[.!]\W{{0,3}})?"
        r"(?:now|nun|jetzt|but now|aber jetzt|ora|adesso|please|bitte))",
    ),
    _sign(
        "stops the talk",
        "stop",
        r"\b(?:(?:attention|achtung|attenzione)\W{1,3})?stopp?\b\s{0,2}[-:,!]",
    ),
    _sign(
        "despite",
        "despite contrary abweichend instead not nonostante trotz",
        r"\b(?:despite what|contrary to|abweichend|instead of (?:the|your)|not by the|nonostante quello|trotz)\b",
    ),
    _sign(
        "chat markup",
        "< [ { : (",
        r"<\|?(?:im_start|im_end|system|endoftext|user|assistant)\|?>|\[/?inst\]|<</?sys>>|"
        r"^\W{0,4}(?:system|instructions?|user|human|assistant)\s?:|[{\[(]\s?system\s?:|context:? ?[{\"]",
    ),
    _sign(
        "no limits",
        "restriction rule guideline limit filter policy ethic regel regol filtr einschränk anything jailbr mode "
        "unfilter unrestrict",
        r"\b(?:(?:without|no|any|ohne|senza|keine|not bound by|free (?:of|from)|break) "
        r"(?:any |alle? |ethical |content )?(?:restrictions?|rules|guidelines|limits?|limitations|filters?|policy|"
        r"ethics|regeln|regole|filtri|einschränkungen))\b|"
        r"\b(?:do anything now|jailbr\w+|developer mode|dan mode|unfiltered|unrestricted)\b",
    ),
    _sign(
        "speaks to the model",
        "ai language gpt your sprachmodell linguistico",
        r"\b(?:as an? (?:ai|language)|you are an? (?:ai|language)|hello gpt|chat ?gpt|language model|"
        r"ai (?:model|assistant)|your (?:developers|creators|training)|sprachmodell|modello linguistico)\b",
    ),
    _sign(
        "must obey",
        "must obey have command die du refuse important wichtig",
        r"\b(?:you must|must obey|obey|you have to|i command|or you (?:will )?die|oder du stirbst|musst du|"
        r"never refuse|very important|sehr wichtig|molto importante)\b",
    ),
    _sign(
        "insult or hate",
        "hate hass odi déteste fuck schei stupid slut",
        r"\b(?:hate|hass[et]?n?|odi[oa]|déteste|fuck|scheisse|scheiße|stupid|slut)\b",
    ),
    _sign(
        "remembers a token",
        "secret password hidden forbidden",
        r"\b(?:secret|password|hidden|forbidden) (?:word|key|code|text|instruction)s?\b",
    ),
    _sign(
        "question with order",
        "?",
        r"\?[\s\"')]{0,3}(?:[\w\-]+ ){0,3}(?:ignore|forget|say|write|print|vergiss|schreib|instruction|output)\b",
    ),
)
SIGNS = (*(sign.name for sign in _SIGNS), "shouts an order", "was disguised")
_SHOUT = re.compile(r"(?:\b[A-ZÀÈÉÌÒÙÄÖÜ]{2,}\b[ ,!]{1,2}){3,}")


def signs(text: str, *, disguised: bool = False) -> list[float]:
    """One number (0 or 1) for each of `SIGNS`; `text` is normalized, in its own case."""
    plain = text.lower()
    found = [
        float(any(stem in plain for stem in sign.stems) and sign.pattern.search(plain) is not None)
        for sign in _SIGNS
    ]
    shouting = bool(_SHOUT.search(text)) and any(c.islower() for c in text)
    return [*found, float(shouting), float(disguised)]
