// Axes and grid: horizontal rules at round values, words below.

import { labelled, linear } from "./scale.js";
import { s } from "../dom.js";

const CHAR = 6.6; // about the width of a digit in the chart's 11 px type

/** The plot's inner box, with room at the left for the widest tick. */
export function plotBox({ width, height }, tickTexts, { bottom = 24, top = 10, right = 10 } = {}) {
  const widest = Math.max(1, ...tickTexts.map((text) => text.length));
  return { left: Math.ceil(widest * CHAR) + 12, right: width - right, top, bottom: height - bottom };
}

/** Draws rules and their values; returns the y scale. */
export function yAxis(canvas, box, ticks, format) {
  const y = linear([ticks[0], ticks[ticks.length - 1]], [box.bottom, box.top]);
  for (const tick of ticks) {
    const at = Math.round(y(tick)) + 0.5;
    canvas.append(
      s("line", { class: tick === 0 ? "chart-base" : "chart-rule", x1: box.left, x2: box.right, y1: at, y2: at }),
      s("text", { class: "chart-tick", x: box.left - 8, y: at + 4, "text-anchor": "end" }, format(tick)));
  }
  return y;
}

/** Writes the words below, as many as have room; `at(i)` is a label's middle. */
export function xLabels(canvas, box, labels, at) {
  const room = Math.max(...labels.map((text) => text.length)) * CHAR + 20;
  const written = labelled(labels.length, box.right - box.left, room);
  labels.forEach((text, i) => {
    if (!written[i]) return;
    const half = (text.length * CHAR) / 2;
    const x = at(i);
    const anchor = x + half > box.right + 10 ? "end" : x - half < 0 ? "start" : "middle";
    canvas.append(s("text", { class: "chart-tick", x, y: box.bottom + 17, "text-anchor": anchor }, text));
  });
}
