"""Which request fails is decided by rules that count."""

import pytest

from rimedio.bedrock_local.errors import STATUS, ValidationError
from rimedio.bedrock_local.fault_plan import RULES_MAX, Fault, FaultPlan, Kind, Rule, rule_of
from rimedio.domain.errors import InvalidInput


def failed(plan: FaultPlan, calls: int, operation: str = "converse", model: str = "m") -> list[int]:
    return [n for n in range(calls) if plan.fault(operation, model) is not None]


@pytest.mark.parametrize(
    ("rule", "numbers"),
    [
        (Rule(Fault(Kind.INTERNAL)), [0, 1, 2, 3, 4, 5]),
        (Rule(Fault(Kind.INTERNAL), times=2), [0, 1]),
        (Rule(Fault(Kind.INTERNAL), skip=2, times=1), [2]),
        (Rule(Fault(Kind.INTERNAL), every=3), [0, 3]),
        (Rule(Fault(Kind.INTERNAL), every=2, times=2), [0, 2]),
        (Rule(Fault(Kind.INTERNAL), operation="invoke*"), []),
        (Rule(Fault(Kind.INTERNAL), model="amazon.*"), []),
        (Rule(Fault(Kind.INTERNAL), share=0.0), []),
    ],
)
def test_a_rule_says_which_calls_fail(rule: Rule, numbers: list[int]) -> None:
    assert failed(FaultPlan([rule]), 6) == numbers


def test_chance_is_the_same_for_the_same_seed() -> None:
    rule = Rule(Fault(Kind.INTERNAL), share=0.5)
    one, two, other = (failed(FaultPlan([rule], seed), 60) for seed in (1, 1, 2))
    assert one == two != other
    assert 10 < len(one) < 50


def test_a_new_plan_counts_anew() -> None:
    plan = FaultPlan([Rule(Fault(Kind.INTERNAL), times=1)])
    assert failed(plan, 2) == [0]
    plan.replace(plan.rules)
    assert failed(plan, 2) == [0]


def test_the_command_lines_words_are_rules() -> None:
    assert rule_of("latency:ms=300,every=2") == Rule(Fault(Kind.LATENCY, ms=300.0), every=2)
    assert rule_of("throttling") == Rule(Fault(Kind.THROTTLING))
    assert rule_of("stream_error:after=5,model=amazon.*") == Rule(
        Fault(Kind.STREAM_ERROR, after=5), model="amazon.*"
    )


@pytest.mark.parametrize("text", ["sunshine", "throttling:colour=3", "throttling:every=0", "latency:ms=soon"])
def test_words_that_are_no_rule_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        rule_of(text)


def test_a_plan_has_a_limit() -> None:
    with pytest.raises(InvalidInput, match="at most"):
        FaultPlan([Rule(Fault(Kind.INTERNAL))] * (RULES_MAX + 1))


def test_every_exception_is_one_of_the_services() -> None:
    errors = [e for kind in Kind if (e := Fault(kind).error) is not None]
    assert len(errors) > 10
    assert all(e.status == STATUS[e.error_name] for e in errors)
    with pytest.raises(ValidationError, match="Known are"):
        Fault.read("sunshine")
