"""Files to text: every format becomes a title and blocks, or is refused in one clear sentence."""

from rimedio.knowledge.extract.blocks import (
    Admonition,
    Block,
    Code,
    Extracted,
    Heading,
    ItemList,
    Limits,
    PageReader,
    Paragraph,
    Table,
)
from rimedio.knowledge.extract.formats import FORMATS, extract, is_supported

__all__ = [
    "FORMATS",
    "Admonition",
    "Block",
    "Code",
    "Extracted",
    "Heading",
    "ItemList",
    "Limits",
    "PageReader",
    "Paragraph",
    "Table",
    "extract",
    "is_supported",
]
