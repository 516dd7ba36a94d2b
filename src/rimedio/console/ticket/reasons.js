// Why Rimedio decided as it did. The service writes its reasons in the ticket's language, "CODE: sentence"; who reads
// them here may speak the other one, and reads shares as on the scale beside them.

import { confidence, currentLanguage, has, t } from "../i18n.js";
import { said } from "../said.js";

const SHARES = (text) => (text.match(/\b[01]\.\d\d\b/g) ?? []).map((share) => confidence(Number(share)));
const COUNTS = (text) => text.match(/\b\d+\b/g) ?? [];
// How many values a sentence holds, and where they stand in it, in whichever language it was written.
const VALUES = {
  GROUNDED: [2, SHARES],
  LOW_GROUNDEDNESS: [2, SHARES],
  LOW_CONFIDENCE: [2, SHARES],
  ASKED_ENOUGH: [1, COUNTS],
  CLAIM_REFUSED: [1, COUNTS],
  TOO_FEW_CITATIONS: [2, COUNTS],
  UNKNOWN_CODE: [1, (text) => (/\b(?:codice|code) (\S+)/.exec(text) ?? []).slice(1)],
  UNSAFE_STEP: [1, (text) => (/: (.*)$/s.exec(text) ?? []).slice(1)],
  DOCUMENTS_DISAGREE: [1, (text) => (/\((.*)\)/s.exec(text) ?? []).slice(1)],
};

// How the ledger says that a month's money decided which model may still write.
const BUDGET = /^budget: (\w+), (\S+) of (\S+)(?: \(([\d.]+%)\))? is spent or put aside in (\d{4}-\d\d)/;

/** Why another model wrote than the one that comes first: {text, lang}. */
export function fallbackFor(reason) {
  const [, level, spent, monthly, share, month] = BUDGET.exec(reason ?? "") ?? [];
  if (!level) return said(reason);
  const values = { level: t(`budget.level_${level}`), spent, monthly, share: share ?? "–", month };
  return { text: t("budget.reason", values), lang: currentLanguage() };
}

/** Why a ticket without a remedy stands where it stands: {text, lang}, or null; what a person wrote stays as it is. */
export function whyHere({ status_code: code, status_reason: reason }) {
  if (code && has(`why.${code}`)) return { text: t(`why.${code}`), lang: currentLanguage() };
  if (code || !reason) return null;
  const [, who] = /^escalated by (.+)$/.exec(reason) ?? [];
  if (who) return { text: t("why.by", { who }), lang: currentLanguage() };
  if (!/^[a-z]+(?:-[a-z]+)*$/.test(reason)) return { text: reason, lang: null };
  const key = `reason.${reason.toUpperCase().replaceAll("-", "_")}`; // a word of the workflow's own
  return has(key) ? { text: t(key), lang: currentLanguage() } : null;
}

/** A reason for the reader: {text, lang}. One that is not known stays as it is, in the `language` of its ticket. */
export function reasonFor(reason, language) {
  const [, code, text] = /^(?:([A-Z_]+): )?(.*)$/s.exec(reason);
  const [count, find] = VALUES[code] ?? [0, () => []];
  const values = find(text);
  if (!has(`reason.${code}`) || values.length !== count) return { text, lang: language };
  return { text: t(`reason.${code}`, { a: values[0], b: values[1] }), lang: currentLanguage() };
}
