// A list of the API as a table that grows page by page: what every tab of the events page is made of.

import { api, mayPass, wasAborted } from "../api.js";
import { fill, h } from "../dom.js";
import { badge } from "../elements/badge.js";
import { Element } from "../elements/base.js";
import { openDialog } from "../elements/dialog.js";
import { GrowingTable } from "../elements/growing-table.js";
import { emptyState, errorState, skeleton } from "../elements/state.js";
import { has, t } from "../i18n.js";

/** Subclasses give `path`, `name` (of their words), `columns()`, and perhaps `actions()`, `query()` and `id(row)`. */
export class Listing extends Element {
  glyph = "inbox";
  #table = null;

  mount() {
    this.#table = null;
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

  /** What names a row of the list. */
  id(row) {
    return row.name;
  }

  /** What else is to be done with a page that is shown. */
  shown() {}

  /** Ask the API again and show what it says. `again`: nobody asked, so what stands there stays while none answers. */
  async read({ again = false } = {}) {
    const query = this.query();
    this.asked = query;
    try {
      const page = await api.list(this.path, { ...query, limit: this.#table?.limit }, { signal: this.signal });
      if (this.asked !== query) return;
      this.page = page;
      this.#show(page);
      this.shown(page);
    } catch (error) {
      if (again && this.#table && mayPass(error)) this.shown(this.page);
      else if (!wasAborted(error)) this.#empty(errorState(error, () => this.read()));
    }
  }

  #show(page) {
    if (!page.items.length) {
      this.#empty(emptyState({ glyph: this.glyph, title: t(`events.${this.name}_none`), text: t(`events.${this.name}_none_text`) }));
      return;
    }
    if (!this.#table) {
      const next = (cursor) => api.list(this.path, { ...this.query(), cursor }, { signal: this.signal });
      this.#table = new GrowingTable({ caption: t(`events.tab_${this.name}`), columns: this.columns(), id: (row) => this.id(row), next });
      fill(this.list, this.#table.nodes);
    }
    this.#table.show(page);
  }

  #empty(node) {
    this.#table = null;
    fill(this.list, node);
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
