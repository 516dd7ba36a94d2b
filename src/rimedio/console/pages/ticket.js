// One ticket: what the customer said, the remedy with its proof, how it came about, and what happens next.

import { api, mayPass, wasAborted } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { priorityMark, statusBadge } from "../elements/badge.js";
import { define, Page } from "../elements/base.js";
import { button } from "../elements/button.js";
import { openDialog } from "../elements/dialog.js";
import { spoken } from "../elements/spoken.js";
import { emptyState, errorState, skeleton } from "../elements/state.js";
import { tabs } from "../elements/tabs.js";
import { toast } from "../elements/toast.js";
import { t } from "../i18n.js";
import { keepPlace } from "../place.js";
import { href } from "../router.js";
import { hasRole, may } from "../session.js";
import { readStream } from "../stream.js";
import { actionButtons } from "../ticket/actions.js";
import { decisionPanel } from "../ticket/confidence.js";
import { Edit } from "../ticket/edit.js";
import { plate, symptom, track } from "../ticket/plate.js";
import { whyHere } from "../ticket/reasons.js";
import { sourceList } from "../ticket/remedy.js";
import { showLost } from "../ticket/review.js";
import "../ticket/checklist.js";
import "../ticket/conversation.js";
import "../ticket/feedback.js";
import "../ticket/live.js";
import "../ticket/passage.js";
import "../ticket/run.js";
import "../ticket/similar.js";

const LIVE = ["NEW", "PROCESSING"];
const PUBLISHED = ["READY", "RESOLVED"];
const COMING = ["NEEDS_INFO", "IN_REVIEW", "ESCALATED"]; // an answer may still come
const TITLE_CHARS = 110;
const AGAIN_MS = 5000; // a change that could not be read is read again
const WIDE = matchMedia("(min-width: 68rem)");

class TicketPage extends Page {
  #ticket = null;
  #solution = null;
  #tabs = null;
  #passage = null;
  #page = h("div", { class: "page ticket" });

  get title() {
    return t("ticket.title");
  }

  mount() {
    fill(this.#page, h("h1", { class: "visually-hidden", tabindex: "-1" }, t("ticket.title")), skeleton(8));
    this.append(this.#page);
    this.#load().then(() => this.#follow());
  }

  get #path() {
    return `/v1/tickets/${encodeURIComponent(this.route.params.id)}`;
  }

  /** Read the ticket and draw it; `again` when nobody here asked: then words that are being written stay. */
  async #load({ again = false } = {}) {
    try {
      const ticket = await api.get(this.#path, { signal: this.signal });
      const solution = await this.#readSolution(ticket);
      if (this.#ticket && this.#ticket.status !== ticket.status) this.announce(t(`status.${ticket.status}`));
      this.#ticket = ticket;
      this.#solution = solution;
      keepPlace(this, () => this.#draw(again && this.#isWriting()), () => this.querySelector("h1"));
    } catch (error) {
      if (wasAborted(error)) return;
      if (again && mayPass(error)) {
        this.#soon();
        return;
      }
      const title = error.status === 404 ? { title: t("ticket.gone"), message: error.message, requestId: error.requestId } : error;
      fill(this.#page, this.header(t("ticket.title")), errorState(title, error.status === 404 ? null : () => this.#load()));
    }
  }

  #soon() {
    const timer = setTimeout(() => this.#load({ again: true }), AGAIN_MS);
    this.listen(this.signal, "abort", () => clearTimeout(timer));
  }

  /** The remedy, where there is one that this reader may see. */
  async #readSolution(ticket) {
    const drafts = hasRole("operator", "admin");
    if (!ticket.solution_id || LIVE.includes(ticket.status) || (!drafts && !PUBLISHED.includes(ticket.status))) return null;
    try {
      return await api.get(`${this.#path}/solution`, { signal: this.signal });
    } catch (error) {
      if (error.status === 404) return null;
      throw error;
    }
  }

  /** Other people and the workflow change the ticket too; an edit that is going on is never thrown away. */
  async #follow() {
    if (!may("GET /v1/events/stream")) return;
    const on = {
      ticket: (event) => {
        const same = event.ticket_id !== this.#ticket?.ticket_id || event.status === this.#ticket.status;
        if (same || this.querySelector("rim-live")) return; // a live answer tells its own end
        if (this.querySelector(".editor")) toast(t("ticket.changed", { status: t(`status.${event.status}`) }), { kind: "bad" });
        else this.#load({ again: true });
      },
    };
    await readStream("/v1/events/stream", { signal: this.signal, last: [], on }).catch(() => {});
  }

  /** Whether somebody has begun to write: a message, a judgement. */
  #isWriting() {
    const fields = this.#tabs?.querySelectorAll("textarea, input:not([type=checkbox], [type=radio])") ?? [];
    return [...fields].some((one) => one.value !== one.defaultValue);
  }

  #draw(keepParts) {
    const ticket = this.#ticket;
    const text = ticket.symptom_text;
    const title = text.length > TITLE_CHARS ? `${text.slice(0, TITLE_CHARS).trimEnd()}…` : text;
    const above = h(
      "p",
      { class: "ticket-above" },
      h("a", { href: "#/queue", class: "no-print" }, icon("left", 16), t("nav.queue")),
      statusBadge(ticket.status),
      priorityMark(ticket.priority),
      h("span", { class: "mono small muted", title: ticket.ticket_id }, ticket.ticket_id.slice(0, 12)),
    );
    const actions = actionButtons(ticket, this.#solution, () => this.#load());
    const long = text.length > TITLE_CHARS || ticket.attachments.length > 0;
    const head = [this.header(title, { above, actions }), this.#notices(), plate(ticket), track(ticket), long && symptom(ticket)];
    if (keepParts) this.#around(head);
    else fill(this.#page, head, this.#body());
    document.title = `${ticket.asset.model} ${ticket.error_code ?? ""} · ${t(`status.${ticket.status}`)} · Rimedio`;
  }

  /** Draw what stands above the parts, and the remedy among them; the others stay, with what is being written there. */
  #around(head) {
    while (this.#page.firstChild !== this.#tabs) this.#page.firstChild.remove();
    this.#page.prepend(fill(document.createDocumentFragment(), head));
    const remedy = this.#tabs.panel("remedy");
    if (remedy.firstChild) fill(remedy, this.#remedy());
  }

  #notices() {
    const ticket = this.#ticket;
    const kept = this.#solution && ticket.status !== "IN_REVIEW" && Edit.kept(this.#solution);
    const why = this.#solution?.steps.length > 0 ? null : whyHere(ticket);
    return [
      why && ticket.status === "ESCALATED" && h("p", { class: "notice tone-warn" }, icon("up"), h("span", { lang: why.lang }, why.text)),
      ticket.duplicate_of && h("p", { class: "notice tone-info" }, icon("copy"), h("span", {}, t("ticket.duplicate"), " ", h("a", { href: href(`/tickets/${ticket.duplicate_of}`), class: "mono" }, ticket.duplicate_of.slice(0, 12)))),
      ticket.status === "FAILED" && h("p", { class: "notice tone-bad" }, icon("alert"), h("span", {}, t("ticket.failed"), " ", why ? h("span", { lang: why.lang }, why.text) : spoken("span", ticket.status_reason), may("POST /v1/tickets/{ticket_id}/reopen") && ` ${t("ticket.failed_next")}`)),
      kept && h("p", { class: "notice tone-warn" }, icon("edit"), h("span", {}, t("ticket.kept"), " ", h("button", { type: "button", class: "link", onclick: () => this.#showKept() }, t("ticket.kept_show")))),
    ];
  }

  async #showKept() {
    const edit = new Edit(this.#solution, this.#ticket.category);
    await showLost(edit.text(), this.signal);
    edit.forget();
  }

  #body() {
    const field = hasRole("technician") && !hasRole("operator", "admin");
    const make = (tag) => () => Object.assign(document.createElement(tag), { ticket: this.#ticket, solution: this.#solution });
    const operator = may("GET /v1/tickets/{ticket_id}/run");
    const items = [
      this.#solution?.steps.length > 0 && { id: "steps", label: t("tab.steps"), build: () => this.#checklist() },
      { id: "remedy", label: t("tab.remedy"), build: () => this.#remedy() },
      { id: "conversation", label: t("tab.conversation"), build: make("rim-conversation") },
      operator && { id: "run", label: t("tab.run"), build: make("rim-run") },
      may("GET /v1/tickets/{ticket_id}/similar") && { id: "similar", label: t("tab.similar"), build: make("rim-similar") },
      operator && this.#ticket.status === "ESCALATED" && { id: "notes", label: t("tab.notes"), build: make("rim-notes") },
      { id: "judgements", label: t("tab.judgements"), build: make("rim-judgements") },
    ].filter(Boolean);
    if (!field) items.sort((a, b) => (a.id === "steps") - (b.id === "steps"));
    const toHand = operator && this.#ticket.status === "ESCALATED" && !this.#solution?.steps.length; // it is the reader's now
    const first = this.#ticket.status === "NEEDS_INFO" ? "conversation" : field && this.#solution ? "steps" : toHand ? "notes" : "remedy";
    const chosen = this.#tabs?.dataset.chosen ?? this.route.params.tab ?? first;
    this.#tabs = tabs(items, { label: t("ticket.parts"), chosen, onChange: (id) => this.#turned(id) });
    this.#tabs.addEventListener("said", () => setTimeout(() => this.#load(), 400));
    this.#tabs.addEventListener("decided", () => this.#load());
    this.#tabs.addEventListener("stale", () => this.#load());
    return this.#tabs;
  }

  #turned(id) {
    this.#tabs.dataset.chosen = id;
    history.replaceState(null, "", href(`/tickets/${this.#ticket.ticket_id}/${id}`));
  }

  #remedy() {
    const ticket = this.#ticket;
    if (LIVE.includes(ticket.status)) return this.#live();
    const solution = this.#solution;
    if (!solution) return this.#noRemedy();
    const remedy = Object.assign(document.createElement("rim-remedy"), { solution });
    this.#passage = document.createElement("rim-passage");
    remedy.addEventListener("sentence", (event) => this.#showPassage(event.detail));
    const review = ticket.status === "IN_REVIEW" && may("POST /v1/tickets/{ticket_id}/review") && Object.assign(document.createElement("rim-review"), { ticket, solution, remedy });
    const nothing = solution.steps.length === 0 && emptyState({ glyph: "book", title: t("remedy.nothing"), text: t("remedy.nothing_text") });
    const main = h("div", { class: "remedy-main" }, decisionPanel(solution), nothing || remedy, sourceList(solution), review);
    const aside = h("aside", { class: "remedy-aside", "aria-label": t("passage.title") }, this.#passage);
    if (solution.steps.length && WIDE.matches) queueMicrotask(() => remedy.isConnected && remedy.choose(0));
    return h("div", { class: ["remedy-layout", !solution.steps.length && "is-single"] }, main, solution.steps.length > 0 && aside);
  }

  #noRemedy() {
    const { status } = this.#ticket;
    const title = t(`remedy.none_${status}`);
    if (status === "ESCALATED" && may("GET /v1/tickets/{ticket_id}/notes")) {
      return emptyState({ glyph: "edit", title, text: t("remedy.none_notes"), action: button(t("tab.notes"), { glyph: "edit", onclick: () => this.#tabs.choose("notes") }) });
    }
    return emptyState({ glyph: "clock", title, text: COMING.includes(status) ? t("remedy.none_text") : null });
  }

  #showPassage(detail) {
    if (WIDE.matches) this.#passage.show(detail);
    else if (detail.byHand) this.#sheet(detail);
  }

  #sheet(detail) {
    const passage = document.createElement("rim-passage");
    openDialog({ title: t("passage.title"), body: passage, kind: "sheet", signal: this.signal });
    passage.show(detail);
  }

  #live() {
    const live = Object.assign(document.createElement("rim-live"), { path: `${this.#path}/solution/stream`, language: this.#ticket.lang ?? "it" });
    live.addEventListener("complete", () => this.#load({ again: true }));
    return live;
  }

  #checklist() {
    const list = Object.assign(document.createElement("rim-checklist"), { solution: this.#solution });
    list.addEventListener("source", (event) => this.#sheet(event.detail));
    list.addEventListener("finished", () => toast(t("check.finished"), { kind: "ok", action: { label: t("tab.judgements"), run: () => this.#tabs.choose("judgements") } }));
    return list;
  }
}

define("rim-ticket", TicketPage);
