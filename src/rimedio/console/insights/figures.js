// The figures of a period: tiles with their course, then charts.

import { barList, coverageChart, lineChart, sparkline, stackedBars } from "../charts/index.js";
import { h } from "../dom.js";
import { duration, has, locale, money, number, percent, t } from "../i18n.js";

const STATUSES = ["PROCESSING", "READY", "IN_REVIEW", "NEEDS_INFO", "ESCALATED", "FAILED", "RESOLVED"];

/** "12 Nov" of an ISO day. */
function dayName(day) {
  return new Intl.DateTimeFormat(locale(), { day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
}

/** When a day of the figures begins on the reader's clock; empty where that is midnight. */
export function dayBegins(now = new Date()) {
  const begins = new Date(now);
  begins.setUTCHours(0, 0, 0, 0);
  const hours = [begins.getHours(), begins.getMinutes()];
  return hours.some(Boolean) ? t("insights.day_begins", { time: new Intl.DateTimeFormat(locale(), { timeStyle: "short" }).format(begins) }) : "";
}

/** The figures that are looked at first. */
export function tiles(report) {
  const { per_day: days, cost, latency } = report;
  const course = (values, key) => sparkline({ values, label: t("insights.course", { what: t(key) }) });
  const rate = (of) => days.map((day) => (day.opened ? Math.min(day[of] / day.opened, 1) : null));
  return h(
    "div",
    { class: "tiles" },
    tile("insights.tickets", number(report.tickets.total, 0), course(days.map((day) => day.opened), "insights.tickets")),
    tile("insights.resolution", percent(report.resolution_rate), course(rate("resolved"), "insights.resolution")),
    tile("insights.deflection", percent(report.deflection_rate), course(rate("published"), "insights.deflection")),
    tile("insights.p95", duration(latency.p95_ms), course(days.map((day) => day.p95_ms), "insights.p95")),
    tile("insights.per_ticket", money(cost.per_ticket_usd), course(days.map((day) => day.cost_usd), "insights.cost_day")),
  );
}

function tile(key, value, spark) {
  return h("div", { class: "tile card" }, h("p", { class: "tile-name" }, t(key)), h("p", { class: "tile-value" }, value), h("p", { class: "small muted" }, t(`${key}_about`)), spark);
}

/** What became of the tickets, day by day. */
export function outcomes(report) {
  const days = report.per_day;
  const of = (name) => days.map((day) => day[name]);
  return stackedBars({
    title: t("insights.outcomes"),
    summary: t("insights.outcomes_about"),
    labels: days.map(({ day }) => dayName(day)),
    head: t("insights.day"),
    format: (value) => number(value, 0),
    series: ["published", "reviewed", "asked", "escalated"].map((name) => ({ name: t(`insights.${name}`), values: of(name) })),
  });
}

/** Opened against resolved. */
export function flow(report) {
  const days = report.per_day;
  return lineChart({
    title: t("insights.flow"),
    labels: days.map(({ day }) => dayName(day)),
    head: t("insights.day"),
    format: (value) => number(value, 0),
    ticks: wholeTicks,
    area: true,
    series: ["opened", "resolved"].map((name) => ({ name: t(`insights.${name}`), values: days.map((day) => day[name]) })),
  });
}

/** How fast answers were. */
export function latency(report) {
  const days = report.per_day;
  return lineChart({
    title: t("insights.latency"),
    summary: t("insights.latency_about", { p50: duration(report.latency.p50_ms), p95: duration(report.latency.p95_ms) }),
    labels: days.map(({ day }) => dayName(day)),
    head: t("insights.day"),
    format: duration,
    series: [
      { name: t("insights.p50_line"), values: days.map((day) => day.p50_ms) },
      { name: t("insights.p95_line"), values: days.map((day) => day.p95_ms) },
    ],
  });
}

/** What the days cost. */
export function costs(report) {
  const days = report.per_day;
  return lineChart({
    title: t("insights.cost"),
    summary: t("insights.cost_about", { total: money(report.cost.total_usd), resolved: money(report.cost.per_resolved_usd) }),
    labels: days.map(({ day }) => dayName(day)),
    head: t("insights.day"),
    format: money,
    area: true,
    series: [{ name: t("insights.cost_day"), values: days.map((day) => day.cost_usd) }],
  });
}

/** What each model cost. */
export function models(report) {
  const items = Object.entries(report.cost.by_model).sort((a, b) => b[1] - a[1]);
  return barList({
    title: t("insights.by_model"),
    empty: t("insights.no_cost"),
    items: items.map(([name, usd]) => ({ name: has(`insights.spent_${name}`) ? t(`insights.spent_${name}`) : name, value: usd, text: money(usd) })),
  });
}

/** Where the tickets stand. */
export function statuses(report) {
  const counts = report.tickets.by_status;
  return barList({
    title: t("insights.statuses"),
    empty: t("chart.empty"),
    items: STATUSES.filter((name) => counts[name]).map((name) => ({ name: t(`status.${name}`), value: counts[name], text: number(counts[name], 0) })),
  });
}

/** What people did with the remedies. */
export function use(counts) {
  const names = ["used", "edited", "ignored", "unknown"].filter((name) => counts[name] !== undefined);
  const total = names.reduce((sum, name) => sum + counts[name], 0);
  return barList({
    title: t("insights.use"),
    empty: t("insights.no_use"),
    max: total,
    items: total ? names.map((name, i) => ({ name: t(`insights.use_${name}`), note: t(`insights.use_${name}_about`), value: counts[name], text: `${number(counts[name], 0)} (${percent(counts[name] / total)})`, series: [3, 1, 2, 6][i] })) : [],
  });
}

/** How many answers go out at a threshold, and how many of them are wrong. */
export function coverage(report) {
  return coverageChart({
    title: t("insights.coverage"),
    summary: t("insights.coverage_about"),
    height: 280,
    empty: t("insights.coverage_none"),
    points: report.coverage,
    current: report.threshold ?? null,
    percent: (share) => percent(share, share < 0.1 && share > 0 ? 1 : 0),
    number: (value) => number(value, 2),
    names: {
      coverage: t("insights.coverage_x"),
      error: t("insights.coverage_y"),
      threshold: t("insights.threshold"),
      answered: t("insights.answered"),
      current: t("insights.threshold_now", { threshold: number(report.threshold, 2) }),
    },
    say: (point) =>
      t("insights.coverage_say", {
        threshold: number(point.threshold, 2),
        coverage: percent(point.coverage),
        error: percent(point.error, 1),
        answered: number(point.answered, 0),
      }),
  });
}

function wholeTicks(max) {
  const step = Math.max(1, 10 ** Math.floor(Math.log10(Math.max(max, 1) / 2)));
  const wide = max / step > 10 ? step * 5 : max / step > 5 ? step * 2 : step;
  return Array.from({ length: Math.ceil(Math.max(max, 1) / wide) + 1 }, (_, i) => i * wide);
}
