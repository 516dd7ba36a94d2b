// Solved tickets like this one, and the notes of an investigation.

import { api, wasAborted } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { badge } from "../elements/badge.js";
import { define, Element } from "../elements/base.js";
import { shareBar } from "../elements/gauge.js";
import { emptyState, errorState, skeleton } from "../elements/state.js";
import { dateTime, percent, t } from "../i18n.js";

/** `<rim-similar>`: set `ticket`. */
export class Similar extends Element {
  ticket = null;

  async mount() {
    fill(this, skeleton(3));
    try {
      const { items } = await api.get(`/v1/tickets/${this.ticket.ticket_id}/similar`, { signal: this.signal });
      fill(this, items.length ? h("ul", { class: "similar-list" }, items.map(similarCard)) : emptyState({ glyph: "copy", title: t("similar.none"), text: t("similar.none_text") }));
    } catch (error) {
      if (!wasAborted(error)) fill(this, errorState(error, () => this.mount()));
    }
  }
}

/** `<rim-notes>`: set `ticket`. */
export class Notes extends Element {
  ticket = null;

  async mount() {
    fill(this, skeleton(5));
    try {
      fill(this, notesView(await api.get(`/v1/tickets/${this.ticket.ticket_id}/notes`, { signal: this.signal })));
    } catch (error) {
      if (wasAborted(error)) return;
      fill(this, error.status === 404 ? emptyState({ glyph: "edit", title: t("notes.none") }) : errorState(error, () => this.mount()));
    }
  }
}

function similarCard(item) {
  return h(
    "li",
    { class: "card similar" },
    h("p", {}, h("a", { href: `#/tickets/${item.ticket_id}` }, item.symptom_text)),
    h("p", { class: "queue-sub" }, item.error_code && h("span", { class: "mono code" }, item.error_code), h("span", { class: "mono" }, item.model), h("span", {}, t("similar.solved", { date: dateTime(item.solved_at, { time: false }) })), item.use && badge(t(`use.${item.use}`), { tone: item.use === "IGNORED" ? "idle" : "ok" })),
    item.summary && h("p", { class: "similar-summary" }, icon("check", 16), item.summary),
    h("p", { class: "similar-score small muted" }, h("span", {}, t("similar.score", { score: percent(item.score) })), shareBar(item.score)),
  );
}

function notesView(notes) {
  const list = (key, items, row = (item) => item) => items?.length > 0 && h("section", {}, h("h2", {}, t(`notes.${key}`)), h("ul", { class: "plain-list" }, items.map((item) => h("li", {}, row(item)))));
  return h(
    "div",
    { class: "notes" },
    h("p", { class: "notes-summary" }, notes.summary),
    list("suggested_next", notes.suggested_next),
    list("tried", notes.tried),
    list("found", notes.found, (item) => [item.text, item.citation && h("span", { class: "muted small" }, ` — ${item.citation.source_title}${item.citation.page ? `, ${t("passage.page", { page: item.citation.page })}` : ""}`)]),
    list("missing", notes.missing),
    list("similar", notes.similar, (id) => h("a", { href: `#/tickets/${id}`, class: "mono" }, id.slice(0, 12))),
  );
}

define("rim-similar", Similar);
define("rim-notes", Notes);
