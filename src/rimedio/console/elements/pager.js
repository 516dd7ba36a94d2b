// Lists that are read page by page.

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { button, busy } from "./button.js";
import { toastError } from "./toast.js";

/** A "more" button below a list: `load()` fetches the next page and tells whether there is another one. */
export function pager(load) {
  const more = button(t("shell.more"), {
    glyph: "down",
    onclick: () =>
      busy(more, load).then(
        (another) => (node.hidden = another === false),
        (error) => toastError(error),
      ),
  });
  const node = h("div", { class: "pager" }, more);
  return node;
}
