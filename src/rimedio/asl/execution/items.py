"""Items of a distributed Map: parsed out of JSON, JSON Lines, CSV or a listing; grouped into batches."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

from rimedio.asl.errors import TaskFailed
from rimedio.asl.jsontext import JSON, PAYLOAD_BYTES_MAX, dumps, loads

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


def reader_failure(cause: str) -> TaskFailed:
    """The error of an ItemReader."""
    return TaskFailed("States.ItemReaderFailed", cause)


@dataclass(frozen=True)
class Format:
    """How an object is to be read: ReaderConfig."""

    input_type: str = "JSON"
    header_location: str = "FIRST_ROW"
    headers: tuple[str, ...] = ()
    delimiter: str = ","
    pointer: str = ""

    @classmethod
    def of(cls, config: Mapping[str, JSON]) -> "Format":
        """Out of a definition. Raises States.ItemReaderFailed for duplicate headers."""
        given = config.get("CSVHeaders")
        headers = tuple(map(str, given)) if isinstance(given, list) else ()
        return cls(
            input_type=str(config.get("InputType", "JSON")),
            header_location=str(config.get("CSVHeaderLocation", "FIRST_ROW")),
            headers=_unique(headers),
            delimiter=DELIMITERS.get(str(config.get("CSVDelimiter", "COMMA")), ","),
            pointer=str(config.get("ItemsPointer", "")),
        )


def parse_items(answer: JSON, form: Format) -> list[JSON]:
    """The items in what the reader's handler answered. Raises States.ItemReaderFailed.

    A listing answers `{"Contents": […]}`; an object `{"Body": text}` or the bare text.
    """
    if isinstance(answer, dict) and isinstance(answer.get("Contents"), list):
        contents: list[JSON] = answer["Contents"]  # type: ignore[assignment]
        return contents
    body = answer.get("Body", answer) if isinstance(answer, dict) else answer
    if not isinstance(body, str):
        return items_of(body)
    try:
        if form.input_type == "JSON":
            return items_of(_pointed(loads(body), form.pointer))
        if form.input_type == "JSONL":
            return [loads(line) for line in body.splitlines() if line.strip()]
    except ValueError as error:
        raise reader_failure(f"Attempting to parse the {form.input_type} object failed: {error}") from error
    if form.input_type == "CSV":
        return _rows(body, form)
    raise reader_failure(f"The input type {form.input_type} is not supported; use JSON, JSONL or CSV.")


def items_of(value: JSON) -> list[JSON]:
    """An array's elements, an object's members as Key and Value. Raises States.ItemReaderFailed."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [{"Key": key, "Value": member} for key, member in value.items()]
    raise reader_failure("The items must be a JSON array or object.")


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
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=form.delimiter) if row]
    if form.header_location == "GIVEN":
        headers = form.headers
    else:
        headers, rows = (_unique(tuple(rows[0])), rows[1:]) if rows else ((), [])
    return [dict(zip(headers, [*row, *[""] * len(headers)], strict=False)) for row in rows]


def _unique(headers: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(headers)) < len(headers):
        raise reader_failure("CSV headers cannot contain duplicates.")
    return headers


def batched(items: list[JSON], items_max: int, bytes_max: int, batch_input: JSON) -> list[JSON]:
    """Inputs of child executions: `{"Items": […], "BatchInput": …}`, within both limits (0: no limit)."""
    shell: dict[str, JSON] = {} if batch_input is None else {"BatchInput": batch_input}
    budget = (bytes_max or PAYLOAD_BYTES_MAX) - len(dumps({**shell, "Items": []}).encode())
    batches: list[JSON] = []
    current: list[JSON] = []
    used = 0
    for item in items:
        size = len(dumps(item).encode()) + 1
        if current and ((items_max and len(current) >= items_max) or used + size > budget):
            batches.append({**shell, "Items": current})
            current, used = [], 0
        current.append(item)
        used += size
    if current:
        batches.append({**shell, "Items": current})
    return batches


@dataclass(frozen=True)
class Results:
    """What a Map run's children answered, for a ResultWriter: id, status, output or failure, input."""

    rows: tuple[tuple[str, str, JSON, JSON], ...]

    def of_status(self, status: str) -> list[tuple[str, str, JSON, JSON]]:
        """The children that ended so."""
        return [row for row in self.rows if row[1] == status]


def result_files(
    results: Results, bucket: str, folder: str, config: Mapping[str, JSON], arn: str
) -> list[JSON]:
    """The objects that a ResultWriter leaves: results by status, and a manifest that lists them."""
    files: list[JSON] = []
    listed: dict[str, JSON] = {}
    lines = config.get("OutputType") == "JSONL"
    for status in ("SUCCEEDED", "FAILED", "PENDING"):
        rows = [_result(row, str(config.get("Transformation", "NONE"))) for row in results.of_status(status)]
        listed[status] = []
        if rows:
            key = f"{folder}/{status}_0.json{'l' if lines else ''}"
            body = "\n".join(map(dumps, rows)) if lines else dumps(rows)
            files.append({"Bucket": bucket, "Key": key, "Body": body})
            listed[status] = [{"Key": key, "Size": len(body.encode())}]
    manifest = {"DestinationBucket": bucket, "MapRunArn": arn, "ResultFiles": listed}
    files.append({"Bucket": bucket, "Key": f"{folder}/manifest.json", "Body": json.dumps(manifest)})
    return files


def _result(row: tuple[str, str, JSON, JSON], transformation: str) -> JSON:
    name, status, value, given = row
    if transformation != "NONE" and status == "SUCCEEDED":
        return value
    told: dict[str, JSON] = {"ExecutionArn": name, "Status": status, "Input": dumps(given)}
    return {**told, **({"Output": dumps(value)} if status == "SUCCEEDED" else _failure(value))}


def _failure(value: JSON) -> dict[str, JSON]:
    body = value if isinstance(value, dict) else {}
    return {"Error": body.get("error"), "Cause": body.get("cause")}


def flattened(results: list[JSON]) -> list[JSON]:
    """Transformation FLATTEN: results that are arrays are joined."""
    flat: list[JSON] = []
    for result in results:
        flat.extend(result if isinstance(result, list) else [result])
    return flat
