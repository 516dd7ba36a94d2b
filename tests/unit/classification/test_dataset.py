import gzip
from pathlib import Path

import pytest

from rimedio.classification.dataset import LabelledText, folds, read_dataset, split
from rimedio.domain.errors import InvalidInput


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_a_csv_file_is_read_with_any_of_the_usual_column_names(tmp_path: Path) -> None:
    file = write(
        tmp_path / "t.csv", "Document,Topic_group\nfan is loud,MECHANICAL\nno network,COMMUNICATION\n"
    )
    assert [(r.text, r.label) for r in read_dataset(file).rows] == [
        ("fan is loud", "MECHANICAL"),
        ("no network", "COMMUNICATION"),
    ]


def test_jsonl_and_fasttext_files_and_gzipped_ones_give_the_same_rows(tmp_path: Path) -> None:
    lines = '{"text": "fan is loud", "label": "A"}\n{"text": "no network", "label": "B"}\n'
    jsonl = write(tmp_path / "t.jsonl", lines)
    labelled = write(tmp_path / "t.txt", "__label__A fan is loud\n__label__B no network\n")
    packed = tmp_path / "t.jsonl.gz"
    packed.write_bytes(gzip.compress(lines.encode()))
    assert read_dataset(jsonl).rows == read_dataset(labelled).rows == read_dataset(packed).rows


def test_bad_rows_are_reported_with_their_line_and_the_rest_is_used(tmp_path: Path) -> None:
    file = write(
        tmp_path / "t.jsonl", '{"text": "good", "label": "A"}\nnonsense\n{"text": "", "label": "A"}\n[]\n'
    )
    dataset = read_dataset(file)
    assert [row.text for row in dataset.rows] == ["good"]
    assert [row.line for row in dataset.bad_rows] == [2, 3, 4]


def test_a_copy_is_used_once_and_texts_with_two_labels_not_at_all(tmp_path: Path) -> None:
    file = write(tmp_path / "t.csv", "text,label\nFan loud,A\nfan  loud!,A\nno net,B\nno net,A\n")
    dataset = read_dataset(file)
    assert [(row.text, row.label) for row in dataset.rows] == [("Fan loud", "A")]
    assert [(bad.line, bad.reason) for bad in dataset.bad_rows] == [
        (3, "copy of line 2"),
        (4, "the same text has the labels A, B"),
        (5, "the same text has the labels A, B"),
    ]


def test_tickets_that_differ_only_in_their_code_are_no_copies(tmp_path: Path) -> None:
    file = write(tmp_path / "t.csv", "text,label\nerror E029,A\nerror E041,B\n")
    assert len(read_dataset(file).rows) == 2


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("t.csv", "a,b\n1,2\n", "lacks a column"),
        ("t.csv", "", "header"),
        ("t.jsonl", "not json\n", "no usable row"),
        ("t.xlsx", "text,label\n", "must end in"),
    ],
)
def test_a_file_without_usable_rows_is_refused_with_the_reason(
    tmp_path: Path, name: str, content: str, word: str
) -> None:
    with pytest.raises(InvalidInput, match=word):
        read_dataset(write(tmp_path / name, content))


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_dataset(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x9f")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_dataset(tmp_path / "binary.csv")


def rows(groups: int, per_group: int = 3) -> list[LabelledText]:
    return [
        LabelledText(f"text {g} {i}", "A" if g % 4 else "B", f"group {g}")
        for g in range(groups)
        for i in range(per_group)
    ]


def test_a_split_never_tears_a_group_apart() -> None:
    training, held_out = split(rows(40), 0.2)
    assert not {r.group for r in training} & {r.group for r in held_out}
    assert len(training) + len(held_out) == 120


def test_each_part_has_the_labels_in_their_shares() -> None:
    found = rows(40)
    for part in folds(found, 5):
        assert sum(found[i].label == "B" for i in part) == 6
        assert len(part) == 24


def test_the_same_seed_gives_the_same_parts_and_another_seed_others() -> None:
    assert folds(rows(40), 4, 1) == folds(rows(40), 4, 1) != folds(rows(40), 4, 2)
