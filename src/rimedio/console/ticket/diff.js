// What changed between two texts, word by word.

import { h } from "../dom.js";
import { t } from "../i18n.js";

const WORDS_MAX = 600; // longer texts are shown as old and new: the table below grows with the square

/** [{op: "same" | "removed" | "added", text}] by the longest common subsequence of words. */
export function diffWords(before, after) {
  const a = before.match(/\s+|[^\s]+/g) ?? [];
  const b = after.match(/\s+|[^\s]+/g) ?? [];
  if (a.length > WORDS_MAX || b.length > WORDS_MAX) return [{ op: "removed", text: before }, { op: "added", text: after }];
  const common = table(a, b);
  const parts = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      push(parts, "same", a[i]);
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) {
      push(parts, "removed", a[i]);
      i += 1;
    } else {
      push(parts, "added", b[j]);
      j += 1;
    }
  }
  return parts;
}

/** The change as text with removed and added words marked, for eyes and screen readers. */
export function diffView(before, after) {
  return h(
    "p",
    { class: "diff" },
    diffWords(before, after).map(({ op, text }) => {
      if (op === "same") return text;
      const name = t(op === "added" ? "diff.added" : "diff.removed");
      return h(op === "added" ? "ins" : "del", {}, h("span", { class: "visually-hidden" }, `${name}: `), text);
    }),
  );
}

function table(a, b) {
  const rows = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      rows[i][j] = a[i] === b[j] ? rows[i + 1][j + 1] + 1 : Math.max(rows[i + 1][j], rows[i][j + 1]);
    }
  }
  return rows;
}

function push(parts, op, text) {
  const last = parts.at(-1);
  if (last?.op === op) last.text += text;
  else parts.push({ op, text });
}
