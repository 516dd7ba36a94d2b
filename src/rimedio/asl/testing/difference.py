"""Where two JSON values differ, a line for each place."""

from collections.abc import Iterator

from rimedio.asl.jsontext import JSON, dumps

TEXT_MAX = 80


def differences(got: JSON, expected: JSON, path: str = "$") -> Iterator[str]:
    """`$.lines[2].price: got 3, expected 4`."""
    if isinstance(got, dict) and isinstance(expected, dict):
        for key in dict.fromkeys([*expected, *got]):
            place = f"{path}.{key}"
            if key not in got:
                yield f"{place}: missing, expected {_short(expected[key])}"
            elif key not in expected:
                yield f"{place}: got {_short(got[key])}, which is not expected"
            else:
                yield from differences(got[key], expected[key], place)
    elif isinstance(got, list) and isinstance(expected, list):
        for index, (mine, theirs) in enumerate(zip(got, expected, strict=False)):
            yield from differences(mine, theirs, f"{path}[{index}]")
        if len(got) != len(expected):
            yield f"{path}: got {len(got)} elements, expected {len(expected)}"
    elif got != expected or isinstance(got, bool) is not isinstance(expected, bool):
        yield f"{path}: got {_short(got)}, expected {_short(expected)}"


def _short(value: JSON) -> str:
    text = dumps(value)
    return text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 1]}…"
