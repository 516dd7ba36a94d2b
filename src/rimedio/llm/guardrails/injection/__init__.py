"""Prompt injection: texts that try to take over the model that reads them."""

from rimedio.llm.guardrails.injection.detector import InjectionDetector, InjectionVerdict

__all__ = ["InjectionDetector", "InjectionVerdict"]
