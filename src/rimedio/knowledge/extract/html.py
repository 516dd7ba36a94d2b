"""HTML: the visible content in reading order, without scripts, navigation and page furniture."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rimedio.domain.errors import InvalidDocument
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
    from selectolax.lexbor import LexborNode

DEPTH_MAX = 200  # of elements; real pages stay below 60
NESTING_MAX = 1_000
NESTING = re.compile(
    r"<(/?)(?:div|span|table|ul|ol|dl|section|article|blockquote|font|b|i|em|a)\b", re.IGNORECASE
)
HIDDEN = (
    "script, style, noscript, template, nav, footer, iframe, object, svg, canvas, button, select, input, "
    "[role=navigation], [role=contentinfo], [hidden], [aria-hidden=true], a.headerlink, "
    ".breadcrumb, .breadcrumbs, .sidebar, .cookie, .cookies, #cookie, .noprint"
)
HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
CONTAINERS = frozenset(
    {"html", "body", "div", "section", "article", "main", "header", "center", "figure", "details", "form"}
    | {"fieldset", "blockquote", "aside", "address", "hgroup", "dd", "dl", "p", "td", "th", "li", "caption"}
    | {"figcaption", "summary", "legend"}
)
WARNING_WORD = r"note|notes|notice|warning|caution|danger|important|tip|attention|admonition|alert|callout"
WARNING_CLASS = re.compile(rf"(?:^|[\s_-])({WARNING_WORD})(?:$|[\s_-])", re.IGNORECASE)
LABEL = re.compile(
    rf"\A({WARNING_WORD}|nota|importante|attenzione|avvertenza|avviso|pericolo)\b[\s:.!]*", re.IGNORECASE
)
META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
SPACES = re.compile(r"[ \t\n\r\f\u00a0\ufeff]+")
LOOSE = re.compile(r" +([,.;:!?)\]])(?=\s|\Z)")  # pretty-printed source puts line ends before punctuation
BREAK = "\ue000"  # private use: a <br> while spaces are being collapsed


def extract_html(data: bytes, name: str, limits: Limits) -> Extracted:
    """Blocks of a web page; the title is <title>, or else its first heading."""
    from selectolax.lexbor import LexborHTMLParser

    text = decode(_as_unicode(data), name)
    _refuse_depth(text)
    tree = LexborHTMLParser(text)
    found = tree.css_first("title")
    title = SPACES.sub(" ", found.text()).strip() if found is not None else ""
    attributes: dict[str, str] = {}
    root = tree.css_first("html")
    if root is not None and (language := root.attributes.get("lang")):
        attributes["lang"] = language
    for meta in tree.css("meta[name][content]"):
        attributes[(meta.attributes.get("name") or "").lower()] = meta.attributes.get("content") or ""
    blocks = tuple(html_blocks(text))
    first = next((b.text for b in blocks if isinstance(b, Heading)), "")
    if not blocks:
        msg = f"{name} shows no text: it may be filled in by scripts. Save the page as rendered, or as PDF."
        raise InvalidDocument(msg)
    return Extracted(title or first, blocks, "html", attributes=attributes)


def html_blocks(source: str) -> Iterator[Block]:
    """Blocks of an HTML page or fragment."""
    from selectolax.lexbor import LexborHTMLParser

    _refuse_depth(source)
    tree = LexborHTMLParser(source)
    for node in tree.css(HIDDEN):
        node.decompose()
    root = _content(tree.css_first) or tree.body
    if root is not None:
        walker = _Walker()
        walker.walk(root, 0)
        yield from walker.finished()


def _refuse_depth(source: str) -> None:
    """Raises InvalidDocument for elements nested beyond any page: walking them would take minutes."""
    depth = 0
    for tag in NESTING.finditer(source):
        depth += -1 if tag.group(1) else 1
        if depth > NESTING_MAX:
            msg = f"The HTML is nested more than {NESTING_MAX} levels deep. Save the page again, or as PDF."
            raise InvalidDocument(msg)
        depth = max(depth, 0)


def _content(css_first: "Callable[[str], LexborNode | None]") -> "LexborNode | None":
    """The element that says it is the page's content, if it holds most of the text."""
    body = css_first("body")
    for selector in ("main", "[role=main]", "article"):
        found = css_first(selector)
        if found is not None and body is not None and len(found.text()) * 2 > len(body.text()):
            return found
    return None


def _as_unicode(data: bytes) -> bytes:
    """Bytes in the encoding that the page declares, as UTF-8."""
    declared = META_CHARSET.search(data[:4096])
    if declared and declared.group(1).lower() not in {b"utf-8", b"utf8"}:
        try:
            return data.decode(declared.group(1).decode("ascii")).encode()
        except (LookupError, UnicodeError):
            return data
    return data


class _Walker:
    """Collects blocks; running text between block elements becomes paragraphs."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._running: list[str] = []

    def finished(self) -> list[Block]:
        """All blocks."""
        self._flush()
        return self._blocks

    def walk(self, node: "LexborNode", depth: int) -> None:
        """Take in the children of `node`."""
        if depth > DEPTH_MAX:
            self._running.append(node.text(separator=" "))
            return
        for child in node.iter(include_text=True):
            tag = child.tag or ""
            if tag == "-text":
                self._running.append(child.text_content or "")
            elif tag == "br":
                self._running.append(BREAK)
            elif tag in HEADINGS:
                self._add(Heading(_line(child), HEADINGS[tag]))
            elif tag in {"ul", "ol"}:
                self._add(_list(child, ordered=tag == "ol", depth=depth))
            elif tag == "table":
                self._table(child, depth)
            elif tag == "pre":
                self._add(Code(child.text().strip("\n")))
            elif tag == "dt":
                self._add(Paragraph(_line(child)))
            elif tag in CONTAINERS:
                self._container(child, depth)
            elif not tag.startswith(("-", "!")):
                self.walk(child, depth + 1)

    def _container(self, node: "LexborNode", depth: int) -> None:
        self._flush()
        warning = WARNING_CLASS.search(node.attributes.get("class") or "")
        if warning is None:
            self.walk(node, depth + 1)
            self._flush()
            return
        inner = _Walker()
        inner.walk(node, depth + 1)
        body = "\n".join(block.text for block in inner.finished())
        label = LABEL.match(body)
        if label and label.end() < len(body):
            self._add(Admonition(label.group(1), body[label.end() :]))
        else:
            self._add(Admonition("", body))

    def _table(self, node: "LexborNode", depth: int) -> None:
        rows = [row for row in node.css("tr") if _nearest(row, "table") == node.mem_id]
        nested = any(table.mem_id != node.mem_id for table in node.css("table"))
        cells = [] if nested else [_cells(row, depth) for row in rows]
        if any(sum(map(bool, row)) > 1 for row in cells):
            header = tuple(cells[0]) if len(cells) > 1 and _is_header(rows[0]) else ()
            body = cells[1:] if header else cells
            self._add(Table(header, tuple(tuple(row) for row in body if any(row))))
            return
        self._flush()
        for row in rows:  # a table of one filled column, or one around others, is only layout
            for cell in row.iter():
                inner = _Walker()
                inner.walk(cell, depth + 1)
                self._blocks.extend(_labelled(inner.finished()))

    def _add(self, block: Block) -> None:
        self._flush()
        if block.text.strip():
            self._blocks.append(block)

    def _flush(self) -> None:
        if text := _collapse("".join(self._running)):
            self._blocks.append(Paragraph(text))
        self._running.clear()


def _labelled(blocks: list[Block]) -> list[Block]:
    """A cell that opens with "NOTE" or "ATTENZIONE" is an admonition drawn as a table."""
    first = blocks[0].text if blocks else ""
    label = LABEL.match(first)
    if label and label.group(1).isupper() and isinstance(blocks[0], Paragraph):
        body = "\n".join([first[label.end() :], *(block.text for block in blocks[1:])]).strip()
        return [Admonition(label.group(1), body)] if body else blocks
    return blocks


def _is_header(row: "LexborNode") -> bool:
    return all(cell.tag == "th" for cell in row.iter())


def _nearest(node: "LexborNode", tag: str) -> int | None:
    parent = node.parent
    while parent is not None and parent.tag != tag:
        parent = parent.parent
    return parent.mem_id if parent is not None else None


def _cells(row: "LexborNode", depth: int) -> list[str]:
    cells: list[str] = []
    for cell in row.iter():
        if cell.tag in {"td", "th"}:
            inner = _Walker()
            inner.walk(cell, depth + 1)
            cells.append("\n".join(block.text for block in inner.finished()))
            cells += [""] * (_span(cell) - 1)
    return cells


def _span(cell: "LexborNode") -> int:
    span = cell.attributes.get("colspan") or "1"
    return min(int(span), 50) if span.isascii() and span.isdigit() else 1


def _list(node: "LexborNode", *, ordered: bool, depth: int) -> ItemList:
    start = node.attributes.get("start") or "1"
    number = int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 1
    items: list[str] = []
    for child in node.iter(include_text=True):
        inner = _Walker()
        if child.tag == "-text":
            continue
        inner.walk(child, depth + 1)
        text = "\n".join(block.text for block in inner.finished())
        if text:
            items.append((f"{number}. " if ordered else "- ") + text.replace("\n", "\n  "))
            number += 1
    return ItemList(tuple(items), ordered)


def _line(node: "LexborNode") -> str:
    return SPACES.sub(" ", node.text().replace("¶", "")).strip()


def _collapse(text: str) -> str:
    lines = SPACES.sub(" ", text).split(BREAK)
    return "\n".join(line for raw in lines if (line := LOOSE.sub(r"\1", raw.strip())))
