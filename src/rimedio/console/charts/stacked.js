// Stacked columns: parts of a whole per day, told apart by hatch as well as by colour.

import { plotBox, xLabels, yAxis } from "./axes.js";
import { chartFigure } from "./figure.js";
import { bands, countTicks, niceTicks } from "./scale.js";
import { s } from "../dom.js";
import { hatches } from "./hatch.js";

/** Columns of `series` `[{name, values}]` over `labels`; `whole` keeps ticks at whole numbers. */
export function stackedBars({ labels, series, format = String, whole = true, head = "", ...figure }) {
  const drawn = series.map((one, i) => ({ series: i + 1, ...one }));
  const totals = labels.map((_, i) => drawn.reduce((sum, { values }) => sum + (values[i] ?? 0), 0));
  return chartFigure({
    ...figure,
    legend: drawn.length > 1 ? drawn.map(({ name, series: s }) => ({ name, series: s, kind: "bar" })) : [],
    table: {
      head: [head, ...drawn.map(({ name }) => name)],
      rows: totals.some(Boolean) ? labels.map((label, i) => [label, ...drawn.map(({ values }) => format(values[i] ?? 0))]) : [],
    },
    draw: (canvas, size) => draw(canvas, size, { labels, drawn, totals, format, whole }),
  });
}

function draw(canvas, size, { labels, drawn, totals, format, whole }) {
  const top = Math.max(...totals);
  const ticks = whole ? countTicks(top) : niceTicks(0, top);
  const box = plotBox(size, ticks.map(format));
  const y = yAxis(canvas, box, ticks, format);
  const band = bands(labels.length, [box.left, box.right]);
  const overlay = hatches(canvas, drawn.map(({ series }) => series));
  const middle = (i) => band.at(i) + band.width / 2;
  xLabels(canvas, box, labels, middle);
  labels.forEach((_, i) => {
    let base = 0;
    for (const { values, series } of drawn) {
      const value = values[i] ?? 0;
      if (value > 0) {
        const place = { x: band.at(i).toFixed(1), width: band.width.toFixed(1), y: y(base + value).toFixed(1), height: Math.max(y(base) - y(base + value), 0.5).toFixed(1) };
        canvas.append(s("rect", { ...place, class: `series-fill series-${series}` }), s("rect", { ...place, fill: overlay(series) }));
      }
      base += value;
    }
  });
  return { box, stops: labels.map((label, i) => ({ x: middle(i), marks: [], text: words(label, i, drawn, format) })) };
}

function words(label, i, drawn, format) {
  return `${label}: ${drawn.map(({ name, values }) => `${name} ${format(values[i] ?? 0)}`).join(" · ")}`;
}
