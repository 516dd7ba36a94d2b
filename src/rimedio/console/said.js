// What the service says, in the reader's language. It speaks English; for Italian there is a table of its sentences.

import { FAULTS, FIELDS, SENTENCES } from "./i18n/service-it.js";
import { currentLanguage, t } from "./i18n.js";

/** A sentence of the service for the reader: {text, lang}; `lang` is "en" where there are no Italian words for it. */
export function said(text) {
  if (currentLanguage() !== "it" || !text) return { text: text ?? "", lang: currentLanguage() };
  const found = translated(String(text), SENTENCES);
  return found ? { text: found, lang: "it" } : { text: String(text), lang: "en" };
}

/** A refused request for the reader, field by field where the API names fields. */
export function refused(message, details) {
  if (currentLanguage() !== "it" || !details?.length) return said(message);
  const faults = details.map(({ field, message: fault }) => `${fieldName(field)}: ${faultOf(fault)}`);
  return { text: `${faults.join("; ")}.`, lang: "it" };
}

/** What is wrong with the value of one field. */
export function faultOf(fault) {
  const text = currentLanguage() === "it" ? (translated(fault, FAULTS) ?? fault) : fault;
  return text.includes("match pattern") ? t("error.form") : text;
}

function fieldName(path) {
  const last = path.split(".").filter((part) => !/^\d+$/.test(part)).pop();
  return FIELDS[last] ?? last;
}

function translated(text, table) {
  for (const [pattern, sentence] of table) {
    const found = pattern.exec(text);
    if (!found) continue;
    const words = typeof sentence === "function" ? sentence(found, t) : sentence.replace(/\{(\d)\}/g, (_, at) => found[at] ?? "");
    if (words) return words;
  }
  return null;
}
