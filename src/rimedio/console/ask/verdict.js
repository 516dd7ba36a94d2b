// What an answer amounts to: how sure, what is unsure, or that it is not in the documentation.

import { h, icon } from "../dom.js";
import { buttonLink } from "../elements/button.js";
import { gauge } from "../elements/gauge.js";
import { duration, money, t } from "../i18n.js";
import { href } from "../router.js";
import { may } from "../session.js";

/** How sure the answer is and why; what it took. */
export function assurance(solution) {
  const { decision, quality, performance, routing } = solution;
  const doubtful = decision.outcome !== "PUBLISH";
  return h(
    "section",
    { class: ["assurance", doubtful ? "tone-warn" : "tone-ok"] },
    h("p", { class: "assurance-head" }, icon(doubtful ? "eye" : "shield"), h("b", {}, t(`ask.outcome_${decision.outcome}`)), gauge(quality.confidence, { label: t("ask.confidence") })),
    decision.reasons.length > 0 && h("ul", { class: "reasons" }, decision.reasons.map((reason) => h("li", {}, reason))),
    solution.safety_flags.length > 0 && h("ul", { class: "reasons" }, solution.safety_flags.map((flag) => h("li", {}, icon("alert", 15), " ", flag.message))),
    h("p", { class: "small muted" }, [t("ask.took", { time: duration(performance.latency_ms) }), routing.model, performance.cost_usd > 0 && money(performance.cost_usd)].filter(Boolean).join(" · ")),
  );
}

/** Nothing to say: in clear words, with what can be done. */
export function nothingFound(entry) {
  const { decision, alternative_actions: others } = entry.solution;
  const asks = decision.outcome === "ASK" && decision.question;
  return h(
    "section",
    { class: "nothing card" },
    icon(asks ? "question" : "book", 26),
    h("h3", {}, asks ? t("ask.needs_more") : t("ask.not_in_documents")),
    asks ? h("p", { class: "nothing-question" }, decision.question) : h("p", {}, t("ask.no_guess")),
    !asks && decision.reasons.length > 0 && h("ul", { class: "reasons" }, decision.reasons.map((reason) => h("li", {}, reason))),
    others.length > 0 && h("ul", { class: "reasons" }, others.map((other) => h("li", {}, other))),
    h("div", { class: "nothing-acts" }, openTicket(entry), searchPassages(entry)),
  );
}

/** The way from a question to a ticket. */
export function openTicket(entry, kind = "primary") {
  if (!may("POST /v1/tickets")) return null;
  const query = { symptom: entry.question, model: entry.model, code: entry.code };
  return buttonLink(t("ask.open_ticket"), { kind, glyph: "plus", href: href("/tickets/new", query) });
}

function searchPassages(entry) {
  if (!may("POST /v1/kb/search")) return null;
  return buttonLink(t("ask.search"), { glyph: "search", href: href("/knowledge/search", { q: entry.question, model: entry.model }) });
}
