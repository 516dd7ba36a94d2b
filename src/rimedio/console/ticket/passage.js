// The passage behind a sentence: the manual's page with the quote marked, or its text.

import { api, wasAborted } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { download } from "../download.js";
import { badge, verdictMark } from "../elements/badge.js";
import { Element, define } from "../elements/base.js";
import { button } from "../elements/button.js";
import { segmented } from "../elements/field.js";
import { errorState, skeleton } from "../elements/state.js";
import { toastError } from "../elements/toast.js";
import { confidence, dateTime, t } from "../i18n.js";
import { may } from "../session.js";
import { pagePicture } from "./page-picture.js";

const NEAR_CHARS = 160;

/** `<rim-passage>`: `show({claim, citation})` fetches and shows; it is a live region, so a new passage is announced. */
export class Passage extends Element {
  #turn = 0;
  #view = "page";
  #shown = null;

  mount() {
    this.#shown = null; // what was under way when it left the page was given up
    if (!this.childElementCount) fill(this, h("p", { class: "muted passage-hint" }, t("passage.hint")));
  }

  /** Show what a sentence stands on; what is shown already stays as it is, its picture and where it was scrolled to too. */
  async show({ claim, citation }) {
    if (this.#shown && this.#shown.claim === claim && this.#shown.citation === citation) return;
    this.#shown = { claim, citation };
    const mine = (this.#turn += 1);
    if (!citation) {
      fill(this, this.#verdict(claim), h("p", { class: "notice tone-warn" }, icon("question"), t("passage.none")));
      return;
    }
    const waiting = setTimeout(() => mine === this.#turn && fill(this, skeleton(6)), 150);
    try {
      const query = claim?.quote ? { quote: claim.quote } : {};
      const found = await api.get(`/v1/kb/passages/${encodeURIComponent(citation.chunk_id)}`, { query, signal: this.signal });
      if (mine === this.#turn) this.#draw(found, claim, citation);
    } catch (error) {
      if (mine !== this.#turn) return;
      this.#shown = null;
      if (wasAborted(error)) return;
      if (error.status === 404 || error.status === 403) this.#drawSnippet(claim, citation);
      else fill(this, errorState(error, () => this.show({ claim, citation })));
    } finally {
      clearTimeout(waiting);
    }
  }

  #draw(found, claim, citation) {
    const body = h("div", { class: "passage-body" });
    const draw = () => fill(body, found.page && this.#view === "page" ? pagePicture(found, this.signal) : passageText(found, claim));
    const views = [["page", t("passage.view_page")], ["text", t("passage.view_text")]];
    const toggle = found.page && segmented(t("passage.view"), views, { value: this.#view, onchange: (view) => ((this.#view = view), draw()) });
    draw();
    fill(this, this.#head(found, citation, toggle), body, this.#verdict(claim), this.#original(found.document));
    this.#reveal();
  }

  /** The quote is seen without scrolling, however long its passage is. */
  #reveal() {
    const frame = this.closest(".remedy-aside, .dialog-body");
    const mark = this.querySelector("mark");
    if (!frame || !mark) return;
    frame.scrollTop = 0;
    const below = mark.getBoundingClientRect().bottom - frame.getBoundingClientRect().top;
    if (below > frame.clientHeight * 0.7) frame.scrollTop = below - frame.clientHeight * 0.4;
  }

  #drawSnippet(claim, citation) {
    fill(
      this,
      h("header", { class: "passage-head" }, h("h2", {}, citation.source_title), h("p", { class: "passage-path" }, citation.section.join(" › "))),
      h("p", { class: "notice tone-warn" }, icon("info"), t("passage.gone")),
      h("blockquote", { class: "passage-text" }, h("mark", {}, claim?.quote || citation.snippet)),
      this.#verdict(claim),
    );
  }

  #head({ chunk, document: source, page }, citation, toggle) {
    const place = page ? t("passage.page_of", { page: page.number, of: page.of }) : chunk.page ? t("passage.page", { page: chunk.page }) : null;
    return h(
      "header",
      { class: "passage-head" },
      h("div", { class: "passage-title" }, h("span", { class: "cite mono" }, citation.id.replace(/^c/, "")), h("h2", {}, source.title)),
      chunk.section.length > 0 && h("p", { class: "passage-path" }, chunk.section.join(" › ")),
      h(
        "p",
        { class: "passage-facts" },
        badge(t(`doc.${source.doc_type}`)),
        place && h("span", {}, place),
        source.version && h("span", {}, t("passage.version", { version: source.version })),
        source.updated_at && h("span", {}, dateTime(source.updated_at, { time: false })),
      ),
      toggle,
    );
  }

  #verdict(claim) {
    if (!claim) return null;
    return h(
      "div",
      { class: "passage-verdict" },
      verdictMark(claim.verdict, { words: true }),
      claim.quote && h("span", { class: "small" }, t("passage.support", { support: confidence(claim.support) })),
      claim.reasons.length > 0 && h("ul", { class: "small" }, claim.reasons.map((reason) => h("li", {}, reason))),
    );
  }

  #original(source) {
    if (!may("GET /v1/kb/documents/{document_id}/original")) return null;
    const path = `/v1/kb/documents/${encodeURIComponent(source.document_id)}/original`;
    return button(t("passage.original"), { kind: "quiet", glyph: "download", class: "passage-original no-print", onclick: () => download(path, source.title).catch(toastError) });
  }
}

/** The passage's text between its neighbours, the quote marked. */
export function passageText({ chunk, before, after, quote }, claim) {
  const place = quote ?? (claim?.quote_start !== null && claim?.quote_start !== undefined ? { start: claim.quote_start, end: claim.quote_end } : null);
  const text = place
    ? [chunk.text.slice(0, place.start), h("mark", {}, chunk.text.slice(place.start, place.end)), chunk.text.slice(place.end)]
    : [chunk.text];
  return h(
    "blockquote",
    { class: "passage-text", lang: chunk.language, tabindex: "0", "aria-label": t("passage.text_label", { title: chunk.source_title }) },
    before && h("p", { class: "passage-near" }, lastOf(before)),
    h("p", {}, text),
    after && h("p", { class: "passage-near" }, firstOf(after)),
  );
}

/** What stands around a passage is shown a few words deep: enough to see where one is. */
function lastOf(text) {
  return text.length <= NEAR_CHARS ? text : `… ${text.slice(-NEAR_CHARS).replace(/^\S*\s/, "")}`;
}

function firstOf(text) {
  return text.length <= NEAR_CHARS ? text : `${text.slice(0, NEAR_CHARS).replace(/\s\S*$/, "")} …`;
}

define("rim-passage", Passage);
