"""Tests that speak with a server may try once more, in sight: the summary names them.

A machine with two cores runs engines, servers, a browser and two workers at once; a patience may end there that never
ends elsewhere. A test that was run again is a defect to look for, and looking for it is `-p no:rerunfailures`.
Unit and tidy tests, whose world is their own process, never try again.
"""

import pytest

RERUNS = {"e2e/console": 2}  # a browser outlasts less than a socket
RERUNS |= dict.fromkeys(("chaos", "contract", "e2e", "infra", "integration", "load", "security"), 1)


def pytest_configure(config: pytest.Config) -> None:
    """Without the plugin that runs tests again, its mark is still a known one."""
    if not config.pluginmanager.hasplugin("rerunfailures"):
        config.addinivalue_line("markers", "flaky: no effect, since the plugin is off")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them by their folder."""
    for item in items:
        path = item.path.as_posix()
        times = next((times for folder, times in RERUNS.items() if f"/tests/{folder}/" in path), 0)
        if times:
            item.add_marker(pytest.mark.flaky(reruns=times))
