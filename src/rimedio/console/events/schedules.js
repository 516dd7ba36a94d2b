// What happens by the clock.

import { api } from "../api.js";
import { h } from "../dom.js";
import { badge } from "../elements/badge.js";
import { define } from "../elements/base.js";
import { iconButton } from "../elements/button.js";
import { confirmDialog } from "../elements/dialog.js";
import { toastError } from "../elements/toast.js";
import { dateTime, t } from "../i18n.js";
import { may } from "../session.js";
import { Listing, showJson } from "./listing.js";

class Schedules extends Listing {
  path = "/v1/schedules";
  name = "schedules";
  glyph = "calendar";

  columns() {
    return [
      { key: "name", label: t("events.schedule"), header: true, class: "mono", cell: (one) => one.name },
      { key: "expression", label: t("events.expression"), cell: (one) => h("code", { class: "small" }, one.expression ?? one.schedule_expression) },
      { key: "zone", label: t("events.zone"), cell: (one) => one.timezone ?? "UTC" },
      { key: "next", label: t("events.next"), cell: (one) => dateTime(one.next_at) },
      { key: "state", label: t("knowledge.status"), cell: (one) => badge(t(one.enabled === false ? "events.off" : "events.on"), { tone: one.enabled === false ? "idle" : "ok", glyph: one.enabled === false ? "pause" : "check" }) },
      { key: "act", label: t("events.actions"), cell: (one) => h("span", { class: "row-acts" }, iconButton(t("events.show_rule", { name: one.name }), "eye", { onclick: () => showJson(one.name, one) }), may("DELETE /v1/schedules/{name}") && iconButton(t("events.delete_rule", { name: one.name }), "trash", { onclick: () => this.#remove(one) })) },
    ];
  }

  async #remove({ name }) {
    if (!(await confirmDialog({ title: t("events.delete_rule", { name }), text: t("events.delete_schedule_text"), yes: t("events.delete"), kind: "danger" }))) return;
    await api.delete(`/v1/schedules/${encodeURIComponent(name)}`).then(() => this.read(), toastError);
  }
}

define("rim-schedules", Schedules);
