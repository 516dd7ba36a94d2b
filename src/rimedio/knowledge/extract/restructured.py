"""reStructuredText through docutils, with Sphinx's directives and roles taken for what they hold.

docutils refuses directives and roles that it does not know. Those named in the file are registered first with
a handler that keeps their arguments and content, so that no text is lost whatever extension a manual uses.
Nothing is included, fetched or executed.
"""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from rimedio.knowledge.extract.blocks import (
    Admonition,
    Block,
    Code,
    Extracted,
    Heading,
    ItemList,
    Limits,
    Paragraph,
    Table,
)
from rimedio.knowledge.extract.decoding import decode

if TYPE_CHECKING:
    from docutils.parsers.rst import Directive

Node = Any  # docutils' nodes carry their names and children dynamically; they stay inside this module
DIRECTIVE = re.compile(r"^\s*\.\. +(?:\|[^|\n]+\| +)?([A-Za-z][\w:+.-]*?)::", re.MULTILINE)
ROLE = re.compile(r"(?<!\w):([A-Za-z][\w:+.-]*?):`")
INTERPRETED = re.compile(r"\A(.*?)\s*<[^<>]*>\Z", re.DOTALL)
OWN_CODE = frozenset({"code", "code-block", "sourcecode", "highlight", "parsed-literal", "prompt", "doctest"})
CODE_LIKE = re.compile(
    r"code|prompt|literal|console|mermaid|graphviz|uml|math|json|yaml|command|program-output"
)
SILENT = frozenset(
    {"toctree", "highlight", "index", "currentmodule", "meta", "contents", "sectnum", "default-role", "role"}
    | {"include", "raw", "literalinclude", "image", "tabularcolumns", "default-domain", "title", "class"}
)
LIKE_LIST_TABLE = frozenset({"flat-table"})
NEVER_RUN = frozenset({"include", "raw"})  # they read other files
ADMONITIONS = frozenset(
    {"attention", "caution", "danger", "error", "hint", "important", "note", "tip", "warning", "seealso"}
)
NO_BODY = frozenset({"title", "subtitle", "comment", "target", "substitution_definition"})
_REGISTRY_LOCK = threading.Lock()


def extract_restructured(data: bytes, name: str, limits: Limits) -> Extracted:
    """Blocks of a reStructuredText file; a file that docutils cannot parse is read as plain text."""
    text = decode(data, name)
    try:
        document = _parsed(text)
    except (Exception, RecursionError):  # docutils' own faults on odd input must not lose the text
        from rimedio.knowledge.extract.plain import text_blocks

        blocks = tuple(text_blocks(text))
        return Extracted("", blocks, "restructuredtext")
    writer = _Writer(document)
    blocks = tuple(writer.blocks(document, 0))
    title = next((b.text for b in blocks if isinstance(b, Heading)), "")
    return Extracted(title, blocks, "restructuredtext", attributes=writer.fields)


def _parsed(text: str) -> Node:
    from docutils.frontend import get_default_settings
    from docutils.parsers.rst import Parser
    from docutils.utils import new_document

    with _REGISTRY_LOCK:
        _register(text)
        settings = get_default_settings(Parser)
        settings.report_level = settings.halt_level = 5
        settings.file_insertion_enabled = settings.raw_enabled = False
        settings.syntax_highlight = "none"
        settings.line_length_limit = 1_000_000
        settings.warning_stream = False
        document = new_document("source", settings)
        Parser().parse(text, document)
        return document


def _register(text: str) -> None:
    """Handlers for every directive and role named in `text` that docutils lacks or would run."""
    from docutils.parsers.rst import directives, roles
    from docutils.parsers.rst.directives.tables import ListTable

    known = _own_directives()
    for name in set(DIRECTIVE.findall(text)):
        lowered = name.lower()
        if lowered not in known or lowered in OWN_CODE or lowered in NEVER_RUN:
            handler = ListTable if lowered in LIKE_LIST_TABLE else _generic_directive()
            directives.register_directive(lowered, handler)
    for name in set(ROLE.findall(text)):
        if name.lower() not in _own_roles():
            roles.register_local_role(name.lower(), _role)


@cache
def _own_directives() -> frozenset[str]:
    from docutils.parsers.rst import directives
    from docutils.parsers.rst.languages import en

    return frozenset(directives._directive_registry) | frozenset(en.directives)  # type: ignore[attr-defined]  # noqa: SLF001


@cache
def _own_roles() -> frozenset[str]:
    return frozenset({"emphasis", "strong", "literal", "subscript", "superscript", "title-reference"})


def _role(  # noqa: PLR0917 - docutils calls it by position
    name: str,
    rawtext: str,
    text: str,
    lineno: int,
    inliner: object,
    options: Mapping[str, Any] | None = None,
    content: Sequence[str] | None = None,
) -> Any:
    """The words of an unknown role: of ``text <target>`` only the text."""
    from docutils import nodes
    from docutils.utils import unescape

    words = unescape(text)
    if named := INTERPRETED.match(words):
        words = named.group(1) or words
    return [nodes.inline(rawtext, words.lstrip("~!"))], []


@cache
def _generic_directive() -> "type[Directive]":
    from docutils import nodes
    from docutils.parsers.rst import Directive

    class Generic(Directive):
        """Any directive: arguments and content, options left out."""

        optional_arguments = 1
        final_argument_whitespace = True
        has_content = True
        option_spec = None

        def run(self) -> list[Node]:
            content = _without_options(list(self.content))
            argument = _without_trailing_options(" ".join(self.arguments))
            if self.name in SILENT:
                return []
            if self.name in OWN_CODE or CODE_LIKE.search(self.name):
                code = "\n".join(content)
                return [nodes.literal_block(code, code)] if code.strip() else []
            holder = nodes.container()
            if argument:
                holder += nodes.paragraph(argument, argument)
            if content:
                self.state.nested_parse(type(self.content)(content, source=""), self.content_offset, holder)
            return list(holder.children)

    return Generic


def _without_trailing_options(argument: str) -> str:
    """The words before the first option line; grid sizes and the like have no words."""
    kept = re.split(r"(?:\A|\n)\s*:[\w -]+:", argument, maxsplit=1)[0].strip()
    return kept if re.search(r"[^\W\d_]", kept) else ""


def _without_options(lines: list[str]) -> list[str]:
    start = 0
    while start < len(lines) and (re.match(r":[\w -]+:", lines[start]) or not lines[start].strip()):
        start += 1
    return lines[start:]


class _Writer:
    """Turns docutils' tree into blocks."""

    def __init__(self, document: Node) -> None:
        self.fields: dict[str, str] = {}
        self._started = False
        self._substitutions = {k: v.astext() for k, v in document.substitution_defs.items()}

    def blocks(self, parent: Node, level: int) -> Iterator[Block]:
        """Blocks of the children of `parent`, whose headings have `level`."""
        for node in parent.children:
            yield from self._block(node, level)

    def _block(self, node: Node, level: int) -> Iterator[Block]:  # noqa: C901, PLR0912 - one branch a node
        kind = node.tagname
        if kind == "section":
            yield from self.blocks(node, level + 1)
        elif kind in {"title", "rubric"}:
            yield Heading(" ".join(self._text(node).split()), level + (kind == "rubric") or 1)
        elif kind in {"bullet_list", "enumerated_list"}:
            yield self._list(node, level)
        elif kind == "table":
            yield from self._table(node, level)
        elif kind in {"literal_block", "doctest_block", "math_block"}:
            yield Code(node.astext())
        elif kind in ADMONITIONS or kind == "admonition":
            yield self._admonition(node, level)
        elif kind == "field_list":
            yield from self._fields(node)
        elif kind == "line_block":
            yield Paragraph("\n".join(self._lines(node)))
        elif kind in {"paragraph", "term", "attribution", "caption", "subtitle", "option_group"}:
            if text := self._text(node):
                yield Paragraph(text)
        elif kind == "system_message":  # what docutils could not parse, as written
            yield from (
                Paragraph(child.astext()) for child in node.children if child.tagname == "literal_block"
            )
        elif kind not in {"comment", "target", "substitution_definition", "pending", "image", "label"}:
            if hasattr(node, "children") and node.children and kind != "#text":
                yield from self.blocks(node, level)
            elif text := node.astext().strip():
                yield Paragraph(text)

    def _list(self, node: Node, level: int) -> ItemList:
        ordered = node.tagname == "enumerated_list"
        number, items = int(node.get("start", 1)), []
        for child in node.children:
            text = "\n".join(block.text for block in self.blocks(child, level))
            marker = f"{number}." if ordered else "-"
            items.append(f"{marker} " + text.replace("\n", "\n  "))
            number += 1
        return ItemList(tuple(items), ordered)

    def _table(self, node: Node, level: int) -> Iterator[Block]:
        header: tuple[str, ...] = ()
        rows: list[tuple[str, ...]] = []
        for part in node.children:
            if part.tagname == "title":
                yield Paragraph(self._text(part))
            for body in part.children if part.tagname == "tgroup" else ():
                cells = [self._cells(row, level) for row in body.children if row.tagname == "row"]
                if body.tagname == "thead" and cells:
                    header, cells = cells[0], cells[1:]
                rows.extend(cells)
        if header or rows:
            yield Table(header, tuple(rows))

    def _cells(self, row: Node, level: int) -> tuple[str, ...]:
        cells: list[str] = []
        for entry in row.children:
            cells.append("\n".join(block.text for block in self.blocks(entry, level)))
            cells.extend([""] * int(entry.get("morecols", 0)))
        return tuple(cells)

    def _admonition(self, node: Node, level: int) -> Admonition:
        label, inner = node.tagname, list(self.blocks(node, level))
        if label == "admonition" and inner and isinstance(inner[0], Heading):
            label, inner = inner[0].text, inner[1:]
        return Admonition(label, "\n".join(block.text for block in inner))

    def _fields(self, node: Node) -> Iterator[Block]:
        """Fields as "name: body"; those at the head of the file are its attributes instead."""
        before = [n for n in node.parent.children[: node.parent.index(node)] if n.tagname not in NO_BODY]
        at_head = not before and not self._started
        self._started = True
        for child in node.children:
            name, body = child.children[0].astext(), self._text(child.children[1])
            if at_head:
                self.fields[name.lower()] = body
            elif body or name:
                yield Paragraph(f"{name}: {body}" if body else name)

    def _lines(self, node: Node, indent: int = 0) -> Iterator[str]:
        for child in node.children:
            if child.tagname == "line_block":
                yield from self._lines(child, indent + 1)
            else:
                yield "  " * indent + self._text(child)

    def _text(self, node: Node) -> str:
        """Words of an inline run; substitutions filled in where the file defines them."""
        if node.tagname == "substitution_reference":
            return str(self._substitutions.get(node.astext(), node.astext()))
        if node.tagname in {"system_message", "image"}:
            return ""
        if not getattr(node, "children", None):
            return str(node.astext())
        inner = "".join(self._text(child) for child in node.children)
        return inner.strip() if node.tagname in {"paragraph", "title", "field_body"} else inner
