// Keeps the reader's place while a part of the page is drawn anew: the focus, and what was unfolded.

const REACHED = "a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, [tabindex]";

/**
 * Run `draw`, which replaces what is inside `node`. A focus that stood inside stands afterwards on what has the same
 * words. In a row (`data-row`) it stays in that row, or goes to the one that has come in its place; outside of rows, where
 * the words are gone, `otherwise()` gives the element for it. What was unfolded is unfolded again.
 */
export function keepPlace(node, draw, otherwise = () => null) {
  const focus = focusIn(node);
  const unfolded = [...named(node.querySelectorAll("details"))].filter(([, one]) => one.open).map(([name]) => name);
  const result = draw();
  const folds = named(node.querySelectorAll("details"));
  for (const name of unfolded) if (folds.has(name)) folds.get(name).open = true;
  if (focus && !node.contains(document.activeElement)) (counterpart(node, focus) ?? otherwise())?.focus({ preventScroll: true });
  return result;
}

/** Where the focus is: the row, and in it the name and the place of what has it; null when it is elsewhere. */
function focusIn(node) {
  const active = document.activeElement;
  if (!active || active === node || !node.contains(active)) return null;
  const row = active.closest("[data-row]");
  const scope = row && node.contains(row) ? row : node;
  const reached = [...scope.querySelectorAll(REACHED)];
  const name = [...named(reached)].find(([, one]) => one === active)?.[0];
  const rows = [...node.querySelectorAll("[data-row]")];
  return { row: scope === row ? row.dataset.row : null, name, at: reached.indexOf(active), rowAt: rows.indexOf(row) };
}

function counterpart(node, { row, name, at, rowAt }) {
  if (row === null) return named(node.querySelectorAll(REACHED)).get(name);
  const rows = [...node.querySelectorAll("[data-row]")];
  const scope = rows.find((one) => one.dataset.row === row) ?? rows[Math.min(rowAt, rows.length - 1)];
  const reached = [...(scope?.querySelectorAll(REACHED) ?? [])];
  return named(reached).get(name) ?? reached[Math.min(at, reached.length - 1)];
}

/** Elements by their words; of several with the same words each has its number. */
function named(nodes) {
  const found = new Map();
  for (const one of nodes) {
    const words = one.dataset.act ?? one.getAttribute("aria-label") ?? one.labels?.[0]?.textContent ?? (one.matches("details") ? one.querySelector("summary") : one)?.textContent;
    let name = `${one.tagName} ${words}`;
    while (found.has(name)) name += " again";
    found.set(name, one);
  }
  return found;
}
