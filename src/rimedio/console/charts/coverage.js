// Coverage against error: how many answers would go out at a threshold, and how many of those would be wrong.
//
// The curve runs over the share answered (x); its height is the error among them. The threshold in force is a
// vertical rule with its words, so that a reader sees what moving it would buy.

import { plotBox, yAxis } from "./axes.js";
import { chartFigure, mark } from "./figure.js";
import { linear, niceTicks } from "./scale.js";
import { s } from "../dom.js";

/**
 * `points` are `[{threshold, coverage, error|null, answered}]`; `current` is the threshold in force or null;
 * `say(point)` puts a point in words; `names` has `coverage`, `error`, `threshold`, `answered`, `current`.
 */
export function coverageChart({ points, current = null, say, names, percent, number = String, target, ...figure }) {
  const known = points.filter(({ error }) => error !== null && error !== undefined)
    .sort((a, b) => a.coverage - b.coverage);
  const chosen = current === null ? null : nearest(known, current);
  return chartFigure({
    ...figure,
    start: chosen === null ? null : known.indexOf(chosen),
    table: {
      head: [names.threshold, names.coverage, names.error, names.answered],
      rows: known.map((p) => [number(p.threshold), percent(p.coverage), percent(p.error), number(p.answered)]),
    },
    draw: (canvas, size) => draw(canvas, size, { known, chosen, say, names, percent, target }),
  });
}

function nearest(points, threshold) {
  return points.reduce((best, p) => (best && Math.abs(best.threshold - threshold) <= Math.abs(p.threshold - threshold) ? best : p), null);
}

function draw(canvas, size, { known, chosen, say, names, percent, target }) {
  const ticks = niceTicks(0, Math.max(...known.map(({ error }) => error), target ?? 0, 0.02));
  const box = plotBox(size, ticks.map(percent), { bottom: 40, top: 22, right: 16 });
  const y = yAxis(canvas, box, ticks, percent);
  const x = linear([0, 1], [box.left, box.right]);
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    canvas.append(s("text", { class: "chart-tick", x: x(share), y: box.bottom + 16, "text-anchor": share === 1 ? "end" : "middle" }, percent(share)));
  }
  canvas.append(
    s("text", { class: "chart-axis", x: (box.left + box.right) / 2, y: box.bottom + 33, "text-anchor": "middle" }, `${names.coverage} →`),
    s("text", { class: "chart-axis", x: box.left, y: box.top - 9 }, `↑ ${names.error}`));
  if (target !== undefined) canvas.append(s("line", { class: "chart-target", x1: box.left, x2: box.right, y1: y(target), y2: y(target) }));
  const path = known.map((p, i) => `${i ? "L" : "M"}${x(p.coverage).toFixed(1)} ${y(p.error).toFixed(1)}`).join("");
  canvas.append(s("path", { class: "series-line series-1", d: path }));
  if (chosen) drawChosen(canvas, chosen, { x, y, box, names });
  return { box, stops: known.map((p) => ({ x: x(p.coverage), text: say(p), marks: [{ y: y(p.error), series: 1 }] })) };
}

function drawChosen(canvas, chosen, { x, y, box, names }) {
  const at = x(chosen.coverage);
  const right = at < (box.left + box.right) / 2;
  canvas.append(
    s("line", { class: "chart-threshold", x1: at, x2: at, y1: box.top, y2: box.bottom }),
    mark(1, at, y(chosen.error), 5),
    s("text", { class: "chart-note", x: at + (right ? 7 : -7), y: box.top + 10, "text-anchor": right ? "start" : "end" }, names.current));
}
