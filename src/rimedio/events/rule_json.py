"""Rules and targets as JSON: how they are stored, and how the API speaks of them."""

from collections.abc import Mapping

import orjson

from rimedio.domain.codec import Json
from rimedio.domain.errors import InvalidInput
from rimedio.events.bus import AGE_SECONDS_MAX, ATTEMPTS_MAX, RetryPolicy, Rule, Target
from rimedio.events.transformer import InputTransformer


def written(plain: Json) -> bytes:
    """JSON as it is stored. Raises InvalidInput for numbers of more than 64 bits and broken Unicode."""
    try:
        return orjson.dumps(plain)
    except TypeError as error:
        raise InvalidInput(f"This cannot be stored as JSON: {error}.") from None


def rule_to_json(rule: Rule) -> dict[str, Json]:
    """A rule with its targets."""
    return {
        "name": rule.name,
        "pattern": dict(rule.pattern),
        "enabled": rule.enabled,
        "description": rule.description,
        "managed_by": rule.managed_by,
        "targets": [target_to_json(target) for target in rule.targets],
    }


def rule_from_json(tenant_id: str, name: str, plain: Mapping[str, object]) -> Rule:
    """The rule that `rule_to_json` wrote, or a caller sent. Raises InvalidInput."""
    pattern, targets = plain.get("pattern"), plain.get("targets", [])
    if not isinstance(pattern, Mapping):
        raise InvalidInput('The rule has no `pattern`. Send a JSON object such as {"source": ["rimedio"]}.')
    if not isinstance(targets, list | tuple):
        raise InvalidInput('The rule\'s `targets` is not a list. Send [{"id": …, "address": …}].')
    managed = plain.get("managed_by")
    return Rule(
        tenant_id,
        name,
        dict(pattern),
        tuple(target_from_json(target) for target in targets),
        enabled=plain.get("enabled", True) is True,
        description=str(plain.get("description") or ""),
        managed_by=managed if isinstance(managed, str) else None,
    )


def target_to_json(target: Target) -> dict[str, Json]:
    """A target; what it does not have is left out."""
    found: dict[str, Json] = {
        "id": target.id,
        "address": target.address,
        "retry_policy": {
            "maximum_retry_attempts": target.retry.maximum_retry_attempts,
            "maximum_event_age_seconds": target.retry.maximum_event_age_seconds,
        },
    }
    if target.input is not None:
        found["input"] = target.input
    if target.input_path is not None:
        found["input_path"] = target.input_path
    if target.transformer is not None:
        found["input_transformer"] = {
            "input_paths_map": dict(target.transformer.paths),
            "input_template": target.transformer.template,
        }
    return found


def target_from_json(plain: object) -> Target:
    """The target that `target_to_json` wrote, or a caller sent. Raises InvalidInput."""
    if not isinstance(plain, Mapping):
        raise InvalidInput('A target is not a JSON object. Send {"id": …, "address": "handler:NAME"}.')
    given: Mapping[str, object] = plain
    path = given.get("input_path")
    return Target(
        str(given.get("id") or "target"),
        str(given.get("address") or ""),
        input=given.get("input"),  # type: ignore[arg-type]  # it comes out of JSON
        input_path=path if isinstance(path, str) else None,
        transformer=transformer_from_json(given.get("input_transformer")),
        retry=_retry(given.get("retry_policy")),
    )


def transformer_from_json(plain: object) -> InputTransformer | None:
    """The transformer of `{"input_template": …, "input_paths_map": {…}}`. Raises InvalidInput."""
    if plain is None:
        return None
    template = plain.get("input_template") if isinstance(plain, Mapping) else None
    paths = plain.get("input_paths_map", {}) if isinstance(plain, Mapping) else None
    if not isinstance(template, str) or not isinstance(paths, Mapping):
        raise InvalidInput("An `input_transformer` needs an `input_template` text and an `input_paths_map`.")
    return InputTransformer(template, {str(name): str(path) for name, path in paths.items()})


def _retry(plain: object) -> RetryPolicy:
    if plain is None:
        return RetryPolicy()
    if not isinstance(plain, Mapping):
        raise InvalidInput("The `retry_policy` is not a JSON object. Leave it out for the defaults.")
    attempts = plain.get("maximum_retry_attempts", ATTEMPTS_MAX)
    age = plain.get("maximum_event_age_seconds", AGE_SECONDS_MAX)
    if type(attempts) is not int or type(age) is not int:
        raise InvalidInput("The `retry_policy` wants whole numbers of attempts and seconds.")
    return RetryPolicy(attempts, age)
