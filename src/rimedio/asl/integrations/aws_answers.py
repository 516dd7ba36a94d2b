"""Whether a made-up answer is one that an AWS service could give: TestState's checks of mocked results.

The shapes are those of botocore's models, where botocore is installed; without it every answer passes, and so does the
answer of an integration that waits (`.sync`, `.waitForTaskToken`), of an activity, or of something that is no service.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from rimedio.asl.integrations.services import CLIENT_NAMES, PREFIX
from rimedio.asl.jsontext import JSON, kind_of

METADATA = ("SdkHttpMetadata", "SdkResponseMetadata")
WAITING = (".sync", ".sync:2", ".waitForTaskToken")
NUMERIC = ("integer", "long", "float", "double")
KINDS = {"structure": "object", "list": "array", "map": "object", "string": "string", "boolean": "boolean"}


def problems(resource: str, answer: JSON, *, complete: bool) -> list[str]:
    """What is wrong with an answer of a resource; `complete`: also which required members it lacks."""
    if not resource.startswith(PREFIX) or resource.endswith(WAITING):
        return []
    *sdk, service, action = resource.removeprefix(PREFIX).split(":")
    shape = _output_shape(CLIENT_NAMES.get(service, service), action[:1].upper() + action[1:])
    if shape is None:
        return []
    value = answer
    if isinstance(answer, dict) and not sdk:
        value = {name: member for name, member in answer.items() if name not in METADATA}
    return list(_unlike(shape, value, "the result", complete))


@cache
def _output_shape(service: str, operation: str) -> Any:
    """What an operation answers; None where nothing is known of it."""
    try:
        from botocore.exceptions import DataNotFoundError
        from botocore.loaders import Loader
        from botocore.model import OperationNotFoundError, ServiceModel
    except ImportError:
        return None
    try:
        model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
        return model.operation_model(operation).output_shape
    except (DataNotFoundError, OperationNotFoundError):
        return None


def _unlike(shape: Any, value: JSON, where: str, complete: bool) -> Iterator[str]:
    kind, sent = shape.type_name, kind_of(value)
    if kind in NUMERIC and sent != "number":
        yield f"{where} must be a number, not {sent}"
    elif kind in KINDS and KINDS[kind] != sent:
        yield f"{where} must be {KINDS[kind]}, not {sent}"
    elif isinstance(value, list) and kind == "list":
        for number, element in enumerate(value):
            yield from _unlike(shape.member, element, f"{where}[{number}]", complete)
    elif isinstance(value, dict) and kind == "map":
        for name, member in value.items():
            yield from _unlike(shape.value, member, f"{where}.{name}", complete)
    elif isinstance(value, dict) and kind == "structure":
        known = {name[:1].upper() + name[1:]: name for name in shape.members}
        for name, member in value.items():
            if name in known:
                yield from _unlike(shape.members[known[name]], member, f"{where}.{name}", complete)
            else:
                yield f"{where} has no field {name}"
        for name in known if complete else ():
            if known[name] in shape.required_members and name not in value:
                yield f"{where} lacks the field {name}"
