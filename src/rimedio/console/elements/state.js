// What stands where content is missing: loading, nothing there, an error.

import { h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { button } from "./button.js";

/** Grey lines while something loads. */
export function skeleton(lines = 4) {
  return h(
    "div",
    { class: "skeleton", role: "status", "aria-label": t("shell.loading") },
    Array.from({ length: lines }, () => h("span", { "aria-hidden": "true" })),
  );
}

/** Nothing there: what that means, and what to do. `action` is a node. */
export function emptyState({ glyph = "inbox", title, text = null, action = null }) {
  return h(
    "div",
    { class: "empty" },
    icon(glyph, 28),
    h("p", { class: "empty-title" }, title),
    text && h("p", {}, text),
    action,
  );
}

/** An error with its message, its request id, and a way to try again. */
export function errorState(error, retry = null) {
  return h(
    "div",
    { class: "empty empty-bad", role: "alert" },
    icon("alert", 28),
    h("p", { class: "empty-title" }, error.title ?? t("error.INTERNAL_ERROR")),
    h("p", { lang: error.lang }, error.message),
    error.requestId && h("p", { class: "mono small" }, t("error.request", { id: error.requestId })),
    retry && button(t("shell.retry"), { glyph: "refresh", onclick: retry }),
  );
}
