// Short messages at the edge of the window, and a live region for screen readers.

import { fill, h, icon } from "../dom.js";
import { t } from "../i18n.js";

const SECONDS = 6;
const region = h("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
const urgent = h("div", { class: "visually-hidden", role: "alert", "aria-live": "assertive" });
const stack = h("section", { class: "toasts", "aria-label": "" });

/** Put the regions into the document, once. */
export function installToasts() {
  stack.setAttribute("aria-label", t("shell.messages"));
  document.body.append(region, urgent, stack);
}

/** Let screen readers say `text` when they are free. */
export function announce(text) {
  fill(region);
  requestAnimationFrame(() => fill(region, text));
}

/**
 * Show a message: kind "ok", "info" or "bad"; `action` {label, run} gives it a button. It stays while it is pointed at
 * or has the focus; an error stays until it is closed, for whoever reads slowly.
 */
export function toast(text, { kind = "info", action = null, seconds = SECONDS } = {}) {
  const close = () => item.remove();
  const item = h(
    "div",
    { class: ["toast", `toast-${kind}`] },
    icon(kind === "bad" ? "alert" : kind === "ok" ? "check" : "info"),
    h("p", {}, text),
    action && h("button", { class: "link", type: "button", onclick: () => (close(), action.run()) }, action.label),
    h("button", { class: "icon-button", type: "button", "aria-label": t("shell.close"), onclick: close }, icon("x", 16)),
  );
  stack.append(item);
  if (kind === "bad") fill(urgent, text);
  else {
    announce(text);
    const leave = () => (item.matches(":hover, :focus-within") ? setTimeout(leave, seconds * 1000) : close());
    setTimeout(leave, seconds * 1000);
  }
  return close;
}

/** Show an error of the API, or any other: what was wrong, and before it its kind where that says more. */
export function toastError(error) {
  if (error.status === 401) return () => {}; // the sign-in page says so, and says how to go on
  const foreign = error.lang && error.lang !== document.documentElement.lang;
  const kind = error.title && (foreign || error.status === 0 || error.status >= 500) ? `${error.title} ` : "";
  return toast(`${kind}${error.message}`, { kind: "bad" });
}
