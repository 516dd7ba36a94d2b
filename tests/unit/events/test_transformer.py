"""The input transformer means what EventBridge's means."""

from datetime import UTC, datetime

import pytest

from rimedio.domain.errors import InvalidInput
from rimedio.events.event import Event
from rimedio.events.transformer import InputTransformer, RuleContext, find

AT = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
EVENT = Event(
    "7bf7",
    "rimedio.tickets",
    "TicketOpened",
    "acme",
    AT,
    {"serial-no": "SN-1", "state": "RUNNING", "n": 7, "steps": [{"t": "a"}, {"t": "b"}], "odd": 'say "hi"\\'},
)
CONTEXT = RuleContext("night", "arn:rimedio:events:local:acme:rule/night", AT)
PATHS = {
    "serial": "$.detail.serial-no",
    "state": "$.detail.state",
    "n": "$.detail.n",
    "second": "$.detail.steps[1].t",
    "all": "$.detail.steps[*].t",
    "step": "$.detail.steps[0]",
    "none": "$.detail.nothing",
    "odd": "$.detail.odd",
}


def made(template: str):
    return InputTransformer(template, PATHS).apply(EVENT, CONTEXT)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('"unit <serial> is <state>"', "unit SN-1 is RUNNING"),
        ("unit <serial> is <state>", "unit SN-1 is RUNNING"),
        ('"unit \\"<serial>\\" is <state>"', 'unit "SN-1" is RUNNING'),
        ('{"unit": <serial>, "state": "<state>"}', {"unit": "SN-1", "state": "RUNNING"}),
        ('{"unit": <serial>, "is": [9, <state>, true]}', {"unit": "SN-1", "is": [9, "RUNNING", True]}),
        ('{"said": "unit \\"<serial>\\" is <state>"}', {"said": 'unit "SN-1" is RUNNING'}),
        ('{"n": <n>, "text": "<n>"}', {"n": 7, "text": "7"}),
        (
            '{"second": <second>, "all": <all>, "step": <step>}',
            {"second": "b", "all": ["a", "b"], "step": {"t": "a"}},
        ),
        ('{"none": <none>, "text": "[<none>]"}', {"none": "", "text": "[]"}),
        ('{"odd": <odd>, "text": "<odd>!"}', {"odd": 'say "hi"\\', "text": 'say "hi"\\!'}),
        (
            '{"rule": <aws.events.rule-name>, "arn": "<aws.events.rule-arn>", "at": <aws.events.event.ingestion-time>}',
            {"rule": "night", "arn": CONTEXT.rule_arn, "at": "2026-01-31T08:30:00Z"},
        ),
        ('"<aws.events.rule-name> triggered"', "night triggered"),
    ],
)
def test_a_template_becomes_what_the_guide_says(template: str, expected: object) -> None:
    assert made(template) == expected


def test_the_reserved_events_are_the_envelope_with_and_without_its_detail() -> None:
    whole = EVENT.envelope()
    found = made('{"a": <aws.events.event>, "b": <aws.events.event.json>}')
    assert found["b"] == whole
    assert found["a"] == {name: value for name, value in whole.items() if name != "detail"}


def test_a_value_cannot_add_fields_to_the_message() -> None:
    event = Event("i", "s", "d", "acme", AT, {"text": '", "admin": "yes'})
    transformer = InputTransformer('{"text": "<t>"}', {"t": "$.detail.text"})
    assert transformer.apply(event, CONTEXT) == {"text": '", "admin": "yes'}


@pytest.mark.parametrize(
    ("template", "paths"),
    [
        ("", {}),
        ("x" * 8193, {}),
        ('{"a": <unknown>}', {}),
        ('{"a": <b>', {"b": "$.b"}),
        ("{<b>: 1}", {"b": "$.b"}),
        ("<b>", {"b": "detail.b"}),
        ("<b>", {"b": "$.detail[?(@.x)]"}),
        ("<aws.mine>", {"aws.mine": "$.id"}),
        ("x", {f"v{n}": "$.id" for n in range(101)}),
    ],
)
def test_what_putttargets_would_refuse_is_refused(template: str, paths: dict) -> None:
    with pytest.raises(InvalidInput):
        InputTransformer(template, paths)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("$", EVENT.envelope()), ("$.detail.steps[9]", None), ("$.id.x", None), ("$.detail.steps[*].x", [])],
)
def test_a_path_finds_a_value_or_nothing(path: str, expected: object) -> None:
    assert find(EVENT.envelope(), path) == expected
