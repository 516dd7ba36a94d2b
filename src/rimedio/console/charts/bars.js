// Horizontal bars with their numbers written out: plain markup, so that it reads as a list everywhere.

import { h, s } from "../dom.js";

/** `items` are `[{name, value, text, series?, note?}]`; the longest bar is `max` or the largest value. */
export function barList({ title, items, max, empty = "" }) {
  const largest = max ?? Math.max(...items.map(({ value }) => value), 0);
  const root = h("figure", { class: "chart" }, title && h("figcaption", { class: "chart-caption" }, h("span", { class: "chart-title" }, title)));
  if (!items.length) {
    root.append(h("p", { class: "chart-empty" }, empty));
    return root;
  }
  root.append(h("ul", { class: "bar-list" }, items.map((item) => h("li", {},
    h("span", { class: "bar-name" }, item.name, item.note && h("small", {}, item.note)),
    bar(item, largest), h("span", { class: "bar-value" }, item.text ?? String(item.value))))));
  return root;
}

function bar({ value, series = 1 }, largest) {
  const share = largest > 0 ? Math.max(Math.min(value / largest, 1), 0) : 0;
  return s("svg", { class: "bar-track", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { class: "bar-back", width: 100, height: 8 }),
    s("rect", { class: `series-fill series-${series}`, width: (share * 100).toFixed(2), height: 8 }));
}
