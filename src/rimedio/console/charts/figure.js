// What every chart stands in: title, legend, plot, spoken readout, and the same data as a table.
//
// The plot is a slider for assistive technology: arrows, Home and End walk along its stops and the stop's words
// are its value. The pointer does the same. Nothing is told by colour alone: series also differ in dash, mark
// or hatch, the legend shows both, and the table holds every number.

import { h, s, uid } from "../dom.js";
import { t } from "../i18n.js";
import { hatches } from "./hatch.js";

const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: -7, PageDown: 7 };

/**
 * A `<figure>` that draws itself at its own width and again when that changes.
 *
 * `draw(svg, {width, height})` fills the SVG element and returns the stops
 * `[{x, text, marks: [{y, series}]}]`; `table` is `{head: [text], rows: [[text]]}`;
 * `legend` is `[{name, series, kind}]`. Without rows the figure says that it is empty.
 */
export function chartFigure({ title, summary = "", height = 220, legend = [], table, draw, start = null, empty = t("chart.empty") }) {
  const root = h("figure", { class: "chart" }, caption(title, summary));
  if (!table.rows.length) {
    root.append(h("p", { class: "chart-empty" }, empty));
    return root;
  }
  if (legend.length) root.append(legendList(legend));
  root.append(plot({ title, height, draw, start }), dataTable(title, table, t("chart.table")));
  return root;
}

function caption(title, summary) {
  return h("figcaption", { class: "chart-caption" },
    h("span", { class: "chart-title" }, title), summary && h("span", { class: "chart-summary" }, summary));
}

function legendList(entries) {
  return h("ul", { class: "chart-legend" }, entries.map((entry) => h("li", {}, key(entry), entry.name)));
}

function key({ series, kind }) {
  const picture = s("svg", { class: "chart-key", viewBox: "0 0 22 12", width: 22, height: 12, "aria-hidden": "true" });
  if (kind === "bar") {
    const place = { x: 1, y: 1, width: 20, height: 10, rx: 2 };
    const overlay = hatches(picture, [series]);
    picture.append(s("rect", { ...place, class: `series-fill series-${series}` }), s("rect", { ...place, fill: overlay(series) }));
  } else picture.append(...lineKey(series));
  return picture;
}

function lineKey(series) {
  return [s("line", { class: `series-line series-${series}`, x1: 0, x2: 22, y1: 6, y2: 6 }), mark(series, 11, 6, 3.2)];
}

/** The mark of a series: circle, square, triangle, diamond in turn. */
export function mark(series, x, y, size = 4) {
  const shape = { class: `series-mark series-${series}` };
  switch ((series - 1) % 4) {
    case 0: return s("circle", { ...shape, cx: x, cy: y, r: size });
    case 1: return s("rect", { ...shape, x: x - size, y: y - size, width: size * 2, height: size * 2 });
    case 2: return s("path", { ...shape, d: `M${x} ${y - size * 1.2}L${x + size * 1.2} ${y + size}H${x - size * 1.2}Z` });
    default: return s("path", { ...shape, d: `M${x} ${y - size * 1.3}L${x + size * 1.3} ${y}L${x} ${y + size * 1.3}L${x - size * 1.3} ${y}Z` });
  }
}

function plot({ title, height, draw, start }) {
  const canvas = s("svg", { class: "chart-canvas", "aria-hidden": "true", focusable: "false", height });
  const hint = h("span", { class: "chart-hint", id: uid("chart-hint") }, t("chart.keys"));
  const frame = h("div", {
    class: "chart-plot", role: "slider", tabindex: 0, "aria-label": title, "aria-describedby": hint.id, "aria-valuemin": 1,
  }, canvas);
  const readout = h("p", { class: "chart-readout", "aria-hidden": "true" }, " ");
  const state = { stops: [], box: null, at: null, width: 0 };

  const show = (index, visible = true) => {
    if (!state.stops.length) return;
    state.at = Math.min(Math.max(index, 0), state.stops.length - 1);
    const stop = state.stops[state.at];
    frame.setAttribute("aria-valuenow", state.at + 1);
    frame.setAttribute("aria-valuetext", stop.text);
    readout.textContent = stop.text;
    canvas.querySelector(".chart-cursor")?.remove();
    if (visible) canvas.append(cursor(stop, state.box));
  };
  const redraw = (width) => {
    state.width = width;
    canvas.setAttribute("width", width);
    canvas.setAttribute("viewBox", `0 0 ${width} ${height}`);
    canvas.replaceChildren();
    const drawn = draw(canvas, { width, height });
    state.stops = drawn.stops;
    state.box = drawn.box;
    frame.setAttribute("aria-valuemax", state.stops.length);
    show(state.at ?? start ?? state.stops.length - 1, frame.matches(":focus, :hover"));
  };
  listen(frame, state, show, canvas);
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width > 0 && width !== state.width) redraw(width);
  }).observe(frame);
  return h("div", { class: "chart-body" }, frame, readout, hint);
}

function cursor(stop, box) {
  const group = s("g", { class: "chart-cursor" });
  if (box) group.append(s("line", { class: "chart-cursor-line", x1: stop.x, x2: stop.x, y1: box.top, y2: box.bottom }));
  group.append(...(stop.marks ?? []).map(({ y, series }) => mark(series, stop.x, y, 4.5)));
  return group;
}

function listen(frame, state, show, canvas) {
  const nearest = (event) => {
    const x = event.clientX - canvas.getBoundingClientRect().left;
    let best = 0;
    state.stops.forEach((stop, i) => { if (Math.abs(stop.x - x) < Math.abs(state.stops[best].x - x)) best = i; });
    show(best);
  };
  frame.addEventListener("pointermove", nearest);
  frame.addEventListener("pointerdown", nearest);
  frame.addEventListener("focus", () => show(state.at ?? state.stops.length - 1));
  const away = () => canvas.querySelector(".chart-cursor")?.remove();
  frame.addEventListener("pointerleave", () => { if (!frame.matches(":focus")) away(); });
  frame.addEventListener("blur", away);
  frame.addEventListener("keydown", (event) => {
    const last = state.stops.length - 1;
    const target = { Home: 0, End: last }[event.key] ?? (event.key in STEPS ? state.at + STEPS[event.key] : null);
    if (target === null) return;
    event.preventDefault();
    show(target);
  });
}

function dataTable(title, { head, rows }, words) {
  const cells = (row) => row.map((text, i) => (i === 0 ? h("th", { scope: "row" }, text) : h("td", {}, text)));
  return h("details", { class: "chart-data" }, h("summary", {}, words),
    h("div", { class: "chart-table", tabindex: 0, role: "region", "aria-label": title }, h("table", {},
      h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, cells(row)))))));
}
