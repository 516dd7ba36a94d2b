"""Versioned prompt templates and their strict renderer."""

from rimedio.llm.prompts.registry import PromptRegistry, RenderedPrompt, Template

__all__ = ["PromptRegistry", "RenderedPrompt", "Template"]
