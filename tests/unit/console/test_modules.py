"""What the console's files must never hold: markup out of data, inline style, other people's hosts."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

CONSOLE = Path(__file__).resolve().parents[3] / "src" / "rimedio" / "console"
MODULES = sorted(CONSOLE.rglob("*.js"))
STYLES = sorted(CONSOLE.rglob("*.css"))
LINES_MAX = 500
IMPORT = re.compile(r'(?:from|import)\s*\(?\s*"(\.[^"]+)"')
FORBIDDEN = {
    "markup out of text": r"\.(?:inner|outer)HTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser",
    "code out of text": r"\beval\(|new Function\(|setTimeout\(\s*[\"']",
    "an inline style": r"setAttribute\(\s*[\"']style|\bstyle:\s*[\"'`](?!percent|currency|unit|decimal)",
    "a cookie": r"document\.cookie",
    "a leftover": r"\bconsole\.(?:log|debug)|\bdebugger\b|TODO|FIXME",
}


def named(path: Path) -> str:
    return path.relative_to(CONSOLE).as_posix()


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_module_holds(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    assert not [named(p) for p in MODULES if pattern.search(p.read_text("utf-8"))]


def test_nothing_is_loaded_from_another_host() -> None:
    # The names of XML vocabularies look like addresses and are never fetched.
    allowed = re.compile(r"https?://(?:www\.w3\.org/|127\.0\.0\.1|localhost|example\.(?:com|org))")
    for path in (*MODULES, *STYLES, CONSOLE / "index.html", CONSOLE / "icons.svg", CONSOLE / "icon.svg"):
        text = allowed.sub("", path.read_text("utf-8"))
        assert not re.search(r"(?:import|from|src|href|url)\W{1,4}(?:https?:)?//", text), named(path)


def test_every_import_leads_to_a_file() -> None:
    missing = [
        f"{named(path)}: {found}"
        for path in MODULES
        for found in IMPORT.findall(path.read_text("utf-8"))
        if not (path.parent / found).resolve().is_file()
    ]
    assert not missing


def test_every_module_is_reached_from_the_page() -> None:
    seen = {CONSOLE / "app.js", CONSOLE / "theme-boot.js"}
    todo = list(seen)
    while todo:
        path = todo.pop()
        for found in IMPORT.findall(path.read_text("utf-8")):
            target = (path.parent / found).resolve()
            if target not in seen:
                seen.add(target)
                todo.append(target)
    assert not sorted(named(p) for p in MODULES if p.resolve() not in seen)


def test_every_style_sheet_is_linked() -> None:
    index = (CONSOLE / "index.html").read_text("utf-8")
    assert not [named(p) for p in STYLES if f"/console/{named(p)}" not in index]


def test_every_icon_that_is_asked_for_is_drawn() -> None:
    drawn = {node.get("id") for node in ET.parse(CONSOLE / "icons.svg").getroot()}
    asked = {
        name
        for path in MODULES
        for name in re.findall(r'(?:\bicon\(|glyph:\s*)"([\w-]+)"', path.read_text("utf-8"))
    }
    assert asked
    assert not sorted(asked - drawn)


def test_no_file_is_long() -> None:
    lengths = {named(p): len(p.read_text("utf-8").splitlines()) for p in (*MODULES, *STYLES)}
    # Dictionaries grow with the words; style sheets of components are lists.
    assert not {n: c for n, c in lengths.items() if c > LINES_MAX and not n.startswith(("i18n/", "styles/"))}


def test_every_module_says_what_it_is_for() -> None:
    assert not [
        named(p) for p in MODULES if "i18n/" not in named(p) and not p.read_text("utf-8").startswith("//")
    ]
