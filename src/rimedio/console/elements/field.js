// A labelled form field with a hint and an error that screen readers hear.

import { fill, h, uid } from "../dom.js";

/**
 * A field around `input` (an input, select or textarea node). The returned node has `input`, `value`, and
 * `setError(text)`; an empty text takes the error away.
 */
export function field(label, input, { hint = null, required = false, class: extra = null } = {}) {
  const id = input.id || uid("field");
  const error = h("p", { class: "field-error", id: `${id}-error`, hidden: true });
  const about = hint ? h("p", { class: "field-hint", id: `${id}-hint` }, hint) : null;
  input.id = id;
  if (required) input.setAttribute("aria-required", "true");
  input.setAttribute("aria-describedby", [hint && `${id}-hint`, `${id}-error`].filter(Boolean).join(" "));
  const node = h(
    "div",
    { class: ["field", extra] },
    h("label", { for: id }, label, required && h("span", { class: "required", "aria-hidden": "true" }, " *")),
    input,
    about,
    error,
  );
  node.input = input;
  node.setError = (text) => {
    fill(error, text || "");
    error.hidden = !text;
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  Object.defineProperty(node, "value", { get: () => input.value.trim() });
  return node;
}

/** A select of `options` [[value, label], …]. */
export function select(options, { value = "", ...props } = {}) {
  const node = h("select", props, options.map(([key, words]) => h("option", { value: key }, words)));
  node.value = value;
  return node;
}

/** A box to tick with its words. */
export function checkbox(label, { checked = false, ...props } = {}) {
  const input = h("input", { type: "checkbox", checked, ...props });
  const node = h("label", { class: "check" }, input, h("span", {}, label));
  node.input = input;
  return node;
}

/** A group of choices of which one holds: [[value, label], …]. `onchange(value)`. */
export function segmented(label, options, { value, onchange }) {
  const name = uid("choice");
  return h(
    "fieldset",
    { class: "segmented" },
    h("legend", { class: "visually-hidden" }, label),
    options.map(([key, words]) =>
      h(
        "label",
        {},
        h("input", { type: "radio", name, value: key, checked: key === value, class: "visually-hidden", onchange: () => onchange(key) }),
        h("span", {}, words),
      ),
    ),
  );
}
