// Service level objectives: what was promised, what was measured, how much of the error budget is left.

import { h } from "../dom.js";
import { badge } from "../elements/badge.js";
import { shareBar } from "../elements/gauge.js";
import { dataTable } from "../elements/table.js";
import { has, percent, t } from "../i18n.js";

/** A table of objectives `[{name, target, actual, budget_left}]`. */
export function objectives(items) {
  if (!items.length) return h("p", { class: "muted" }, t("slo.none"));
  return dataTable({
    caption: t("slo.title"),
    rows: items,
    class: "table-cards",
    columns: [
      { key: "name", label: t("slo.objective"), header: true, class: "wide", cell: (one) => (has(`slo.${one.name}`) ? t(`slo.${one.name}`) : one.name) },
      { key: "actual", label: t("slo.actual"), numeric: true, cell: (one) => percent(one.actual, 2) },
      { key: "target", label: t("slo.target"), numeric: true, cell: (one) => percent(one.target, 2) },
      { key: "left", label: t("slo.left"), cell: left },
    ],
  });
}

function left({ budget_left: share, actual }) {
  if (actual === null || actual === undefined) return badge(t("slo.unknown"));
  const tone = share <= 0 ? "bad" : share < 0.25 ? "warn" : "ok";
  const words = share <= 0 ? t("slo.spent") : t("slo.rest", { share: percent(share) });
  return h("span", { class: "slo-left" }, shareBar(Math.max(share, 0), tone), badge(words, { tone, glyph: tone === "ok" ? "check" : "alert" }));
}
