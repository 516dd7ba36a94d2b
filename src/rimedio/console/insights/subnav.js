// The pages behind the insights: figures, what is learnt, events. One strip of links on top of each.

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { href } from "../router.js";
import { may } from "../session.js";

const ENTRIES = [
  { id: "insights", path: "/insights", needs: "GET /v1/insights" },
  { id: "learning", path: "/learning", needs: "GET /v1/learning" },
  { id: "events", path: "/events", needs: "GET /v1/events" },
];

/** The strip, with `current` marked; nothing when only one of them is open to the person. */
export function subnav(current) {
  const open = ENTRIES.filter((entry) => may(entry.needs));
  if (open.length < 2) return null;
  const links = open.map((entry) =>
    h("li", {}, h("a", { class: "tab", href: href(entry.path), "aria-current": entry.id === current ? "page" : null }, t(`insights.nav_${entry.id}`))),
  );
  return h("nav", { class: "subnav", "aria-label": t("nav.insights") }, h("ul", { class: "tab-list" }, links));
}
