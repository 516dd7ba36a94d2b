// Hatches laid over fills, so that neighbours differ without colour. The first series stays plain.

import { s, uid } from "../dom.js";

const PATHS = ["M0 6L6 0M-1.5 1.5L1.5 -1.5M4.5 7.5L7.5 4.5", "M0 0L6 6M-1.5 4.5L1.5 7.5M4.5 -1.5L7.5 1.5", "M0 3H6", "M3 0V6", "M0 0L6 6M6 0L0 6"];

/** Puts the patterns of these series into an SVG element; returns a function from series to `fill`. */
export function hatches(canvas, series) {
  const ids = new Map(series.filter((n) => n > 1).map((n) => [n, uid("hatch")]));
  canvas.append(s("defs", {}, [...ids].map(([n, id]) => s("pattern",
    { id, width: 6, height: 6, patternUnits: "userSpaceOnUse" },
    s("path", { class: "chart-hatch", d: PATHS[(n - 2) % PATHS.length] })))));
  return (n) => (ids.has(n) ? `url(#${ids.get(n)})` : "none");
}
