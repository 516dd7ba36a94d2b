// When a schedule is due: what its expression says in words, and expressions out of the fields of a form.

import { dateTime, t } from "../i18n.js";

/** Units of `rate(…)`. */
export const UNITS = ["minute", "hour", "day"];
/** Ways to say when; "cron" is any other expression, written by hand. */
export const KINDS = ["rate", "daily", "weekdays", "once", "cron"];

const RATE = /^rate\((\d+) (minute|hour|day)s?\)$/;
const DAILY = /^cron\((\d{1,2}) (\d{1,2}) (\* \* \?|\? \* MON-FRI) \*\)$/i;
const ONCE = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d):00\)$/;

/** The parts of an expression: {kind, every, unit} | {kind, time} | {kind, at} | {kind: "cron", text}. */
export function partsOf(expression) {
  const rate = RATE.exec(expression);
  if (rate) return { kind: "rate", every: Number(rate[1]), unit: rate[2] };
  const daily = DAILY.exec(expression);
  if (daily) return { kind: daily[3].startsWith("*") ? "daily" : "weekdays", time: `${daily[2].padStart(2, "0")}:${daily[1].padStart(2, "0")}` };
  const once = ONCE.exec(expression);
  if (once) return { kind: "once", at: once[1] };
  return { kind: "cron", text: expression };
}

/** The expression of such parts. */
export function expressionOf({ kind, every, unit, time, at, text }) {
  if (kind === "rate") return `rate(${every} ${unit}${every === 1 ? "" : "s"})`;
  if (kind === "once") return `at(${at}:00)`;
  if (kind === "cron") return text.trim();
  const [hours, minutes] = time.split(":").map(Number);
  return `cron(${minutes} ${hours} ${kind === "daily" ? "* * ?" : "? * MON-FRI"} *)`;
}

/** An expression in words; null for what only its own language can say. */
export function inWords(expression) {
  const parts = partsOf(expression);
  if (parts.kind === "rate") return t(`schedule.every_${parts.unit}`, { n: parts.every });
  if (parts.kind === "once") return t("schedule.at_once", { when: dateTime(parts.at) });
  return parts.kind === "cron" ? null : t(`schedule.at_${parts.kind}`, { time: parts.time });
}
