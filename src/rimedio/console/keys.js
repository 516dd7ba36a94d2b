// Keyboard shortcuts. One list at a time: what works is what the help overlay shows.

import { h } from "./dom.js";
import { openDialog } from "./elements/dialog.js";
import { t } from "./i18n.js";

const active = new Set();

/** Shortcuts for as long as `signal` lives: [{keys: ["j"], run(event), about: "key of words"}]. */
export function shortcuts(list, signal) {
  active.add(list);
  signal.addEventListener("abort", () => active.delete(list), { once: true });
}

/** Listen, once. */
export function installShortcuts() {
  window.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "?") {
      event.preventDefault();
      showKeys();
      return;
    }
    for (const list of [...active].reverse()) {
      const found = list.find((shortcut) => shortcut.keys.includes(event.key) && (shortcut.when?.(event) ?? true));
      if (found) {
        event.preventDefault();
        found.run(event);
        return;
      }
    }
  });
}

/** What can be done by keyboard here. */
export function showKeys() {
  const rows = [...active].flat().filter((shortcut) => shortcut.about);
  const all = [...rows, { keys: ["?"], about: "shell.key_help" }];
  return openDialog({
    title: t("shell.keys"),
    body: h(
      "dl",
      { class: "keys" },
      all.map(({ keys, about }) => [
        h("dt", {}, keys.map((key) => h("kbd", {}, t(`key.${key}`) === `key.${key}` ? key : t(`key.${key}`)))),
        h("dd", {}, t(about)),
      ]),
    ),
  });
}

function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox],[type=radio]), textarea, select"));
}
