// The remedy as a list to work through with one hand: big steps to tick off, tools and parts first.

import { fill, h, icon } from "../dom.js";
import { severityMark } from "../elements/badge.js";
import { define, Element } from "../elements/base.js";
import { shareBar } from "../elements/gauge.js";
import { announce } from "../elements/toast.js";
import { t, translate } from "../i18n.js";
import { recall, remember } from "../memory.js";
import { needs } from "./remedy.js";
import { bySection, titleOf } from "./sentences.js";

/** `<rim-checklist>`: set `solution`; sends `source` with {claim, citation} and `finished` when every step is ticked. */
export class Checklist extends Element {
  solution = null;
  #done = new Set();
  #progress = h("div", { class: "check-progress", role: "status" });

  mount() {
    this.#done = new Set(JSON.parse(recall(this.#key) ?? "[]"));
    this.lang = this.solution.language;
    const { steps, safety_flags: flags } = this.solution;
    fill(
      this,
      flags.map((flag) => h("p", { class: "notice tone-bad" }, icon("alert"), flag.message)),
      this.#bag(steps),
      this.#progress,
      bySection(steps).map(({ section, steps: inside }) => h("section", { class: "remedy-section" }, h("h2", {}, translate(this.lang, `section.${section}`)), h("ul", { class: "check-list" }, inside.map((step) => this.#step(step))))),
    );
    this.#show();
  }

  get #key() {
    return `rimedio.steps.${this.solution.solution_id}`;
  }

  #bag(steps) {
    const unique = (name) => [...new Set(steps.flatMap((step) => step[name] ?? []))];
    const minutes = steps.reduce((sum, step) => sum + (step.estimated_time_minutes ?? 0), 0);
    const all = { requires_tools: unique("requires_tools"), requires_parts: unique("requires_parts"), estimated_time_minutes: minutes || null };
    const row = needs(all, this.lang);
    return row && h("div", { class: "check-bag" }, h("h2", {}, translate(this.lang, "check.bring")), row);
  }

  #step(step) {
    const box = h("input", { type: "checkbox", checked: this.#done.has(step.order), onchange: () => this.#tick(step.order, box.checked) });
    const claim = this.solution.claims.find((one) => one.step === step.order) ?? null;
    const citation = this.solution.citations.find((one) => one.id === (claim?.citation_id ?? step.citation_ids[0])) ?? null;
    const source = citation && h("button", { type: "button", class: "check-source", "aria-label": t("check.source", { title: citation.source_title }), onclick: () => this.dispatchEvent(new CustomEvent("source", { detail: { claim, citation } })) }, icon("book", 20));
    return h(
      "li",
      { class: "check-step" },
      h("label", {}, box, h("span", { class: "check-words" }, titleOf(step) && h("b", {}, titleOf(step)), severityMark(step.severity), h("span", { class: "check-text" }, step.text), needs(step, this.lang))),
      source,
    );
  }

  #tick(order, done) {
    if (done) this.#done.add(order);
    else this.#done.delete(order);
    remember(this.#key, JSON.stringify([...this.#done]));
    this.#show();
    const all = this.solution.steps.length;
    announce(t("check.progress", { done: this.#done.size, all }));
    if (done && this.#done.size === all) this.dispatchEvent(new CustomEvent("finished", { bubbles: true }));
  }

  #show() {
    const all = this.solution.steps.length;
    fill(this.#progress, h("span", {}, t("check.progress", { done: this.#done.size, all })), shareBar(all ? this.#done.size / all : 0, this.#done.size === all ? "ok" : "accent"));
  }
}

define("rim-checklist", Checklist);
