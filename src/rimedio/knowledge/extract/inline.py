"""Inline marks of Markdown taken away, so that what is left are the words a reader sees."""

import html
import re

ANCHOR = re.compile(r"<a\s+(?:name|id)=[^>]*>\s*(?:</a>)?", re.IGNORECASE)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]*)?/?>")
BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
IMAGE = re.compile(r"!\[((?:\\.|[^\]\\])*)\]\((?:\\.|[^()\\]|\([^()]*\))*\)")
LINK = re.compile(r"\[((?:\\.|`[^`]*`|[^\[\]\\`]|\[(?:\\.|[^\[\]\\])*\])*)\]\((?:\\.|[^()\\]|\([^()]*\))*\)")
REFERENCE = re.compile(r"\[((?:\\.|[^\[\]\\])+)\]\[[^\[\]]*\]")
AUTOLINK = re.compile(r"<((?:https?|mailto|ftp):[^<>\s]+|[\w.+-]+@[\w.-]+)>")
SPAN = re.compile(r"(?<!\\)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
STRONG = re.compile(r"(?<![\\*])(\*\*\*|\*\*)(?=\S)(.+?)(?<=\S)(?<!\\)\1", re.DOTALL)
STRONG_LOW = re.compile(r"(?<![\\\w])(___|__)(?=\S)(.+?)(?<=\S)(?<!\\)\1(?!\w)", re.DOTALL)
EMPHASIS = re.compile(r"(?<![\\*\w])\*(?=[^\s*])([^*]+?)(?<=\S)(?<!\\)\*(?![*\w])", re.DOTALL)
EMPHASIS_LOW = re.compile(r"(?<![\\_\w])_(?=[^\s_])([^_]+?)(?<=\S)(?<!\\)_(?![_\w])", re.DOTALL)
STRIKE = re.compile(r"~~(?=\S)(.+?)(?<=\S)~~", re.DOTALL)
ATTRIBUTES = re.compile(r"\s*\{[#.:][^{}\n]*\}\s*$")
ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
SPACES = re.compile(r"[ \t\u00a0]+")
NEEDS_WORK = re.compile(r"[\\`*_\[<&~\u00a0]|  ")
SHELF = "\ue000"  # private use: stands for a code span while the rest is worked on


def plain(source: str) -> str:
    """The visible words of one inline run; line breaks of the source stay."""
    if not NEEDS_WORK.search(source):
        return source.strip()
    shelved: list[str] = []

    def shelve(match: re.Match[str]) -> str:
        shelved.append(match.group(2).strip())
        return SHELF

    text = SPAN.sub(shelve, source.replace(SHELF, "")) if "`" in source else source
    if "<" in text:
        text = AUTOLINK.sub(r"\1", without_comments(ANCHOR.sub("", BREAK.sub("\n", text))))
        text = TAG.sub("", text)
    if "](" in text:  # without its end, each beginning would be sought an end for, through all of the text
        text = LINK.sub(r"\1", IMAGE.sub(r"\1", text))
    if "][" in text:
        text = REFERENCE.sub(r"\1", text)
    if "*" in text:
        text = EMPHASIS.sub(r"\1", STRONG.sub(r"\2", text))
    if "_" in text:
        text = EMPHASIS_LOW.sub(r"\1", STRONG_LOW.sub(r"\2", text))
    if "~~" in text:
        text = STRIKE.sub(r"\1", text)
    if "\\" in text:
        text = ESCAPE.sub(r"\1", text)
    if "&" in text:
        text = html.unescape(text)
    for span in shelved:
        text = text.replace(SHELF, span, 1)
    return tidy(text)


def without_comments(source: str) -> str:
    """The source without what stands between `<!--` and `-->`."""
    return COMMENT.sub("", source) if "-->" in source else source


def heading(source: str) -> str:
    """Words of a heading, without its attributes `{#id}`."""
    return " ".join(ATTRIBUTES.sub("", plain(ATTRIBUTES.sub("", source))).split())


def tidy(text: str) -> str:
    """Runs of spaces become one, lines lose their ends."""
    return "\n".join(line.strip() for line in SPACES.sub(" ", text).split("\n")).strip()
