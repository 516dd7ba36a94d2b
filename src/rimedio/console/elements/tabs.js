// Tabs with roving focus: arrows move, Home and End jump; the panel is built when it is first shown.

import { fill, h, uid } from "../dom.js";

/**
 * Tabs of `items` [{id, label, build(), count?}]; `build` gives the panel's content. `chosen` is the first one's id;
 * `onChange(id)` tells the new one, before its panel is built. The returned node has `choose(id)`.
 */
export function tabs(items, { label, chosen = items[0].id, onChange = () => {} }) {
  const base = uid("tabs");
  const built = new Set();
  const buttons = new Map();
  const panels = new Map();
  for (const item of items) {
    const names = { tab: `${base}-${item.id}`, panel: `${base}-${item.id}-panel` };
    buttons.set(
      item.id,
      h(
        "button",
        { type: "button", role: "tab", id: names.tab, "aria-controls": names.panel, class: "tab", dataset: { tab: item.id }, onclick: () => choose(item.id) },
        item.label,
        item.count ? h("span", { class: "count" }, item.count) : null,
      ),
    );
    panels.set(item.id, h("div", { role: "tabpanel", id: names.panel, "aria-labelledby": names.tab, class: "tab-panel", hidden: true }));
  }
  const list = h("div", { role: "tablist", "aria-label": label, class: "tab-list", onkeydown: move }, [...buttons.values()]);
  const node = h("div", { class: "tabs" }, list, [...panels.values()]);
  choose(buttons.has(chosen) ? chosen : items[0].id, true);
  node.choose = choose;
  node.panel = (id) => panels.get(id);
  return node;

  function choose(id, first = false) {
    for (const [name, tab] of buttons) {
      tab.setAttribute("aria-selected", String(name === id));
      tab.tabIndex = name === id ? 0 : -1;
      panels.get(name).hidden = name !== id;
    }
    if (!first) onChange(id);
    if (!built.has(id)) {
      built.add(id);
      fill(panels.get(id), items.find((item) => item.id === id).build());
    }
    if (first) requestAnimationFrame(() => reveal(buttons.get(id)));
    else reveal(buttons.get(id));
  }

  /** On a phone the strip is wider than the window: the chosen tab is brought to its middle. */
  function reveal(tab) {
    const [strip, mine] = [list.getBoundingClientRect(), tab.getBoundingClientRect()];
    list.scrollLeft += mine.left + mine.width / 2 - strip.left - strip.width / 2;
  }

  function move(event) {
    const ids = [...buttons.keys()];
    const at = ids.findIndex((id) => buttons.get(id) === document.activeElement);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: ids.length - 1 }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    const id = ids[(next + ids.length) % ids.length];
    choose(id);
    buttons.get(id).focus();
  }
}
