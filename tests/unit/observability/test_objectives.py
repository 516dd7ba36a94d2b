"""Objectives are read from a file that is checked against the catalogue."""

import json
from datetime import timedelta

import pytest

from rimedio.domain.errors import InvalidSetting
from rimedio.observability.objectives import Alert, GoodAndAll, Objectives, burn_rate, report


def one(**changes: object) -> str:
    objective = {"name": "reads", "meaning": "m", "target": 0.9, "metric": "http_request_seconds"} | changes
    return json.dumps({"objectives": [objective]})


def test_the_shipped_objectives_are_those_that_are_promised() -> None:
    shipped = {o.name: (o.target, o.at_most) for o in Objectives.shipped().objectives}
    assert shipped["availability"] == (0.999, None)
    assert shipped["reads"] == (0.95, 0.2)
    assert shipped["retrieval"] == (0.95, 0.8)
    assert shipped["answer"] == (0.95, 3.0)
    assert "tickets" in shipped


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"metric": "nothing"}, "no histogram"),
        ({"at_most": 0.21}, "no bucket"),
        ({"bad": {"colour": "5*"}}, "no label"),
        ({"target": 1.0}, "less than 1"),
        ({"name": "Reads!"}, "pattern"),
        ({"extra": 1}, "extra"),
    ],
)
def test_what_cannot_be_measured_cannot_be_promised(changes: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidSetting, match=said):
        Objectives.from_json(one(**changes), "test")


def test_a_file_that_cannot_be_read_is_named(tmp_path) -> None:
    with pytest.raises(InvalidSetting, match="objectives_file"):
        Objectives.from_file(tmp_path / "absent.json")
    path = tmp_path / "own.json"
    path.write_text(one())
    assert Objectives.from_file(path).objectives[0].name == "reads"


def test_the_burn_rate_is_one_where_the_budget_lasts_exactly() -> None:
    assert burn_rate(GoodAndAll(999, 1000), 0.001) == 1.0
    assert burn_rate(GoodAndAll(0, 0), 0.001) is None


@pytest.mark.parametrize(
    ("bad_per_mille", "alert"),
    [(0, Alert.NONE), (0.9, Alert.NONE), (1, Alert.TICKET), (6, Alert.PAGE), (20, Alert.PAGE)],
)
def test_alerts_follow_the_burn_rate(bad_per_mille: float, alert: Alert) -> None:
    objective = Objectives.shipped().objectives[0]
    found = report(
        objective, timedelta(days=30), lambda *_: GoodAndAll(100_000 - int(bad_per_mille * 100), 100_000)
    )
    assert found.alert is alert


def test_a_spent_budget_is_less_than_nothing() -> None:
    objective = Objectives.shipped().objectives[0]
    assert report(objective, timedelta(days=30), lambda *_: GoodAndAll(990, 1000)).budget_left == -9.0
