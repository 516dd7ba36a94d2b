// What can be done with an answer, and clear words where there is none.

import { h, icon } from "../dom.js";
import { buttonLink } from "../elements/button.js";
import { t } from "../i18n.js";
import { href } from "../router.js";
import { may } from "../session.js";
import { reasonFor } from "../ticket/reasons.js";

/** Nothing to say: in clear words, with what can be done. */
export function nothingFound(entry) {
  const { decision, alternative_actions: others, language } = entry.solution;
  const asks = decision.outcome === "ASK" && decision.question;
  const reasons = asks ? [] : decision.reasons.map((reason) => reasonFor(reason, language));
  const lines = [...reasons, ...others.map((text) => ({ text, lang: language }))];
  return h(
    "section",
    { class: "nothing card" },
    icon(asks ? "question" : "book", 26),
    h("h3", {}, asks ? t("ask.needs_more") : t("ask.not_in_documents")),
    asks ? h("p", { class: "nothing-question", lang: language }, decision.question) : h("p", {}, t("ask.no_guess")),
    lines.length > 0 && h("ul", { class: "reasons" }, lines.map(({ text, lang }) => h("li", { lang }, text))),
    h("div", { class: "nothing-acts" }, openTicket(entry, "primary"), searchPassages(entry)),
  );
}

/** The way from a question to a ticket. */
export function openTicket(entry, kind = "plain") {
  if (!may("POST /v1/tickets")) return null;
  const query = { symptom: entry.question, model: entry.model, code: entry.code };
  return buttonLink(t("ask.open_ticket"), { kind, glyph: "plus", href: href("/tickets/new", query) });
}

function searchPassages(entry) {
  if (!may("POST /v1/kb/search")) return null;
  return buttonLink(t("ask.search"), { glyph: "search", href: href("/knowledge/search", { q: entry.question, model: entry.model }) });
}
