"""Items of a distributed Map: read out of objects, manifests and listings of S3; grouped into batches.

One object holds JSON, JSON Lines, CSV or Parquet; an inventory (MANIFEST), an Athena manifest or a listing with
LOAD_AND_FLATTEN names many, whose items follow one another. S3 itself is reached by `call`, so that reading is
plain code on the thread of the handlers.
"""

import base64
import gzip
import importlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, cast

from rimedio.asl.errors import TaskFailed
from rimedio.asl.jsontext import JSON, PAYLOAD_BYTES_MAX, dumps, loads

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
LISTING, GETTING = "listObjectsV2", "getObject"
STATE_DATA = "STATE_DATA"
_GZIP, _ZSTD = "H4sI", "KLUv/"  # how the first bytes of a compressed file look in base64

Call: TypeAlias = Callable[[str, JSON], JSON]
Place: TypeAlias = tuple[str, str]


def reader_failure(cause: str) -> TaskFailed:
    """The error of an ItemReader."""
    return TaskFailed("States.ItemReaderFailed", cause)


@dataclass(frozen=True)
class Format:
    """How an object is to be read: ReaderConfig."""

    input_type: str = "JSON"
    manifest: str = ""
    flatten: bool = False
    header_location: str = "FIRST_ROW"
    headers: tuple[str, ...] = ()
    delimiter: str = ","
    pointer: str = ""

    @classmethod
    def of(cls, config: Mapping[str, JSON]) -> "Format":
        """Out of a definition. Raises States.ItemReaderFailed for duplicate headers."""
        given = config.get("CSVHeaders")
        input_type = str(config.get("InputType", "JSON"))
        return cls(
            input_type=input_type,
            manifest=str(config.get("ManifestType", "S3_INVENTORY" if input_type == "MANIFEST" else "")),
            flatten=config.get("Transformation") == "LOAD_AND_FLATTEN",
            header_location=str(config.get("CSVHeaderLocation", "FIRST_ROW")),
            headers=_unique(tuple(map(str, given)) if isinstance(given, list) else ()),
            delimiter=DELIMITERS.get(str(config.get("CSVDelimiter", "COMMA")), ","),
            pointer=str(config.get("ItemsPointer", "")),
        )


@dataclass(frozen=True)
class Dataset:
    """Items, and what they come from: `sources` has the index of each object's first item with its URI.

    `pairs`: they are the members of a JSON object, as Key and Value.
    """

    items: list[JSON]
    sources: tuple[tuple[int, str], ...] = ((0, STATE_DATA),)
    pairs: bool = False


def read(resource: str, form: Format, arguments: JSON, limit: int, call: Call) -> Dataset:
    """The items that an ItemReader names, at most `limit` (0: all). Raises States.ItemReaderFailed."""
    given = dict(arguments) if isinstance(arguments, dict) else {}
    place = (str(given.get("Bucket", "")), str(given.get("Key", "")))
    if resource.endswith(LISTING):
        rows = list(_listed(resource, given, 0 if form.flatten else limit, call))
        if not form.flatten:
            return Dataset(rows[: limit or None], ((0, f"S3://{place[0]}"),))
        resource = resource.replace(LISTING, GETTING)
        keys = [str(cast("dict[str, JSON]", row)["Key"]) for row in rows]
        places = [(place[0], key) for key in keys if not key.endswith("/")]
    elif not form.manifest:
        value = _content(_body(call(resource, given)), form)
        return Dataset(items_of(value)[: limit or None], ((0, _uri(place)),), isinstance(value, dict))
    else:
        places, form = _MANIFESTS[form.manifest](_text(_body(call(resource, given))), form)
    items: list[JSON] = []
    sources = []
    for bucket, key in places:
        if limit and len(items) >= limit:
            break
        sources.append((len(items), _uri((bucket, key))))
        wanted: dict[str, JSON] = {**_without_place(given), "Bucket": bucket, "Key": key}
        items.extend(items_of(_content(_body(call(resource, wanted)), form)))
    return Dataset(items[: limit or None], tuple(sources))


def items_of(value: JSON) -> list[JSON]:
    """An array's elements, an object's members as Key and Value. Raises States.ItemReaderFailed."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [{"Key": key, "Value": member} for key, member in value.items()]
    raise reader_failure("Attempting to map over non-iterable node.")


# -- where the objects are


def _uri(place: Place) -> str:
    return f"S3://{place[0]}/{place[1]}"


def _without_place(given: Mapping[str, JSON]) -> dict[str, JSON]:
    """What else a request says, such as ExpectedBucketOwner, for the requests that follow from it."""
    return {
        name: value for name, value in given.items() if name not in ("Bucket", "Key", "Prefix", "VersionId")
    }


def _listed(resource: str, given: Mapping[str, JSON], limit: int, call: Call) -> Iterator[JSON]:
    """The rows of a listing, page after page."""
    page: dict[str, JSON] = dict(given)
    count = 0
    while True:
        answer = call(resource, page)
        contents = answer.get("Contents") if isinstance(answer, dict) else answer
        rows = contents if isinstance(contents, list) else []
        yield from (_listed_row(row) for row in rows if isinstance(row, dict))
        count += len(rows)
        token = answer.get("NextContinuationToken") if isinstance(answer, dict) else None
        if not token or (limit and count >= limit):
            return
        page["ContinuationToken"] = token


def _listed_row(row: Mapping[str, JSON]) -> JSON:
    """An object as Step Functions tells it: the instant in seconds since the epoch."""
    at = row.get("LastModified")
    return {
        "Etag": row.get("Etag", row.get("ETag")),
        "Key": row.get("Key"),
        "LastModified": int(datetime.fromisoformat(at).timestamp()) if isinstance(at, str) else at,
        "Size": row.get("Size"),
        "StorageClass": row.get("StorageClass", "STANDARD"),
    }


def _inventory(text: str, form: Format) -> tuple[list[Place], Format]:
    """The files of an S3 inventory, and that they are CSV with the columns that the manifest names."""
    try:
        manifest = cast("dict[str, JSON]", loads(text))
        if manifest["fileFormat"] != "CSV":
            raise reader_failure(
                f"The inventory's format is {manifest['fileFormat']}; only CSV is supported."
            )
        headers = tuple(name.strip() for name in str(manifest["fileSchema"]).split(","))
        bucket = str(manifest["destinationBucket"]).rpartition(":")[2]
        keys = [str(file["key"]) for file in cast("list[dict[str, JSON]]", manifest["files"])]
    except (ValueError, KeyError, TypeError) as error:
        raise reader_failure(f"The object is no manifest of an S3 inventory: {error!r}") from error
    return [(bucket, key) for key in keys], Format("CSV", header_location="GIVEN", headers=headers)


def _athena(text: str, form: Format) -> tuple[list[Place], Format]:
    """The files that an Athena UNLOAD has written: a URI a line."""
    places = []
    for line in filter(None, (line.strip().strip('"') for line in text.splitlines())):
        scheme, _, rest = line.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme.lower() != "s3" or not key:
            raise reader_failure(f"'{line}' in the Athena manifest is not the URI of an S3 object.")
        places.append((bucket, key))
    return places, form


_MANIFESTS = {"S3_INVENTORY": _inventory, "ATHENA_DATA": _athena}


# -- what is in them


def _body(answer: JSON) -> JSON:
    """An object's content: `{"Body": …}`, or the bare content."""
    return answer.get("Body", answer) if isinstance(answer, dict) else answer


def _content(body: JSON, form: Format) -> JSON:
    """The array or object that an object holds. Raises States.ItemReaderFailed."""
    if not isinstance(body, str):
        return body
    try:
        if form.input_type == "PARQUET":
            return _parquet(body)
        text = _text(body)
        if form.input_type == "JSON":
            return _pointed(loads(text), form.pointer)
        if form.input_type == "JSONL":
            return [loads(line) for line in text.split("\n") if line.strip()]
        return _rows(text, form)
    except ValueError as error:
        raise reader_failure(f"Attempting to parse the {form.input_type} object failed: {error}") from error


def _text(body: JSON) -> str:
    """An object's text, unpacked where it is compressed, without a byte order mark."""
    text = body if isinstance(body, str) else dumps(body)
    if text.startswith(_GZIP):
        try:
            text = gzip.decompress(base64.b64decode(text, validate=True)).decode()
        except (ValueError, OSError, EOFError) as error:
            raise reader_failure(f"The compressed object cannot be read: {error}") from error
    if text.startswith(_ZSTD):
        raise reader_failure("The object is compressed with ZSTD, which is not read here; use GZIP.")
    return text.removeprefix("\ufeff")


def _parquet(body: str) -> JSON:
    """The rows of a Parquet file, which JSON carries in base64."""
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise reader_failure("Reading PARQUET needs the package pyarrow: pip install pyarrow.") from error
    try:
        rows = parquet.read_table(io.BytesIO(base64.b64decode(body, validate=True))).to_pylist()
    except Exception as error:
        raise reader_failure(f"Attempting to parse the PARQUET object failed: {error}") from error
    return [{name: value if _is_plain(value) else str(value) for name, value in row.items()} for row in rows]


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, (bool, int, float, str, list, dict))


def _pointed(value: JSON, pointer: str) -> JSON:
    """What a JSON pointer (RFC 6901) points at."""
    for raw in pointer.split("/")[1:]:
        token = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and token.isdigit() and int(token) < len(value):
            value = value[int(token)]
        else:
            raise reader_failure(f"The ItemsPointer '{pointer}' points at nothing.")
    return value


def _rows(text: str, form: Format) -> list[JSON]:
    """Lines as objects: further columns are left out, missing ones empty, lines without any skipped."""
    rows = _records(text, form.delimiter)
    headers = form.headers if form.header_location == "GIVEN" else _unique(tuple(next(rows, ())))
    return [dict(zip(headers, [*row, *[""] * len(headers)], strict=False)) for row in rows]


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    """Lines that are not empty, split into fields by the guide's rules.

    Quotes may enclose a field, and then delimiters and newlines are part of it; two of them stand for one, also in a
    field without quotes around it. A backslash takes its meaning from a backslash, quote or delimiter; before anything
    else it vanishes.
    """
    plain = re.compile(rf'[^\\"\r\n{re.escape(delimiter)}]+')
    row: list[str] = []
    field, quoted, at, start = "", False, 0, 0
    while at < len(text):
        if found := plain.match(text, at):
            field, at = field + found[0], found.end()
            continue
        mark, following, at = text[at], text[at + 1 : at + 2], at + 1
        if mark == "\\" or (mark == following == '"' and (quoted or field)):
            if following in ("\\", '"', delimiter):
                field, at = field + following, at + 1
        elif mark == '"' and (quoted or not field):
            quoted = not quoted
        elif mark == delimiter and not quoted:
            row, field = [*row, field], ""
        elif mark in "\r\n" and not quoted:
            if at - 1 > start:
                yield [*row, field]
            at += mark == "\r" and following == "\n"
            row, field, start = [], "", at
        else:
            field += mark
    if start < len(text):
        yield [*row, field]


def _unique(headers: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(headers)) < len(headers):
        raise reader_failure("CSV headers cannot contain duplicates.")
    return headers


def batched(items: list[JSON], items_max: int, bytes_max: int, batch_input: JSON) -> list[JSON]:
    """Inputs of child executions: `{"Items": […], "BatchInput": …}`, within both limits (0: no limit)."""
    shell: dict[str, JSON] = {} if batch_input is None else {"BatchInput": batch_input}
    budget = (bytes_max or PAYLOAD_BYTES_MAX) - len(dumps({**shell, "Items": []}).encode())
    batches: list[list[JSON]] = []
    used = 0
    for item in items:
        size = len(dumps(item).encode()) + 1
        if not batches or (items_max and len(batches[-1]) >= items_max) or used + size > budget:
            batches.append([])
            used = 0
        batches[-1].append(item)
        used += size
    return [{**shell, "Items": batch} for batch in batches]
