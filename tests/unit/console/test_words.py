"""The console's dictionaries, compared as files: no browser is needed to see that a word is missing."""

import json
import re
from functools import cache
from pathlib import Path

import pytest

CONSOLE = Path(__file__).resolve().parents[3] / "src" / "rimedio" / "console"
LANGUAGES = ("it", "en")
PAGES = sorted(p.stem for p in (CONSOLE / "i18n" / "it").glob("*.js"))
PLURAL = re.compile(r"\.(?:one|other|many)$")


@cache
def words(language: str, page: str) -> dict[str, str]:
    text = (CONSOLE / "i18n" / language / f"{page}.js").read_text("utf-8")
    body = re.sub(r"^(?://[^\n]*\n|\s)*export default ", "", text).rstrip().removesuffix(";")
    found: dict[str, str] = json.loads(body, object_pairs_hook=_without_doubles)
    return found


def _without_doubles(pairs: list[tuple[str, str]]) -> dict[str, str]:
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"twice: {sorted({n for n in names if names.count(n) > 1})}"
    return dict(pairs)


@cache
def source() -> str:
    files = [p for p in CONSOLE.rglob("*.js") if "i18n" not in p.relative_to(CONSOLE).parts]
    return "\n".join(p.read_text("utf-8") for p in files)


def all_keys(language: str) -> set[str]:
    return {key for page in PAGES for key in words(language, page)}


def test_both_languages_have_the_same_pages() -> None:
    assert sorted(p.stem for p in (CONSOLE / "i18n" / "en").glob("*.js")) == PAGES
    for language in LANGUAGES:
        joined = (CONSOLE / "i18n" / f"{language}.js").read_text("utf-8")
        assert not [page for page in PAGES if f'"./{language}/{page}.js"' not in joined]


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_have_the_same_keys_in_the_same_order(page: str) -> None:
    assert list(words("it", page)) == list(words("en", page))


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_fill_in_the_same_values(page: str) -> None:
    def values(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    italian, english = words("it", page), words("en", page)
    differing = {k for k in italian.keys() & english.keys() if values(italian[k]) != values(english[k])}
    assert not differing


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_words_are_empty_and_no_key_stands_on_two_pages(language: str) -> None:
    keys = [key for page in PAGES for key in words(language, page)]
    assert len(keys) == len(set(keys))
    assert not [k for page in PAGES for k, text in words(language, page).items() if not text.strip()]


def test_every_key_that_the_console_asks_for_has_words() -> None:
    asked = set(re.findall(r'\b(?:t|say|has)\(\s*"([\w.?]+)"', source()))
    asked |= set(re.findall(r'\btranslate\(\w+(?:\.\w+)*,\s*"([\w.?]+)"', source()))
    asked |= set(re.findall(r'about:\s*"([\w.]+)"', source()))
    known = all_keys("en") | {PLURAL.sub("", key) for key in all_keys("en")}
    assert asked
    assert not sorted(asked - known)


def test_every_word_is_asked_for() -> None:
    text = source()
    begun = {p for p in re.findall(r"`([\w.]+[._])\$\{", text) if "." in p}
    unused = [
        key
        for key in sorted(all_keys("en"))
        if f'"{PLURAL.sub("", key)}"' not in text and not any(key.startswith(prefix) for prefix in begun)
    ]
    assert not unused


def test_a_plural_has_one_and_other() -> None:
    for language in LANGUAGES:
        keys = all_keys(language)
        stems = {PLURAL.sub("", key) for key in keys if PLURAL.search(key)}
        assert not {s for s in stems if not {f"{s}.one", f"{s}.other"} <= keys}
