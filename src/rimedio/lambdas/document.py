"""The OpenAPI document (3.1), made from the handlers' own signatures by Powertools' generator.

What the generator cannot say is added afterwards: roles, shared error responses, files, event streams,
parameters without the `null` that an absent value has in Python but never in a URL.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from rimedio import __version__
from rimedio.domain.taxonomy import Taxonomy
from rimedio.domain.ticket import NO_NUL
from rimedio.lambdas.binding import BODY, BYTES, HEADERS, JSON, QUERY, RAW
from rimedio.lambdas.document_meanings import add_meanings
from rimedio.lambdas.document_messages import add_messages
from rimedio.lambdas.failures import ErrorBody
from rimedio.lambdas.replies import Download
from rimedio.lambdas.router import Operation
from rimedio.security.permissions import MATRIX
from rimedio.settings import Settings

OPENAPI = "3.1.1"
DESCRIPTION = """Technical support whose every sentence cites the manual, checked before anybody sees it.

The tenant comes from the token; what belongs to another tenant is not found. Lists give `next_cursor` for the
next page. Times are ISO 8601 in UTC. Errors have one body, `ErrorBody`. Text never holds NUL characters.
`x-roles` names the roles that may call an operation."""
ALWAYS = (400, 401, 403, 429, 500, 503)
PUBLIC_ALWAYS = (400, 429, 500, 503)
MEANINGS = {
    400: "The request is not valid; details name the fields.",
    401: "There is no valid token.",
    403: "The caller's roles do not allow this, or a guardrail or budget says no.",
    404: "There is no such thing, or it belongs to another tenant.",
    406: "This is a stream; it is served by the streaming endpoint.",
    409: "It exists, but not in the state that was expected.",
    412: "The file has none of the entity tags that were named.",
    413: "The body is too large, or the file is too large for one answer: ask for it in pieces, with Range.",
    415: "The body has another type than this operation takes.",
    416: "The range lies behind the file's end; Content-Range tells its size.",
    429: "Too many requests; try again after Retry-After seconds.",
    500: "Something went wrong inside.",
    503: "A part is missing or broken now; try again later.",
}
RESPONSE_HEADERS = {
    "X-Request-Id": ("Names this request in logs and errors.", {"type": "string"}),
    "X-RateLimit-Limit": ("Requests a second that the account may make.", {"type": "string"}),
    "X-RateLimit-Remaining": ("Requests left of the burst.", {"type": "string"}),
    "X-RateLimit-Reset": ("Seconds until the burst is whole again.", {"type": "string"}),
    "Retry-After": ("Seconds to wait before trying again.", {"type": "string"}),
    "WWW-Authenticate": ("How to prove who is calling.", {"type": "string"}),
    "Content-Disposition": ("Save the file under this name; it is not to be shown.", {"type": "string"}),
    "Accept-Ranges": ("bytes: pieces of this can be asked for.", {"type": "string"}),
    "Content-Range": ("Which bytes these are, of how many, as `bytes 0-99/1000`.", {"type": "string"}),
    "ETag": ("Names this content; the same bytes, the same tag.", {"type": "string"}),
    "Idempotency-Replayed": ("true where the same request had been accepted before.", {"type": "string"}),
}
ON_EVERY_ANSWER = ("X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
MORE_HEADERS = {
    401: ("WWW-Authenticate",),
    416: ("Content-Range",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
PIECE = "A piece of it, 4 MiB at most; Content-Range says which."
UNCHANGED = "The caller has this very content."
# How a schema is called whose class has a namesake: by the modules it stands in. Clients generated from the document
# would carry that name.
LONG_NAME = re.compile(r"rimedio(?:__[a-z_]+?)*?__([a-z]+)__([A-Z]\w*)")
ANY_TEXT = f"^{NO_NUL}*$"
Node = dict[str, Any]


def build_document(operations: Sequence[Operation], taxonomy: Taxonomy, settings: Settings) -> Node:
    """The document of these operations, as plain JSON values, always in the same order.

    Product types and categories are those of the taxonomy, limits those of the settings: what is beyond is
    refused.
    """
    resolver = APIGatewayRestResolver()
    for operation in operations:
        _describe(resolver, operation)
    text = resolver.get_openapi_json_schema(
        title="Rimedio", version=__version__, openapi_version=OPENAPI, description=DESCRIPTION
    )
    document: Node = json.loads(LONG_NAME.sub(lambda found: found[1].capitalize() + found[2], text))
    document.pop("security", None)
    document["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    document["servers"] = [{"url": "/"}]
    document["tags"] = [{"name": tag} for tag in sorted({op.tag for op in operations})]
    _share(document)
    for operation in operations:
        _complete(document["paths"][operation.path][operation.method.lower()], operation)
    add_messages(document)
    document["paths"] = dict(sorted(document["paths"].items()))
    _prune(document)
    _tidy(document)
    add_meanings(document)
    for operation in operations:
        node = document["paths"][operation.path][operation.method.lower()]
        _refuse_nul(node.get("parameters"), document, set())
        _refuse_nul(node.get("requestBody"), document, set())
    _name_limits(document, settings)
    _name_choices(
        document, {"product_types": sorted(taxonomy.product_types), "categories": sorted(taxonomy.categories)}
    )
    return document


def document_text(operations: Sequence[Operation], taxonomy: Taxonomy, settings: Settings) -> str:
    """The document as it is published and committed."""
    return json.dumps(build_document(operations, taxonomy, settings), indent=2, ensure_ascii=False) + "\n"


# -- what Powertools reads


def _describe(resolver: APIGatewayRestResolver, operation: Operation) -> None:
    """Register a function that is never called, with the signature that Powertools understands."""

    def stand_in() -> None:
        """Carries a signature."""

    stand_in.__name__ = operation.name
    stand_in.__signature__ = inspect.Signature(list(_parameters(operation)))  # type: ignore[attr-defined]
    answer = operation.contract.answer
    content: Node = {}
    if answer is not None and answer is not Download:
        content = {"content": {JSON: {"model": answer}}}
    responses: Any = {
        operation.status: {"description": operation.summary, **content},
        500: {"description": MEANINGS[500], "content": {JSON: {"model": ErrorBody}}},
    }
    resolver.route(
        operation.path.replace("{", "<").replace("}", ">"),
        operation.method,
        summary=operation.summary,
        description=inspect.getdoc(operation.contract.handler),
        tags=[operation.tag],
        operation_id=operation.name,
        responses=responses,
        status_code=operation.status,
    )(stand_in)


def _parameters(operation: Operation) -> Iterator[inspect.Parameter]:
    contract = operation.contract
    for name in contract.path_names:
        yield _parameter(name, Annotated[contract.parameters[name], Path()])
    if QUERY in contract.parameters:
        yield from _fields(contract.parameters[QUERY], Query)
    if HEADERS in contract.parameters:
        yield from _fields(contract.parameters[HEADERS], Header)
    if BODY in contract.parameters:
        yield _parameter(BODY, Annotated[contract.parameters[BODY], Body()])


def _fields(model: type[BaseModel], place: Callable[..., Any]) -> Iterator[inspect.Parameter]:
    """Each field of a model as a parameter of its own, with all its limits."""
    for name, field in model.model_fields.items():
        marker = place(alias=field.alias, description=field.description)
        plain = copy(field)
        plain.default, plain.alias = PydanticUndefined, None
        default = inspect.Parameter.empty if field.is_required() else field.default
        yield _parameter(name, Annotated[field.annotation, plain, marker], default)


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


# -- what is added


def _share(document: Node) -> None:
    """Put what many operations have in common into the components."""
    components = document.setdefault("components", {})
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "RS256, JWKS."}
    }
    components["headers"] = {
        name: {"description": meaning, "schema": schema}
        for name, (meaning, schema) in RESPONSE_HEADERS.items()
    }
    components["responses"] = {
        f"Error{status}": {
            "description": meaning,
            "headers": _header_refs(*MORE_HEADERS.get(status, ())),
            "content": {JSON: {"schema": {"$ref": "#/components/schemas/ErrorBody"}}},
        }
        for status, meaning in MEANINGS.items()
    }


def _header_refs(*more: str) -> Node:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*ON_EVERY_ANSWER, *more)}


def _complete(node: Node, operation: Operation) -> None:
    """Roles, errors, files, streams, and parameters as a URL can hold them."""
    if not operation.public:
        node["security"] = [{"bearer": []}]
        node["x-roles"] = sorted(role.value for role in MATRIX.get(operation.key, ()))
    success = node["responses"][str(operation.status)]
    success["headers"] = _header_refs(*_own_headers(operation))
    if operation.contract.answer is Download or operation.streamed:
        binary = (
            {"type": "string"}
            if operation.media.startswith("text/")
            else {"type": "string", "format": "binary"}
        )
        success["content"] = {operation.media: {"schema": binary}}
    elif operation.contract.answer is None:
        success.pop("content", None)
    if _has_header(operation, "if_range"):
        node["responses"]["206"] = success | {
            "description": PIECE,
            "headers": success["headers"] | _header_refs("Content-Range"),
        }
        node["responses"]["304"] = {"description": UNCHANGED, "headers": _header_refs("ETag")}
    for status in _error_statuses(operation):
        node["responses"][str(status)] = {"$ref": f"#/components/responses/Error{status}"}
    node["responses"] = dict(sorted(node["responses"].items()))
    if RAW in operation.contract.parameters:
        schema = {"type": "string", "format": "binary"}
        node["requestBody"] = {"required": True, "content": {BYTES: {"schema": schema}}}
    if BODY in operation.contract.parameters:
        node["requestBody"]["required"] = not operation.contract.body_optional
    model = operation.contract.parameters.get(HEADERS)
    spelled = {(f.alias or n).lower(): f.alias or n for n, f in getattr(model, "model_fields", {}).items()}
    for parameter in node.get("parameters", ()):
        if parameter["in"] == "header":
            parameter["name"] = spelled[parameter["name"].lower()]
        parameter["schema"] = _without_null(parameter["schema"])
        meaning = parameter["schema"].pop("description", None)
        if meaning:
            parameter.setdefault("description", meaning)


def _own_headers(operation: Operation) -> Iterator[str]:
    """Headers that only some answers have."""
    if operation.contract.answer is Download and not operation.media.startswith(("image/", JSON)):
        yield "Content-Disposition"
    if _has_header(operation, "idempotency_key"):
        yield "Idempotency-Replayed"
    if _has_header(operation, "if_range"):
        yield from ("Accept-Ranges", "ETag")


def _has_header(operation: Operation, field: str) -> bool:
    """Whether the handler reads a header, by the name that its model gives it."""
    return field in getattr(operation.contract.parameters.get(HEADERS), "model_fields", {})


def _error_statuses(operation: Operation) -> set[int]:
    statuses = set(PUBLIC_ALWAYS if operation.public else ALWAYS) | set(operation.errors)
    if operation.unfit:
        statuses.add(409)
    if "cursor" in getattr(operation.contract.parameters.get(QUERY), "model_fields", {}):
        statuses.add(404)  # a cursor that leads nowhere
    if BODY in operation.contract.parameters or RAW in operation.contract.parameters:
        statuses |= {413, 415}
    if _has_header(operation, "if_range"):
        statuses |= {412, 413, 416}
    return statuses


def _without_null(schema: Node) -> Node:
    """A parameter's schema without the alternative `null` and without a default that says "absent"."""
    kept = {key: value for key, value in schema.items() if key != "anyOf"}
    if kept.get("default", "") is None:
        del kept["default"]
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) == 1:
        return {**options[0], **kept}
    return {**kept, "anyOf": options} if options else kept


def _prune(document: Node) -> None:
    """Drop schemas that nothing refers to, such as those of Powertools' own validation errors."""
    schemas: Node = document["components"]["schemas"]
    while True:
        text = json.dumps(document)
        unused = [name for name in schemas if f'"#/components/schemas/{name}"' not in text]
        if not unused:
            return
        for name in unused:
            del schemas[name]


def _name_choices(node: Any, choices: Mapping[str, Sequence[str]]) -> None:
    """Write the taxonomy's words where a schema asks for them with `x-taxonomy`."""
    if isinstance(node, dict):
        wanted = node.pop("x-taxonomy", None)
        if wanted is not None:
            node["enum"] = list(choices[wanted])
            node.pop("maxLength", None)
        for value in node.values():
            _name_choices(value, choices)
    elif isinstance(node, list):
        for value in node:
            _name_choices(value, choices)


def _name_limits(node: Any, settings: Settings) -> None:
    """Write the settings' limits where a schema asks for one with `x-limit`."""
    if isinstance(node, dict):
        wanted = node.pop("x-limit", None)
        if wanted is not None:
            node["maxItems" if node.get("type") == "array" else "maximum"] = getattr(settings, wanted)
        for value in node.values():
            _name_limits(value, settings)
    elif isinstance(node, list):
        for value in node:
            _name_limits(value, settings)


def _refuse_nul(node: Any, document: Node, seen: set[str]) -> None:
    """Say of every text that comes in that it holds no NUL, references followed."""
    if isinstance(node, list):
        for value in node:
            _refuse_nul(value, document, seen)
    if not isinstance(node, dict):
        return
    name = str(node.get("$ref", "")).rpartition("/")[2]
    if name and name not in seen:
        seen.add(name)
        _refuse_nul(document["components"]["schemas"].get(name), document, seen)
    if node.get("type") == "string" and not node.keys() & {"enum", "const", "format"}:
        node.setdefault("pattern", ANY_TEXT)  # other patterns name the signs they take
    if isinstance(node.get("additionalProperties"), dict) and node["additionalProperties"]:
        node["propertyNames"] = {"type": "string", **node.get("propertyNames", {})}  # keys are texts too
    for value in node.values():
        _refuse_nul(value, document, seen)


def _tidy(node: Any) -> None:
    """Drop titles that only repeat a field's name; write whole numbers as such."""
    if isinstance(node, dict):
        if isinstance(node.get("title"), str) and node.keys() & {"type", "anyOf", "$ref", "enum", "const"}:
            del node["title"]
        for key, value in node.items():
            if isinstance(value, float) and value.is_integer():
                node[key] = int(value)
            _tidy(value)
    elif isinstance(node, list):
        for value in node:
            _tidy(value)
