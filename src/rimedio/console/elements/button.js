// Buttons and links that look like buttons.

import { h, icon } from "../dom.js";

/** A button. `kind`: "plain", "primary", "danger", "quiet"; `glyph` names an icon; `key` shows a keyboard key. */
export function button(label, { kind = "plain", glyph = null, key = null, ...props } = {}) {
  return h(
    "button",
    { type: "button", ...props, class: ["button", `button-${kind}`, props.class] },
    glyph && icon(glyph, 16),
    h("span", {}, label),
    key && h("kbd", { "aria-hidden": "true" }, key),
  );
}

/** A link that looks like a button. */
export function buttonLink(label, { kind = "plain", glyph = null, ...props } = {}) {
  return h("a", { ...props, class: ["button", `button-${kind}`, props.class] }, glyph && icon(glyph, 16), h("span", {}, label));
}

/** A button that is only an icon; the label is for screen readers and the tooltip. */
export function iconButton(label, glyph, props = {}) {
  return h("button", { type: "button", "aria-label": label, title: label, ...props, class: ["icon-button", props.class] }, icon(glyph));
}

/** Run `work` with the button busy: it cannot be pressed twice. A disabled button loses the focus; it gets it back. */
export async function busy(node, work) {
  if (node.getAttribute("aria-busy") === "true") return undefined;
  const focused = node === document.activeElement;
  node.setAttribute("aria-busy", "true");
  node.disabled = true;
  try {
    return await work();
  } finally {
    node.removeAttribute("aria-busy");
    node.disabled = false;
    if (focused && document.activeElement === document.body) node.focus({ preventScroll: true });
  }
}
