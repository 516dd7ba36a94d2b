// Product types, models and categories, read once a session.

import { api } from "./api.js";
import { label } from "./i18n.js";

let reading = null;

/** {product_types: [{name, label?, models, error_code_pattern}], categories: [...]}. */
export function taxonomy() {
  reading ??= api.get("/v1/taxonomy").catch((error) => {
    reading = null;
    throw error;
  });
  return reading;
}

/** [[name, words], …] of product types or categories, for a select. */
export function choices(entries) {
  return entries.map((entry) => (typeof entry === "string" ? [entry, entry] : [entry.name, label(entry.label, entry.name)]));
}

/** The words for one name among product types or categories. */
export function nameOf(entries, name) {
  const found = (entries ?? []).find((entry) => (entry.name ?? entry) === name);
  return found ? label(found.label, name) : name;
}
