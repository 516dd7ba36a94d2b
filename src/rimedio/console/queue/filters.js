// The queue's filters; what is chosen stands in the address.

import { fill, h, icon, uid } from "../dom.js";
import { button } from "../elements/button.js";
import { select } from "../elements/field.js";
import { t } from "../i18n.js";
import { choices } from "../taxonomy.js";

const STATUSES = ["", "IN_REVIEW", "ESCALATED", "NEEDS_INFO", "PROCESSING", "READY", "RESOLVED", "FAILED"];
const NAMES = ["status", "priority", "product_type", "lang", "q", "sort"];
const SETTLED = "RESOLVED"; // waits for nobody, so it has no urgency
const TYPING_MS = 300;

/** `onChange(query)` after every choice; `query` holds what is set and nothing else. */
export class QueueFilters {
  #onChange;
  #timer = null;
  #search;
  #priority;
  #product;
  #lang;
  #sort;
  #status = new Map();

  constructor(query, onChange) {
    this.#onChange = onChange;
    this.query = Object.fromEntries(NAMES.filter((name) => query[name]).map((name) => [name, query[name]]));
    const any = ["", t("queue.any")];
    this.#search = h("input", {
      type: "search",
      placeholder: t("queue.search_placeholder"),
      "aria-label": t("queue.search"),
      value: this.query.q ?? "",
      oninput: () => this.#typed(),
      onkeydown: (event) => event.key === "Escape" && event.target.blur(),
    });
    this.#priority = this.#choice("priority", [any, ...["P1", "P2", "P3", "P4"].map((p) => [p, t(`priority.${p}`)])]);
    this.#product = this.#choice("product_type", [any]);
    this.#lang = this.#choice("lang", [any, ["it", "Italiano"], ["en", "English"]]);
    this.#sort = this.#choice("sort", [["", t("queue.sort_newest")], ["urgency", t("queue.sort_urgency")]]);
    this.clearButton = button(t("queue.clear"), { kind: "quiet", glyph: "x", onclick: () => this.clear() });
    this.node = this.#build();
    this.#mark();
  }

  /** Whether anything is filtered. */
  get isActive() {
    return Object.keys(this.wanted).length > 0;
  }

  /** Which tickets, in whatever order. */
  get wanted() {
    const { sort: _, ...wanted } = this.query;
    return wanted;
  }

  /** What to ask the API for. */
  get asked() {
    return this.query.status === SETTLED ? this.wanted : this.query;
  }

  /** The product types of the taxonomy, once they are known. */
  setProducts(types) {
    const wanted = this.query.product_type ?? "";
    fill(this.#product.input, [["", t("queue.any")], ...choices(types)].map(([value, words]) => h("option", { value }, words)));
    this.#product.input.value = wanted;
  }

  /** Go to the search box. */
  focus() {
    this.#search.focus();
    this.#search.select();
  }

  /** No filters. */
  clear() {
    this.#search.value = "";
    for (const choice of [this.#priority, this.#product, this.#lang]) choice.input.value = "";
    this.query = this.query.sort ? { sort: this.query.sort } : {};
    this.#changed();
  }

  #build() {
    const status = h(
      "div",
      { class: "chips", role: "group", "aria-label": t("queue.status") },
      STATUSES.map((name) => {
        const chip = h("button", { type: "button", class: "chip", onclick: () => this.#set("status", name) }, name ? t(`status.${name}`) : t("queue.all"));
        this.#status.set(name, chip);
        return chip;
      }),
    );
    return h(
      "div",
      { class: "filters", role: "search" },
      status,
      h("div", { class: "filter-row" }, h("div", { class: "search-box" }, icon("search"), this.#search, h("kbd", { "aria-hidden": "true" }, "/")), this.#priority, this.#product, this.#lang, this.#sort, this.clearButton),
    );
  }

  #choice(name, options) {
    const id = uid("filter");
    const input = select(options, { id, value: this.query[name] ?? "", onchange: () => this.#set(name, input.value) });
    const node = h("div", { class: "filter" }, h("label", { for: id }, t(`queue.${name}`)), input);
    node.input = input;
    return node;
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#set("q", this.#search.value.trim()), TYPING_MS);
  }

  #set(name, value) {
    const { [name]: _, ...rest } = this.query;
    this.query = value ? { ...rest, [name]: value } : rest;
    this.#changed();
  }

  #changed() {
    this.#mark();
    this.#onChange(this.query);
  }

  #mark() {
    for (const [name, chip] of this.#status) chip.setAttribute("aria-pressed", String(name === (this.query.status ?? "")));
    this.clearButton.hidden = !this.isActive;
    this.#sort.input.disabled = this.query.status === SETTLED;
  }
}
