// Dialogs on the browser's own <dialog>: it traps the focus, closes on Escape and gives the focus back.

import { h, uid } from "../dom.js";
import { t } from "../i18n.js";
import { button, iconButton } from "./button.js";

/**
 * Open a dialog and resolve with what it was closed with; null when it was dismissed. `body` is a node, or a function
 * of `close` that makes one; `actions` are nodes or a function of `close`. `kind`: "modal", "sheet" (from below on a
 * phone, from the side on a desk), "wide".
 */
export function openDialog({ title, body, actions = null, kind = "modal", signal = null }) {
  return new Promise((resolve) => {
    const close = (value = null) => {
      result = value;
      dialog.close();
    };
    let result = null;
    const id = uid("dialog");
    const made = typeof body === "function" ? body(close) : body;
    const footer = typeof actions === "function" ? actions(close) : actions;
    const dialog = h(
      "dialog",
      { class: ["dialog", `dialog-${kind}`], "aria-labelledby": id, onclick: (event) => event.target === dialog && close() },
      h(
        "div",
        { class: "dialog-box" },
        h("header", { class: "dialog-head" }, h("h2", { id }, title), iconButton(t("shell.close"), "x", { onclick: () => close() })),
        h("div", { class: "dialog-body" }, made),
        footer && h("footer", { class: "dialog-foot" }, footer),
      ),
    );
    dialog.addEventListener("close", () => (dialog.remove(), resolve(result)));
    signal?.addEventListener("abort", () => close(), { once: true });
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
  });
}

/** Ask yes or no. Resolves true or false. */
export async function confirmDialog({ title, text, yes, kind = "primary" }) {
  const answer = await openDialog({
    title,
    body: h("p", {}, text),
    actions: (close) => [
      button(t("shell.cancel"), { onclick: () => close(false) }),
      button(yes, { kind, autofocus: true, onclick: () => close(true) }),
    ],
  });
  return answer === true;
}

/** Ask for a reason. Resolves with the text, or null. */
export function askReason({ title, text, yes, label, required = true, kind = "primary", signal = null }) {
  const id = uid("reason");
  const error = h("p", { class: "field-error", id: `${id}-error`, hidden: true }, t("shell.reason_needed"));
  const area = h("textarea", { id, rows: 4, maxlength: 2000, autofocus: true, "aria-describedby": `${id}-error` });
  const send = (close) => {
    const value = area.value.trim();
    if (required && !value) {
      error.hidden = false;
      area.setAttribute("aria-invalid", "true");
      area.focus();
    } else close(value);
  };
  return openDialog({
    title,
    signal,
    body: (close) => [
      text && h("p", {}, text),
      h("div", { class: "field" }, h("label", { for: id }, label), area, error),
      void area.addEventListener("keydown", (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && send(close)),
    ],
    actions: (close) => [
      button(t("shell.cancel"), { onclick: () => close(null) }),
      button(yes, { kind, onclick: () => send(close) }),
    ],
  });
}
