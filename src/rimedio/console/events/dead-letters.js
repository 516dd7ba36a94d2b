// What could not be delivered, and sending it again.

import { api } from "../api.js";
import { define } from "../elements/base.js";
import { busy, button } from "../elements/button.js";
import { spoken } from "../elements/spoken.js";
import { toast, toastError } from "../elements/toast.js";
import { h } from "../dom.js";
import { dateTime, number, t } from "../i18n.js";
import { may } from "../session.js";
import { detailType, kindOf, Listing, showJson } from "./listing.js";

class DeadLetters extends Listing {
  path = "/v1/events/dead-letters";
  name = "dead";
  glyph = "done";

  id(row) {
    return row.dead_letter_id ?? row.id;
  }

  columns() {
    return [
      { key: "event", label: t("events.type"), header: true, cell: (one) => kindOf(detailType(one.event)) || "–" },
      { key: "rule", label: t("events.rule"), cell: (one) => h("span", { class: "mono small" }, one.rule) },
      { key: "why", label: t("events.why"), class: "wide", cell: (one) => spoken("span", one.error ?? one.reason) },
      { key: "attempts", label: t("events.attempts"), numeric: true, cell: (one) => number(one.attempts, 0) },
      { key: "at", label: t("events.when"), cell: (one) => dateTime(one.last_at ?? one.at) },
      { key: "act", label: t("events.actions"), cell: (one) => h("span", { class: "row-acts" }, button(t("events.show"), { kind: "quiet", glyph: "eye", onclick: () => showJson(detailType(one.event), one) }), this.#again(one)) },
    ];
  }

  #again(one) {
    if (!may("POST /v1/events/dead-letters/{dead_letter_id}/redrive")) return null;
    const id = one.dead_letter_id ?? one.id;
    const node = button(t("events.redrive"), {
      glyph: "refresh",
      onclick: () =>
        busy(node, () => api.post(`/v1/events/dead-letters/${encodeURIComponent(id)}/redrive`, {})).then(
          () => (toast(t("events.redriven"), { kind: "ok" }), this.read()),
          toastError,
        ),
    });
    return node;
  }
}

define("rim-dead-letters", DeadLetters);
