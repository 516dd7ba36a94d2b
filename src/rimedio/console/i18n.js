// Words, numbers and dates in Italian or English.

import it from "./i18n/it.js";
import en from "./i18n/en.js";
import { recall, remember } from "./memory.js";

const KEY = "rimedio.language";
const WORDS = { it, en };
const MISSING = "–";
let language = choose();

/** "it" or "en". */
export function currentLanguage() {
  return language;
}

/** The reader's own variety of the language, for numbers and dates: en-GB writes 2 Jan 2026, en-US Jan 2, 2026. */
export function locale() {
  return (globalThis.navigator?.languages ?? []).find((one) => one.toLowerCase().split("-")[0] === language) ?? language;
}

/** Choose a language; pages are built anew by whoever listens to `language` on window. */
export function setLanguage(chosen) {
  language = chosen in WORDS ? chosen : "en";
  remember(KEY, language);
  document.documentElement.lang = language;
  window.dispatchEvent(new CustomEvent("language", { detail: language }));
}

/**
 * The words behind a key, with `{name}` filled in. A key whose words depend on a number has `key.one` and
 * `key.other` and is asked for with `{n}`. An unknown key shows itself.
 */
export function t(key, values = {}) {
  return translate(language, key, values);
}

/** The same in a given language, for texts that belong to a ticket and not to the reader. */
export function translate(lang, key, values = {}) {
  const words = WORDS[lang] ?? WORDS.en;
  const plural = `${key}.${new Intl.PluralRules(lang).select(values.n ?? 0)}`;
  const text = words[key] ?? words[plural] ?? words[`${key}.other`] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? number(value) : String(value);
  });
}

/** Whether there are words for a key. */
export function has(key) {
  return key in WORDS[language];
}

/** The label of a `{it, en}` mapping of the taxonomy, or the name itself. */
export function label(mapping, name) {
  return mapping?.[language] ?? mapping?.en ?? name;
}

/** 12.345,6 */
export function number(value, digits = 1) {
  if (value === null || value === undefined) return MISSING;
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: digits, useGrouping: "always" }).format(value);
}

/** 0.873 → 87 %. Never rounded up to 100 %: that would promise what no calibration can. */
export function percent(value, digits = 0) {
  if (value === null || value === undefined) return MISSING;
  const top = 1 - 10 ** -(digits + 2);
  const shown = value < 1 ? Math.min(value, top) : value;
  return new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: digits }).format(shown);
}

/** A probability, capped at 99 %. */
export function confidence(value) {
  return value === null || value === undefined ? MISSING : percent(Math.min(value, 0.99));
}

/** US dollars; small sums keep their digits. */
export function money(value) {
  if (value === null || value === undefined) return MISSING;
  const digits = value !== 0 && Math.abs(value) < 0.1 ? 4 : 2;
  const format = { style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale(), format).format(value);
}

/** 82 ms, 1,4 s, 3 min. */
export function duration(ms) {
  if (ms === null || ms === undefined) return MISSING;
  if (ms < 1000) return `${number(ms, 0)} ms`;
  if (ms < 60_000) return `${number(ms / 1000, 1)} s`;
  return age(ms);
}

/** How long, in the two biggest units: 3 min, 2 h 5 min, 4 d 3 h. */
export function age(ms) {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return t("time.now");
  if (minutes < 60) return t("time.minutes", { count: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return t("time.hours", { count: hours, rest: minutes % 60 });
  return t("time.days", { count: Math.floor(hours / 24), rest: hours % 24 });
}

/** 1,2 MB. */
export function bytes(value) {
  const units = ["B", "kB", "MB", "GB"];
  let power = 0;
  let rest = value;
  while (rest >= 1000 && power < units.length - 1) {
    rest /= 1000;
    power += 1;
  }
  return `${number(rest, power ? 1 : 0)} ${units[power]}`;
}

/** A day, or a day and its time. */
export function dateTime(value, { time = true } = {}) {
  if (!value) return MISSING;
  const format = time ? { dateStyle: "medium", timeStyle: "short" } : { dateStyle: "medium" };
  return new Intl.DateTimeFormat(locale(), format).format(new Date(value));
}

/** 14:03:27. */
export function clock(value) {
  return value ? new Intl.DateTimeFormat(locale(), { timeStyle: "medium" }).format(new Date(value)) : MISSING;
}

/** Milliseconds since an instant. */
export function since(value) {
  return Math.max(0, Date.now() - new Date(value).getTime());
}

function choose() {
  const kept = recall(KEY);
  const chosen = kept in WORDS ? kept : navigator.language.toLowerCase().startsWith("it") ? "it" : "en";
  document.documentElement.lang = chosen;
  return chosen;
}
