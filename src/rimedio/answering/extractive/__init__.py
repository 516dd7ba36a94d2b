"""The default writer: a remedy made of the passages' own words."""

from rimedio.answering.extractive.writer import ExtractiveWriter

__all__ = ["ExtractiveWriter"]
