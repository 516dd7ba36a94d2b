"""Documents keep the rules of the embedded metric format (CloudWatch user guide, its specification)."""

import json

import fastjsonschema
import pytest

from rimedio.domain.clock import FakeClock
from rimedio.observability.catalogue import METRICS, QUEUE_DEPTH, RETRIEVAL_SECONDS, STEP, TOKENS
from rimedio.observability.emf import METRICS_MAX, VALUES_MAX, EmfMetrics, emf_document

UNITS = ("Seconds", "Microseconds", "Milliseconds", "Bytes", "Percent", "Count", "Count/Second", "None")
NAME = {"type": "string", "minLength": 1, "maxLength": 1024}
# Written after the rules of the user guide, not copied from it.
RULES = fastjsonschema.compile(
    {
        "type": "object",
        "required": ["_aws"],
        "properties": {
            "_aws": {
                "type": "object",
                "required": ["Timestamp", "CloudWatchMetrics"],
                "properties": {
                    "Timestamp": {"type": "integer", "minimum": 0},
                    "CloudWatchMetrics": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "required": ["Namespace", "Dimensions", "Metrics"],
                            "additionalProperties": False,
                            "properties": {
                                "Namespace": NAME,
                                "Dimensions": {
                                    "type": "array",
                                    "minItems": 1,
                                    "items": {
                                        "type": "array",
                                        "items": {"type": "string", "minLength": 1, "maxLength": 250},
                                        "maxItems": 30,
                                    },
                                },
                                "Metrics": {
                                    "type": "array",
                                    "maxItems": 100,
                                    "items": {
                                        "type": "object",
                                        "required": ["Name"],
                                        "additionalProperties": False,
                                        "properties": {
                                            "Name": NAME,
                                            "Unit": {"enum": list(UNITS)},
                                            "StorageResolution": {"enum": [1, 60]},
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            }
        },
    }
)


def checked(line: str) -> dict:
    """The document, if it keeps the rules: also that what it speaks of is there, and of the right kind."""
    document = json.loads(line)
    RULES(document)
    assert "\n" not in line
    assert len(line.encode()) < 1024 * 1024
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for dimensions in directive["Dimensions"]:
            assert all(isinstance(document[name], str) and document[name] for name in dimensions)
        for metric in directive["Metrics"]:
            value = document[metric["Name"]]
            values = value if isinstance(value, list) else [value]
            assert 1 <= len(values) <= 100
            assert all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    return document


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def emf(lines: list[str]) -> EmfMetrics:
    return EmfMetrics(lines.append, FakeClock())


def test_measurements_become_documents_that_keep_the_rules(emf: EmfMetrics, lines: list[str]) -> None:
    emf.observe(STEP, 0.25, "generate", "succeeded")
    emf.observe(STEP, 0.5, "generate", "succeeded")
    emf.count(TOKENS, 3, "m", "input")
    emf.count(TOKENS, 4, "m", "input")
    emf.set(QUEUE_DEPTH, 2)

    assert emf.flush() == 3

    by_step = next(d for d in map(checked, lines) if "step" in d)
    assert by_step["step_seconds"] == [0.25, 0.5]
    assert (by_step["step"], by_step["service"]) == ("generate", "rimedio")
    assert by_step["_aws"]["Timestamp"] == 1767225600000
    assert by_step["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["outcome", "service", "step"]]
    assert next(d for d in map(json.loads, lines) if "llm_tokens" in d)["llm_tokens"] == 7


def test_what_was_written_is_not_written_again(emf: EmfMetrics) -> None:
    emf.set(QUEUE_DEPTH, 2)
    assert [emf.flush(), emf.flush()] == [1, 0]


def test_a_hundred_values_are_written_before_there_is_one_more(emf: EmfMetrics, lines: list[str]) -> None:
    for _ in range(VALUES_MAX + 1):
        emf.observe(RETRIEVAL_SECONDS, 0.1)
    assert len(lines) == 1
    assert len(checked(lines[0])["retrieval_seconds"]) == VALUES_MAX
    emf.flush()
    assert checked(lines[1])["retrieval_seconds"] == [0.1]


def test_the_whole_catalogue_can_be_written() -> None:
    assert len(METRICS) < METRICS_MAX
    for metric in METRICS:
        labels = dict.fromkeys(metric.labels, "x") | {"service": "rimedio"}
        checked(emf_document({metric: [1.0]}, labels, 0))
