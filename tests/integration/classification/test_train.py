import json
from pathlib import Path

import pytest

from rimedio.classification.dataset import Dataset, LabelledText
from rimedio.classification.drift import read_baseline
from rimedio.classification.predict import (
    UNKNOWN,
    FakeClassifier,
    FastTextClassifier,
    Mix,
    read_card,
)
from rimedio.classification.train import TrainingOptions, train
from rimedio.domain.errors import InvalidInput, ModelUnavailable

WORDS = {
    "MECHANICAL": ("fan", "bearing", "leak", "valve"),
    "COMMUNICATION": ("wifi", "network", "router", "modem"),
    "THERMAL": ("hot", "heat", "temperature", "overheats"),
}
OPTIONS = TrainingOptions(vector_dim=8, buckets=500, epochs=30)


def dataset(per_word: int = 3) -> Dataset:
    rows = [
        LabelledText(f"the {word} has a problem number {i}", label, f"{word} {i}")
        for label, found in WORDS.items()
        for word in found
        for i in range(per_word)
    ]
    return Dataset(tuple(rows))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "model"
    train(dataset(), out, OPTIONS, version="test")
    return out


def test_a_trained_model_names_the_category_and_the_three_likeliest(folder: Path) -> None:
    found = FastTextClassifier(folder).classify("my router and the wifi network")
    assert found.label == "COMMUNICATION"
    assert found.model_version == "test"
    assert len(found.top) == 3
    assert found.confidence == found.top[0].probability >= found.top[1].probability
    assert sum(guess.probability for guess in found.top) == pytest.approx(1.0)


def test_below_the_threshold_the_label_is_unknown_but_the_guesses_stay(folder: Path) -> None:
    found = FastTextClassifier(folder, unknown_below=1.01).classify("hot hot hot")
    assert found.label == UNKNOWN
    assert found.top[0].label == "THERMAL"


def test_a_text_without_words_is_unknown(folder: Path) -> None:
    assert FastTextClassifier(folder).classify("... ---").label == UNKNOWN


def test_training_twice_gives_the_same_weights_and_the_same_report(folder: Path, tmp_path: Path) -> None:
    first = train(dataset(), tmp_path / "a", OPTIONS)
    second = train(dataset(), tmp_path / "b", OPTIONS)
    assert first == second
    assert first.model_sha256 == read_card(folder).model_sha256


def test_the_weights_are_a_plain_fasttext_file_that_blazingtext_can_serve(folder: Path) -> None:
    import fasttext

    labels, _ = fasttext.load_model(str(folder / "model.bin")).predict("the fan ^the ^fan", 3)
    assert set(labels) == {f"__label__{name}" for name in WORDS}


def test_without_its_partner_fasttext_answers_alone(tmp_path: Path) -> None:
    options = TrainingOptions(vector_dim=8, buckets=500, epochs=30, linear=False)
    report = train(dataset(), tmp_path / "m", options)
    assert report.mix == Mix(share=0.0)
    assert not (tmp_path / "m" / "linear.npz").exists()
    assert FastTextClassifier(tmp_path / "m").classify("the fan leak").model_version == "local"


def test_the_card_carries_the_metrics_of_rows_not_trained_on(folder: Path) -> None:
    card = json.loads((folder / "model.json").read_text("utf-8"))
    assert card["scores"]["rows"] == card["rows"] == 36
    assert 0 <= card["scores"]["accuracy"] <= 1


def test_too_few_rows_or_labels_are_refused(tmp_path: Path) -> None:
    one_label = Dataset(tuple(r for r in dataset().rows if r.label == "THERMAL"))
    with pytest.raises(InvalidInput, match="two labels"):
        train(one_label, tmp_path / "m")
    with pytest.raises(InvalidInput, match=r"too few for: .*MECHANICAL \(4\)"):
        train(Dataset(dataset(1).rows), tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_missing_model_is_unavailable_and_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="rimedio classify train"):
        FastTextClassifier(tmp_path / "none").classify("the fan is loud")


def test_damaged_weights_are_unavailable(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "model.json").write_bytes((folder / "model.json").read_bytes())
    (broken / "model.bin").write_bytes(b"not a model")
    with pytest.raises(ModelUnavailable):
        FastTextClassifier(broken).classify("the fan is loud")


def test_the_fake_answers_by_words() -> None:
    fake = FakeClassifier({"fan": "MECHANICAL"})
    assert fake.classify("the FAN").label == "MECHANICAL"
    assert fake.classify("something else").label == UNKNOWN


def test_words_count_as_unknown_when_only_their_own_rows_know_them(tmp_path: Path) -> None:
    rows = [*dataset().rows, LabelledText("the fan sings xylophone melodies", "MECHANICAL", "odd")]
    train(Dataset(tuple(rows)), tmp_path / "m", OPTIONS)
    spoken = sum(len(row.text.split()) for row in rows)
    assert read_baseline(tmp_path / "m" / "profile.json").unknown_word_share == pytest.approx(3 / spoken)
