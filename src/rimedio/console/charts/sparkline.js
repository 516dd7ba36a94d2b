// A line the size of a word: the course of a figure, beside the figure itself.

import { linear } from "./scale.js";
import { s, uid } from "../dom.js";

const WIDTH = 96;
const HEIGHT = 28;

/** `values` may hold null for gaps; `label` says in words what the line shows. Null where there is no course. */
export function sparkline({ values, label, series = 1 }) {
  const known = values.map((value, i) => [i, value]).filter(([, value]) => value !== null && value !== undefined);
  const numbers = known.map(([, value]) => value);
  if (known.length < 2 || numbers.every((value) => value === numbers[0])) return null;
  const low = Math.min(...numbers, 0);
  const high = Math.max(...numbers);
  const x = linear([0, values.length - 1], [2, WIDTH - 4]);
  const y = linear([low, high === low ? low + 1 : high], [HEIGHT - 4, 4]);
  const path = known.map(([i, value], n) => `${n ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const [lastIndex, last] = known[known.length - 1];
  const id = uid("spark");
  return s("svg", { class: "sparkline", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: "img", "aria-labelledby": id },
    s("title", { id }, label),
    s("path", { class: `series-area series-${series}`, d: `${path}L${x(lastIndex).toFixed(1)} ${HEIGHT - 2}L${x(known[0][0]).toFixed(1)} ${HEIGHT - 2}Z` }),
    s("path", { class: `series-line series-${series}`, d: path }),
    s("circle", { class: `series-mark series-${series}`, cx: x(lastIndex), cy: y(last), r: 2.5 }));
}
