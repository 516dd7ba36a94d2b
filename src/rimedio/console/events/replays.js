// What happened once may happen again: events of the archive go to the rules anew, over a span of time.

import { api } from "../api.js";
import { fill, h } from "../dom.js";
import { badge } from "../elements/badge.js";
import { define } from "../elements/base.js";
import { busy, button, iconButton } from "../elements/button.js";
import { openDialog } from "../elements/dialog.js";
import { field, select } from "../elements/field.js";
import { toast, toastError } from "../elements/toast.js";
import { dateTime, number, t } from "../i18n.js";
import { may } from "../session.js";
import { Listing } from "./listing.js";

const STATUS = { STARTING: ["info", "loop"], RUNNING: ["info", "loop"], COMPLETED: ["ok", "check"], CANCELLED: ["idle", "x"] };
const GOING = ["STARTING", "RUNNING"];
const POLL_MS = 1500;
const HOUR_MS = 3_600_000;

class Replays extends Listing {
  path = "/v1/events/replays";
  name = "replays";
  glyph = "history";

  actions() {
    return may("POST /v1/events/replays") && button(t("replay.new"), { kind: "primary", glyph: "refresh", onclick: () => this.#start() });
  }

  id(row) {
    return row.replay_id;
  }

  columns() {
    return [
      { key: "span", label: t("replay.span"), header: true, cell: (one) => t("replay.from_to", { from: dateTime(one.from), to: dateTime(one.to) }) },
      { key: "rules", label: t("replay.to_rules"), class: "wide", cell: (one) => (one.rules.length ? h("span", { class: "mono small" }, one.rules.join(", ")) : t("replay.all_rules")) },
      { key: "state", label: t("knowledge.status"), cell: status },
      { key: "replayed", label: t("replay.replayed"), numeric: true, cell: (one) => number(one.replayed, 0) },
      { key: "at", label: t("replay.started"), cell: (one) => dateTime(one.started_at) },
      { key: "act", label: t("events.actions"), cell: (one) => this.#stop(one) },
    ];
  }

  /** While one goes on, ask again how far it is. */
  shown({ items }) {
    clearTimeout(this.timer);
    if (items.some((one) => GOING.includes(one.status))) this.timer = setTimeout(() => this.read({ again: true }), POLL_MS);
  }

  unmount() {
    clearTimeout(this.timer);
  }

  #stop(one) {
    if (!GOING.includes(one.status) || !may("POST /v1/events/replays/{replay_id}/cancel")) return "–";
    const path = `${this.path}/${encodeURIComponent(one.replay_id)}/cancel`;
    const node = iconButton(t("replay.stop"), "x", { onclick: () => busy(node, () => api.post(path)).then(() => (toast(t("replay.stopped")), this.read()), (error) => (toastError(error), this.read())) });
    return node;
  }

  async #start() {
    const started = await openDialog({ title: t("replay.new"), signal: this.signal, body: replayForm });
    if (!started) return;
    toast(t("replay.begun"), { kind: "ok" });
    this.read();
  }
}

function status(one) {
  const [tone, glyph] = STATUS[one.status] ?? ["idle", "dot"];
  return badge(t(`replay.status_${one.status}`), { tone, glyph, class: GOING.includes(one.status) ? "is-live" : null });
}

/** Which span, and to which rule; closes with the replay that was begun. */
function replayForm(close) {
  const now = new Date();
  const from = field(t("replay.from"), h("input", { type: "datetime-local", value: local(new Date(now - HOUR_MS)), autofocus: true }), { required: true });
  const to = field(t("replay.to"), h("input", { type: "datetime-local", value: local(new Date(now.getTime() + 60_000)) }), { required: true, hint: t("replay.to_hint") });
  const rule = field(t("events.rule"), select([["", t("replay.all_rules")]], {}), { hint: t("replay.rule_hint") });
  api.list("/v1/events/rules").then(({ items }) => rule.input.append(...items.map(({ name }) => h("option", { value: name }, name))), () => {});
  const error = h("p", { class: "field-error", role: "alert" });
  const send = button(t("replay.go"), { kind: "primary", type: "submit" });
  const form = h("form", { class: "stack", novalidate: true }, h("p", {}, t("replay.explained")), h("div", { class: "fields" }, from, to), rule, error, h("div", { class: "form-acts" }, button(t("shell.cancel"), { onclick: () => close(null) }), send));
  const submit = async () => {
    for (const one of [from, to]) one.setError(one.value ? "" : t("articles.needed"));
    if (from.value && to.value && to.value <= from.value) to.setError(t("replay.wrong_span"));
    const wrong = form.querySelector("[aria-invalid]");
    if (wrong) return wrong.focus();
    const body = { from: new Date(from.value).toISOString(), to: new Date(to.value).toISOString() };
    if (rule.value) body.rule = rule.value;
    return close(await api.post("/v1/events/replays", body));
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(send, submit).catch((failure) => fill(error, failure.message));
  });
  return form;
}

/** A time as `datetime-local` writes it: of the reader's own clock, to the minute. */
function local(date) {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

define("rim-replays", Replays);
