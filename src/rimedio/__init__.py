"""Rimedio: technical support whose every sentence cites the manual, checked before anybody sees it."""

__version__ = "0.1.0"
