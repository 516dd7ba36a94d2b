// What is sent to open a ticket, and what is wrong with it before it is sent.

import { t } from "../i18n.js";

const SYMPTOM_CHARS_MIN = 10;
export const SYMPTOM_CHARS_MAX = 5000;
const SHORT_MAX = 200;
const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s.]{2,}$/;

/** {field: message} of what the API would refuse; `type` is the product type chosen, or null. */
export function check(values, type) {
  const problems = {};
  for (const name of ["product_type", "model", "serial", "customer_name", "customer_id"]) {
    if (!values[name]) problems[name] = t("new.needed");
    else if (values[name].length > SHORT_MAX) problems[name] = t("new.too_long", { most: SHORT_MAX });
  }
  const length = values.symptom_text.length;
  if (length < SYMPTOM_CHARS_MIN) problems.symptom_text = t("new.symptom_short", { least: SYMPTOM_CHARS_MIN, n: length });
  if (values.contact_email && !EMAIL.test(values.contact_email)) problems.contact_email = t("new.email_wrong");
  if (values.error_code && type && !fits(type.error_code_pattern, values.error_code)) problems.error_code = t("new.code_wrong", { code: values.error_code });
  return problems;
}

/** The body of `POST /v1/tickets`. */
export function requestOf(values, attachments) {
  const optional = (value) => value || null;
  return {
    customer: { id: values.customer_id, name: values.customer_name, contact_email: optional(values.contact_email), account_tier: values.account_tier },
    asset: { product_type: values.product_type, model: values.model, serial: values.serial, firmware_version: optional(values.firmware_version) },
    symptom_text: values.symptom_text,
    error_code: optional(values.error_code.toUpperCase()),
    attachments,
    priority: values.priority,
    lang: optional(values.lang),
  };
}

/** Patterns are Python's; one that JavaScript cannot read is left to the API. */
function fits(pattern, code) {
  try {
    return new RegExp(`^(?:${pattern})$`, "i").test(code);
  } catch {
    return true;
  }
}
