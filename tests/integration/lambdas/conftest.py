"""Functions on a system of this machine: what wakes them has the shape that AWS gives it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rimedio.bootstrap import LaptopRimedio, laptop
from rimedio.lambdas.functions._function import Build, LambdaFunction
from rimedio.lambdas.functions._invocation import FakeContext
from rimedio.settings import EmbedderName, Settings

Call = Callable[..., Any]
MANUAL = b"""# XC-200 manual

## Error E029

Error E029 means that the fan of the XC-200 is blocked. Clean the fan filter with a dry brush. Switch the
XC-200 on again after 10 minutes.
"""


@pytest.fixture
def system(tmp_path: Path) -> Iterator[LaptopRimedio]:
    settings = Settings(
        data_dir=tmp_path / "data", embedder=EmbedderName.NONE, tenant="acme", loopback_urls=True
    )
    made = laptop(settings)
    _ = made.eventing.archive  # keeps every event from now on
    yield made
    made.close()


@pytest.fixture
def make(system: LaptopRimedio) -> Callable[..., Call]:
    """`make(build_x)(event)` calls a function as Lambda does."""

    def made(build: Build[Any], **options: Any) -> Call:
        function = LambdaFunction("test", build, find_system=lambda: system, **options)

        def call(event: object, *, remaining_ms: int = 60_000) -> Any:
            return function(event, FakeContext(remaining_ms=remaining_ms))  # type: ignore[arg-type]

        return call

    return made
