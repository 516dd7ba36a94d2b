// Addresses that are told of events: registering them, testing them, and what was delivered.

import { api } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { badge } from "../elements/badge.js";
import { define } from "../elements/base.js";
import { busy, button, iconButton } from "../elements/button.js";
import { confirmDialog, openDialog } from "../elements/dialog.js";
import { checkbox, field } from "../elements/field.js";
import { spoken } from "../elements/spoken.js";
import { toast, toastError } from "../elements/toast.js";
import { dateTime, has, t } from "../i18n.js";
import { may } from "../session.js";
import { DETAIL_TYPES } from "./detail-types.js";
import { kindOf, Listing } from "./listing.js";
import "./deliveries.js";

class WebhookList extends Listing {
  path = "/v1/webhooks";
  name = "webhooks";
  glyph = "link";

  actions() {
    return may("POST /v1/webhooks") && button(t("events.new_webhook"), { kind: "primary", glyph: "plus", onclick: () => this.#add() });
  }

  id(row) {
    return row.webhook_id;
  }

  columns() {
    return [
      { key: "url", label: t("events.address"), header: true, class: "wide", cell: (one) => [h("span", { class: "mono small" }, one.url), one.description && h("small", {}, one.description)] },
      { key: "events", label: t("events.which"), class: "wide", cell: (one) => h("small", {}, one.events.map((type) => (has(`event.${type}`) ? t(`event.${type}`) : type)).join(", ")) },
      { key: "state", label: t("knowledge.status"), cell: state },
      { key: "at", label: t("events.since"), cell: (one) => dateTime(one.created_at, { time: false }) },
      { key: "act", label: t("events.actions"), cell: (one) => this.#acts(one) },
    ];
  }

  #acts(one) {
    const test = button(t("events.test"), { glyph: "send", onclick: () => busy(test, () => api.post(`/v1/webhooks/${one.webhook_id}/test`, {})).then(() => toast(t("events.tested"), { kind: "ok" }), toastError) });
    const log = button(t("events.log"), { kind: "quiet", glyph: "history", onclick: () => openDialog({ title: t("events.log_of", { url: one.url }), kind: "wide", signal: this.signal, body: () => Object.assign(document.createElement("rim-deliveries"), { webhook_id: one.webhook_id }) }) });
    return h(
      "span",
      { class: "row-acts" },
      one.enabled === false && may("POST /v1/webhooks/{webhook_id}/enable") && this.#enable(one),
      may("GET /v1/webhooks/{webhook_id}/deliveries") && log,
      may("POST /v1/webhooks/{webhook_id}/test") && test,
      may("POST /v1/webhooks/{webhook_id}/secret") && iconButton(t("events.rotate", { url: one.url }), "refresh", { onclick: () => this.#rotate(one) }),
      may("DELETE /v1/webhooks/{webhook_id}") && iconButton(t("events.delete_webhook", { url: one.url }), "trash", { onclick: () => this.#remove(one) }),
    );
  }

  /** One that failed for days rests until somebody wakes it. */
  #enable(one) {
    const node = button(t("events.enable"), { glyph: "play", onclick: () => busy(node, () => api.post(`/v1/webhooks/${one.webhook_id}/enable`)).then(() => (toast(t("events.enabled"), { kind: "ok" }), this.read()), toastError) });
    return node;
  }

  async #rotate(one) {
    const sure = await confirmDialog({ title: t("events.rotate", { url: one.url }), text: t("events.rotate_text"), yes: t("events.rotate_yes") });
    if (!sure) return;
    try {
      const made = await api.post(`/v1/webhooks/${one.webhook_id}/secret`);
      await openDialog({ title: t("events.secret_title"), signal: this.signal, body: secret(made) });
    } catch (error) {
      toastError(error);
    }
  }

  async #add() {
    const made = await openDialog({ title: t("events.new_webhook"), signal: this.signal, body: webhookForm });
    if (!made) return;
    this.read();
    await openDialog({ title: t("events.secret_title"), signal: this.signal, body: secret(made) });
  }

  async #remove(one) {
    if (!(await confirmDialog({ title: t("events.delete_webhook", { url: one.url }), text: t("events.delete_webhook_text"), yes: t("events.delete"), kind: "danger" }))) return;
    await api.delete(`/v1/webhooks/${one.webhook_id}`).then(() => this.read(), toastError);
  }
}

function state(one) {
  if (one.enabled === false) return [badge(t("events.off"), { tone: "bad", glyph: "pause" }), one.disabled_reason && spoken("small", one.disabled_reason)];
  if (one.failures > 0) return badge(t("events.failing", { n: one.failures }), { tone: "warn", glyph: "alert" });
  return badge(t("events.webhook_on"), { tone: "ok", glyph: "check" });
}

function webhookForm(close) {
  const url = field(t("events.address"), h("input", { type: "url", class: "mono", placeholder: "https://", autofocus: true, maxlength: 2000 }), { required: true, hint: t("events.address_hint") });
  const about = field(t("events.description"), h("input", { maxlength: 200 }));
  const boxes = DETAIL_TYPES.map((type) => checkbox(kindOf(type), { value: type, checked: ["SolutionPublished", "TicketStatusChanged"].includes(type) }));
  const error = h("p", { class: "field-error", role: "alert" });
  const send = button(t("events.save"), { kind: "primary", type: "submit" });
  const form = h(
    "form",
    { class: "stack", novalidate: true },
    url,
    about,
    h("fieldset", { class: "boxes" }, h("legend", { class: "field-label" }, t("events.which")), boxes),
    error,
    h("div", { class: "form-acts" }, button(t("shell.cancel"), { onclick: () => close(null) }), send),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const events = boxes.filter((box) => box.input.checked).map((box) => box.input.value);
    url.setError(URL.canParse(url.value) ? "" : t("events.wrong_address"));
    fill(error, events.length ? "" : t("events.no_events"));
    if (!URL.canParse(url.value) || !events.length) return;
    const body = { url: url.value, events };
    if (about.value) body.description = about.value;
    try {
      close(await busy(send, () => api.post("/v1/webhooks", body)));
    } catch (failure) {
      fill(error, failure.message);
    }
  });
  return form;
}

/** The secret, shown once. */
function secret(made) {
  const copy = button(t("events.copy"), { glyph: "copy", onclick: () => navigator.clipboard?.writeText(made.secret).then(() => toast(t("events.copied"), { kind: "ok" }), () => {}) });
  return [h("p", { class: "notice tone-warn" }, icon("alert"), h("span", {}, t("events.secret_once"))), h("pre", { class: "json", tabindex: "0" }, made.secret), copy];
}

define("rim-webhooks", WebhookList);
