"""Does the confidence come true? `python -m benchmarks.confidence [--data DIR] [--json]`

The demo's labelled tickets, each judged by a model fitted on the others: `demo.ece` (expected calibration
error), and of the answers sent at the default threshold `demo.sent` (share) and `demo.wrong` (share of those
sent), with `demo.wrong_at_most`, the bound that holds nine times in ten. The tables behind it:
`python -m tools.calibrate`.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tools.calibrate import TICKETS, answerer, leave_one_out, work_through

from benchmarks._report import Report, parse_args
from rimedio.answering.calibration import coverage_table, expected_calibration_error
from rimedio.answering.decide import FEATURES, DecisionPolicy, evidence
from rimedio.domain.errors import ModelUnavailable


def main(argv: Sequence[str] | None = None) -> None:
    """Run and print."""
    options = parse_args("confidence", "Does the confidence come true?", argv)
    report = Report("confidence", options)
    try:
        with tempfile.TemporaryDirectory() as folder:
            worked = work_through(TICKETS, answerer(Path(folder)))
    except ModelUnavailable as error:
        report.missing("demo", str(error))
        report.finish()
        return
    answered = [w for w in worked if w.case.draft.sentences]
    rows = np.array([[evidence(w.case)[f] for f in FEATURES] for w in answered])
    labels = np.array([w.right for w in answered])
    probabilities = leave_one_out(rows, labels)
    (sent,) = coverage_table(probabilities, labels, [DecisionPolicy().confidence_min])
    report.add("demo.ece", expected_calibration_error(probabilities, labels), len(labels))
    report.add("demo.sent", sent.share, len(labels))
    report.add("demo.wrong", sent.wrong, sent.sent)
    report.add("demo.wrong_at_most", sent.wrong_at_most, sent.sent)
    report.finish()


if __name__ == "__main__":
    main()
