"""The equipment is a file."""

import json
from pathlib import Path

import pytest

from rimedio.domain.errors import InvalidSetting
from rimedio.domain.taxonomy import Taxonomy


def test_the_built_in_taxonomy_knows_inverters_chargers_and_hvac() -> None:
    assert {"INVERTER", "EV_CHARGER", "HVAC"} <= set(Taxonomy.default().product_types)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Errore E029 sulla XC-200", ["E029"]),
        ("prima e029, poi F1234.", ["e029", "F1234"]),
        ("la scheda XE029 e il filtro E0299A", []),
        ("matricola E029-17", []),
    ],
)
def test_codes_are_found_as_whole_words(text: str, codes: list[str]) -> None:
    assert Taxonomy.default().code_pattern.findall(text) == codes


def test_another_makers_equipment_is_another_file(tmp_path: Path) -> None:
    path = tmp_path / "lifts.json"
    path.write_text(
        json.dumps(
            {
                "version": 1,
                "product_types": {
                    "LIFT": {
                        "label": {"it": "Ascensore"},
                        "models": ["L1"],
                        "error_code_patterns": ["\\d{3}"],
                    }
                },
                "categories": {"DOORS": {"it": "Porte", "en": "Doors"}},
            }
        )
    )
    taxonomy = Taxonomy.from_file(path)
    assert taxonomy.models() == ("L1",)
    assert taxonomy.accepts_code("LIFT", "042")
    assert not taxonomy.accepts_code("LIFT", "E042")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"version": 1}',
        '{"version": 1, "product_types": {"A": {"label": {}, "error_code_patterns": ["("]}}, "categories": {}}',
    ],
)
def test_a_broken_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(InvalidSetting, match=r"broken\.json"):
        Taxonomy.from_file(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="taxonomy_file"):
        Taxonomy.from_file(tmp_path / "none.json")
