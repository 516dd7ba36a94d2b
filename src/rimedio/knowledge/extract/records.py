"""YAML and JSON: lists of errors, corpora of sections, and anything else as an indented outline.

Three shapes are known: entries with a code or name and what it means (error lists); entries with a title
and a body (`{section_id: {title, text}}`); every other shape is written out as "key: value" lines.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rimedio.domain.errors import InvalidDocument
from rimedio.knowledge.extract.blocks import Block, Extracted, Heading, Limits, Paragraph
from rimedio.knowledge.extract.decoding import decode, repaired

Json = Any  # what json and yaml give back; it stays inside this module

CODE_FIELDS = (
    "code",
    "error_code",
    "errorcode",
    "codice",
    "codice_errore",
    "error",
    "errore",
    "fault",
    "alarm",
)
NAME_FIELDS = (*CODE_FIELDS, "name", "nome", "id", "key")
TITLE_FIELDS = ("title", "titolo", "heading", "question", "domanda", "subject", "name", "nome")
BODY_FIELDS = ("html", "text", "body", "content", "contents", "answer", "testo", "contenuto", "risposta")
MEANING_FIELDS = re.compile(
    r"desc|cause|caus[ae]|remed|rimedi|solution|soluzion|action|azion|meaning|significat|reason|motiv|message|"
    r"messaggi|text|testo|fix|check|controll|resol|summary|title|titolo|what|how|help|detail",
    re.IGNORECASE,
)
PATH_FIELDS = ("section_hierarchy", "hierarchy", "path", "section_path", "breadcrumb")
PARENT_FIELDS = ("parent", "parent_id")
ABOUT_FIELDS = frozenset(
    {
        "title",
        "titolo",
        "product",
        "prodotto",
        "product_type",
        "models",
        "modelli",
        "model",
        "modello",
        "doc_type",
    }
    | {"version", "versione", "revision", "date", "data", "updated_at", "language", "lang", "lingua", "tags"}
)
YAML_ALIASES_MAX = 1_000
YAML_DEPTH_MAX = 100
YAML_EXPANDED_MAX = 200_000  # values of a file with aliases, each alias counted as what it stands for


def extract_records(data: bytes, name: str, limits: Limits) -> Extracted:
    """Entries of a JSON or YAML file. Raises InvalidDocument when it breaks the format's rules."""
    text = decode(data, name)
    kind = "json" if name.lower().endswith(".json") else "yaml"
    try:
        value = json.loads(text) if kind == "json" else load_yaml(text)
    except RecursionError as error:
        msg = f"{name} is nested too deeply to be read. Check that it is really a {kind.upper()} document."
        raise InvalidDocument(msg) from error
    except ValueError as error:
        if text.lstrip()[:1] not in "{[" and kind == "json":
            msg = f"{name} is not JSON: {error}. Correct it, or give it the ending .txt."
        else:
            msg = f"{name} is not valid {kind.upper()}: {_first_line(error)}. Correct it and retry."
        raise InvalidDocument(msg) from error
    if _depth(value, limits.depth_max) > limits.depth_max:
        msg = f"{name} is nested more than {limits.depth_max} levels deep. Give a flatter list of entries."
        raise InvalidDocument(msg)
    attributes = _attributes(value)
    rest = {k: v for k, v in value.items() if str(k).lower() not in attributes} if attributes else value
    blocks = tuple(_blocks(rest))
    if not blocks:
        msg = f"{name} holds no text. Check that it is the right file."
        raise InvalidDocument(msg)
    return Extracted(_title(value), blocks, kind, attributes=attributes, records=True)


def load_yaml(text: str) -> Json:
    """YAML without object construction. Raises ValueError when it is not valid, or expands without end."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        aliases = _check_events(yaml.parse(text, Loader=loader))
        value = yaml.load(text, Loader=loader)  # noqa: S506 - both loaders are the safe ones
    except yaml.YAMLError as error:
        raise ValueError(_first_line(error)) from error
    if aliases and _expanded(value, {}) > YAML_EXPANDED_MAX:
        raise ValueError(f"it repeats parts of itself to more than {YAML_EXPANDED_MAX} values")
    return value


def _expanded(value: Json, known: dict[int, float]) -> float:
    """How many values there are when every repetition is written out; infinite when it contains itself."""
    if not isinstance(value, Mapping | list | tuple | set):
        return 1
    if id(value) not in known:
        known[id(value)] = float("inf")
        inner = value.values() if isinstance(value, Mapping) else value
        known[id(value)] = 1 + sum(_expanded(part, known) for part in inner)
    return known[id(value)]


def _check_events(events: Iterator[Any]) -> int:
    """The number of aliases. Refuses what would overflow the loader's stack, before it is loaded."""
    depth = aliases = 0
    for event in events:
        kind = type(event).__name__
        depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
        aliases += kind == "AliasEvent"
        if depth > YAML_DEPTH_MAX:
            raise ValueError(f"it is nested more than {YAML_DEPTH_MAX} levels deep")
        if aliases > YAML_ALIASES_MAX:
            raise ValueError(f"it repeats parts of itself more than {YAML_ALIASES_MAX} times")
    return aliases


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:160]


def _depth(value: Json, stop: int) -> int:
    """Levels of nesting, counted without recursion, up to one more than `stop`."""
    level, layer = 0, [value]
    while layer and level <= stop:
        following: list[Json] = []
        for item in layer:
            if isinstance(item, Mapping):
                following.extend(v for v in item.values() if isinstance(v, Mapping | list))
            elif isinstance(item, list):
                following.extend(v for v in item if isinstance(v, Mapping | list))
        if len(following) > 2_000_000:
            return stop + 1
        level, layer = level + 1, following
    return level


def _attributes(value: Json) -> dict[str, str]:
    """What a list of entries says about itself beside its entries, such as version and models."""
    if not isinstance(value, Mapping) or not any(isinstance(v, Mapping | list) and v for v in value.values()):
        return {}
    if _entries(value) is not None:
        return {}
    named = {str(k).lower(): v for k, v in value.items() if str(k).lower() in ABOUT_FIELDS and v is not None}
    if len(named) == len(value):
        return {}
    flat = {k: v for k, v in named.items() if not isinstance(v, Mapping)}
    return {k: ", ".join(map(str, v)) if isinstance(v, list) else str(v) for k, v in flat.items()}


def _title(value: Json) -> str:
    if isinstance(value, Mapping):
        for field in ("title", "titolo", "name", "nome"):
            if isinstance(value.get(field), str):
                return " ".join(str(value[field]).split())
    return ""


def _blocks(value: Json) -> Iterator[Block]:
    if isinstance(value, Mapping) and (entries := _entries(value)):
        named, sections = entries
        yield from _sections(named) if sections else _errors(named)
        return
    if isinstance(value, list) and (entries := _entries(dict(enumerate(value)))):
        yield from _sections(entries[0]) if entries[1] else _errors(entries[0])
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _member(str(key), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _blocks(inner)
    elif value is not None and str(value).strip():
        yield Paragraph(str(value).strip())


def _member(key: str, inner: Json) -> Iterator[Block]:
    """One field of a general mapping: scalars as "key: value", containers under a heading."""
    if isinstance(inner, Mapping | list) and inner:
        if _is_flat(inner):
            yield Heading(key, 2)
            yield Paragraph("\n".join(_outline(inner, 0)))
        else:
            yield Heading(key, 1)
            yield from _blocks(inner)
    elif inner not in (None, "", [], {}):
        yield Paragraph(f"{key}: {str(inner).strip()}")


def _is_flat(value: Json) -> bool:
    inner = value.values() if isinstance(value, Mapping) else value
    return not any(isinstance(v, Mapping | list) and _entries_of(v) for v in inner) and not _entries_of(value)


def _entries_of(value: Json) -> bool:
    mapping = value if isinstance(value, Mapping) else dict(enumerate(value))
    return _entries(mapping) is not None


def _entries(value: Mapping[Any, Json]) -> tuple[Mapping[str, Mapping[str, Json]], bool] | None:
    """(entries by key, whether they are sections) when the members of `value` are entries of a list."""
    members = {str(k): v for k, v in value.items() if isinstance(v, Mapping)}
    if not members or len(members) < len(value):
        return None
    titled = sum(
        _field(m, TITLE_FIELDS) is not None and _field(m, BODY_FIELDS) is not None for m in members.values()
    )
    if titled * 2 > len(members):
        return members, True
    keyed = all(re.search(r"\d", k) for k in members) and not all(k.isdigit() and len(k) < 3 for k in members)
    coded = sum(
        (keyed or _field(m, NAME_FIELDS) is not None) and any(MEANING_FIELDS.search(str(k)) for k in m)
        for m in members.values()
    )
    return (members, False) if coded * 2 > len(members) else None


def _field(entry: Mapping[str, Json], names: Sequence[str]) -> str | None:
    """The name, as written, of the first of `names` that the entry fills."""
    lowered = {str(k).lower().replace("-", "_").replace(" ", "_"): str(k) for k in entry}
    for name in names:
        if name in lowered and entry.get(lowered[name]) not in (None, "", []):
            return lowered[name]
    return None


def _errors(entries: Mapping[str, Mapping[str, Json]]) -> Iterator[Block]:
    """Each entry under a heading that defines its code."""
    for key, entry in entries.items():
        field = _field(entry, NAME_FIELDS)
        code = str(entry[field]).strip() if field else key
        sub = _field(entry, ("sub_code", "subcode", "sub", "sottocodice"))
        if sub:
            code = f"{code}/{entry[sub]}"
        yield Heading(code, 2, codes=() if " " in code else (code,))
        rest = {k: v for k, v in entry.items() if k not in (field, sub)}
        if lines := list(_outline(rest, 0)):
            yield Paragraph("\n".join(lines))


def _sections(entries: Mapping[str, Mapping[str, Json]]) -> Iterator[Block]:
    """Each entry under its title, below the titles of the entries that it names as its ancestors."""
    titles = {key: _entry_title(entry) for key, entry in entries.items()}
    current: tuple[str, ...] = ()
    for key, entry in entries.items():
        path = _ancestors(key, entry, titles)
        for level, ancestor in enumerate(path, start=1):
            if path[:level] != current[:level]:
                yield Heading(titles[ancestor], level)
        current = (*path, key)
        yield Heading(titles[key], len(current))
        yield from _body(entry, titles[key])


def _entry_title(entry: Mapping[str, Json]) -> str:
    field = _field(entry, TITLE_FIELDS)
    return " ".join(str(entry[field]).split()) if field else ""


def _ancestors(key: str, entry: Mapping[str, Json], titles: Mapping[str, str]) -> tuple[str, ...]:
    if field := _field(entry, PATH_FIELDS):
        value = entry[field]
        parts = value if isinstance(value, list) else re.split(r"\s*[>/|]\s*", str(value))
        return tuple(str(p) for p in parts if str(p) in titles and str(p) != key)
    if (field := _field(entry, PARENT_FIELDS)) and str(entry[field]) in titles and str(entry[field]) != key:
        return (str(entry[field]),)
    return ()


def _body(entry: Mapping[str, Json], title: str) -> Iterator[Block]:
    field = _field(entry, BODY_FIELDS)
    if field is None:
        return
    parts = entry[field] if isinstance(entry[field], list) else [entry[field]]
    texts = [
        repaired(str(part)).strip() for part in parts if part is not None
    ]  # escapes hide it from `decode`
    if any(re.search(r"</\w+>", text) for text in texts):
        from rimedio.knowledge.extract.html import html_blocks

        blocks = list(html_blocks("\n".join(texts)))
    else:
        blocks = [Paragraph(text) for text in texts if text]
    for at, block in enumerate(blocks):
        if at == 0 and " ".join(block.text.split()) == title:
            continue  # the body repeats its own title
        yield Paragraph(block.text) if isinstance(block, Heading) else block


def _outline(value: Json, indent: int) -> Iterator[str]:
    """Nested values as indented "key: value" and "- item" lines."""
    pad = "  " * indent
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, Mapping | list):
                if inner:
                    yield f"{pad}{key}:"
                    yield from _outline(inner, indent + 1)
            elif inner is not None and str(inner).strip():
                yield f"{pad}{key}: {str(inner).strip()}"
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, Mapping | list):
                yield from _outline(inner, indent + 1)
            elif inner is not None and str(inner).strip():
                yield f"{pad}- {str(inner).strip()}"
    elif value is not None:
        yield f"{pad}{value}"
