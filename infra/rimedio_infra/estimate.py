"""What a deployment costs a month: standing charges out of its templates, use out of the assumptions in usage.toml.

Every resource of the templates is either priced here or listed as free to have; a type that is neither stops the
estimate. Allowances that AWS gives for ever are taken off once, each up to its amount; `full_usd` is without them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rimedio_infra.prices import Prices, Usage
from rimedio_infra.standing import standing_lines
from rimedio_infra.templates import Template
from rimedio_infra.usage_lines import usage_lines


@dataclass(frozen=True)
class Line:
    """One row of the bill."""

    what: str
    stack: str
    item: str
    quantity: float
    usd_each: float

    @property
    def usd(self) -> float:
        """Without allowances."""
        return self.quantity * self.usd_each


@dataclass(frozen=True)
class Estimate:
    """A month's bill of one deployment."""

    lines: Sequence[Line]
    free: dict[str, float] = field(default_factory=dict)

    @property
    def full_usd(self) -> float:
        """As if AWS gave no allowances."""
        return sum(line.usd for line in self.lines)

    @property
    def allowance_usd(self) -> float:
        """What the allowances take off."""
        used: dict[str, list[Line]] = defaultdict(list)
        for line in self.lines:
            used[line.item].append(line)
        off = 0.0
        for item, amount in self.free.items():
            if rows := used.get(item):
                off += min(amount, sum(row.quantity for row in rows)) * rows[0].usd_each
        return off

    @property
    def usd(self) -> float:
        """What is to be paid."""
        return self.full_usd - self.allowance_usd

    def by_stack(self) -> list[tuple[str, float]]:
        """Sums by stack, the largest first, before allowances."""
        sums: dict[str, float] = defaultdict(float)
        for line in self.lines:
            sums[line.stack] += line.usd
        return sorted(sums.items(), key=lambda pair: -pair[1])


def estimate(found: Iterable[Template], prices: Prices, usage: Usage) -> Estimate:
    """The bill of one deployment's templates. Raises ValueError for a type of resource that nobody priced."""
    deployment = list(found)
    rows = [Line(*row) for row in standing_lines(deployment, prices)]
    rows += [Line(*row) for row in usage_lines(deployment, prices, usage)]
    return Estimate(rows, dict(prices.always_free))
