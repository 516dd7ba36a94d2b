"""The monthly bill out of the templates: what is promised, and that nothing stands there without a price."""

from dataclasses import replace
from pathlib import Path

import pytest
from rimedio_infra.estimate import Estimate, Line, estimate
from rimedio_infra.prices import prices, usage
from rimedio_infra.templates import Template, templates
from tools.cost_estimate import Estimates, estimates, printed


@pytest.fixture(scope="module")
def bills(assembly: Path) -> Estimates:
    return estimates(templates(assembly), "prod")


def test_the_frugal_profile_costs_under_five_dollars_while_nobody_is_there(bills: Estimates) -> None:
    assert bills["frugal", "idle"].usd < 5


def test_the_scale_profile_costs_at_most_a_dollar_and_a_quarter_a_ticket(bills: Estimates) -> None:
    assert bills["scale", "month"].usd / 1000 <= 1.25
    assert bills["scale", "month"].full_usd / 1000 <= 1.25  # even without AWS's allowances


def test_use_costs_more_than_standing_still(bills: Estimates) -> None:
    for profile in ("frugal", "scale"):
        assert bills[profile, "month"].usd > bills[profile, "idle"].usd


def test_the_domain_is_most_of_the_large_bill_and_no_part_of_the_small_one(bills: Estimates) -> None:
    assert bills["scale", "month"].by_stack()[0][0] == "knowledge"
    assert "knowledge" not in dict(bills["frugal", "month"].by_stack())


def test_what_has_no_price_stops_the_estimate(assembly: Path) -> None:
    first, *others = (t for t in templates(assembly) if t.profile == "frugal")
    body = {"Resources": {"Quantum": {"Type": "AWS::Braket::QuantumComputer", "Properties": {}}}}
    with pytest.raises(ValueError, match="has no price"):
        estimate([replace(first, body=body), *others], prices(), usage("idle"))


def test_more_instances_cost_more(assembly: Path, bills: Estimates) -> None:
    def doubled(template: Template) -> Template:
        if template.capability != "knowledge":
            return template
        resources = dict(template.body["Resources"])
        domain = next(name for name, r in resources.items() if r["Type"] == "AWS::OpenSearchService::Domain")
        properties = resources[domain]["Properties"]
        cluster = properties["ClusterConfig"] | {"InstanceCount": 6}
        resources[domain] = resources[domain] | {"Properties": properties | {"ClusterConfig": cluster}}
        return replace(template, body={**template.body, "Resources": resources})

    scale = [doubled(t) for t in templates(assembly) if t.profile == "scale"]
    more = estimate(scale, prices(), usage("month")).usd - bills["scale", "month"].usd
    assert more == pytest.approx(3 * (0.198 * 730 + 50 * 0.1427), rel=1e-6)


def test_an_allowance_is_taken_off_once_and_never_more_than_was_used() -> None:
    lines = [
        Line("a", "s", "alarm", 6, 0.1),
        Line("b", "s", "alarm", 6, 0.1),
        Line("c", "s", "secret", 1, 0.4),
    ]
    assert Estimate(lines, {"alarm": 10}).usd == pytest.approx(0.2 + 0.4)
    assert Estimate(lines[:1], {"alarm": 10}).usd == 0


def test_the_table_names_its_date_and_every_deployment(bills: Estimates) -> None:
    text = printed(bills, lines=True)
    assert prices().as_of in text
    for word in ("frugal", "scale", "idle", "month", "per ticket"):
        assert word in text
