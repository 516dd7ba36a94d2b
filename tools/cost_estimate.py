"""What a deployment costs a month, computed from its synthesized templates.

    python -m tools.cost_estimate [--assembly build/cdk] [--stage prod] [--lines]

Prices stand in infra/prices.toml with their date and source, the assumptions on use in infra/usage.toml.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "infra"))

from rimedio_infra.estimate import Estimate, estimate  # noqa: E402 - the infrastructure is no installed package
from rimedio_infra.prices import prices, usage  # noqa: E402
from rimedio_infra.templates import Template, templates  # noqa: E402

PROFILES = ("frugal", "scale")
MONTHS = ("idle", "month")
Estimates = dict[tuple[str, str], Estimate]


def estimates(found: list[Template], stage: str) -> Estimates:
    """The bill of each profile, idle and in a month of usage.toml. Raises ValueError without templates."""
    table = prices()
    made: Estimates = {}
    for profile in PROFILES:
        chosen = [t for t in found if (t.stage, t.profile) == (stage, profile)]
        if not chosen:
            msg = f"There are no templates of {stage}-{profile}. Run `make synth` first."
            raise ValueError(msg)
        for month in MONTHS:
            made[profile, month] = estimate(chosen, table, usage(month))
    return made


def printed(made: Estimates, *, lines: bool = False) -> str:
    """A table for people."""
    table, tickets = prices(), usage("month").month["tickets"]
    rows = [f"{'profile':8} {'month':6} {'USD':>10} {'without allowances':>20} {'per ticket':>11}"]
    for (profile, month), bill in made.items():
        each = f"{bill.usd / tickets:.3f}" if month == "month" else ""
        rows.append(f"{profile:8} {month:6} {bill.usd:>10.2f} {bill.full_usd:>20.2f} {each:>11}")
    for (profile, month), bill in made.items():
        rows.append(f"\n{profile}, {month}: by stack, USD before allowances")
        rows += [f"  {stack:14} {usd:>9.2f}" for stack, usd in bill.by_stack() if usd >= 0.005]
        if lines:
            largest = sorted(bill.lines, key=lambda line: -line.usd)
            rows += [
                f"    {line.stack:14} {line.what[:44]:44} {line.quantity:>14,.2f} "
                f"x {line.usd_each:<12.10g} = {line.usd:.2f}"
                for line in largest
                if line.usd >= 0.005
            ]
    return "\n".join(
        [*rows, f"\nPrices of {table.as_of} (infra/prices.toml), to be verified before they are relied on."]
    )


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--assembly", type=Path, default=ROOT / "build" / "cdk")
    parser.add_argument("--stage", default="prod", choices=("dev", "staging", "prod"))
    parser.add_argument("--lines", action="store_true", help="every row, not only the sums")
    given = parser.parse_args()
    try:
        print(printed(estimates(templates(given.assembly), given.stage), lines=given.lines))
    except ValueError as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
