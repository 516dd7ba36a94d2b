// An answer while it is written: sentences appear as they are verified, each with the number of its source.

import { fill, h, icon } from "../dom.js";
import { t } from "../i18n.js";

const SECTIONS = ["CAUSE", "CHECKS", "REMEDY"];

/** The words so far; `onCite(citation_id, text)` opens a source. Once complete, a remedy takes its place. */
export class Writing {
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

  /** A verified sentence: {step, section, title, text, citation_ids}. */
  add({ step, section, title, text, citation_ids: cited }) {
    const marks = cited.map((id) => this.#mark(id, text));
    this.#step(step, section, title).append(h("p", { class: "written" }, icon("check", 14), h("span", {}, text, " ", marks)));
  }

  #section(name) {
    if (!this.sections.has(name)) {
      const order = SECTIONS.indexOf(name);
      const node = h("section", { class: `remedy-section remedy-${name.toLowerCase()}`, dataset: { order } }, h("h3", {}, t(`section.${name}`)));
      const after = [...this.sections.values()].find((other) => Number(other.dataset.order) > order);
      this.node.insertBefore(node, after ?? null);
      this.sections.set(name, node);
    }
    return this.sections.get(name);
  }

  #step(order, section) {
    if (!this.steps.has(order)) {
      const node = h("div", { class: "answer-step" });
      this.#section(section).append(node);
      this.steps.set(order, node);
    }
    return this.steps.get(order);
  }

  #mark(id, text) {
    const words = id.replace(/^c/, "");
    return h("button", { type: "button", class: "cite mono", "aria-label": t("ask.source_n", { id: words }), onclick: () => this.onCite(id, text) }, words);
  }
}
