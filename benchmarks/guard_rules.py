"""Rules on CloudFormation templates: how our verdicts agree with those of the AWS Guard Rules Registry's tests."""

import json

from benchmarks._report import Report, parse_args
from rimedio.security.template_rules import TEMPLATE_RULES, Verdict

DATA_SET = "iam/guard-rules"


def main() -> None:
    """Run it."""
    options = parse_args("guard_rules", __doc__ or "")
    report = Report("guard_rules", options)
    found = [options.data / f"{DATA_SET}.{kind}.jsonl" for kind in ("test", "dev")]
    path = next((candidate for candidate in found if candidate.exists()), None)
    if path is None:
        report.missing("guard_rules", f"there is no {DATA_SET}.*.jsonl in {options.data}")
        report.finish()
        return
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    known = [row for row in rows if row["rule"] in TEMPLATE_RULES]
    verdicts = [(row, TEMPLATE_RULES[row["rule"]].verdict(row["template"] or {})) for row in known]
    for row, verdict in verdicts:
        if verdict.value != row["expect"]:
            report.note(f"{row['rule']}: {verdict} instead of {row['expect']}: {row['name']}")
    failed = [row["expect"] == Verdict.FAIL for row, verdict in verdicts if verdict is Verdict.FAIL]
    wanted = [verdict is Verdict.FAIL for row, verdict in verdicts if row["expect"] == Verdict.FAIL]
    agree = sum(verdict.value == row["expect"] for row, verdict in verdicts)
    if known:
        report.add("guard_rules.agree", agree / len(known), len(known))
        report.add("guard_rules.precision", sum(failed) / len(failed) if failed else 0.0, len(failed))
        report.add("guard_rules.recall", sum(wanted) / len(wanted) if wanted else 0.0, len(wanted))
    report.add("guard_rules.covered", len(known) / len(rows) if rows else 0.0, len(rows))
    report.finish()


if __name__ == "__main__":
    main()
