// Corrections that wait for a person: people contradict each other, or one person alone pushes.

import { api, everything, wasAborted } from "../api.js";
import { fill, h } from "../dom.js";
import { define, Element } from "../elements/base.js";
import { busy, button } from "../elements/button.js";
import { errorState, skeleton } from "../elements/state.js";
import { dataTable } from "../elements/table.js";
import { toast, toastError } from "../elements/toast.js";
import { has, label, t } from "../i18n.js";
import { taxonomy } from "../knowledge/hints.js";
import { href } from "../router.js";
import { may } from "../session.js";

class TrainingRows extends Element {
  mount() {
    this.list = h("div", {}, skeleton(3));
    fill(this, h("h2", {}, t("learning.aside")), h("p", { class: "small muted" }, t("learning.aside_about")), this.list);
    this.#read();
  }

  async #read() {
    try {
      const [items, known] = await Promise.all([everything("/v1/learning/rows", {}, { signal: this.signal }), taxonomy()]);
      this.names = new Map(known.categories.map((category) => [category.name, label(category.label, category.name)]));
      fill(this.list, items.length ? this.#table(items) : h("p", { class: "muted" }, t("learning.aside_none")));
    } catch (error) {
      if (!wasAborted(error)) fill(this.list, errorState(error, () => this.#read()));
    }
  }

  #table(items) {
    const named = (name) => this.names.get(name) ?? name;
    return dataTable({
      caption: t("learning.aside"),
      rows: items,
      class: "table-cards",
      columns: [
        { key: "text", label: t("learning.text"), header: true, class: "wide", cell: ({ row }) => [row.text, h("small", {}, h("a", { href: href(`/tickets/${row.ticket_id}`) }, t("learning.ticket")))] },
        { key: "said", label: t("learning.said"), cell: ({ row }) => named(row.predicted) },
        { key: "label", label: t("learning.corrected"), cell: ({ row }) => [h("b", {}, named(row.label)), h("small", {}, row.by)] },
        { key: "doubt", label: t("learning.why"), cell: ({ doubt }) => (has(`learning.doubt_${doubt}`) ? t(`learning.doubt_${doubt}`) : doubt) },
        may("PUT /v1/learning/rows/{row_id}") && { key: "act", label: t("events.actions"), cell: ({ row }) => h("span", { class: "row-acts" }, this.#rule(row, "ACCEPTED"), this.#rule(row, "REJECTED")) },
      ].filter(Boolean),
    });
  }

  #rule(row, ruling) {
    const node = button(t(`learning.rule_${ruling}`), {
      kind: ruling === "ACCEPTED" ? "plain" : "quiet",
      glyph: ruling === "ACCEPTED" ? "check" : "x",
      onclick: () =>
        busy(node, () => api.put(`/v1/learning/rows/${encodeURIComponent(row.row_id)}`, { ruling }, { signal: this.signal })).then(
          () => (toast(t(`learning.ruled_${ruling}`), { kind: "ok" }), this.#read()),
          (error) => wasAborted(error) || toastError(error),
        ),
    });
    return node;
  }
}

define("rim-training-rows", TrainingRows);
