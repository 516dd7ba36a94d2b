// The documents: loading new ones, finding one, how far each is.

import { api, mayPass, wasAborted } from "../api.js";
import { fill, h, refill } from "../dom.js";
import { badge } from "../elements/badge.js";
import { define, Element } from "../elements/base.js";
import { button } from "../elements/button.js";
import { field, select } from "../elements/field.js";
import { shareBar } from "../elements/gauge.js";
import { GrowingTable } from "../elements/growing-table.js";
import { spoken } from "../elements/spoken.js";
import { emptyState, errorState, skeleton } from "../elements/state.js";
import { dateTime, number, percent, t } from "../i18n.js";
import { here, href, keepQuery } from "../router.js";
import { may } from "../session.js";
import { changes, readCoverage, searchesByMeaning, share } from "./loading.js";
import "./drop-zone.js";

const TYPING_MS = 250;
const POLL_MS = 3000;
const STATUS = { PROCESSING: ["info", "loop"], INDEXED: ["ok", "check"], REFUSED: ["bad", "x"] };

class Documents extends Element {
  #table = null;

  mount() {
    this.#table = null;
    const { q = "", status = "" } = here().query;
    this.query = h("input", { type: "search", value: q, autocomplete: "off", oninput: () => this.#soon(TYPING_MS) });
    const states = ["PROCESSING", "INDEXED", "REFUSED"].map((name) => [name, t(`knowledge.status_${name}`)]);
    this.status = select([["", t("knowledge.status_all")], ...states], { value: status, onchange: () => this.#read() });
    this.list = h("div", {}, skeleton(5));
    this.coverage = h("p", { class: "coverage" });
    fill(
      this,
      may("POST /v1/kb/documents") && h("rim-drop-zone"),
      this.coverage,
      h("div", { class: "finder", role: "search" }, field(t("knowledge.find_document"), this.query), field(t("knowledge.status"), this.status)),
      this.list,
    );
    this.listen(changes, "change", () => this.#soon(POLL_MS / 2, { again: true }));
    this.#read();
  }

  unmount() {
    clearTimeout(this.timer);
  }

  /** Read soon; `again` when nobody asked for it. */
  #soon(ms, how) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#read(how), ms);
  }

  async #read({ again = false } = {}) {
    clearTimeout(this.timer);
    const query = { q: this.query.value.trim(), status: this.status.value };
    this.address = query;
    if (!this.closest("[hidden]")) keepQuery(query); // behind another tab the address is that one's
    this.asked = query;
    const asking = api.list("/v1/kb/documents", { ...query, limit: this.#table?.limit }, { signal: this.signal });
    try {
      const [page] = await Promise.all([asking, this.#cover()]); // shares need both
      if (this.asked !== query) return;
      this.#show(page, query);
      if (page.items.some(isUnderWay)) this.#soon(POLL_MS, { again: true });
    } catch (error) {
      if (again && this.#table && mayPass(error)) this.#soon(POLL_MS, { again });
      else if (!wasAborted(error)) this.#empty(errorState(error, () => this.#read()));
    }
  }

  async #cover() {
    if (!may("GET /v1/kb/coverage")) return;
    const known = await readCoverage({ signal: this.signal });
    if (!known.documents) return fill(this.coverage);
    refill(
      this.coverage,
      t("knowledge.coverage", { documents: t("knowledge.documents_n", { n: known.documents }), chunks: t("knowledge.chunks_n", { n: known.chunks }) }),
      " ",
      known.share >= 1 || !searchesByMeaning() ? null : t("knowledge.coverage_share", { share: percent(known.share) }),
    );
  }

  #show(page, query) {
    if (!page.items.length) return this.#empty(nothing(query));
    if (!this.#table) {
      const next = (cursor) => api.list("/v1/kb/documents", { ...this.asked, cursor }, { signal: this.signal });
      this.#table = new GrowingTable({ caption: t("knowledge.tab_documents"), columns: columns(), id: (one) => one.document_id, next });
      fill(this.list, this.#table.nodes);
    }
    return this.#table.show(page);
  }

  #empty(node) {
    this.#table = null;
    fill(this.list, node);
  }
}

function isUnderWay(record) {
  return record.status === "PROCESSING" || (record.status === "INDEXED" && share(record) < 1);
}

function nothing({ q, status }) {
  if (q || status) return emptyState({ glyph: "search", title: t("knowledge.none_found"), text: t("knowledge.none_found_text") });
  return emptyState({ glyph: "book", title: t("knowledge.none"), text: t("knowledge.none_text") });
}

function columns() {
  return [
    { key: "title", label: t("knowledge.title_column"), header: true, class: "wide", cell: titleCell },
    { key: "status", label: t("knowledge.status"), cell: documentStatus },
    { key: "type", label: t("knowledge.type"), cell: (one) => (one.doc_type ? t(`doc.${one.doc_type}`) : "–") },
    { key: "language", label: t("knowledge.language"), cell: (one) => (one.language ? t(`language.${one.language}`) : "–") },
    { key: "pages", label: t("knowledge.pages"), numeric: true, cell: (one) => number(one.pages, 0) },
    { key: "chunks", label: t("knowledge.chunks"), numeric: true, cell: (one) => number(one.chunks, 0) },
    { key: "updated", label: t("knowledge.updated"), class: "nowrap", cell: (one) => dateTime(one.updated_at, { time: false }) },
  ];
}

function titleCell(one) {
  return [
    h("a", { class: "row-link", href: href(`/knowledge/documents/${one.document_id}`) }, one.title),
    one.version && h("small", {}, t("knowledge.version_is", { version: one.version })),
    one.status === "REFUSED" && one.reason && spoken("small", one.reason, { class: "tone-bad" }),
  ];
}

/** The status of a document as a mark, with the share of its vectors while they grow. */
export function documentStatus(record) {
  const [tone, glyph] = STATUS[record.status] ?? ["idle", "dot"];
  const mark = badge(t(`knowledge.status_${record.status}`), { tone, glyph, class: record.status === "PROCESSING" ? "is-live" : null });
  const known = share(record);
  if (record.status !== "INDEXED" || known >= 1) return mark;
  return h("span", { class: "growing" }, mark, shareBar(known), h("small", {}, t("knowledge.by_meaning", { share: percent(known) })));
}

define("rim-documents", Documents);
