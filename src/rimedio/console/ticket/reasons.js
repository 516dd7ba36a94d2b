// Why Rimedio decided as it did. The service writes its reasons in the ticket's language, "CODE: sentence"; who reads
// them here may speak the other one, and reads shares as on the scale beside them.

import { confidence, currentLanguage, has, t } from "../i18n.js";

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

/** A reason for the reader: {text, lang}. One that is not known stays as it is, in the `language` of its ticket. */
export function reasonFor(reason, language) {
  const [, code, text] = /^(?:([A-Z_]+): )?(.*)$/s.exec(reason);
  const [count, find] = VALUES[code] ?? [0, () => []];
  const values = find(text);
  if (!has(`reason.${code}`) || values.length !== count) return { text, lang: language };
  return { text: t(`reason.${code}`, { a: values[0], b: values[1] }), lang: currentLanguage() };
}
