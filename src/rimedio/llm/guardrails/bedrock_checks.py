"""The guardrails of this process, and Bedrock's beside them: what either finds counts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rimedio.domain.answer import SafetyFlag, Severity
from rimedio.domain.errors import RimedioError
from rimedio.llm.bedrock import BedrockClient
from rimedio.llm.bedrock_guardrails import GuardSource, GuardVerdict
from rimedio.llm.guardrails import Guardrails, RequestVerdict, Vault
from rimedio.llm.guardrails.bedrock_definition import DATA
from rimedio.llm.guardrails.injection import InjectionDetector, InjectionVerdict
from rimedio.llm.guardrails.pii import EntityKind
from rimedio.llm.guardrails.topics import DeniedTopic, TopicRule, default_topics
from rimedio.observability.logs import get_logger

SIGN = "bedrock-prompt-attack"
RULE = "bedrock-guardrail"
MESSAGE = "A guardrail of Bedrock stopped this text: {}."
NAME_CHARS_MIN = 3  # shorter "names" are letters of codes
log = get_logger(__name__)


class BedrockGuardrails(Guardrails):
    """Guardrails that also ask ApplyGuardrail. It adds to the checks of this process and never replaces them:
    when it does not answer, theirs stand alone.

    What is sent has been redacted before, so personal data that is known here does not leave.
    """

    def __init__(
        self,
        client: BedrockClient,
        *,
        topics: Sequence[TopicRule] | None = None,
        injection: InjectionDetector | None = None,
    ) -> None:
        super().__init__(topics=topics, injection=injection)
        self._at_home = Guardrails(topics=topics, injection=injection)
        self._client = client

    def inspect_request(
        self, text: str, names: Iterable[str] = (), *, keep: Iterable[str] = (), vault: Vault | None = None
    ) -> RequestVerdict:
        """As at home; topics, attacks and names of people that Bedrock finds are added."""
        known, kept = tuple(names), tuple(keep)
        vault = Vault() if vault is None else vault
        seen = super().inspect_request(text, known, keep=kept, vault=vault)
        verdict = self._judge(seen.redaction.text, GuardSource.INPUT)
        if verdict is None:
            return seen
        people = _people(verdict, kept)
        if people:
            seen = super().inspect_request(text, (*known, *people), keep=kept, vault=vault)
        return replace(
            seen,
            topics=(*seen.topics, *_new_topics(verdict, seen.topics)),
            injection=_injection(seen.injection, verdict),
            safety_flags=(*seen.safety_flags, *_flags(verdict)),
        )

    def inspect_answer(self, text: str) -> tuple[SafetyFlag, ...]:
        """As at home; what Bedrock stops is a flag too."""
        seen = super().inspect_answer(text)
        verdict = self._judge(text, GuardSource.OUTPUT)
        if verdict is None or not verdict.blocked:
            return seen
        said = MESSAGE.format(", ".join(verdict.reasons) or "no reason given")
        return (*seen, SafetyFlag(RULE, text[:200], Severity.WARNING, said))

    def canary(self) -> list[str]:
        """The checks of this process alone: looking after one's health must not cost money."""
        return self._at_home.canary()

    def _judge(self, text: str, source: GuardSource) -> GuardVerdict | None:
        if not text.strip():
            return None
        try:
            return self._client.apply_guardrails(text, source)
        except RimedioError as error:
            log.error(
                "Bedrock's guardrail did not answer; the checks of this process stand alone", error=error
            )
            return None


def _people(verdict: GuardVerdict, keep: Sequence[str]) -> tuple[str, ...]:
    """Names that Bedrock found and this process did not, placeholders of its own redaction left out."""
    wanted = DATA[EntityKind.PERSON]
    found = (datum.text.strip() for datum in verdict.data if datum.kind == wanted)
    return tuple(n for n in found if len(n) >= NAME_CHARS_MIN and "[" not in n and n not in keep)


def _new_topics(verdict: GuardVerdict, known: Sequence[DeniedTopic]) -> tuple[DeniedTopic, ...]:
    labels = {rule.name: rule.label for rule in default_topics()}
    named = {topic.name for topic in known}
    return tuple(
        DeniedTopic(name, labels.get(name, {"it": name, "en": name}), "")
        for name in verdict.topics
        if name not in named
    )


def _injection(seen: InjectionVerdict, verdict: GuardVerdict) -> InjectionVerdict:
    if not verdict.prompt_attack or seen.flagged:
        return seen
    return InjectionVerdict(True, max(seen.probability, 0.5), seen.excerpt, (*seen.signs, SIGN))


def _flags(verdict: GuardVerdict) -> tuple[SafetyFlag, ...]:
    """Contents that no topic and no attack explain: a person should see the request."""
    others = [kind for kind in verdict.contents if kind != "PROMPT_ATTACK"]
    if not verdict.blocked or not others:
        return ()
    return (SafetyFlag(RULE, "", Severity.WARNING, MESSAGE.format(", ".join(others))),)
