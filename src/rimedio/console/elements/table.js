// A table with a caption and headers; on a phone its rows become cards.

import { h } from "../dom.js";

/**
 * `columns` [{key, label, cell(row), class?, numeric?}], `rows` any values. `caption` is read by screen readers.
 * The first column with `header: true` names the row.
 */
export function dataTable({ caption, columns, rows, class: extra = null }) {
  return h(
    "div",
    { class: "table-wrap", tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      { class: ["table", extra] },
      h("caption", { class: "visually-hidden" }, caption),
      h("thead", {}, h("tr", {}, columns.map((column) => h("th", { scope: "col", class: kind(column) }, column.label)))),
      h("tbody", {}, rows.map((row) => tableRow(columns, row))),
    ),
  );
}

/** One row, for lists that grow. */
export function tableRow(columns, row, props = {}) {
  return h(
    "tr",
    props,
    columns.map((column) =>
      h(column.header ? "th" : "td", { scope: column.header ? "row" : null, class: kind(column), dataset: { label: column.label } }, column.cell(row)),
    ),
  );
}

function kind(column) {
  return [column.class, column.numeric && "numeric"].filter(Boolean).join(" ") || null;
}
