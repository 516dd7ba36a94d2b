"""cfn-lint over synthesized templates, each for the region that its stack goes to; offline."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rimedio_infra.templates import Template, templates

# Rules that are not asked, and why.
LEFT_OUT = {
    "W3005": "CDK writes a DependsOn that a reference implies already",
    "W3010": "CDK writes zones out where the account is open; without them an open account gets two zones only",
}


@dataclass(frozen=True)
class Finding:
    """What a rule says of a template."""

    rule: str
    stack: str
    message: str


def findings(found: Iterable[Template]) -> list[Finding]:
    """All errors and warnings, but for those left out with a reason."""
    from cfnlint.config import ConfigMixIn, ManualArgs
    from cfnlint.runner import Runner

    by_region: dict[str, list[Template]] = {}
    for template in found:
        by_region.setdefault(template.region, []).append(template)
    told: list[Finding] = []
    for region, there in by_region.items():
        stacks = {str(template.path): template.stack_name for template in there}
        settings = ManualArgs(regions=[region], templates=list(stacks), ignore_checks=list(LEFT_OUT))
        matches = Runner(ConfigMixIn([], **settings)).run()
        told += [Finding(m.rule.id, stacks[str(m.filename)], m.message) for m in matches]
    return told


def main() -> int:
    """`python -m rimedio_infra.lint FOLDER`: prints findings; 1 when there are any."""
    told = findings(templates(Path(sys.argv[1])))
    for finding in told:
        sys.stdout.write(f"{finding.stack}: {finding.rule} {finding.message}\n")
    sys.stdout.write(f"{len(told)} findings\n")
    return 1 if told else 0


if __name__ == "__main__":
    raise SystemExit(main())
