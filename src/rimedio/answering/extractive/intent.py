"""What kind of answer a question wants, by its opening words in Italian and English."""

import re
from enum import StrEnum


class Intent(StrEnum):
    """Kind of answer."""

    PROCEDURE = "PROCEDURE"  # how to do something
    NUMBER = "NUMBER"  # how many, what limit
    YES_NO = "YES_NO"
    DEFINITION = "DEFINITION"  # what something is
    LIST = "LIST"  # which ones there are
    OTHER = "OTHER"


_NUMBER = re.compile(
    r"\b(?:how (?:many|much|long|often|large|big|far|high|fast|old)|(?:max(?:imum)?|min(?:imum)?|default"
    r"|total|upper|lower)\b"
    r"[^?]*\b(?:number|size|limit|length|storage|iops|timeout|duration|period|amount|value|throughput"
    r"|capacity|rate|time"
    r"|temperature|pressure|torque|voltage|current|distance|dimension|age)|(?:upper|lower|hard"
    r"|soft) limit|what (?:is the )?(?:limit"
    r"|latency|size|capacity|torque|voltage|pressure|temperature|distance|weight|frequency|speed)"
    r"|quant[oaie]\b|qual è (?:la|il|lo|l['’])\s*(?:\w+\s)?(?:coppia|valore|numero|temperatura|tensione"
    r"|corrente|pressione"
    r"|portata|distanza|lunghezza|durata|tempo|massim[oa]|minim[oa]|limite|peso|potenza|capacità"
    r"|frequenza|soglia|intervallo)"
    r"|(?:numero|valore|limite|coppia|temperatura|pressione|tensione|corrente|distanza|potenza) (?:massim"
    r"|minim|predefinit|nominal|di serraggio)\w*"
    r"|a (?:quale|che) (?:temperatura|pressione|tensione|coppia|distanza|ora)|ogni quanto"
    r"|\b(?:che|quale|what|which) (?:pendenza|coppia|valore|temperatura|pressione|portata|tensione|corrente|soglia"
    r"|distanza|lunghezza|sezione|potenza|durata|impostazione|slope|torque|value|temperature|pressure|flow|voltage"
    r"|current|threshold|distance|length|setting)\b"
    r"|\bcoppia (?:di serraggio|dell|dei|degli|del|per)|\btorque (?:of|for|value))",
    re.IGNORECASE,
)
_PROCEDURE = re.compile(
    r"(?:^|[,;:.?!]\s*|\be\s|\band\s)(?:(?:please|per favore)\s+)?(?:how (?:to|do|can|should|would|must"
    r"|does one)\b|in che modo|come (?:si|posso|devo"
    r"|faccio|fare|faccio a|puoi|possiamo|dobbiamo|va|vanno|posso|accedo|imposto|cambio|attivo|disattivo"
    r"|collego|\w+(?:are|ere|ire)\b)"
    r"|what (?:are the )?steps|what can i do|what should i do|what do i do|quali (?:sono i )?pass(?:i"
    r"|aggi)|cosa (?:devo|posso|si deve) fare"
    r"|procedura (?:per|di)|procedure (?:to|for)|steps to|passi per)",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"(?:^|[,;:.]\s*)(?:can|could|does|do|did|is|are|was|were|will|would|should|has|have|may|must"
    r"|è possibile|posso|si può|si possono|devo|può|possono|esiste|esistono|c['’]è|ci sono|bisogna|serve"
    r"|supporta|funziona|è)\b",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"\b(?:what|which) (?:are|were)\b|\bwhich\b[^?]*\b(?:types?|options?|kinds?|\w+s)\b|\bquali (?:sono"
    r"|tipi|opzioni)\b|\bwhat (?:types?|kinds?)\b"
    r"|\belenc\w+\b|\blist (?:of|the|all)\b",
    re.IGNORECASE,
)
_DEFINITION = re.compile(
    r"^\W*(?:what(?:['’]s| is| does)|who is|cos(?:a|['’]) ?(?:è|sono|significa|vuol dire|fa)|che cos(?:a"
    r"|['’])|what do you mean|define|definizione"
    r"|a cosa serve|a che serve|che significa)\b",
    re.IGNORECASE,
)


def intent_of(question: str) -> Intent:
    """The kind of answer that `question` asks for."""
    number, procedure = _NUMBER.search(question), _PROCEDURE.search(question)
    if number and not (procedure and procedure.start() < number.start()):
        return Intent.NUMBER
    if procedure:
        return Intent.PROCEDURE
    if _LIST.search(question):
        return Intent.LIST
    if _DEFINITION.search(question):
        return Intent.DEFINITION
    if _YES_NO.search(question):
        return Intent.YES_NO
    return Intent.OTHER
