// Cards of the learning page: champion, challenger in shadow, drift, history.

import { barList } from "../charts/index.js";
import { h } from "../dom.js";
import { badge } from "../elements/badge.js";
import { dataTable } from "../elements/table.js";
import { currentLanguage, dateTime, has, number, percent, t } from "../i18n.js";

const DRIFT = { STABLE: ["ok", "check"], WATCH: ["warn", "eye"], DRIFT: ["bad", "alert"] };

/** The classifier in use; `action` is the way back. */
export function champion({ champion: current }, action) {
  return h(
    "section",
    { class: "card model" },
    h("div", { class: "card-head" }, h("h2", {}, t("learning.champion")), current && badge(t("learning.in_use"), { tone: "ok", glyph: "check" })),
    current ? [version(current), metrics(current.metrics), action] : h("p", { class: "muted" }, t("learning.no_champion")),
  );
}

/** The classifier that is tried in shadow; `action` promotes it. */
export function challenger({ challenger: rival }, action) {
  return h(
    "section",
    { class: "card model" },
    h("div", { class: "card-head" }, h("h2", {}, t("learning.challenger")), rival && badge(t("learning.in_shadow"), { tone: "info", glyph: "eye" })),
    rival ? [version(rival), metrics(rival.metrics), shadow(rival.shadow), verdict(rival), action] : h("p", { class: "muted" }, t("learning.no_challenger")),
  );
}

function version({ version: name, trained_at: at }) {
  return h("p", {}, h("b", { class: "mono" }, name), at && h("span", { class: "small muted" }, ` · ${t("learning.trained", { when: dateTime(at) })}`));
}

/** Measures by name; those from 0 to 1 as shares. Nested measures are left to the command line. */
function metrics(values) {
  const rows = Object.entries(values ?? {}).filter(([, value]) => typeof value === "number");
  if (!rows.length) return null;
  return h("dl", { class: "facts" }, rows.map(([name, value]) => [h("dt", {}, named(`learning.metric_${name}`, name)), h("dd", { class: "mono" }, measure(value))]));
}

function measure(value) {
  return Math.abs(value) <= 1 && !Number.isInteger(value) ? percent(value, 1) : number(value, 3);
}

function named(key, name) {
  return has(key) ? t(key) : name.replaceAll("_", " ");
}

/** Agreement is a share of all tickets seen; being right, of those that a person has judged. */
function shadow(tally) {
  if (!tally.seen) return h("p", { class: "small muted" }, t("learning.shadow_none"));
  const bar = (key, value, whole, series) => ({ name: t(key), value: whole ? value / whole : 0, text: whole ? `${number(value, 0)} (${percent(value / whole)})` : "–", series });
  return barList({
    title: t("learning.shadow", { seen: tally.seen, judged: tally.judged }),
    max: 1,
    items: [
      bar("learning.agree", tally.agree, tally.seen, 6),
      bar("learning.champion_right", tally.champion_right, tally.judged, 1),
      bar("learning.challenger_right", tally.challenger_right, tally.judged, 3),
    ],
  });
}

/** Whether the test of promotion speaks for the challenger, and why not. */
function verdict(rival) {
  return h(
    "div",
    {},
    badge(t(rival.better ? "learning.better" : "learning.not_better"), { tone: rival.better ? "ok" : "idle", glyph: rival.better ? "check" : "clock" }),
    rival.reasons.length > 0 && h("ul", { class: "reasons" }, reasonsOf(rival).map((reason) => h("li", {}, reason))),
  );
}

/** Why a challenger is, or is not, shown to be better; in the reader's language. */
export function reasonsOf(rival) {
  return rival.reasons.map((reason) => reason[currentLanguage()] ?? reason.en);
}

/** Drift of one kind: its status, what it means, its measures. */
export function drift(title, about, state) {
  const status = state?.rows ? state.status : "UNKNOWN"; // nothing measured is not the same as nothing moved
  const [tone, glyph] = DRIFT[status] ?? ["idle", "dot"];
  const rows = status === "UNKNOWN" ? [] : Object.entries({ rows: state.rows, psi: state.psi, ...state.values });
  return h(
    "section",
    { class: "card" },
    h("div", { class: "card-head" }, h("h2", {}, title), badge(named(`learning.drift_${status}`, status), { tone, glyph })),
    h("p", { class: "small muted" }, about),
    state?.since && status !== "STABLE" && h("p", { class: "small" }, t("learning.drift_since", { when: dateTime(state.since) })),
    rows.length > 0 && h("dl", { class: "facts" }, rows.map(([name, value]) => [h("dt", {}, named(`learning.metric_${name}`, name)), h("dd", { class: "mono" }, number(value, 3))])),
  );
}

/** Versions so far. */
export function history(items) {
  if (!items.length) return null;
  return h(
    "section",
    { class: "card" },
    h("h2", {}, t("learning.history")),
    dataTable({
      caption: t("learning.history"),
      rows: items,
      class: "table-cards",
      columns: [
        { key: "version", label: t("learning.version"), header: true, cell: (one) => h("span", { class: "mono" }, one.version) },
        { key: "status", label: t("knowledge.status"), cell: (one) => named(`learning.status_${one.status}`, one.status) },
        { key: "trained", label: t("learning.trained_at"), cell: (one) => dateTime(one.trained_at) },
        { key: "promoted", label: t("learning.promoted_at"), cell: (one) => dateTime(one.promoted_at) },
        { key: "metrics", label: t("learning.metrics"), cell: (one) => summary(one.metrics) },
      ],
    }),
  );
}

function summary(values) {
  const rows = Object.entries(values ?? {}).filter(([, value]) => typeof value === "number").slice(0, 3);
  return rows.length ? rows.map(([name, value]) => `${named(`learning.metric_${name}`, name)} ${measure(value)}`).join(" · ") : "–";
}
