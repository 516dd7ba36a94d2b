"""Rules of EventBridge itself: what is deployed with the bus, and the translation between Rimedio's rules and AWS's.

A pattern means the same in both homes but for one field: at home `account` is the tenant, on AWS it is the AWS
account, and the tenant stands in `detail.metadata.tenant_id`. Inputs go over as they are; the one difference of the
input transformer, that Rimedio escapes what it inserts into quotes, cannot go with them: `check_deployable` refuses a
template that puts a value between quotation marks, since a quotation mark in the value would break it on AWS.

Limits: botocore's model of EventBridge; patterns: EventBridge User Guide, "Event pattern best practices and quotas".
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from rimedio.aws import Client, translated
from rimedio.domain.codec import Json
from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.events.bus import EVERY_TENANT, RetryPolicy, Rule, Target
from rimedio.events.event import METADATA
from rimedio.events.pattern import Pattern
from rimedio.events.transformer import InputTransformer

SERVICE = "Amazon EventBridge"
PATTERN_CHARS_MAX = 2048
DESCRIPTION_CHARS_MAX = 512
TENANT_PATH = ("detail", METADATA, "tenant_id")
ARN = "arn"
_IN_QUOTES = re.compile(r'"[^"<]*<(?!aws\.)[^<>\s]+>')


class EventBridgeRules:
    """The rules of a bus, made by whoever deploys it: `addresses` names the ARN behind an address of Rimedio's."""

    def __init__(
        self,
        client: Client,
        bus: str,
        addresses: Mapping[str, str],
        *,
        dead_letter_arn: str | None = None,
        role_arn: str | None = None,
    ) -> None:
        self._client = client
        self._bus = bus
        self._addresses = dict(addresses)
        self._dead_letter_arn = dead_letter_arn
        self._role_arn = role_arn

    def put(self, rule: Rule) -> str:
        """Make or replace a rule with its targets; its ARN. Raises InvalidPattern, InvalidInput, NotFound."""
        check_deployable(rule)
        targets = [self._target(target) for target in rule.targets]
        with translated(SERVICE, f"putting the rule {rule.name}", InvalidInput):
            arn: str = self._client.put_rule(
                Name=rule.name,
                EventBusName=self._bus,
                EventPattern=orjson.dumps(native_pattern(rule.pattern, rule.tenant_id)).decode(),
                State="ENABLED" if rule.enabled else "DISABLED",
                Description=rule.description[:DESCRIPTION_CHARS_MAX],
            )["RuleArn"]
            gone = self._target_ids(rule.name) - {target.id for target in rule.targets}
            if gone:
                self._remove_targets(rule.name, sorted(gone))
            if targets:
                answer = self._client.put_targets(Rule=rule.name, EventBusName=self._bus, Targets=targets)
                _require_all(answer)
        return arn

    def remove(self, name: str) -> None:
        """Remove a rule and its targets; nothing happens when it is absent."""
        with translated(SERVICE, f"removing the rule {name}"):
            ids = self._target_ids(name)
            if ids:
                self._remove_targets(name, sorted(ids))
            self._client.delete_rule(Name=name, EventBusName=self._bus)

    def all(self) -> Sequence[Rule]:
        """The rules of the bus, by name, as Rimedio writes them."""
        names = {arn: address for address, arn in self._addresses.items()}
        with translated(SERVICE, "listing rules"):
            plain = [
                rule
                for page in self._client.get_paginator("list_rules").paginate(EventBusName=self._bus)
                for rule in page["Rules"]
                if rule.get("EventPattern")
            ]
            return tuple(_rule(rule, self._targets(rule["Name"]), names) for rule in plain)

    def _target(self, target: Target) -> dict[str, Any]:
        found = native_target(target, self._arn(target.address), dead_letter_arn=self._dead_letter_arn)
        return found | ({"RoleArn": self._role_arn} if self._role_arn else {})

    def _arn(self, address: str) -> str:
        if address.startswith(f"{ARN}:"):
            return address
        if address not in self._addresses:
            raise NotFound(f"There is no ARN for the address {address!r}. Known: {sorted(self._addresses)}.")
        return self._addresses[address]

    def _targets(self, name: str) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("list_targets_by_rule").paginate(Rule=name, EventBusName=self._bus)
        return [target for page in pages for target in page["Targets"]]

    def _target_ids(self, name: str) -> set[str]:
        try:
            with translated(SERVICE, "listing targets"):
                return {target["Id"] for target in self._targets(name)}
        except NotFound:
            return set()

    def _remove_targets(self, name: str, ids: Sequence[str]) -> None:
        _require_all(self._client.remove_targets(Rule=name, EventBusName=self._bus, Ids=list(ids)))


def check_deployable(rule: Rule) -> None:
    """Raises InvalidPattern or InvalidInput for a rule that EventBridge would refuse, or read differently."""
    Pattern.compile(rule.pattern)
    size = len(orjson.dumps(native_pattern(rule.pattern, rule.tenant_id)))
    if size > PATTERN_CHARS_MAX:
        raise InvalidInput(f"The pattern of {rule.name} has {size} characters; {PATTERN_CHARS_MAX} may be.")
    for target in rule.targets:
        template = target.transformer.template if target.transformer else ""
        if _IN_QUOTES.search(template):
            msg = (
                f"The target {target.id} of {rule.name} puts a value between quotation marks. EventBridge does "
                "not escape it: write the variable without quotes."
            )
            raise InvalidInput(msg)


def native_pattern(pattern: Mapping[str, Json], tenant_id: str) -> dict[str, Json]:
    """The pattern as EventBridge must have it, seeing the tenant's events only. Raises InvalidInput."""
    found = _with_tenant_path(pattern)
    if tenant_id == EVERY_TENANT:
        return found
    account = pattern.get("account")
    if account is not None and not Pattern.compile({"account": account}).matches({"account": tenant_id}):
        raise InvalidInput(f"The pattern asks for the events of another tenant than {tenant_id!r}.")
    return _merged(found, _nested(TENANT_PATH, [tenant_id]))


def home_pattern(pattern: Mapping[str, Json]) -> dict[str, Json]:
    """A pattern of EventBridge's as Rimedio writes it: the tenant is the account again."""
    found = orjson.loads(orjson.dumps(dict(pattern)))
    detail = found.get("detail")
    metadata = detail.get(METADATA) if isinstance(detail, dict) else None
    if isinstance(metadata, dict) and "tenant_id" in metadata:
        found["account"] = metadata.pop("tenant_id")
        if not metadata:
            del detail[METADATA]
        if not detail:
            del found["detail"]
    return dict(found)


def _with_tenant_path(pattern: Mapping[str, Json]) -> dict[str, Json]:
    """`account` moved to where the tenant stands on AWS, in every branch of `$or` as well."""
    found: dict[str, Json] = {}
    moved: Json = None
    for key, value in pattern.items():
        if key == "account":
            moved = value
        elif key == "$or" and isinstance(value, list):
            found[key] = [_with_tenant_path(b) if isinstance(b, dict) else b for b in value]
        else:
            found[key] = value
    return found if moved is None else _merged(found, _nested(TENANT_PATH, moved))


def _nested(path: Sequence[str], value: Json) -> dict[str, Json]:
    for name in reversed(path):
        value = {name: value}
    return value if isinstance(value, dict) else {}


def _merged(one: Mapping[str, Json], other: Mapping[str, Json]) -> dict[str, Json]:
    """Both objects in one; where both have a leaf, the second stands."""
    found = dict(one)
    for key, value in other.items():
        known = found.get(key)
        both = isinstance(known, dict) and isinstance(value, dict)
        found[key] = _merged(known, value) if both else value  # type: ignore[arg-type]  # both are dicts
    return found


def native_target(target: Target, arn: str, *, dead_letter_arn: str | None = None) -> dict[str, Any]:
    """The target as PutTargets wants it: input, retry policy, dead-letter queue."""
    found: dict[str, Any] = {
        "Id": target.id,
        "Arn": arn,
        "RetryPolicy": {
            "MaximumRetryAttempts": target.retry.maximum_retry_attempts,
            "MaximumEventAgeInSeconds": target.retry.maximum_event_age_seconds,
        },
    }
    if target.input is not None:
        found["Input"] = orjson.dumps(target.input).decode()
    if target.input_path is not None:
        found["InputPath"] = target.input_path
    if target.transformer is not None:
        found["InputTransformer"] = {
            "InputPathsMap": dict(target.transformer.paths),
            "InputTemplate": target.transformer.template,
        }
    if dead_letter_arn is not None:
        found["DeadLetterConfig"] = {"Arn": dead_letter_arn}
    return found


def home_target(plain: Mapping[str, Any], addresses: Mapping[str, str]) -> Target:
    """The target that EventBridge has, in Rimedio's words; `addresses` by ARN."""
    transformer, retry = plain.get("InputTransformer"), plain.get("RetryPolicy", {})
    return Target(
        plain["Id"],
        addresses.get(plain["Arn"], plain["Arn"]),
        input=orjson.loads(plain["Input"]) if "Input" in plain else None,
        input_path=plain.get("InputPath"),
        transformer=None
        if transformer is None
        else InputTransformer(transformer["InputTemplate"], transformer.get("InputPathsMap", {})),
        retry=RetryPolicy(
            retry.get("MaximumRetryAttempts", RetryPolicy().maximum_retry_attempts),
            retry.get("MaximumEventAgeInSeconds", RetryPolicy().maximum_event_age_seconds),
        ),
    )


def _rule(plain: Mapping[str, Any], targets: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Rule:
    pattern = home_pattern(orjson.loads(plain["EventPattern"]))
    account = pattern.get("account")
    one = account[0] if isinstance(account, list) and len(account) == 1 else None
    return Rule(
        one if isinstance(one, str) else EVERY_TENANT,
        plain["Name"],
        pattern,
        tuple(home_target(target, names) for target in targets),
        enabled=plain.get("State") == "ENABLED",
        description=plain.get("Description", ""),
    )


def _require_all(answer: Mapping[str, Any]) -> None:
    failed = answer.get("FailedEntries") or []
    if answer.get("FailedEntryCount") and failed:
        first = failed[0]
        msg = f"EventBridge did not take the target {first.get('TargetId')}: {first.get('ErrorMessage')}."
        raise InvalidInput(msg)
