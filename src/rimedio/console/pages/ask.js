// Ask the manuals: the answer appears sentence by sentence as it is verified, with its sources beside it.

import { wasAborted } from "../api.js";
import { Writing } from "../ask/answer.js";
import { asked, forgetAsked, keepAsked } from "../ask/asked.js";
import { nothingFound, openTicket } from "../ask/verdict.js";
import { fill, h, icon } from "../dom.js";
import { define, Page } from "../elements/base.js";
import { button } from "../elements/button.js";
import { field } from "../elements/field.js";
import { emptyState, errorState } from "../elements/state.js";
import { age, since, t } from "../i18n.js";
import { modelInput, taxonomy } from "../knowledge/hints.js";
import { shortcuts } from "../keys.js";
import { recallInTab, rememberInTab } from "../memory.js";
import { may } from "../session.js";
import { readStream } from "../stream.js";
import { decisionPanel } from "../ticket/confidence.js";
import { showPassage } from "../knowledge/passage-dialog.js";
import "../ticket/passage.js";
import "../ticket/remedy.js";

const QUESTION_CHARS_MAX = 5000;
const DRAFT = "rimedio.ask-draft";
const narrow = matchMedia("(max-width: 64rem)"); // no room beside: passages open above the page

class AskPage extends Page {
  mount() {
    const { q = "", model = "", code = "" } = this.route.query.q ? this.route.query : draft();
    this.writing = new Writing({ onCite: (id) => this.#cite(id) });
    this.citations = new Map();
    this.words = h("div", { class: "ask-answer" });
    this.sources = h("section", { class: "ask-sources", "aria-label": t("ask.sources") });
    this.passage = h("rim-passage", { class: "card", "aria-live": "polite" });
    this.history = h("section", { class: "ask-history", "aria-label": t("ask.history") });
    this.append(
      h(
        "div",
        { class: "page ask" },
        this.header(t("ask.title"), { lead: t("ask.lead") }),
        this.#form({ q, model, code }),
        (this.body = h("div", { class: "ask-body" }, this.words, h("aside", { class: "ask-side", "aria-label": t("ask.sources") }, this.sources, this.history))),
      ),
    );
    this.#drawHistory();
    shortcuts([{ keys: ["/"], run: () => this.question.input.focus(), about: "ask.key_focus" }], this.signal);
    if (asked.length && !this.route.query.q) this.#show(asked[0]);
    else this.#blank();
  }

  unmount() {
    this.asking?.abort();
  }

  #form({ q, model, code }) {
    const area = h("textarea", { rows: 3, maxlength: QUESTION_CHARS_MAX, value: q, placeholder: t("ask.placeholder"), autofocus: true });
    this.question = field(t("ask.question"), area, { required: true, class: "grow" });
    this.model = field(t("ask.model"), modelInput({ value: model, oninput: () => this.#checkCode() }));
    this.code = field(t("ask.code"), h("input", { value: code, maxlength: 20, autocomplete: "off", spellcheck: "false", class: "mono", oninput: () => this.#checkCode() }));
    this.send = button(t("ask.send"), { kind: "primary", glyph: "send", type: "submit" });
    this.stop = button(t("ask.stop"), { glyph: "x", hidden: true, onclick: () => this.asking?.abort() });
    const form = h("form", { class: "card ask-form", novalidate: true }, this.question, h("div", { class: "ask-hints" }, this.model, this.code, h("div", { class: "ask-send" }, this.stop, this.send)));
    this.listen(form, "submit", (event) => (event.preventDefault(), this.#ask()));
    this.listen(form, "input", () => rememberInTab(DRAFT, JSON.stringify({ q: area.value, model: this.model.value, code: this.code.value })));
    this.listen(area, "keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#ask();
    });
    return form;
  }

  /** A code that looks unlike the codes of the model is said at once; it may be asked all the same. */
  async #checkCode() {
    const known = await taxonomy().catch(() => null);
    const code = this.code.value;
    if (!known || !code) return this.code.setError("");
    const own = known.product_types.filter((type) => type.models.includes(this.model.value));
    const types = own.length ? own : known.product_types;
    const fits = types.some((type) => new RegExp(`^(?:${type.error_code_pattern})$`, "i").test(code));
    return this.code.setError(fits ? "" : t("ask.code_unlike"));
  }

  async #ask() {
    const question = this.question.value;
    this.question.setError(question ? "" : t("ask.question_missing"));
    if (!question) return this.question.input.focus();
    this.asking?.abort();
    const mine = new AbortController();
    this.asking = mine;
    const entry = { id: crypto.randomUUID?.() ?? String(Date.now()), question, model: this.model.value || null, code: this.code.value || null, at: new Date().toISOString(), solution: null };
    this.#begin(entry);
    try {
      await this.#read(entry, AbortSignal.any([mine.signal, this.signal]));
      if (mine.signal.aborted && this.asking === mine) this.#stopped(entry);
    } catch (error) {
      if (wasAborted(error) || this.asking !== mine) return undefined;
      this.#failed(error);
    } finally {
      if (this.asking === mine) this.#rest();
    }
    return undefined;
  }

  async #read(entry, signal) {
    const body = { question: entry.question };
    if (entry.model) body.model = entry.model;
    if (entry.code) body.error_code = entry.code;
    let failure = null;
    await readStream("/v1/ask/stream", {
      body,
      signal,
      last: ["complete", "error"],
      on: {
        progress: ({ state, status }) => status === "ENTERED" && this.#progress(state),
        citation: (citation) => this.#cited(citation),
        chunk: (chunk) => this.writing.add(chunk),
        complete: (end) => this.#finish(entry, end.solution),
        error: (error) => (failure = error),
      },
    });
    if (failure) throw Object.assign(new Error(failure.message), { title: t("ask.failed"), code: failure.code });
  }

  #begin(entry) {
    this.body.classList.remove("is-blank");
    this.send.hidden = true;
    this.stop.hidden = false;
    this.writing.clear();
    this.citations.clear();
    fill(this.sources);
    this.state = h("div", { class: "ask-state", role: "status" }, icon("loop", 16), h("span", {}, t("ask.searching")));
    this.state.classList.add("is-live");
    fill(this.words, h("h2", { class: "asked-question" }, entry.question), this.state, this.writing.node);
  }

  #progress(state) {
    const key = `ask.state_${state}`;
    const said = t(key);
    if (said !== key) fill(this.state.querySelector("span"), said);
  }

  #finish(entry, solution) {
    entry.solution = solution;
    keepAsked(entry);
    this.#show(entry);
    this.#drawHistory();
    this.announce(solution.steps.length ? t("ask.done", { n: solution.citations.length }) : t("ask.not_in_documents"));
  }

  #failed(error) {
    this.state.classList.remove("is-live");
    fill(this.state);
    const refused = error.code === "FORBIDDEN"; // by the guardrails or the budget: the role was asked before
    this.words.append(refused ? emptyState({ glyph: "shield", title: t("ask.refused"), text: error.message }) : errorState(error, () => this.#ask()));
  }

  #stopped(entry) {
    this.state.classList.remove("is-live");
    fill(this.state, icon("x", 16), h("span", {}, t("ask.stopped")), openTicket(entry, "plain"));
  }

  #rest() {
    this.asking = null;
    this.send.hidden = false;
    this.stop.hidden = true;
  }

  /** An answer that is complete. */
  #show(entry) {
    const { solution } = entry;
    this.body.classList.remove("is-blank");
    this.citations = new Map(solution.citations.map((citation) => [citation.id, citation]));
    const hints = [entry.model, entry.code].filter(Boolean).join(" · ");
    const heading = [h("h2", { class: "asked-question" }, entry.question), hints && h("p", { class: "small muted" }, hints)];
    if (!solution.steps.length) {
      fill(this.sources);
      fill(this.words, heading, nothingFound(entry));
    } else {
      const remedy = Object.assign(document.createElement("rim-remedy"), { solution });
      this.listen(remedy, "sentence", ({ detail }) => this.#chosen(detail));
      fill(this.sources, this.passage);
      fill(this.words, heading, remedy, decisionPanel(solution, t(`ask.outcome_${solution.decision.outcome}`)), h("div", { class: "answer-acts" }, openTicket(entry)));
      if (!narrow.matches) remedy.choose(0);
    }
  }

  /** The passage of a sentence: beside the answer, or above the page where there is no room. */
  #chosen({ claim, citation, byHand }) {
    if (!may("GET /v1/kb/passages/{chunk_id}")) return;
    if (!narrow.matches) this.passage.show({ claim, citation });
    else if (byHand && citation) showPassage(citation, claim);
  }

  #blank() {
    this.body.classList.toggle("is-blank", !asked.length);
    fill(this.words, emptyState({ glyph: "ask", title: t("ask.blank"), text: t("ask.blank_text") }));
  }

  #cited(citation) {
    this.citations.set(citation.id, citation);
    this.#drawSources();
  }

  #drawSources() {
    const rows = [...this.citations.values()].map((citation) => h("li", { class: "source", dataset: { citation: citation.id } }, this.#source(citation)));
    fill(this.sources, rows.length > 0 && [h("h2", {}, t("ask.sources")), h("ol", { class: "source-list" }, rows)]);
  }

  #source(citation) {
    const place = [...citation.section, citation.page && t("knowledge.page_n", { page: citation.page })].filter(Boolean).join(" › ");
    const inside = [
      h("span", { class: "source-head" }, h("span", { class: "cite", "aria-hidden": "true" }, citation.id.replace(/^c/, "")), h("b", {}, citation.source_title)),
      h("span", { class: "small muted" }, place),
      h("q", { class: "source-quote" }, citation.snippet),
    ];
    if (!may("GET /v1/kb/passages/{chunk_id}")) return h("div", { class: "source-card" }, inside);
    return h("button", { type: "button", class: "source-card", onclick: () => this.#cite(citation.id) }, inside);
  }

  #cite(id) {
    const citation = this.citations.get(id);
    if (citation && may("GET /v1/kb/passages/{chunk_id}")) showPassage(citation);
  }

  #drawHistory() {
    if (!asked.length) return fill(this.history);
    const rows = asked.map((entry) =>
      h("li", {}, h("button", { type: "button", class: "asked", onclick: () => this.#recall(entry) }, icon(entry.solution.steps.length ? "check" : "x", 15), h("span", {}, entry.question), h("small", {}, age(since(entry.at))))),
    );
    return fill(this.history, h("div", { class: "card-head" }, h("h2", {}, t("ask.history")), button(t("ask.forget"), { kind: "quiet", onclick: () => this.#forget() })), h("ul", {}, rows));
  }

  #recall(entry) {
    this.asking?.abort();
    this.question.input.value = entry.question;
    this.model.input.value = entry.model ?? "";
    this.code.input.value = entry.code ?? "";
    this.#show(entry);
    this.words.scrollIntoView({ block: "nearest" });
  }

  #forget() {
    forgetAsked();
    this.#drawHistory();
    this.#blank();
    fill(this.sources);
    this.question.input.focus();
  }
}

/** What was being typed when the page was built anew, in another language or after a reload. */
function draft() {
  try {
    return JSON.parse(recallInTab(DRAFT) ?? "{}");
  } catch {
    return {};
  }
}

define("rim-ask", AskPage);
