"""The input transformer: what a target receives instead of the whole event.

`InputPathsMap` takes values out of the event, `InputTemplate` puts them into a text or JSON. Rules, after the
EventBridge User Guide, "Amazon EventBridge input transformation":

- A variable outside quotes becomes the JSON of its value, inside quotes its bare text.
- A variable whose path finds nothing is an empty text.
- Paths know dots, indices and wildcards. Names that begin with `aws.` are reserved.

One deliberate difference: EventBridge inserts text unescaped inside quotes, so that a quotation mark in a value
breaks the JSON, or adds fields to it. Here it is escaped.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from rimedio.domain.codec import Json
from rimedio.domain.errors import InvalidInput
from rimedio.events.event import Event, iso_seconds

PATHS_MAX = 100
TEMPLATE_CHARS_MAX = 8192
PATH_CHARS_MAX = 256
RESERVED = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
)
_PLACEHOLDER = re.compile(r"<([^<>\s]+)>")
_STEP = re.compile(r"\.([A-Za-z0-9_\-/]+|\*)|\[(\d+|\*)\]")


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What the reserved variables tell about the delivery."""

    rule_name: str
    rule_arn: str
    ingested_at: datetime


@dataclass(frozen=True, slots=True)
class InputTransformer:
    """A template and the paths of its variables, checked when made. Raises InvalidInput."""

    template: str
    paths: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= len(self.template) <= TEMPLATE_CHARS_MAX:
            size = len(self.template)
            raise InvalidInput(f"The InputTemplate has {size} characters; give 1 to {TEMPLATE_CHARS_MAX}.")
        if len(self.paths) > PATHS_MAX:
            raise InvalidInput(f"The InputPathsMap has {len(self.paths)} paths; {PATHS_MAX} are allowed.")
        for name, path in self.paths.items():
            if name.lower().startswith("aws."):
                raise InvalidInput(f"The variable {name!r} is reserved. Choose a name without `aws.`.")
            check_path(path)
        unknown = sorted(set(_PLACEHOLDER.findall(self.template)) - {*self.paths, *RESERVED})
        if unknown:
            msg = f"The InputTemplate uses <{unknown[0]}>, which the InputPathsMap does not define."
            raise InvalidInput(msg)
        _check_json(self.template)

    def apply(self, event: Event, context: RuleContext) -> Json:
        """What the target receives: JSON where the result is JSON, else the text."""
        envelope = event.envelope()
        values = {name: find(envelope, path) for name, path in self.paths.items()}
        filled = _fill(self.template, {**values, **_reserved(envelope, context)})
        try:
            made: Json = orjson.loads(filled)
        except orjson.JSONDecodeError:
            return filled
        return made


def find(envelope: Json, path: str) -> Json:
    """The value at a path such as `$.detail.steps[0].title`; None when there is none.

    With a wildcard it is the list of all values found.
    """
    found: list[Json] = [envelope]
    several = False
    for name, index in _steps(path):
        step = name or index
        several = several or step == "*"
        found = [below for value in found for below in _below(value, step, is_index=bool(index))]
    if several:
        return found
    return found[0] if found else None


def check_path(path: str) -> None:
    """Raises InvalidInput when EventBridge would not understand the path."""
    rest = path[1:]
    if not path.startswith("$") or len(path) > PATH_CHARS_MAX or _STEP.sub("", rest):
        msg = f"{path!r} is no path. Use dots, indices and wildcards, such as $.detail.steps[0].title."
        raise InvalidInput(msg)


def _steps(path: str) -> Sequence[tuple[str, str]]:
    return _STEP.findall(path[1:])


def _below(value: Json, step: str, *, is_index: bool) -> list[Json]:
    if step == "*":
        if isinstance(value, dict):
            return list(value.values())
        return list(value) if isinstance(value, list) else []
    if is_index:
        position = int(step)
        return [value[position]] if isinstance(value, list) and position < len(value) else []
    return [value[step]] if isinstance(value, dict) and step in value else []


def _reserved(envelope: dict[str, Json], context: RuleContext) -> dict[str, Json]:
    without = {name: value for name, value in envelope.items() if name != "detail"}
    values = (context.rule_arn, context.rule_name, iso_seconds(context.ingested_at), without, envelope)
    return dict(zip(RESERVED, values, strict=True))


def _fill(template: str, values: Mapping[str, Json]) -> str:
    """The template with its variables, each written as its place (in quotes or not) asks for."""
    pieces: list[str] = []
    position, quoted = 0, False
    is_json = template.lstrip()[:1] in ("{", "[", '"')
    for match in _PLACEHOLDER.finditer(template):
        before = template[position : match.start()]
        pieces.append(before)
        quoted ^= _quotes(before) % 2 == 1
        pieces.append(_written(values.get(match[1]), quoted=quoted, is_json=is_json))
        position = match.end()
    pieces.append(template[position:])
    return "".join(pieces)


def _written(value: Json, *, quoted: bool, is_json: bool) -> str:
    if is_json and not quoted:
        return orjson.dumps("" if value is None else value).decode()
    text = value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode()
    return orjson.dumps(text).decode()[1:-1] if is_json else text


def _quotes(text: str) -> int:
    """Quotation marks that are not escaped."""
    return len(re.findall(r'(?<!\\)(?:\\\\)*"', text))


def _check_json(template: str) -> None:
    """A template that begins as JSON must be JSON once its variables are filled in."""
    if template.lstrip()[:1] not in ("{", "["):
        return
    names = set(_PLACEHOLDER.findall(template))
    try:
        orjson.loads(_fill(template, dict.fromkeys(names, 0)))  # a number cannot be a key, either
    except orjson.JSONDecodeError as error:
        msg = f"The InputTemplate begins like JSON but is none ({error}). Mend its braces and quotes."
        raise InvalidInput(msg) from None
