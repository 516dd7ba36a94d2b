"""Who I am and what I may do; the settings of this service."""

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from rimedio.domain.codec import to_json
from rimedio.lambdas.replies import Items
from rimedio.lambdas.router import Api
from rimedio.security.permissions import Role, permissions_of
from rimedio.settings import Settings

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TAG = "account"
MASK = "••••••"


class Me(BaseModel):
    """The caller, as its token says."""

    model_config = ConfigDict(frozen=True)

    subject: str
    tenant_id: str
    roles: tuple[Role, ...]
    permissions: tuple[str, ...] = Field(description="Route keys that the caller may use.")


class SettingView(BaseModel):
    """One setting. A secret is masked; null means that it is not set."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: JsonValue
    default: JsonValue
    meaning: str
    type: str


def register(api: Api, system: "Rimedio") -> None:
    """Routes of the caller's own account."""

    @api.get("/v1/me", summary="Who I am and what I may do", tag=TAG)
    def get_me() -> Me:
        caller = api.caller
        return Me(
            subject=caller.subject,
            tenant_id=caller.tenant_id,
            roles=tuple(sorted(caller.roles)),
            permissions=permissions_of(caller.roles),
        )

    @api.get("/v1/settings", summary="Every setting and its meaning", tag=TAG)
    def list_settings() -> Items[SettingView]:
        return Items(items=settings_of(system.settings))


def settings_of(settings: Settings) -> tuple[SettingView, ...]:
    """Name, value, default, meaning and type of every setting; no secret among them."""
    schema = Settings.model_json_schema()
    values, defaults = to_json(settings), to_json(Settings.model_validate({}))
    assert isinstance(values, dict)
    assert isinstance(defaults, dict)
    return tuple(
        SettingView(
            name=name,
            value=_masked(values[name], schema["properties"][name]),
            default=_masked(defaults[name], schema["properties"][name]),
            meaning=field.description or "",
            type=_type_of(schema["properties"][name], schema.get("$defs", {})),
        )
        for name, field in Settings.model_fields.items()
    )


def _masked(value: JsonValue, schema: dict[str, JsonValue]) -> JsonValue:
    return MASK if value is not None and "password" in str(schema) else value


def _type_of(schema: dict[str, JsonValue], definitions: dict[str, dict[str, JsonValue]]) -> str:
    """A word for people: integer, number, boolean, path, secret, text, or the words to choose from."""
    options = schema.get("anyOf")
    if isinstance(options, list):
        found = [_type_of(option, definitions) for option in options if isinstance(option, dict)]
        return " or ".join(name for name in found if name != "null")
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return _type_of(definitions[reference.rpartition("/")[2]], definitions)
    choices = schema.get("enum")
    if isinstance(choices, list):
        return " | ".join(map(str, choices))
    kind = str(schema.get("format") or schema.get("type") or "any")
    return {"string": "text", "password": "secret"}.get(kind, kind)
