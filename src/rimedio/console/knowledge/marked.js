// Text with its hits highlighted.

import { h } from "../dom.js";

/**
 * Nodes of `text` with `<mark>` around `ranges` [[start, end], …]. Positions count characters as the API counts them,
 * code points, not the UTF-16 units of JavaScript. Ranges that overlap or lie outside are put right.
 */
export function marked(text, ranges) {
  const signs = Array.from(text);
  const nodes = [];
  let at = 0;
  for (const [start, end] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const from = Math.max(start, at);
    const to = Math.min(end, signs.length);
    if (to <= from) continue;
    if (from > at) nodes.push(signs.slice(at, from).join(""));
    nodes.push(h("mark", {}, signs.slice(from, to).join("")));
    at = to;
  }
  if (at < signs.length) nodes.push(signs.slice(at).join(""));
  return nodes;
}
