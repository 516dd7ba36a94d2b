"""The parts of charts, previews and highlights that are arithmetic or text, run where they run: in a browser."""

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[[str, str], Any]
HTML = "(nodes) => { const box = document.createElement('div'); box.append(...nodes); return box.innerHTML; }"


@pytest.mark.parametrize(
    ("top", "ticks"),
    [
        (37, [0, 10, 20, 30, 40]),
        (0.9, [0, 0.25, 0.5, 0.75, 1]),
        (0, [0, 0.25, 0.5, 0.75, 1]),
        (4000, [0, 1000, 2000, 3000, 4000]),
    ],
)
def test_ticks_stand_at_round_numbers_and_reach_the_top(run: Run, top: float, ticks: list[float]) -> None:
    assert run("charts/scale.js", f"(m) => m.niceTicks(0, {top})") == ticks


def test_counts_never_get_half_a_tick(run: Run) -> None:
    assert all(float(tick).is_integer() for tick in run("charts/scale.js", "(m) => m.countTicks(3)"))


def test_the_last_label_always_stands(run: Run) -> None:
    written = run("charts/scale.js", "(m) => m.labelled(30, 300, 60)")
    assert written[-1] is True
    assert 1 < sum(written) <= 6


def test_hits_are_counted_in_characters_not_in_units_of_javascript(run: Run) -> None:
    marked = run("knowledge/marked.js", f"(m) => ({HTML})(m.marked('🔥🔥 E029 qui', [[3, 7]]))")
    assert marked == "🔥🔥 <mark>E029</mark> qui"


def test_hits_that_overlap_or_lie_outside_are_put_right(run: Run) -> None:
    marked = run("knowledge/marked.js", f"(m) => ({HTML})(m.marked('abcdef', [[4, 99], [0, 3], [2, 4]]))")
    assert marked == "<mark>abc</mark><mark>d</mark><mark>ef</mark>"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# One\n\ntwo", "<h3>One</h3><p>two</p>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("- a\n  more\n- b", "<ul><li>a more</li><li>b</li></ul>"),
        ("a **b** `c*d`", "<p>a <strong>b</strong> <code>c*d</code></p>"),
        ("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>"),
        ("> #", "<blockquote><p>#</p></blockquote>"),
        ("```\n# not a heading", "<pre><code># not a heading</code></pre>"),
    ],
)
def test_a_preview_shows_markdown_and_never_runs_html(run: Run, text: str, shown: str) -> None:
    assert run("knowledge/markdown.js", f"(m) => ({HTML})(m.markdown({text!r}))") == shown


def test_a_link_of_a_preview_cannot_be_followed(run: Run) -> None:
    shown = run("knowledge/markdown.js", f"(m) => ({HTML})(m.markdown('[here](javascript:alert(1))'))")
    assert "<a" not in shown
    assert "here" in shown


def test_an_upload_knows_a_file_by_its_ending(run: Run) -> None:
    names = run("upload.js", "(m) => ['a.PDF', 'b.jpeg', 'c.log', 'd.docx', 'e'].map(m.fileType)")
    assert names == ["PDF", "IMAGE", "LOG", "DOCUMENT", "DOCUMENT"]


def test_gaps_of_a_line_stay_gaps(run: Run) -> None:
    lines = run(
        "charts/index.js",
        """(m) => new Promise((resolve) => {
          const figure = m.lineChart({ title: "T", labels: ["a", "b", "c", "d"], series: [{ name: "S", values: [1, null, 2, 3] }] });
          document.body.append(figure);
          requestAnimationFrame(() => requestAnimationFrame(() => {
            resolve(figure.querySelectorAll("path.series-line").length);
            figure.remove();
          }));
        })""",
    )
    assert lines == 2


def test_the_curve_of_coverage_marks_the_threshold_in_force(run: Run) -> None:
    said = run(
        "charts/index.js",
        """(m) => new Promise((resolve) => {
          const points = [0.5, 0.7, 0.9].map((t) => ({ threshold: t, coverage: 1 - t / 2, error: (1 - t) / 5, answered: 10 }));
          const names = { coverage: "C", error: "E", threshold: "T", answered: "A", current: "now 0.7" };
          const figure = m.coverageChart({ title: "T", points, current: 0.7, names, percent: String, say: (p) => `at ${p.threshold}` });
          document.body.append(figure);
          requestAnimationFrame(() => requestAnimationFrame(() => {
            resolve([figure.querySelector(".chart-note").textContent, figure.querySelector("[role=slider]").getAttribute("aria-valuetext")]);
            figure.remove();
          }));
        })""",
    )
    assert said == ["now 0.7", "at 0.7"]
