"""Alarms: the error budget burning, work that failed, queues that nobody empties; composites tell people once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from rimedio_infra.deployment import Deployment

OBJECTIVES = Path(__file__).resolve().parents[2] / "src" / "rimedio" / "observability" / "objectives.json"
RUNBOOKS = "infra/RUNBOOKS.md"
NAMESPACE = "Rimedio"
# How fast the month's budget burns, and over which windows (Site Reliability Workbook, chapter 5).
FAST = (14.4, 3600, 300)
SLOW = (6.0, 21_600, 1800)


@dataclass(frozen=True)
class Measure:
    """One CloudWatch metric with its statistic."""

    namespace: str
    name: str
    stat: str
    dimensions: tuple[tuple[str, str], ...] = ()

    def query(self, identifier: str, period: int, *, shown: bool) -> dict[str, Any]:
        """As one of an alarm's metric data queries."""
        metric = {
            "namespace": self.namespace,
            "metricName": self.name,
            "dimensions": [{"name": name, "value": value} for name, value in self.dimensions],
        }
        stat = {"metric": metric, "period": period, "stat": self.stat}
        return {"id": identifier, "metricStat": stat, "returnData": shown}


def objectives() -> list[dict[str, Any]]:
    """The objectives as the service itself measures them."""
    found: list[dict[str, Any]] = json.loads(OBJECTIVES.read_text("utf-8"))["objectives"]
    return found


def api_measure(d: Deployment, name: str, stat: str) -> Measure:
    """A metric of the API's stage."""
    return Measure("AWS/ApiGateway", name, stat, (("ApiName", d.name), ("Stage", "api")))


def own_measure(d: Deployment, name: str, stat: str) -> Measure:
    """A metric that the functions write in the embedded metric format, of this deployment alone."""
    return Measure(NAMESPACE, name, stat, (("service", d.name),))


class Alarms:
    """Makes alarms in one stack; all of them tell the same topic, through composites where there are any."""

    def __init__(self, stack: cdk.Stack, d: Deployment) -> None:
        self._stack = stack
        self._d = d
        self._topic = d.arn("sns", d.named("people"))
        self.made: dict[str, cloudwatch.CfnAlarm] = {}

    def above(
        self,
        name: str,
        meaning: str,
        measure: Measure,
        limit: float,
        *,
        periods: int = 1,
        period: int = 300,
        tell: bool = True,
    ) -> cloudwatch.CfnAlarm:
        """Rings when the measure is above the limit for so many periods of so many seconds."""
        return self._keep(
            name,
            meaning,
            tell=tell,
            namespace=measure.namespace,
            metric_name=measure.name,
            dimensions=[{"name": key, "value": value} for key, value in measure.dimensions],
            **_statistic(measure.stat),
            period=period,
            evaluation_periods=periods,
            threshold=limit,
        )

    def sum_above(
        self, name: str, meaning: str, measures: Sequence[Measure], limit: float, *, periods: int = 1
    ) -> cloudwatch.CfnAlarm:
        """Rings when all measures together are above the limit for so many periods of five minutes."""
        shown = [measure.query(f"m{place}", 300, shown=False) for place, measure in enumerate(measures)]
        # A metric without a value in a period is nothing, not zero: FILL makes the sum of what there is.
        total = " + ".join(f"FILL(m{place}, 0)" for place in range(len(measures)))
        return self._keep(
            name,
            meaning,
            tell=True,
            metrics=[*shown, {"id": "all", "expression": total, "returnData": True}],
            evaluation_periods=periods,
            threshold=limit,
        )

    def share_above(
        self,
        name: str,
        meaning: str,
        bad: Measure,
        total: Measure,
        *,
        limit: float,
        period: int,
        tell: bool = True,
    ) -> cloudwatch.CfnAlarm:
        """Rings when bad/total is above the limit."""
        ratio = {"id": "ratio", "expression": "IF(total > 0, bad / total, 0)", "returnData": True}
        return self._keep(
            name,
            meaning,
            tell=tell,
            metrics=[bad.query("bad", period, shown=False), total.query("total", period, shown=False), ratio],
            evaluation_periods=1,
            threshold=limit,
        )

    def unusual(self, name: str, meaning: str, measure: Measure, band: int = 3) -> cloudwatch.CfnAlarm:
        """Rings when the measure leaves the band that CloudWatch has learnt from two weeks."""
        expected = {"id": "band", "expression": f"ANOMALY_DETECTION_BAND(found, {band})", "returnData": True}
        return self._keep(
            name,
            meaning,
            tell=True,
            metrics=[measure.query("found", 900, shown=True), expected],
            threshold_metric_id="band",
            comparison_operator="LessThanLowerOrGreaterThanUpperThreshold",
            evaluation_periods=3,
        )

    def any_of(self, name: str, meaning: str, names: list[str]) -> cloudwatch.CfnCompositeAlarm:
        """One call for people, whatever many alarms ring."""
        return self._composite(
            name, meaning, " OR ".join(f"ALARM({self._d.named(part)})" for part in names), names
        )

    def all_of(self, name: str, meaning: str, names: list[str]) -> cloudwatch.CfnCompositeAlarm:
        """Rings only while all of them do."""
        return self._composite(
            name, meaning, " AND ".join(f"ALARM({self._d.named(part)})" for part in names), names
        )

    def _composite(
        self, name: str, meaning: str, rule: str, names: list[str]
    ) -> cloudwatch.CfnCompositeAlarm:
        made = cloudwatch.CfnCompositeAlarm(
            self._stack,
            _construct(name),
            alarm_name=self._d.named(name),
            alarm_description=f"{meaning}. Runbook: {RUNBOOKS}#{section(name)}",
            alarm_rule=rule,
            alarm_actions=[self._topic],
            ok_actions=[self._topic],
        )
        for part in names:
            if part in self.made:
                made.add_resource_dependency(self.made[part])
        return made

    def _keep(self, name: str, meaning: str, *, tell: bool, **properties: Any) -> cloudwatch.CfnAlarm:
        actions = [self._topic] if tell else None
        self.made[name] = cloudwatch.CfnAlarm(
            self._stack,
            _construct(name),
            alarm_name=self._d.named(name),
            alarm_description=f"{meaning}. Runbook: {RUNBOOKS}#{section(name)}",
            treat_missing_data="notBreaching",
            alarm_actions=actions,
            ok_actions=actions,
            **{"comparison_operator": "GreaterThanThreshold"} | properties,
        )
        return self.made[name]


def section(name: str) -> str:
    """The runbook of an alarm; windows of one objective share theirs."""
    fast = name.removesuffix("-long").removesuffix("-short")
    return {"availability-fast": "availability-burn", "availability-slow": "availability-erodes"}.get(
        fast, name
    )


def _statistic(stat: str) -> dict[str, str]:
    return {"extended_statistic": stat} if stat.startswith("p") else {"statistic": stat}


def _construct(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-")) + "Alarm"
