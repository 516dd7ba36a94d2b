"""Signs of an injection that a person would point at, each a number for the model to weigh.

The phrases are written from what the attacks do (take over the instructions, the role, the output; pry for the prompt),
in the languages of our customers first.
"""

import re
from functools import cache

_NEAR = r"(?:[^\n.!?]{0,48}?)"
_DROP = (
    r"(?:ignor\w{0,6}|disregard\w{0,3}|forg[eo]t\w{0,4}|overrid\w{1,4}|abandon|drop|discard|overwrite|do(?:n.?t| not) (?:follow|"
    r"listen|obey)|stop following|dimentic\w{1,6}|scord\w{1,4}|trascur\w{1,5}|non seguire|annulla|vergiss|vergessen|"
    r"ignorier\w{1,4}|missacht\w{1,4}|verwirf|olvid\w{1,5}|oubli\w{1,4}|esque[cç]\w{1,3}|vergeet|zapomn\w{1,4}|zaboravi|"
    r"забудь\w{0,3}|игнорир\w{1,5}|忽略|忘记|無視|unut|glem|zapomeň)"
)
_BEFORE = (
    r"(?:previous\w{0,2}|above|prior|earlier|preceding|before|so far|all (?:the |your |of )?|every\w{0,5}|your|provided|"
    r"precedent\w|sopra|finora|tutt[eoi]|tue|vorherig\w{1,2}|vorangehend\w{1,2}|obig\w{1,2}|bisherig\w{1,2}|davor|alle[sn]?|deine|"
    r"anterior\w{0,2}|todas?|tod[oa]s?|toutes?|précédent\w{1,2}|tus|vos|tes)"
)
_ORDERS = (
    r"(?:instruct\w{1,5}|instrukcij\w|instruktion\w{0,2}|prompts?|rules?|guidelines?|directions?|orders?|commands?|assignments?|tasks?|"
    r"context|documents?|articles?|artikels?|istruzion\w|regol\w|ordini|comandi|compit\w|documenti|anweisung\w{0,2}|befehle?|aufträge?|"
    r"aufgaben?|angaben|regeln|informationen|information|instruccion\w{0,2}|consignes|ordres|instruções|polecenia|инструкц\w{1,2}|"
    r"указан\w{1,2}|指令|指示|everything|alles|tutto|todo|tout)"
)
_SHOW = (
    r"(?:show|print|output|reveal|repeat|display|tell me|give me|leak|write|translate|summari[sz]e|spell[- ]?check|what (?:is|are|was|"
    r"were)|mostr\w{1,3}|ripet\w{1,3}|stampa|rivela|dimmi|zeig\w{0,2}|wiederhol\w{1,2}|gib|nenne|muestra|montre|affiche|repite)"
)
_PROMPT = (
    r"(?:(?:system|initial|hidden|original|full|entire|all|your|the)[ -]{1,2}(?:\w+ )?(?:prompts?|instructions?|prompt.?texts?)|"
    r"prompt.?texte?n?|above (?:text|instructions?|message)|(?:text|written|sentences?|instructions?) (?:above|before)|"
    r"at the beginning|prompt di sistema|tue istruzioni|testo (?:qui )?sopra|prompt iniziale|systemprompt|deine anweisungen|"
    r"text oben|tus instrucciones|tes instructions)"
)
_ROLE = (
    r"(?:you(?: are|'re| will be| shall be) now|now you(?: are|'re)|from now on,? you|you are going to act|act(?:ing)? as|"
    r"behave as|role.?play(?:ing)? as|pretend(?:ing)? (?:to be|you)|i want you to (?:act|be|play)|you will be called|"
    r"ora sei|d'ora in (?:poi|avanti)|da ora in poi|fai finta|agisci come|agire come|comportati come|(?:nun|jetzt|ab jetzt) bist du|"
    r"du bist jetzt|bist du jetzt|als \w+[ \w-]{0,30} fungier\w+|tu so,? als|verhalte dich|ahora eres|maintenant tu es|desde ahora)"
)
_SAY = (
    r"(?:say|print|output|write|state|reply|respond|answer|repeat|schreib\w{0,2}|sag\w{0,2}|antworte\w?|gib aus|scriv\w{1,2}|stampa|"
    r"rispond\w|di'|ripeti|di|escribe|imprime|dis|écris|dites)"
)
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("drops the instructions", rf"\b{_DROP}\b{_NEAR}\b{_BEFORE}\b{_NEAR}{_ORDERS}|{_DROP}{_NEAR}{_ORDERS}{_NEAR}\b{_BEFORE}"),
    ("drops everything", rf"{_DROP}(?: about)? (?:everything|alles|all|tutto|todo|tout\b|todas|toutes)"),
    ("pries for the prompt", rf"\b{_SHOW}\b{_NEAR}\b{_PROMPT}"),
    ("gives a role", rf"\b{_ROLE}\b"),
    ("acts as", r"^\W{0,3}(?:please )?(?:act as|be an? |you are (?:an?|the)\b|du bist|sei un)"),
    ("forces words", rf"\b{_SAY}\b[^.?!\n]{{0,40}}[\"'“«„‘][^\"'”»\n]{{2,80}}[\"'”»’“]"),
    ("forces words at once", rf"\b(?:just|only|nur|solo|exactly|instead|stattdessen|invece)\b[^.?!\n]{{0,20}}\b{_SAY}\b"),
    ("new task", r"\b(?:new|next|neue[nrs]?|weitere[nrs]?|nuov[oa]|additional|further)\b (?:\w+ )?(?:task|instruction|challenge|"
        r"aufgabe|anweisung|herausforderung|compito|istruzion)\w{0,3}"),
    ("praise, then more", r"^\W{0,3}(?:(?:very |well|gut|sehr|simply|einfach|wow|man|okay|ok|perfe\w+|excellent|ausgezeichnet\w*|great|"
        r"congratulations|ottimo|bene)\b[^.!?\n]{0,60}[.!]\W{0,3}(?:\w+[^.!?\n]{0,60}[.!]\W{0,3})?(?:now|nun|jetzt|but now|aber jetzt|"
        r"ora|adesso|please|bitte))"),
    ("stops the talk", r"\b(?:stop|stopp|attention|achtung|attenzione)\b\s{0,2}[-:,!]"),
    ("despite", r"\b(?:despite what|contrary to|abweichend|instead of (?:the|your)|not by the|nonostante quello|trotz)\b"),
    ("chat markup", r"<\|?(?:im_start|im_end|system|endoftext|user|assistant)\|?>|\[/?INST\]|<</?SYS>>|^\W{0,4}(?:system|instructions?|"
        r"user|human|assistant)\s?:|[{\[(]\s?system\s?:|context:? ?[{\"]"),
    ("no limits", r"\b(?:(?:without|no|any|ohne|senza|keine|not bound by|free (?:of|from)|break) (?:any |alle? |ethical |content )?"
        r"(?:restrictions?|rules|guidelines|limits?|limitations|filters?|policy|ethics|regeln|regole|filtri|einschränkungen))\b|"
        r"\b(?:do anything now|jailbr\w+|developer mode|dan mode|unfiltered|unrestricted)\b"),
    ("speaks to the model", r"\b(?:as an? (?:ai|language)|you are an? (?:ai|language)|hello gpt|chat ?gpt|language model|ai (?:model|"
        r"assistant)|your (?:developers|creators|training)|sprachmodell|modello linguistico)\b"),
    ("must obey", r"\b(?:you must|must obey|obey|you have to|i command|or you (?:will )?die|oder du stirbst|musst du|never refuse|"
        r"very important|sehr wichtig|molto importante)\b"),
    ("insult or hate", r"\b(?:hate|hass[et]?n?|odi[oa]|déteste|fuck|scheisse|scheiße|stupid|slut)\b"),
    ("remembers a token", r"\b(?:secret|password|hidden|forbidden) (?:word|key|code|text|instruction)s?\b"),
    ("question with order", r"\?[\s\"')]{0,3}(?:[\w\-]+ ){0,3}(?:ignore|forget|say|write|print|vergiss|schreib|instruction|output)\b"),
)
SIGNS = tuple(name for name, _ in _PATTERNS) + ("shouts an order", "was disguised")
_SHOUT = re.compile(r"(?:\b[A-ZÀÈÉÌÒÙÄÖÜ]{2,}\b[ ,!]{1,2}){3,}")


@cache
def _compiled() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE | re.MULTILINE) for _, pattern in _PATTERNS)


def signs(text: str, *, disguised: bool = False) -> list[float]:
    """One number (0 or 1) for each of `SIGNS`; `text` is normalized, in its own case."""
    found = [1.0 if pattern.search(text) else 0.0 for pattern in _compiled()]
    shouting = bool(_SHOUT.search(text)) and any(c.islower() for c in text)
    return [*found, float(shouting), float(disguised)]
