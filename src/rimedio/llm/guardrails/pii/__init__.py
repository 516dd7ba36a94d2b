"""Personal data: found, replaced by placeholders before any model sees it, put back for the operator."""

from rimedio.llm.guardrails.pii.entity import Entity, EntityKind, Span
from rimedio.llm.guardrails.pii.redact import Redaction, Redactor, redact, restore
from rimedio.llm.guardrails.pii.vault import Vault

__all__ = ["Entity", "EntityKind", "Redaction", "Redactor", "Span", "Vault", "redact", "restore"]
