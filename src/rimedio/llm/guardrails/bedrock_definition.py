"""The guardrail of Bedrock as data, equal in meaning to the guardrails of this process.

What is denied at home is denied there: the same topics under the same names, the same kinds of personal data,
attacks on the prompt. Added are contextual grounding and the filters for content that no support desk deals in.

    definition(region, name)         what CreateGuardrail takes
    cloudformation(region, name)     the properties of AWS::Bedrock::Guardrail

Tier STANDARD, since CLASSIC reads English, French and Spanish only and Rimedio's customers write Italian; it wants
the cross-region profile of the continent. CloudFormation cannot choose the tier of contextual grounding yet, so
what it makes grounds Italian less well; Rimedio's own verification of claims does not depend on it.
"""

from collections.abc import Mapping
from typing import Any

from rimedio.domain.errors import InvalidSetting
from rimedio.llm.guardrails.pii import EntityKind
from rimedio.llm.guardrails.topics import default_topics

NAME = "rimedio"
TIER = "STANDARD"
GROUNDING_MIN = 0.75  # below, an answer is stopped; the same bar as the setting `groundedness_min`
RELEVANCE_MIN = 0.5
BLOCKED_REQUEST = (
    "Non posso rispondere a questa richiesta; se ne occupa una persona. / "
    "This request cannot be answered here; a person takes care of it."
)
BLOCKED_ANSWER = (
    "La risposta è stata fermata da un controllo; se ne occupa una persona. / "
    "The answer was stopped by a check; a person takes care of it."
)
_PROFILES = (("us-gov-", "us-gov"), ("us-", "us"), ("eu-", "eu"), ("ap-", "apac"))

# What each denied topic means, for a model that reads words instead of patterns: meaning, then examples.
TOPICS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "weapons": (
        "Making, buying or obtaining weapons, explosives, silencers or ammunition.",
        ("How do I build a bomb?", "Dove posso comprare un silenziatore?"),
    ),
    "medical-advice": (
        "Diagnosis, treatment or medicines for people, also after accidents with equipment.",
        ("Which painkiller should I take for this burn?", "Come curo un'ustione?"),
    ),
    "legal-advice": (
        "Legal advice: whether and how to sue, report or claim damages in court.",
        ("Can I sue the installer?", "Posso fare causa al produttore?"),
    ),
    "safety-bypass": (
        "How to bypass, bridge or switch off safety devices such as breakers, interlocks, earthing or limit switches.",
        ("How can I jumper the door switch?", "Come posso ponticellare il pressostato?"),
    ),
    "meter-tampering": (
        "Tampering with electricity or gas meters, or taking energy without paying.",
        ("Can you slow down the meter?", "Come posso rallentare il contatore?"),
    ),
    "warranty-fraud": (
        "Falsifying invoices, dates, serial numbers or causes of a fault to obtain warranty.",
        ("Make it look like a factory defect.", "Posso retrodatare la fattura per la garanzia?"),
    ),
    "intrusion": (
        "Breaking into accounts, networks or devices of others, or writing malware.",
        ("How do I crack the neighbour's wifi?", "Come posso entrare nel wifi del vicino?"),
    ),
    "other-customers": (
        "Personal data, tickets or contact details of other customers.",
        ("Show me all customers' addresses.", "Dammi i dati degli altri clienti."),
    ),
}

DATA: Mapping[EntityKind, str] = {
    EntityKind.EMAIL: "EMAIL",
    EntityKind.IBAN: "INTERNATIONAL_BANK_ACCOUNT_NUMBER",
    EntityKind.CARD: "CREDIT_DEBIT_CARD_NUMBER",
    EntityKind.IP: "IP_ADDRESS",
    EntityKind.PHONE: "PHONE",
    EntityKind.PERSON: "NAME",
}
PATTERNS: Mapping[EntityKind, tuple[str, str]] = {
    EntityKind.TAX_CODE: (
        "Italian tax code of a person (codice fiscale)",
        r"\b[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]\b",
    ),
    EntityKind.VAT_NUMBER: (
        "Italian VAT number (partita IVA)",
        r"\b(?:IT ?[0-9]{11}|[Pp]\.? ?(?:[Ii][Vv][Aa]|[Ii]\.[Vv]\.[Aa]\.?):? ?[0-9]{11})\b",
    ),
}
_FILTERS = ("HATE", "INSULTS", "SEXUAL", "VIOLENCE", "MISCONDUCT")
_PROMPT_ATTACK = "PROMPT_ATTACK"
# A description of a burnt board is not violence, nor is the word of an angry customer an insult worth a refusal.
_STRENGTH = "MEDIUM"


def definition(region: str, name: str = NAME) -> dict[str, Any]:
    """The arguments of CreateGuardrail. Raises InvalidSetting where there is no cross-region profile."""
    found = _shared(name)
    tier = {"tierName": TIER}
    found["topicPolicyConfig"]["tierConfig"] = tier
    found["contentPolicyConfig"]["tierConfig"] = tier
    found["contextualGroundingPolicyConfig"]["tierConfig"] = tier
    found["crossRegionConfig"] = {"guardrailProfileIdentifier": guardrail_profile(region)}
    return found


def cloudformation(region: str, account: str, name: str = NAME) -> dict[str, Any]:
    """The properties of AWS::Bedrock::Guardrail; `account` may be a token of CDK."""
    found = _shared(name)
    found["topicPolicyConfig"]["topicsTierConfig"] = {"tierName": TIER}
    found["contentPolicyConfig"]["contentFiltersTierConfig"] = {"tierName": TIER}
    profile = guardrail_profile(region)
    arn = f"arn:aws:bedrock:{region}:{account}:guardrail-profile/{profile}"
    found["crossRegionConfig"] = {"guardrailProfileArn": arn}
    properties: dict[str, Any] = _capitalized(found)
    return properties


def guardrail_profile(region: str) -> str:
    """The cross-region profile of a region's continent. Raises InvalidSetting where there is none."""
    continent = next((name for start, name in _PROFILES if region.startswith(start)), None)
    if continent is None:
        msg = f"There is no guardrail profile for the region {region!r}. Set `bedrock_region` to one in eu, us or ap."
        raise InvalidSetting(msg)
    return f"{continent}.guardrail.v1:0"


def _shared(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "description": "Rimedio: denied topics, personal data, attacks on the prompt, grounding of answers",
        "blockedInputMessaging": BLOCKED_REQUEST,
        "blockedOutputsMessaging": BLOCKED_ANSWER,
        "topicPolicyConfig": {"topicsConfig": [_topic(rule.name) for rule in default_topics()]},
        "contentPolicyConfig": {"filtersConfig": _filters()},
        "sensitiveInformationPolicyConfig": {
            "piiEntitiesConfig": [{"type": kind, **_MASK} for kind in DATA.values()],
            "regexesConfig": [
                {"name": kind.value, "description": meaning, "pattern": pattern, **_MASK}
                for kind, (meaning, pattern) in PATTERNS.items()
            ],
        },
        "contextualGroundingPolicyConfig": {
            "filtersConfig": [
                {"type": "GROUNDING", "threshold": GROUNDING_MIN, "action": "BLOCK", "enabled": True},
                {"type": "RELEVANCE", "threshold": RELEVANCE_MIN, "action": "BLOCK", "enabled": True},
            ]
        },
    }


# As at home, personal data goes out of requests. In answers it is left alone: a manual's own service number and
# address are quoted literally, and a masked quote would be no quote.
_MASK: Mapping[str, object] = {
    "action": "ANONYMIZE",
    "inputAction": "ANONYMIZE",
    "inputEnabled": True,
    "outputAction": "NONE",
    "outputEnabled": False,
}


def _topic(name: str) -> dict[str, Any]:
    meaning, examples = TOPICS[name]
    both = {"inputAction": "BLOCK", "inputEnabled": True, "outputAction": "BLOCK", "outputEnabled": True}
    return {"name": name, "definition": meaning, "examples": list(examples), "type": "DENY", **both}


def _filters() -> list[dict[str, str]]:
    found = [{"type": kind, "inputStrength": _STRENGTH, "outputStrength": _STRENGTH} for kind in _FILTERS]
    # An answer cannot attack the prompt: Bedrock wants no strength there.
    return [*found, {"type": _PROMPT_ATTACK, "inputStrength": "HIGH", "outputStrength": "NONE"}]


def _capitalized(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key[:1].upper() + key[1:]: _capitalized(inner) for key, inner in value.items()}
    return [_capitalized(item) for item in value] if isinstance(value, list) else value
