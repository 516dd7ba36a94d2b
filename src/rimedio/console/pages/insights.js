// How well it works: resolution, coverage against error, latency, cost, budget, objectives.

import { api, wasAborted } from "../api.js";
import { fill, h } from "../dom.js";
import { define, Page } from "../elements/base.js";
import { buttonLink } from "../elements/button.js";
import { segmented } from "../elements/field.js";
import { emptyState, errorState, skeleton } from "../elements/state.js";
import { t } from "../i18n.js";
import * as figures from "../insights/figures.js";
import { objectives } from "../insights/objectives.js";
import { subnav } from "../insights/subnav.js";
import { href, keepQuery } from "../router.js";
import { may } from "../session.js";
import "../insights/budget.js";

const PERIODS = ["7", "30", "90"];

class InsightsPage extends Page {
  mount() {
    const days = PERIODS.includes(this.route.query.days) ? this.route.query.days : "30";
    const period = segmented(t("insights.period"), PERIODS.map((n) => [n, t("insights.days", { n: Number(n) })]), { value: days, onchange: (value) => this.#choose(value) });
    this.content = h("div", { class: "insights-body" }, skeleton(10));
    this.append(h("div", { class: "page insights" }, this.header(t("nav.insights"), { lead: t("insights.lead"), actions: [period] }), subnav("insights"), this.content));
    this.#read(days);
  }

  #choose(days) {
    keepQuery({ days });
    this.#read(days);
  }

  async #read(days) {
    this.days = days;
    this.content.setAttribute("aria-busy", "true");
    try {
      const report = await api.get("/v1/insights", { query: { days }, signal: this.signal });
      if (this.days === days) fill(this.content, report.tickets.total || report.per_day.some((day) => day.opened) ? this.#report(report) : nothing(), this.#money());
    } catch (error) {
      if (!wasAborted(error)) fill(this.content, errorState(error, () => this.#read(days)));
    }
    this.content.removeAttribute("aria-busy");
  }

  #report(report) {
    const begins = figures.dayBegins();
    return [
      figures.tiles(report),
      begins && h("p", { class: "small muted" }, begins),
      h("div", { class: "chart-grid" }, card(figures.outcomes(report), "wide"), card(figures.flow(report)), card(figures.coverage(report)), card(figures.latency(report)), card(figures.costs(report))),
      h("div", { class: "chart-grid thirds" }, card(figures.statuses(report)), card(figures.use(report.use)), card(figures.models(report))),
      h("section", { class: "card" }, h("h2", {}, t("slo.title")), h("p", { class: "small muted" }, t("slo.about")), objectives(report.slo)),
    ];
  }

  #money() {
    return may("GET /v1/budget") && h("rim-budget", { class: "card budget" });
  }
}

function card(figure, extra = null) {
  return h("section", { class: ["card", extra] }, figure);
}

function nothing() {
  return emptyState({ glyph: "chart", title: t("insights.none"), text: t("insights.none_text"), action: buttonLink(t("nav.queue"), { href: href("/queue") }) });
}

define("rim-insights", InsightsPage);
