// A confidence as a scale with marks and a pointer, like on a measuring instrument.

import { h, s } from "../dom.js";
import { confidence } from "../i18n.js";

const WIDTH = 120;
const HEIGHT = 22;

/** A scale from 0 to 1 with the value and, if given, the threshold a remedy must reach to be sent. */
export function gauge(value, { threshold = null, label = "", size = "normal", tone: given = null } = {}) {
  const at = (share) => 4 + share * (WIDTH - 8);
  const marks = Array.from({ length: 11 }, (_, i) =>
    s("line", { x1: at(i / 10), x2: at(i / 10), y1: i % 5 ? 14 : 11, y2: 18, class: "gauge-mark" }),
  );
  const tone = given ?? (threshold === null ? "accent" : value >= threshold ? "ok" : "warn");
  return h(
    "span",
    { class: ["gauge", `gauge-${size}`, `tone-${tone}`] },
    s(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true", focusable: "false" },
      s("line", { x1: at(0), x2: at(1), y1: 18, y2: 18, class: "gauge-mark" }),
      s("rect", { x: at(0), y: 18, width: Math.max(0, at(value) - at(0)), height: 3, class: "gauge-fill" }),
      marks,
      threshold !== null && s("path", { d: `M${at(threshold)} 22v-12`, class: "gauge-threshold" }),
      s("path", { d: `M${at(value)} 16l-4.5 -9h9z`, class: "gauge-needle" }),
    ),
    h("span", { class: "gauge-value mono" }, label && h("span", { class: "visually-hidden" }, `${label} `), confidence(value)),
  );
}

/** A thin bar for a share, 0..1, with its words beside it in the caller's text. */
export function shareBar(value, tone = "accent") {
  const width = Math.max(0, Math.min(1, value)) * 100;
  return s(
    "svg",
    { class: ["share", `tone-${tone}`].join(" "), viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { x: 0, y: 0, width: 100, height: 6, class: "share-back" }),
    s("rect", { x: 0, y: 0, width, height: 6, class: "share-fill" }),
  );
}
