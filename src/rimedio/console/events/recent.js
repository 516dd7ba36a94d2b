// What happened lately.

import { h } from "../dom.js";
import { define } from "../elements/base.js";
import { button } from "../elements/button.js";
import { field, select } from "../elements/field.js";
import { dateTime, t } from "../i18n.js";
import { href } from "../router.js";
import { DETAIL_TYPES, kindName } from "./detail-types.js";
import { detailType, kindOf, Listing, showJson } from "./listing.js";

class RecentEvents extends Listing {
  path = "/v1/events";
  name = "recent";
  glyph = "history";

  actions() {
    const options = [["", t("events.all_types")], ...DETAIL_TYPES.map((type) => [type, kindName(type)])];
    this.type = field(t("events.type"), select(options, { onchange: () => this.read() }));
    return this.type;
  }

  query() {
    return { detail_type: this.type.value };
  }

  id(row) {
    return row.id;
  }

  columns() {
    return [
      { key: "type", label: t("events.type"), header: true, cell: (one) => kindOf(detailType(one)) },
      { key: "time", label: t("events.when"), cell: (one) => dateTime(one.time) },
      { key: "source", label: t("events.source"), cell: (one) => h("span", { class: "mono small" }, one.source) },
      { key: "about", label: t("events.about"), class: "wide", cell: about },
      { key: "act", label: t("events.content"), cell: (one) => button(t("events.show"), { kind: "quiet", glyph: "eye", onclick: () => showJson(detailType(one), one) }) },
    ];
  }
}

function about({ detail }) {
  if (detail?.ticket_id) return h("a", { class: "mono small", href: href(`/tickets/${detail.ticket_id}`), title: detail.ticket_id }, detail.ticket_id.slice(0, 12));
  if (detail?.document_id) return h("a", { class: "small", href: href(`/knowledge/documents/${detail.document_id}`) }, detail.title ?? detail.document_id);
  if (detail?.gap_id) return h("a", { class: "small", href: href("/knowledge/gaps") }, (detail.terms ?? []).join(", ") || detail.gap_id);
  if (detail?.article_id) return h("a", { class: "small", href: href(`/knowledge/articles/${detail.article_id}`) }, detail.title ?? detail.article_id);
  return "–";
}

define("rim-recent-events", RecentEvents);
