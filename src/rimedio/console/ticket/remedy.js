// A remedy in three sections; every sentence shows what checking it found and leads to its passage.

import { h, icon } from "../dom.js";
import { badge, severityMark, verdictMark } from "../elements/badge.js";
import { Element, define } from "../elements/base.js";
import { t, translate } from "../i18n.js";
import { bySection, sentencesOf, titleOf } from "./sentences.js";

/** `<rim-remedy>`: set `solution`; it sends `sentence` events with {claim, citation} and has `choose(index)`, `move(by)`. */
export class Remedy extends Element {
  solution = null;
  #sentences = [];
  #chosen = -1;

  mount() {
    const { steps, safety_flags: flags, alternative_actions: alternatives, language } = this.solution;
    const say = (key) => translate(language, key);
    this.#sentences = [];
    this.lang = language;
    this.replaceChildren(
      ...flags.map((flag) => h("p", { class: "notice tone-bad", lang: language }, icon("alert"), h("span", {}, severityMark(flag.severity), " ", flag.message))),
      ...bySection(steps).map(({ section, steps: inside }) =>
        h("section", { class: ["remedy-section", `remedy-${section.toLowerCase()}`] }, h("h2", {}, say(`section.${section}`)), h("ol", { class: "steps" }, inside.map((step) => this.#step(step)))),
      ),
    );
    if (alternatives.length) {
      this.append(h("section", { class: "remedy-section" }, h("h2", {}, say("section.ALTERNATIVES")), h("ul", { class: "plain-list" }, alternatives.map((text) => h("li", {}, text)))));
    }
    this.addEventListener("keydown", (event) => this.#keyed(event));
  }

  /** The sentence that is chosen, or null. */
  get chosen() {
    return this.#sentences[this.#chosen] ?? null;
  }

  /** Choose a sentence by its number and show its passage. */
  choose(index, { focus = false } = {}) {
    if (!this.#sentences[index]) return;
    this.#chosen = index;
    for (const [at, { node }] of this.#sentences.entries()) {
      node.setAttribute("aria-pressed", String(at === index));
      node.tabIndex = at === index ? 0 : -1;
    }
    const { node, claim, citation } = this.#sentences[index];
    if (focus) node.focus();
    this.dispatchEvent(new CustomEvent("sentence", { detail: { claim, citation, byHand: focus } }));
  }

  /** Go some sentences on, or back. */
  move(by) {
    const last = this.#sentences.length - 1;
    this.choose(Math.max(0, Math.min(last, this.#chosen + by)), { focus: true });
  }

  #step(step) {
    const title = titleOf(step);
    return h(
      "li",
      { class: ["step", step.severity !== "INFO" && "step-careful"] },
      (title || step.severity !== "INFO") && h("p", { class: "step-title" }, severityMark(step.severity), title),
      h("div", { class: "sentences" }, sentencesOf(step, this.solution.claims).map((part) => this.#sentence(part, step))),
      needs(step, this.solution.language),
    );
  }

  #sentence({ text, claim }, step) {
    const id = claim?.citation_id ?? (claim ? null : step.citation_ids[0]) ?? null;
    const citation = this.solution.citations.find((one) => one.id === id) ?? null;
    const at = this.#sentences.length;
    const node = h(
      "button",
      { type: "button", class: "sentence", "aria-pressed": "false", tabindex: at === 0 ? "0" : "-1", onclick: () => this.choose(at, { focus: true }) },
      claim ? verdictMark(claim.verdict) : h("span", { class: "verdict tone-idle", title: t("remedy.unchecked") }, icon("dot", 14), h("span", { class: "visually-hidden" }, t("remedy.unchecked"))),
      h("span", { class: "sentence-text" }, text),
      citation && h("span", { class: "cite mono", title: citation.source_title }, h("span", { class: "visually-hidden" }, t("remedy.source")), citation.id.replace(/^c/, "")),
    );
    this.#sentences.push({ node, claim, citation });
    return node;
  }

  #keyed(event) {
    if (!event.target.closest(".sentence") || event.altKey || event.ctrlKey || event.metaKey) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    this.move(by);
  }
}

/** Tools, parts and minutes of a step; null when it needs nothing. */
export function needs(step, language) {
  const say = (key, values) => translate(language, key, values);
  const parts = [
    step.requires_tools?.length > 0 && h("span", {}, icon("tool", 15), h("b", {}, `${say("remedy.tools")}: `), step.requires_tools.join(", ")),
    step.requires_parts?.length > 0 && h("span", {}, icon("part", 15), h("b", {}, `${say("remedy.parts")}: `), h("span", { class: "mono" }, step.requires_parts.join(", "))),
    step.estimated_time_minutes && h("span", {}, icon("clock", 15), say("remedy.minutes", { n: step.estimated_time_minutes })),
  ].filter(Boolean);
  return parts.length ? h("p", { class: "needs" }, parts) : null;
}

/** The list of sources below a remedy; the same numbers as beside the sentences. */
export function sourceList(solution) {
  if (!solution.citations.length) return null;
  return h(
    "section",
    { class: "sources" },
    h("h2", {}, t("remedy.sources")),
    h(
      "ol",
      { class: "source-list" },
      solution.citations.map((citation) =>
        h(
          "li",
          {},
          h("span", { class: "cite mono" }, citation.id.replace(/^c/, "")),
          h("div", {}, h("p", {}, h("b", {}, citation.source_title), " ", badge(t(`doc.${citation.source_type}`)), citation.page ? ` ${t("passage.page", { page: citation.page })}` : ""), citation.section.length > 0 && h("p", { class: "muted small" }, citation.section.join(" › "))),
        ),
      ),
    ),
  );
}

define("rim-remedy", Remedy);
