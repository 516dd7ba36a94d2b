// Lines over time, one scale, with an optional area under the first.

import { plotBox, xLabels, yAxis } from "./axes.js";
import { chartFigure, mark } from "./figure.js";
import { linear, niceTicks } from "./scale.js";
import { s } from "../dom.js";

const MARKS_UP_TO = 14; // marks on every point only while they do not touch

/**
 * A line chart. `labels` are the words below; `series` is `[{name, values, series?}]`, where a `null` value is a gap;
 * `format` writes a value, `ticks(max)` may replace the round ticks, `area` fills under the first series,
 * `target` draws a dashed rule `{value, name}`.
 */
export function lineChart({ labels, series, format = String, ticks, area = false, target, head, ...figure }) {
  const drawn = series.map((one, i) => ({ series: i + 1, ...one }));
  return chartFigure({
    ...figure,
    legend: drawn.length > 1 ? drawn.map(({ name, series: s }) => ({ name, series: s, kind: "line" })) : [],
    table: table(labels, drawn, format, head),
    draw: (canvas, size) => draw(canvas, size, { labels, drawn, format, ticks, area, target }),
  });
}

function table(labels, drawn, format, head = "") {
  const some = drawn.some(({ values }) => values.some((value) => value !== null && value !== undefined));
  return {
    head: [head, ...drawn.map(({ name }) => name)],
    rows: some ? labels.map((label, i) => [label, ...drawn.map(({ values }) => written(values[i], format))]) : [],
  };
}

function written(value, format) {
  return value === null || value === undefined ? "–" : format(value);
}

function draw(canvas, size, { labels, drawn, format, ticks, area, target }) {
  const known = drawn.flatMap(({ values }) => values).filter((value) => value !== null && value !== undefined);
  const top = Math.max(...known, target?.value ?? 0);
  const marks = ticks ? ticks(top) : niceTicks(0, top);
  const box = plotBox(size, marks.map(format));
  const y = yAxis(canvas, box, marks, format);
  const x = linear([0, Math.max(labels.length - 1, 1)], [box.left + 6, box.right - 6]);
  xLabels(canvas, box, labels, x);
  if (target) {
    canvas.append(s("line", { class: "chart-target", x1: box.left, x2: box.right, y1: y(target.value), y2: y(target.value) }),
      s("text", { class: "chart-note", x: box.right, y: y(target.value) - 5, "text-anchor": "end" }, target.name));
  }
  drawn.forEach((one, i) => drawSeries(canvas, one, { x, y, box, area: area && i === 0 }));
  return { box, stops: labels.map((label, i) => stop(label, i, drawn, { x, y, format })) };
}

function drawSeries(canvas, { values, series }, { x, y, box, area }) {
  for (const run of runs(values)) {
    const path = run.map(([i, value], n) => `${n ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    if (area) {
      const close = `L${x(run[run.length - 1][0]).toFixed(1)} ${box.bottom}L${x(run[0][0]).toFixed(1)} ${box.bottom}Z`;
      canvas.append(s("path", { class: `series-area series-${series}`, d: path + close }));
    }
    canvas.append(s("path", { class: `series-line series-${series}`, d: path }));
    if (values.length <= MARKS_UP_TO || run.length === 1) {
      canvas.append(...run.map(([i, value]) => mark(series, x(i), y(value), 3)));
    }
  }
}

/** Unbroken stretches of known values, as `[index, value]`. */
function runs(values) {
  const found = [[]];
  values.forEach((value, i) => {
    if (value === null || value === undefined) found.push([]);
    else found[found.length - 1].push([i, value]);
  });
  return found.filter((run) => run.length);
}

function stop(label, i, drawn, { x, y, format }) {
  const parts = drawn.map(({ name, values }) => `${name} ${written(values[i], format)}`);
  const marks = drawn.filter(({ values }) => values[i] !== null && values[i] !== undefined)
    .map(({ values, series }) => ({ y: y(values[i]), series }));
  return { x: x(i), marks, text: `${label}: ${parts.join(" · ")}` };
}
