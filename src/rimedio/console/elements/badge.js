// Marks of status, priority, verdict and severity: a shape and words, the colour only helps.

import { h, icon } from "../dom.js";
import { t } from "../i18n.js";

const STATUS = {
  NEW: ["idle", "dot"],
  PROCESSING: ["info", "loop"],
  READY: ["ok", "check"],
  IN_REVIEW: ["warn", "eye"],
  NEEDS_INFO: ["info", "question"],
  ESCALATED: ["bad", "up"],
  FAILED: ["bad", "x"],
  RESOLVED: ["idle", "done"],
};
const VERDICT = { SUPPORTED: ["ok", "check"], WEAK: ["warn", "tilde"], REFUTED: ["bad", "x"], UNQUOTED: ["bad", "question"], OPERATOR: ["info", "person"] };
const SEVERITY = { INFO: ["idle", "info"], CAUTION: ["warn", "alert"], WARNING: ["warn", "alert"], DANGER: ["bad", "alert"] };

/** A ticket's status. */
export function statusBadge(status) {
  const [tone, glyph] = STATUS[status] ?? ["idle", "dot"];
  return badge(t(`status.${status}`), { tone, glyph, class: status === "PROCESSING" ? "is-live" : null });
}

/** A badge of words: tone "ok", "warn", "bad", "info", "idle" or "accent". */
export function badge(words, { tone = "idle", glyph = null, class: extra = null } = {}) {
  return h("span", { class: ["badge", `tone-${tone}`, extra] }, glyph && icon(glyph, 14), h("span", {}, words));
}

/** A priority as bars, P1 four of them, with its name. */
export function priorityMark(priority) {
  const bars = 5 - Number(priority.slice(1));
  return h(
    "span",
    { class: ["priority", `priority-${priority}`], title: t(`priority.${priority}`) },
    h("span", { class: "bars", "aria-hidden": "true" }, [1, 2, 3, 4].map((bar) => h("i", { class: bar <= bars ? "on" : null }))),
    h("span", { class: "mono" }, priority),
    h("span", { class: "visually-hidden" }, t(`priority.${priority}`)),
  );
}

/** What checking a claim found. */
export function verdictMark(verdict, { words = false } = {}) {
  const [tone, glyph] = VERDICT[verdict] ?? ["idle", "dot"];
  const said = t(`verdict.${verdict}`);
  if (words) return badge(said, { tone, glyph });
  return h("span", { class: ["verdict", `tone-${tone}`], title: said }, icon(glyph, 14), h("span", { class: "visually-hidden" }, said));
}

/** How careful a step asks to be; nothing for INFO. */
export function severityMark(severity) {
  if (!severity || severity === "INFO") return null;
  const [tone, glyph] = SEVERITY[severity] ?? ["warn", "alert"];
  return badge(t(`severity.${severity}`), { tone, glyph });
}
