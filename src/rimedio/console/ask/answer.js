// An answer as it is written: sentences appear once they are verified, each with the number of its source.

import { fill, h, icon } from "../dom.js";
import { severityMark } from "../elements/badge.js";
import { t } from "../i18n.js";

const SECTIONS = ["CAUSE", "CHECKS", "REMEDY"];

/**
 * The words of an answer. `onCite(citation_id, sentence)` opens a source; `sentence` is {text, quote?}.
 * `addSentence(chunk)` and `show(solution)` fill it.
 */
export class Answer {
  constructor({ onCite }) {
    this.onCite = onCite;
    this.node = h("div", { class: "answer" });
    this.clear();
  }

  /** Take everything away. */
  clear() {
    this.sections = new Map();
    this.steps = new Map();
    fill(this.node);
  }

  /** A verified sentence: {step, section, title, text, citation_ids, quote?}. */
  addSentence({ step, section, title, text, citation_ids: cited, quote = null }) {
    const list = this.#step(step, section, title);
    const marks = cited.map((id) => this.#mark(id, { text, quote }));
    list.append(h("p", { class: "sentence" }, text, marks.length > 0 && [" ", marks]));
  }

  /** The whole answer, with what each step needs. */
  show(solution) {
    this.clear();
    for (const step of solution.steps) {
      const claims = solution.claims.filter((claim) => claim.step === step.order);
      const sentences = claims.length ? claims : [{ text: step.text, citation_id: null, quote: null }];
      for (const claim of sentences) {
        const cited = claim.citation_id ? [claim.citation_id] : step.citation_ids;
        this.addSentence({ step: step.order, section: step.section, title: step.title, text: claim.text, citation_ids: cited, quote: claim.quote });
      }
      this.steps.get(step.order).append(...needs(step));
    }
  }

  #section(name) {
    if (!this.sections.has(name)) {
      const node = h("section", { class: `answer-section answer-${name}`, dataset: { order: SECTIONS.indexOf(name) } }, h("h3", {}, t(`ask.section_${name}`)));
      const after = [...this.sections.values()].find((other) => Number(other.dataset.order) > Number(node.dataset.order));
      this.node.insertBefore(node, after ?? null);
      this.sections.set(name, node);
    }
    return this.sections.get(name);
  }

  #step(order, section, title) {
    if (!this.steps.has(order)) {
      const node = h("div", { class: "answer-step" }, title && h("h4", {}, title));
      this.#section(section).append(node);
      this.steps.set(order, node);
    }
    return this.steps.get(order);
  }

  #mark(id, sentence) {
    const words = id.replace(/^c/, "");
    return h("button", { type: "button", class: "cite", "aria-label": t("ask.source_n", { id: words }), onclick: () => this.onCite(id, sentence) }, words);
  }
}

/** Severity, tools, parts and time of a step, as far as there are any. */
function needs(step) {
  const rows = [
    step.requires_tools?.length > 0 && [icon("tool", 15), t("ask.tools", { list: step.requires_tools.join(", ") })],
    step.requires_parts?.length > 0 && [icon("part", 15), t("ask.parts", { list: step.requires_parts.join(", ") })],
    step.estimated_time_minutes && [icon("clock", 15), t("ask.minutes", { n: step.estimated_time_minutes })],
  ].filter(Boolean);
  const mark = severityMark(step.severity);
  if (!rows.length && !mark) return [];
  return [h("ul", { class: "needs" }, mark && h("li", {}, mark), rows.map((row) => h("li", {}, row)))];
}
