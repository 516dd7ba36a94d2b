// A small part of Markdown as nodes, for the preview of articles: headings, paragraphs, lists, quotes, code, emphasis.
// HTML stays text and links are shown, not followed: what is previewed may quote a customer.

import { h } from "../dom.js";

const INLINE = /(`[^`]+`)|(\*\*[^*]+\*\*)|(\*[^*\s][^*]*\*)|(\[[^\]]+\]\([^)\s]+\))/;
const ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/;

/** Nodes of a Markdown text. A heading of level 1 becomes an h3: the page above has its own h1 and h2. */
export function markdown(text) {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const nodes = [];
  while (lines.length) {
    if (!lines[0].trim()) lines.shift();
    else nodes.push(block(lines));
  }
  return nodes;
}

function block(lines) {
  const heading = /^(#{1,6})\s+(.*)$/.exec(lines[0]);
  if (heading) {
    lines.shift();
    return h(`h${Math.min(heading[1].length + 2, 6)}`, {}, inline(heading[2]));
  }
  if (lines[0].startsWith("```")) return fenced(lines);
  if (/^(-{3,}|\*{3,})\s*$/.test(lines[0])) return (lines.shift(), h("hr"));
  if (lines[0].startsWith(">")) return h("blockquote", {}, markdown(taken(lines, (line) => line.startsWith(">")).map((line) => line.replace(/^>\s?/, "")).join("\n")));
  if (ITEM.test(lines[0])) return list(lines);
  return h("p", {}, inline(taken(lines, (line, first) => line.trim() && (first || !startsBlock(line))).join(" ")));
}

function startsBlock(line) {
  return /^(#{1,6}\s|```|>)/.test(line) || ITEM.test(line);
}

function fenced(lines) {
  lines.shift();
  const code = taken(lines, (line) => !line.startsWith("```"));
  lines.shift();
  return h("pre", {}, h("code", {}, code.join("\n")));
}

function list(lines) {
  const ordered = ITEM.exec(lines[0])[1];
  const rows = taken(lines, (line) => ITEM.test(line) || /^\s{2,}\S/.test(line));
  const items = [];
  for (const row of rows) {
    const found = ITEM.exec(row);
    if (found) items.push(found[2]);
    else items[items.length - 1] += ` ${row.trim()}`;
  }
  return h(ordered ? "ol" : "ul", ordered && ordered !== "1" ? { start: ordered } : {}, items.map((item) => h("li", {}, inline(item))));
}

/** Takes lines from the front while they belong; the first one always does. */
function taken(lines, belongs) {
  const found = [];
  while (lines.length && belongs(lines[0], found.length === 0)) found.push(lines.shift());
  return found;
}

function inline(text) {
  const found = INLINE.exec(text);
  if (!found) return [text];
  const [whole, code, strong, emphasis] = found;
  const before = text.slice(0, found.index);
  return [before, styled(whole, code, strong, emphasis), ...inline(text.slice(found.index + whole.length))];
}

function styled(whole, code, strong, emphasis) {
  if (code) return h("code", {}, code.slice(1, -1));
  if (strong) return h("strong", {}, inline(strong.slice(2, -2)));
  if (emphasis) return h("em", {}, inline(emphasis.slice(1, -1)));
  const [, words, target] = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(whole);
  return h("span", { class: "shown-link" }, words, h("span", { class: "small muted" }, ` (${target})`));
}
