// Searching the passages: what was found, with its hits, and why.

import { api, wasAborted } from "../api.js";
import { fill, h, uid } from "../dom.js";
import { badge } from "../elements/badge.js";
import { define, Element } from "../elements/base.js";
import { busy, button } from "../elements/button.js";
import { field, select } from "../elements/field.js";
import { emptyState, errorState, skeleton } from "../elements/state.js";
import { duration, number, percent, t } from "../i18n.js";
import { here, href, keepQuery } from "../router.js";
import { may } from "../session.js";
import { modelInput } from "./hints.js";
import { DOC_TYPES } from "./drop-zone.js";
import { marked } from "./marked.js";
import { showPassage } from "./passage-dialog.js";

const LIMIT = 10;
const SHOWN_CHARS = 600;
const SHOWN_LINES = 7;

class KnowledgeSearch extends Element {
  mount() {
    const { q = "", model = "", type = "", language = "" } = here().query;
    this.query = field(t("knowledge.search_words"), h("input", { type: "search", value: q, maxlength: 1000, autocomplete: "off" }), { class: "grow" });
    this.model = field(t("knowledge.model"), modelInput({ value: model }));
    this.type = field(t("knowledge.type"), select([["", t("knowledge.any")], ...DOC_TYPES.map((name) => [name, t(`doc.${name}`)])], { value: type }));
    this.language = field(t("knowledge.language"), select([["", t("knowledge.any")], ["it", t("language.it")], ["en", t("language.en")]], { value: language }));
    this.send = button(t("knowledge.search"), { kind: "primary", glyph: "search", type: "submit" });
    this.results = h("div", { class: "hits", "aria-live": "polite" });
    const form = h("form", { class: "finder search-form", role: "search", novalidate: true }, this.query, this.model, this.type, this.language, this.send);
    this.listen(form, "submit", (event) => {
      event.preventDefault();
      busy(this.send, () => this.#search());
    });
    fill(this, form, this.results);
    if (q) this.#search();
    else fill(this.results, emptyState({ glyph: "search", title: t("knowledge.search_empty"), text: t("knowledge.search_empty_text") }));
  }

  async #search() {
    const query = this.query.value;
    if (!query) {
      this.query.input.focus();
      return;
    }
    const asked = { q: query, model: this.model.value, type: this.type.value, language: this.language.value };
    this.address = asked;
    keepQuery(asked);
    fill(this.results, skeleton(6));
    const body = { query, limit: LIMIT };
    if (asked.model) body.model = asked.model;
    if (asked.type) body.doc_type = asked.type;
    if (asked.language) body.language = asked.language;
    try {
      this.#show(await api.post("/v1/kb/search", body, { signal: this.signal }));
    } catch (error) {
      if (!wasAborted(error)) fill(this.results, errorState(error, () => this.#search()));
    }
  }

  #show({ items, took_ms: took }) {
    if (!items.length) {
      fill(this.results, emptyState({ glyph: "search", title: t("knowledge.no_hits"), text: t("knowledge.no_hits_text") }));
      return;
    }
    fill(this.results, h("p", { class: "small hits-count" }, t("knowledge.hits", { n: items.length }), " · ", duration(took)), h("ol", { class: "hit-list" }, items.map(hit)));
  }
}

function hit({ rank, chunk, signals, highlights }) {
  const place = [...chunk.section, chunk.page && t("knowledge.page_n", { page: chunk.page })].filter(Boolean).join(" › ");
  return h(
    "li",
    { class: "hit card" },
    h(
      "div",
      { class: "hit-head" },
      h("h3", {}, h("a", { href: href(`/knowledge/documents/${chunk.document_id}`, { page: chunk.page }) }, chunk.source_title)),
      h("p", { class: "small" }, place),
    ),
    passageText(chunk, highlights),
    h("div", { class: "hit-foot" }, h("ul", { class: "why", "aria-label": t("knowledge.why") }, reasons(chunk, signals).map((why) => h("li", {}, why))), passageButton(chunk, rank)),
  );
}

/** The words of a passage; a long one shows its beginning until all of it is asked for. */
function passageText(chunk, highlights) {
  const text = h("p", { class: "hit-text", id: uid("hit"), lang: chunk.language }, marked(chunk.text, highlights));
  if (chunk.text.length <= SHOWN_CHARS && chunk.text.split("\n").length <= SHOWN_LINES) return text;
  const more = h("button", { type: "button", class: "link", "aria-expanded": "false", "aria-controls": text.id, onclick: () => turn() }, t("knowledge.show_all"));
  const turn = () => {
    const open = text.classList.toggle("is-clipped") === false;
    more.setAttribute("aria-expanded", String(open));
    fill(more, t(open ? "knowledge.show_less" : "knowledge.show_all"));
  };
  text.classList.add("is-clipped");
  return [text, h("p", {}, more)];
}

/** Why a passage was found, in words. */
function reasons(chunk, signals) {
  return [
    signals.code_match && badge(t("knowledge.why_code", { code: chunk.error_codes.join(", ") || chunk.part_numbers.join(", ") }), { tone: "accent", glyph: "pin" }),
    signals.bm25_rank && badge(t("knowledge.why_words", { rank: signals.bm25_rank, share: percent(signals.term_coverage) }), { glyph: "search" }),
    signals.vector_rank && badge(t("knowledge.why_meaning", { rank: signals.vector_rank, cosine: number(signals.cosine, 2) }), { glyph: "lamp" }),
  ].filter(Boolean);
}

function passageButton(chunk, rank) {
  if (!may("GET /v1/kb/passages/{chunk_id}")) return null;
  return button(t("knowledge.show_passage"), { kind: "quiet", glyph: "open", onclick: () => showPassage(citation(chunk, rank)) });
}

function citation(chunk, rank) {
  return { id: String(rank), chunk_id: chunk.chunk_id, source_title: chunk.source_title, section: chunk.section, snippet: chunk.text };
}

define("rim-knowledge-search", KnowledgeSearch);
