// What happens by the clock: made, changed, paused and removed here; what Rimedio keeps itself is only shown.

import { api } from "../api.js";
import { h } from "../dom.js";
import { badge } from "../elements/badge.js";
import { define } from "../elements/base.js";
import { busy, button, iconButton } from "../elements/button.js";
import { confirmDialog, openDialog } from "../elements/dialog.js";
import { toast, toastError } from "../elements/toast.js";
import { dateTime, t } from "../i18n.js";
import { may } from "../session.js";
import { Listing, onOff, showJson } from "./listing.js";
import { bodyOf, save, scheduleForm } from "./schedule-form.js";
import { inWords } from "./timing.js";

class Schedules extends Listing {
  path = "/v1/schedules";
  name = "schedules";
  glyph = "calendar";

  actions() {
    return may("PUT /v1/schedules/{name}") && button(t("schedule.new"), { kind: "primary", glyph: "plus", onclick: () => this.#edit(null) });
  }

  columns() {
    return [
      { key: "name", label: t("events.schedule"), header: true, cell: (one) => [h("span", { class: "mono" }, one.name), one.description && h("small", {}, one.description)] },
      { key: "expression", label: t("events.expression"), class: "wide", cell: when },
      { key: "zone", label: t("events.zone"), cell: (one) => one.timezone },
      { key: "next", label: t("events.next"), cell: (one) => (one.enabled ? dateTime(one.next_at) : "–") },
      { key: "state", label: t("knowledge.status"), cell: (one) => (one.system ? badge(t("events.managed")) : onOff(one)) },
      { key: "act", label: t("events.actions"), cell: (one) => this.#acts(one) },
    ];
  }

  #acts(one) {
    const { name } = one;
    const mine = !one.system && may("PUT /v1/schedules/{name}");
    return h(
      "span",
      { class: "row-acts" },
      iconButton(t("events.show_rule", { name }), "eye", { onclick: () => showJson(name, one) }),
      mine && iconButton(t("events.edit_rule", { name }), "edit", { onclick: () => this.#edit(one) }),
      mine && this.#pause(one),
      !one.system && may("DELETE /v1/schedules/{name}") && iconButton(t("events.delete_rule", { name }), "trash", { onclick: () => this.#remove(one) }),
    );
  }

  #pause(one) {
    const said = one.enabled ? "pause" : "resume";
    const node = iconButton(t(`events.${said}`, { name: one.name }), one.enabled ? "pause" : "play", {
      onclick: () => busy(node, () => save(one.name, bodyOf(one, { enabled: !one.enabled }))).then(() => (toast(t(`schedule.${said}d`), { kind: "ok" }), this.read()), toastError),
    });
    return node;
  }

  async #edit(one) {
    const title = one ? t("events.edit_rule", { name: one.name }) : t("schedule.new");
    const saved = await openDialog({ title, signal: this.signal, body: (close) => scheduleForm(one, close) });
    if (!saved) return;
    toast(saved.enabled ? t("schedule.saved", { when: dateTime(saved.next_at) }) : t("schedule.paused"), { kind: "ok" });
    this.read();
  }

  async #remove({ name }) {
    if (!(await confirmDialog({ title: t("events.delete_rule", { name }), text: t("events.delete_schedule_text"), yes: t("events.delete"), kind: "danger" }))) return;
    await api.delete(`/v1/schedules/${encodeURIComponent(name)}`).then(() => this.read(), toastError);
  }
}

function when({ expression }) {
  const words = inWords(expression);
  return words ? [words, h("small", { class: "mono" }, expression)] : h("code", { class: "small" }, expression);
}

define("rim-schedules", Schedules);
