// A list of the API as a table that grows page by page and is read again in place.

import { keepPlace } from "../place.js";
import { pager } from "./pager.js";
import { dataTable, tableRow } from "./table.js";

const PAGE = 25; // what the API gives unasked
const PAGE_MAX = 100;

/**
 * `columns` and `caption` as of `dataTable`; `id(value)` names a row; `next(cursor)` reads another page. `show(page)`
 * fills it, as often as one likes: a row whose value is as it was stays the very row, with its focus and selection.
 */
export class GrowingTable {
  #columns;
  #id;
  #body;
  #values = new WeakMap();
  #cursor = null;
  #more;

  constructor({ caption, columns, id, next }) {
    this.#columns = columns;
    this.#id = id;
    this.node = dataTable({ caption, columns, rows: [], class: "table-cards" });
    this.#body = this.node.querySelector("tbody");
    this.#more = pager(async () => this.#grown(await next(this.#cursor)));
    this.nodes = [this.node, this.#more];
  }

  /** How many rows to ask for, so that a list that has grown stays as long; null for as many as the API gives. */
  get limit() {
    const rows = this.#body.children.length;
    return rows > PAGE ? Math.min(rows, PAGE_MAX) : null;
  }

  /** The rows of a page, in its order. */
  show({ items, next_cursor: cursor }) {
    this.#turn(cursor);
    keepPlace(this.#body, () => {
      const known = new Map([...this.#body.children].map((row) => [this.#values.get(row), row]));
      const wanted = items.map((value) => known.get(JSON.stringify(value)) ?? this.#row(value));
      const stay = new Set(wanted);
      for (const row of [...this.#body.children]) if (!stay.has(row)) row.remove();
      wanted.forEach((row, at) => this.#body.children[at] === row || this.#body.insertBefore(row, this.#body.children[at] ?? null));
    }, () => this.node);
  }

  #grown({ items, next_cursor: cursor }) {
    this.#body.append(...items.map((value) => this.#row(value)));
    this.#turn(cursor);
    return Boolean(cursor);
  }

  #turn(cursor) {
    this.#cursor = cursor;
    this.#more.hidden = !cursor;
  }

  #row(value) {
    const row = tableRow(this.#columns, value, { dataset: { row: this.#id(value) } });
    this.#values.set(row, JSON.stringify(value));
    return row;
  }
}
