// A list of the API as a table that grows page by page: what every tab of the events page is made of.

import { api, wasAborted } from "../api.js";
import { fill, h } from "../dom.js";
import { badge } from "../elements/badge.js";
import { Element } from "../elements/base.js";
import { openDialog } from "../elements/dialog.js";
import { pager } from "../elements/pager.js";
import { emptyState, errorState, skeleton } from "../elements/state.js";
import { dataTable, tableRow } from "../elements/table.js";
import { has, t } from "../i18n.js";

/** Subclasses give `path`, `name` (of their words), `columns()`, and perhaps `actions()` and `query()`. */
export class Listing extends Element {
  glyph = "inbox";

  mount() {
    this.list = h("div", {}, skeleton(5));
    fill(this, h("div", { class: "section-acts" }, h("p", { class: "muted" }, t(`events.${this.name}_about`)), this.actions()), this.list);
    this.read();
  }

  /** Nodes at the right above the list. */
  actions() {
    return null;
  }

  /** Filters of the list. */
  query() {
    return {};
  }

  /** What else is to be done with a page that is shown. */
  shown() {}

  /** Ask the API again and show what it says. */
  async read() {
    const query = this.query();
    this.asked = query;
    try {
      const page = await api.list(this.path, query, { signal: this.signal });
      if (this.asked !== query) return;
      this.#show(page, query);
      this.shown(page);
    } catch (error) {
      if (!wasAborted(error)) fill(this.list, errorState(error, () => this.read()));
    }
  }

  #show(page, query) {
    if (!page.items.length) {
      fill(this.list, emptyState({ glyph: this.glyph, title: t(`events.${this.name}_none`), text: t(`events.${this.name}_none_text`) }));
      return;
    }
    const columns = this.columns();
    const table = dataTable({ caption: t(`events.tab_${this.name}`), columns, rows: page.items, class: "table-cards" });
    let cursor = page.next_cursor;
    const more = cursor && pager(async () => {
      const next = await api.list(this.path, { ...query, cursor }, { signal: this.signal });
      table.querySelector("tbody").append(...next.items.map((row) => tableRow(columns, row)));
      cursor = next.next_cursor;
      return Boolean(cursor);
    });
    fill(this.list, table, more);
  }
}

/** Whether a rule or a schedule is at work or pauses. */
export function onOff({ enabled }) {
  return enabled === false ? badge(t("events.paused"), { glyph: "pause" }) : badge(t("events.on"), { tone: "ok", glyph: "check" });
}

/** A kind of event in words, its name as programs know it below. */
export function kindOf(type) {
  return has(`event.${type}`) ? [t(`event.${type}`), h("small", { class: "mono" }, type)] : type;
}

/** JSON in a dialog. */
export function showJson(title, value) {
  return openDialog({ title, kind: "wide", body: h("pre", { class: "json", tabindex: "0" }, JSON.stringify(value, null, 2)) });
}

/** `detail_type` of an event, however it is written. */
export function detailType(event) {
  return event?.detail_type ?? event?.["detail-type"] ?? "";
}
