// How sure Rimedio is, why, and how often it was wrong when it was that sure.

import { api } from "../api.js";
import { h, icon } from "../dom.js";
import { gauge, shareBar } from "../elements/gauge.js";
import { duration, has, money, number, percent, t } from "../i18n.js";
import { may } from "../session.js";
import { reasonFor } from "./reasons.js";

const TONES = { PUBLISH: "ok", REVIEW: "warn", ASK: "info", ESCALATE: "bad" };
const GLYPHS = { PUBLISH: "check", REVIEW: "eye", ASK: "question", ESCALATE: "up" };

/** The decision in words: outcome (or `said` in its place), scale, reasons, and more on demand. */
export function decisionPanel(solution, said = t(`outcome.${solution.decision.outcome}`)) {
  const { decision, claims } = solution;
  const quoted = claims.filter((claim) => claim.quote).length;
  return h(
    "section",
    { class: ["decision", `tone-${TONES[decision.outcome]}`], "aria-label": t("decision.title") },
    h(
      "div",
      { class: "decision-head" },
      h("p", { class: "decision-outcome" }, icon(GLYPHS[decision.outcome]), said),
      gauge(decision.confidence, { label: t("decision.confidence"), size: "large", tone: TONES[decision.outcome] }),
      claims.length > 0 && h("p", { class: "small" }, t("decision.quoted", { n: claims.length, quoted })),
    ),
    decision.reasons.length > 0 && h("ul", { class: "decision-reasons" }, decision.reasons.map((reason) => reasonItem(reason, solution.language))),
    decision.question && h("p", { class: "decision-question" }, h("b", {}, `${t("decision.asks")} `), h("q", { lang: solution.language }, decision.question)),
    details(solution),
  );
}

function reasonItem(reason, language) {
  const { text, lang } = reasonFor(reason, language);
  return h("li", { lang }, text);
}

function details(solution) {
  const history = h("p", { class: "small", hidden: true });
  const node = h(
    "details",
    { class: "decision-more" },
    h("summary", {}, t("decision.why")),
    history,
    h("table", { class: "table features" }, h("caption", { class: "visually-hidden" }, t("decision.features")), h("thead", { class: "visually-hidden" }, h("tr", {}, h("th", { scope: "col" }, t("decision.sign")), h("th", { scope: "col" }, t("decision.bar")), h("th", { scope: "col" }, t("decision.value")))), h("tbody", {}, Object.entries(solution.decision.features).map(featureRow))),
    facts(solution),
  );
  node.addEventListener("toggle", () => node.open && pastErrors(solution.decision.confidence, history), { once: true });
  return node;
}

function featureRow([name, value]) {
  return h("tr", {}, h("th", { scope: "row" }, has(`feature.${name}`) ? t(`feature.${name}`) : name), h("td", { class: "feature-bar" }, shareBar(value, name === "weak" ? "warn" : "accent")), h("td", { class: "mono numeric" }, number(value, 2)));
}

function facts({ routing, performance, quality }) {
  const rows = [
    [t("decision.groundedness"), percent(quality.groundedness_score)],
    [t("decision.writer"), `${routing.provider} · ${routing.model}`],
    [t("decision.prompt"), routing.prompt_version],
    routing.fallback_used && [t("decision.fallback"), fallback(routing.reason)],
    [t("decision.took"), duration(performance.latency_ms)],
    performance.tokens_input + performance.tokens_output > 0 && [t("decision.tokens"), `${number(performance.tokens_input)} → ${number(performance.tokens_output)}`],
    [t("decision.cost"), money(performance.cost_usd)],
  ].filter(Boolean);
  return h("dl", { class: "facts small" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", { class: "mono" }, value)]));
}

function fallback(reason) {
  if (!reason) return "✓";
  const { text, lang } = fallbackFor(reason);
  return h("span", { lang }, text);
}

/** Only a real count is shown: nothing is said where too few answers were judged. */
async function pastErrors(confidence, node) {
  if (!may("GET /v1/insights")) return;
  const { coverage = [] } = await api.get("/v1/insights", { query: { days: 90 } }).catch(() => ({}));
  const rows = coverage.filter((row) => row.threshold <= confidence && row.error !== null && row.answered > 0);
  const row = rows.sort((a, b) => b.threshold - a.threshold)[0];
  if (!row) return;
  node.textContent = t("decision.past", { threshold: percent(row.threshold), answered: row.answered, error: percent(row.error, 1) });
  node.hidden = false;
}
