"""One registry of settings: found, overridden, explained."""

from pathlib import Path

import pytest

from rimedio.domain.errors import InvalidSetting
from rimedio.settings import Settings, load_settings


def test_every_setting_says_what_it_means() -> None:
    assert not [name for name, field in Settings.model_fields.items() if not field.description]


def test_the_stronger_source_wins(tmp_path: Path) -> None:
    (tmp_path / "rimedio.toml").write_text('tenant = "file"\nworkers = 3\nsearch_limit = 5\n')
    found = load_settings(
        {"tenant": "line", "workers": None},
        environment={"RIMEDIO_TENANT": "env", "RIMEDIO_WORKERS": "4"},
        folder=tmp_path,
    )
    assert (found.tenant, found.workers, found.search_limit) == ("line", 4, 5)


def test_an_unknown_name_in_the_file_is_named_with_what_exists(tmp_path: Path) -> None:
    (tmp_path / "rimedio.toml").write_text("worker = 3\n")
    with pytest.raises(InvalidSetting, match=r"no setting `worker`.*workers"):
        load_settings(environment={}, folder=tmp_path)


def test_a_bad_value_is_explained(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"`workers` cannot be 'many'.*same time"):
        load_settings(environment={"RIMEDIO_WORKERS": "many"}, folder=tmp_path)


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rimedio.toml").write_text("= =")
    with pytest.raises(InvalidSetting, match="cannot be read"):
        load_settings(environment={}, folder=tmp_path)


def test_a_key_is_never_printed() -> None:
    found = load_settings({"llm_api_key": "hush"}, environment={})
    assert "hush" not in repr(found)
