"""The demo's own model: trained from the rows that ship, asked with the sample tickets it has never seen."""

import json
from pathlib import Path

from rimedio.classification.dataset import read_dataset
from rimedio.classification.features import ticket_text
from rimedio.classification.predict import FastTextClassifier
from rimedio.classification.train import train

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def test_the_demo_model_finds_the_category_of_most_sample_tickets(tmp_path: Path) -> None:
    dataset = read_dataset(EXAMPLES / "training" / "tickets.csv")
    assert not dataset.bad_rows
    report = train(dataset, tmp_path / "model")
    assert report.scores.ece < 0.1
    classifier = FastTextClassifier(tmp_path / "model")
    right = total = 0
    for line in (EXAMPLES / "tickets" / "tickets.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["expected"]["category"]:
            asked = row["ticket"]
            text = ticket_text(asked["symptom_text"], asked["asset"]["model"], asked.get("error_code"))
            total += 1
            right += classifier.classify(text).label == row["expected"]["category"]
    assert right / total >= 0.8
