"""Pictures: nothing overlaps, everything is there, and the text of Mermaid is safe."""

import itertools
import json
import re
from pathlib import Path
from typing import Any
from xml.dom import minidom

import pytest
from tests.conftest import ROOT

from rimedio.asl import Machine
from rimedio.asl.graph import edges, mermaid, progress, svg
from rimedio.asl.graph.edges import condition
from rimedio.asl.graph.layers import START, Link, Size, lay_out
from rimedio.asl.testing import read_cases, run_case

EXAMPLES = ROOT / "examples" / "asl"
PASS: dict[str, Any] = {"Type": "Pass", "End": True}
FILES = [*sorted(EXAMPLES.glob("*.asl.json")), ROOT / "src" / "rimedio" / "tickets" / "workflow.asl.json"]


def states(**named: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(named)), "States": named}


def parsed(path: Path) -> Machine:
    return Machine.parse(path.read_text("utf-8"), path.name.partition(".")[0])


def history(name: str, number: int) -> tuple[Machine, Any]:
    machine = parsed(EXAMPLES / f"{name}.asl.json")
    return machine, run_case(machine, read_cases(EXAMPLES / f"{name}.cases.json")[number]).history


def rectangles(drawn: str) -> list[tuple[str, list[float]]]:
    """Every state's name, with its box on the page: left, top, right, bottom."""
    found = []

    def walk(node: Any, x: float, y: float) -> None:
        moved = re.match(r"translate\((\S+) (\S+)\)", node.getAttribute("transform") or "")
        if moved:
            x, y = x + float(moved[1]), y + float(moved[2])
        children = [child for child in node.childNodes if child.nodeType == child.ELEMENT_NODE]
        boxes = [c for c in children if c.tagName == "rect" and "box" in c.getAttribute("class").split()]
        titles = [c for c in children if c.tagName == "title"]
        if node.tagName == "g" and boxes and titles:
            width, height = float(boxes[0].getAttribute("width")), float(boxes[0].getAttribute("height"))
            found.append((titles[0].firstChild.data, [x, y, x + width, y + height]))
        for child in children:
            walk(child, x, y)

    walk(minidom.parseString(drawn).documentElement, 0.0, 0.0)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_boxes_overlap_only_where_one_is_inside_the_other(path: Path) -> None:
    drawn = svg(parsed(path))
    page = minidom.parseString(drawn).documentElement
    boxes = rectangles(drawn)
    for _, (left, top, right, bottom) in boxes:
        assert left >= 0
        assert top >= 0
        assert right <= float(page.getAttribute("width"))
        assert bottom <= float(page.getAttribute("height"))
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        inside = (a[0] <= b[0] and a[1] <= b[1] and a[2] >= b[2] and a[3] >= b[3]) or (
            b[0] <= a[0] and b[1] <= a[1] and b[2] >= a[2] and b[3] >= a[3]
        )
        assert apart or inside, f"{one} and {other} overlap"


def points(path: str) -> list[tuple[float, float]]:
    """Points along a line of M, V and C."""
    found: list[tuple[float, float]] = []
    for letter, body in re.findall(r"([MVC])([^MVC]*)", path):
        numbers = [float(n) for n in body.split()]
        if letter == "M":
            found.append((numbers[0], numbers[1]))
        elif letter == "V":
            (x, y), n = found[-1], 20
            found += [(x, y + (numbers[0] - y) * i / n) for i in range(1, n + 1)]
        else:
            (x0, y0), (x1, y1, x2, y2, x3, y3) = found[-1], numbers
            for t in (i / 20 for i in range(1, 21)):
                u = 1 - t
                found.append(
                    (
                        u**3 * x0 + 3 * u * u * t * x1 + 3 * u * t * t * x2 + t**3 * x3,
                        u**3 * y0 + 3 * u * u * t * y1 + 3 * u * t * t * y2 + t**3 * y3,
                    )
                )
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_line_runs_through_a_box(path: Path) -> None:
    for level in minidom.parseString(svg(parsed(path))).getElementsByTagName("g"):
        children = [child for child in level.childNodes if child.nodeType == child.ELEMENT_NODE]
        lines = [c.getAttribute("d") for c in children if c.tagName == "path"]
        for child in children:
            moved = re.match(r"translate\((\S+) (\S+)\)", child.getAttribute("transform") or "")
            boxes = [c for c in child.childNodes if getattr(c, "tagName", "") == "rect"]
            if child.tagName != "g" or moved is None or not boxes:
                continue
            left, top = float(moved[1]), float(moved[2])
            right, bottom = (
                left + float(boxes[0].getAttribute("width")),
                top + float(boxes[0].getAttribute("height")),
            )
            for x, y in (point for line in lines for point in points(line)):
                assert not (left + 1 < x < right - 1 and top + 1 < y < bottom - 1)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_state_is_in_the_picture_with_its_name(path: Path) -> None:
    machine = parsed(path)
    names = [text.partition(" (")[0] for text, _ in rectangles(svg(machine))]
    written = mermaid(machine)

    def collect(level: Any) -> list[str]:
        inner = [level.get("ItemProcessor"), *level.get("Branches", [])]
        own = level.get("States", {})
        return [*own, *(n for each in [*own.values(), *inner] if each for n in collect(each))]

    expected = collect(json.loads(machine.definition))
    assert sorted(names) == sorted(expected)
    assert all(f'"{name}"' in written for name in expected)


def test_a_picture_shows_what_an_execution_did() -> None:
    machine, events = history("order", 3)
    assert progress(events) == {
        "CheckStock": "succeeded", "LookUp": "succeeded", "InStock?": "succeeded", "Charge": "caught",
        "TellCustomer": "succeeded", "Declined": "failed",
    }  # fmt: skip
    drawn = svg(machine, events)
    assert "An execution that is FAILED with OrderDeclined; it reached 6 of 11 states." in drawn
    assert '<g class="caught"' in drawn
    assert '<g class="untaken"' in drawn
    assert "Charge (Task). caught: CardDeclined" in drawn
    text = mermaid(machine, events)
    assert "class s3 caught" in text
    assert '"✗ Declined"' in text
    machine, events = history("inspection", 1)
    assert "items 2/2" in svg(machine, events)
    assert "1 retry" in svg(machine, events)


def test_child_executions_of_a_distributed_map_are_in_the_picture() -> None:
    machine = parsed(EXAMPLES / "readings.asl.json")
    [case, _] = read_cases(EXAMPLES / "readings.cases.json")
    drawn = svg(machine, run_case(machine, case).trace)
    assert "Map · succeeded · items 2/3" in drawn
    assert "Pass · 2 succeeded" in drawn
    assert "Reject (Fail). failed: NegativeReading" in drawn


def test_a_picture_can_be_read_aloud() -> None:
    page = minidom.parseString(svg(parsed(EXAMPLES / "approval.asl.json"))).documentElement
    assert page.getAttribute("role") == "img"
    assert page.getElementsByTagName("title")[0].firstChild.data == "State machine approval"
    assert page.getElementsByTagName("desc")[0].firstChild.data == "5 states, beginning with Expensive?."


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two colours."""

    def light(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
        parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["LIGHT", "DARK"])
def test_text_stands_out_from_every_colour(theme: str) -> None:
    from rimedio.asl.graph import svg as module_function  # the package's function hides the module
    from rimedio.asl.graph.marks import Mark

    colours = module_function.__globals__[theme]
    for mark in Mark:
        assert contrast(colours["ink"], colours[mark]) >= 7
        assert contrast(colours["soft"], colours[mark]) >= 4.5
        assert contrast(colours[f"{mark}-line"], colours[mark]) >= 3
    assert contrast(colours["soft"], colours["box"]) >= 4.5


def test_mermaid_takes_any_name_as_text_only() -> None:
    nasty = 'end "quoted" [x](y){z} <b> #1; `c` | graph\\n 名前 é'
    text = mermaid(Machine.parse({"StartAt": nasty, "States": {nasty: PASS}}))
    lines = text.splitlines()
    assert lines[0] == "flowchart TD"
    [label] = re.findall(r's0\["(.*)"\]', text)
    assert re.search(r'["`<>\\]', label) is None
    assert "名前 é" in label
    decoded = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), label)
    assert decoded == nasty
    for line in lines[1:]:
        assert re.fullmatch(r'\s+(start\(\("start"\)\) --> s0|s0\[".*"\])', line), line


def test_every_line_of_mermaid_is_of_a_known_form() -> None:
    box = r's\d+(\["[^"]*"\]|\{"[^"]*"\}|\(\["[^"]*"\]\)|\[/"[^"]*"/\]|\[\["[^"]*"\]\])'
    forms = re.compile(
        rf'flowchart TD|\s*{box}|\s*subgraph s\d+_\d+\[" "\]|\s*end|\s*start\(\("start"\)\) --> s0'
        r'|\s*s\d+ (-->|-\.->|==>)(\|"[^"]*"\|)? s\d+|\s*class s\d+ \w+|\s*classDef \w+ [\w#:,-]+'
    )
    for path in FILES:
        for line in mermaid(parsed(path)).splitlines():
            assert forms.fullmatch(line), line
    for name, number in (("inspection", 2), ("order", 2), ("approval", 1)):
        for line in mermaid(*history(name, number)).splitlines():
            assert forms.fullmatch(line), line


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"Variable": "$.a", "NumericGreaterThanEquals": 3}, "$.a ≥ 3"),
        ({"Variable": "$.a", "StringEquals": "x"}, '$.a = "x"'),
        ({"Variable": "$.a", "StringLessThanPath": "$.b"}, "$.a < $.b"),
        ({"Variable": "$.a", "IsPresent": False}, "$.a is not present"),
        ({"Variable": "$.a", "StringMatches": "a*"}, '$.a like "a*"'),
        ({"Not": {"Variable": "$.a", "IsNull": True}}, "not ($.a is null)"),
        ({"And": [{"Variable": "$.a", "BooleanEquals": True}, {"Variable": "$.b", "IsString": True}]}, "$.a = true and $.b is string"),
        ({"Condition": "{% $x > 1 %}"}, "$x > 1"),
    ],
)  # fmt: skip
def test_a_choice_reads_like_a_sentence(rule: Any, text: str) -> None:
    assert condition({**rule, "Next": "N"}) == text


def test_transitions_say_why_they_are_taken() -> None:
    found = list(edges(parsed(EXAMPLES / "order.asl.json").graph))
    assert [(e.source, e.target, e.label) for e in found if e.kind == "catch"] == [
        ("Charge", "TellCustomer", "CardDeclined")
    ]


def test_loops_and_long_lines_go_round_the_boxes() -> None:
    sizes = {START: Size(12, 12), **{name: Size(80, 40) for name in "abcd"}}
    links = [
        Link(START, "a"),
        Link("a", "b"),
        Link("b", "c"),
        Link("c", "d"),
        Link("a", "d"),
        Link("d", "b"),
        Link("c", "c"),
    ]
    layout = lay_out(sizes, links)
    assert [layout.boxes[name][1] for name in "abcd"] == sorted(layout.boxes[name][1] for name in "abcd")
    drawn = {number for stroke in layout.strokes for number in stroke.links}
    assert drawn == set(range(len(links)))
    tips = {number for stroke in layout.strokes if stroke.tip for number in stroke.links}
    assert tips == set(range(len(links)))
    for stroke in layout.strokes:
        for x, top, bottom in re.findall(r"M(\S+) (\S+)V([\d.]+)$", stroke.path):
            for name, (left, y) in layout.boxes.items():
                width, height = sizes[name]
                crosses = left < float(x) < left + width and float(top) < y and float(bottom) > y + height
                assert not crosses, f"a line runs through {name}"


def test_a_machine_of_a_hundred_states_with_jumps_everywhere_is_drawn() -> None:
    named: dict[str, Any] = {
        f"S{n}": {"Type": "Choice", "Choices": [{"Variable": "$.x", "NumericEquals": n, "Next": f"S{(n * 7) % 100}"}],
                  "Default": f"S{n + 1}"}
        for n in range(99)
    }  # fmt: skip
    drawn = svg(Machine.parse(states(**named, S99=PASS)))
    assert len(rectangles(drawn)) == 100
