// The rows of the queue: built, replaced and walked through by keyboard.

import { fill, h, icon, refill } from "../dom.js";
import { priorityMark, statusBadge } from "../elements/badge.js";
import { gauge } from "../elements/gauge.js";
import { age, dateTime, since, t } from "../i18n.js";

const LONG_MS = 4 * 3_600_000;
const DONE = ["READY", "RESOLVED"]; // wait for nobody

/** A table whose rows are found by ticket id. */
export class QueueRows {
  #rows = new Map();
  #tickets = new Map();
  #body = h("tbody");

  constructor() {
    const heads = ["priority", "ticket", "status", "confidence", "age"].map((name) => h("th", { scope: "col", class: `queue-${name}` }, t(`queue.col_${name}`)));
    this.node = h(
      "table",
      { class: "table queue-table" },
      h("caption", { class: "visually-hidden" }, t("queue.title")),
      h("thead", {}, h("tr", {}, heads)),
      this.#body,
    );
  }

  /** How many rows there are. */
  get count() {
    return this.#rows.size;
  }

  /** Other rows instead of all. */
  replace(tickets) {
    this.#rows.clear();
    this.#tickets.clear();
    fill(this.#body);
    this.add(tickets);
  }

  /** More rows below; a ticket that came in by itself meanwhile stands there already. */
  add(tickets) {
    for (const ticket of tickets) if (!this.#rows.has(ticket.ticket_id)) this.#body.append(this.#row(ticket));
  }

  /**
   * A ticket as it is now: its row changes, appears where it belongs, or goes when it is not wanted. Tells whether
   * anything changed. `sort` is the order of the rows; with `more` to come, what belongs below them comes with those.
   */
  put(ticket, wanted, { sort = "", more = false } = {}) {
    const old = this.#rows.get(ticket.ticket_id);
    if (!wanted) return old ? this.#remove(ticket.ticket_id, old) : false;
    if (old && this.#tickets.get(ticket.ticket_id).version === ticket.version) return false;
    const focused = old?.contains(document.activeElement);
    const below = old ? null : this.#below(ticket, sort);
    if (!old && !below && more && this.count) return false;
    const row = this.#row(ticket);
    row.classList.add("is-fresh");
    if (old) old.replaceWith(row);
    else this.#body.insertBefore(row, below);
    if (focused) row.querySelector("a").focus();
    return true;
  }

  /** The row before which a ticket belongs; null when that is the end. */
  #below(ticket, sort) {
    const rows = [...this.#body.children];
    if (sort !== "urgency") return rows[0] ?? null;
    return rows.find((row) => isMoreUrgent(ticket, this.#tickets.get(row.dataset.ticket))) ?? null;
  }

  /** Whether a row has the focus. */
  hasFocus() {
    return this.#body.contains(document.activeElement);
  }

  /** Go some rows down, or up. */
  move(by) {
    const rows = [...this.#body.children];
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, at + by));
    rows[next].querySelector("a").focus();
    rows[next].scrollIntoView({ block: "nearest" });
  }

  /** Open the row that has the focus. */
  open() {
    document.activeElement.closest("tr")?.querySelector("a")?.click();
  }

  /** Show how old everything is by now. */
  refreshAges() {
    for (const [id, row] of this.#rows) refill(row.querySelector(".queue-age"), ...ageCell(this.#tickets.get(id)));
  }

  #row(ticket) {
    const row = h(
      "tr",
      { dataset: { ticket: ticket.ticket_id }, onclick: (event) => event.target.closest("a") || event.currentTarget.querySelector("a").click() },
      h("td", { class: "queue-priority" }, priorityMark(ticket.priority)),
      h("th", { scope: "row", class: "queue-ticket" }, ticketCell(ticket)),
      h("td", { class: "queue-status" }, statusBadge(ticket.status)),
      h("td", { class: "queue-confidence" }, ticket.confidence ? gauge(ticket.confidence, { label: t("queue.col_confidence") }) : h("span", { class: "muted" }, "–")),
      h("td", { class: "queue-age" }, ...ageCell(ticket)),
    );
    this.#rows.set(ticket.ticket_id, row);
    this.#tickets.set(ticket.ticket_id, ticket);
    return row;
  }

  #remove(id, row) {
    if (row.contains(document.activeElement)) this.move(row.nextElementSibling ? 1 : -1);
    row.remove();
    this.#rows.delete(id);
    this.#tickets.delete(id);
    return true;
  }
}

/** Whether a ticket comes before another by urgency: by priority, then the older one. */
function isMoreUrgent(one, other) {
  if (one.priority !== other.priority) return one.priority < other.priority;
  return new Date(one.created_at) < new Date(other.created_at);
}

/** Whether a ticket passes the filters; words are left to the API, so any text filter keeps what is there. */
export function matches(ticket, query) {
  if (query.sort === "urgency" && !query.status && DONE.includes(ticket.status)) return false;
  if (query.status && ticket.status !== query.status) return false;
  if (query.priority && ticket.priority !== query.priority) return false;
  if (query.product_type && ticket.asset.product_type !== query.product_type) return false;
  if (query.lang && ticket.lang !== query.lang) return false;
  const words = (query.q ?? "").toLowerCase();
  return !words || JSON.stringify([ticket.symptom_text, ticket.customer, ticket.asset, ticket.error_code, ticket.ticket_id]).toLowerCase().includes(words);
}

function ticketCell(ticket) {
  return [
    h("a", { href: `#/tickets/${ticket.ticket_id}` }, ticket.symptom_text),
    h(
      "span",
      { class: "queue-sub" },
      ticket.error_code && h("span", { class: "code mono" }, ticket.error_code),
      h("span", { class: "mono" }, ticket.asset.model),
      h("span", {}, ticket.customer.name),
      ticket.lang && h("span", { class: "lang" }, ticket.lang),
      ticket.attachments?.length > 0 && h("span", {}, icon("clip", 14), ticket.attachments.length, h("span", { class: "visually-hidden" }, t("queue.attachments"))),
      ticket.duplicate_of && h("span", { class: "duplicate" }, icon("copy", 14), t("queue.duplicate")),
    ),
  ];
}

function ageCell(ticket) {
  const from = ticket.waiting_since ?? ticket.created_at;
  const waited = since(from);
  const waits = Boolean(ticket.waiting_since);
  return [
    h("time", { datetime: from, title: dateTime(from), class: waits && waited > LONG_MS ? "is-long" : null }, age(waited)),
    h("span", { class: "queue-sub" }, waits ? t("queue.waits") : t("queue.opened")),
  ];
}
