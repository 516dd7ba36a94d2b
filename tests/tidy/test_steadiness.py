"""A test says the same of the same code, whenever, wherever and beside whatever it runs."""

import sys
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def test_properties_are_tried_with_the_same_examples_in_every_run() -> None:
    assert settings.get_current_profile_name() in ("steady", "searching")
    assert settings.default is not None
    assert settings.default.deadline is None
    assert HealthCheck.too_slow in settings.default.suppress_health_check
    steady = settings.get_profile("steady")
    assert steady.derandomize
    assert steady.database is None


def _examples() -> list[str]:
    seen: list[str] = []

    @settings(max_examples=300, derandomize=True, database=None)
    @given(st.text(max_size=40))
    def look(text: str) -> None:
        seen.append(text)

    look()
    return seen


def test_examples_do_not_depend_on_the_modules_that_happen_to_be_loaded(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _examples()
    # A folder that is not called after a test: hypothesis reads no constants of tests.
    path = tmp_path_factory.getbasetemp() / "constants" / "word_list.py"
    path.parent.mkdir()
    path.write_text("\n".join(f"WORD_{number} = 'zebra {number}'" for number in range(300)))
    loaded = ModuleType("word_list")
    loaded.__file__ = str(path)
    monkeypatch.setitem(sys.modules, "word_list", loaded)
    assert _examples() == before
