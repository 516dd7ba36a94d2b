// One document: what is known about it, its pages, its original; taking it away.

import { api, mayPass, wasAborted } from "../api.js";
import { fill, h, icon, refill } from "../dom.js";
import { download } from "../download.js";
import { define, Element } from "../elements/base.js";
import { busy, button, iconButton } from "../elements/button.js";
import { confirmDialog } from "../elements/dialog.js";
import { spoken } from "../elements/spoken.js";
import { errorState, skeleton } from "../elements/state.js";
import { toast, toastError } from "../elements/toast.js";
import { dateTime, number, percent, t } from "../i18n.js";
import { keepPlace } from "../place.js";
import { go, href } from "../router.js";
import { may } from "../session.js";
import { documentStatus } from "./documents.js";
import { forgetLoad, searchesByMeaning, share } from "./loading.js";

const PAGE_WIDTH = 1000;
const POLL_MS = 2500;
const INTERNAL = ["recipe", "stamp"]; // how the loader recognises an unchanged file

class DocumentView extends Element {
  mount() {
    this.shape = null;
    fill(this, back(), skeleton(6));
    this.#read();
  }

  unmount() {
    clearTimeout(this.timer);
  }

  #soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#read({ again: true }), POLL_MS);
  }

  /** Read the document; `again` when nobody asked for it: then what stands there stays while none answers. */
  async #read({ again = false } = {}) {
    try {
      this.record = await api.get(`/v1/kb/documents/${encodeURIComponent(this.document_id)}`, { signal: this.signal });
      this.#show();
      const growing = this.record.status === "PROCESSING" || (this.record.status === "INDEXED" && share(this.record) < 1);
      if (growing && !this.going) this.#soon();
    } catch (error) {
      if (again && mayPass(error)) this.#soon();
      else if (!wasAborted(error)) this.#failed(error);
    }
  }

  #failed(error) {
    this.shape = null;
    fill(this, back(), errorState(error, error.status === 404 ? null : () => this.#read()));
  }

  #show() {
    const { status, reason, title, pages } = this.record;
    const shape = JSON.stringify([status, reason, title, pages]);
    if (this.shape === shape) return refill(this.facts, facts(this.record));
    this.shape = shape; // only a document that has got further is drawn anew, with its pages
    this.facts = h("dl", { class: "facts" }, facts(this.record));
    return keepPlace(this, () => this.#draw(status, reason));
  }

  #draw(status, reason) {
    const heading = h("h2", { class: "document-title" }, this.record.title);
    fill(
      this,
      back(),
      h("div", { class: "document-head" }, heading, h("div", { class: "document-acts" }, this.#acts())),
      status === "REFUSED" && h("p", { class: "notice tone-bad" }, icon("alert"), spoken("span", reason)),
      h("div", { class: "document-body" }, h("section", { class: "card", "aria-label": t("knowledge.facts") }, this.facts), this.#pages()),
    );
  }

  #acts() {
    const original = button(t("knowledge.original"), { glyph: "download", onclick: () => busy(original, () => this.#download()).catch(toastError) });
    const remove = button(t("knowledge.delete"), { kind: "danger", glyph: "trash", onclick: () => this.#remove(remove) });
    return [
      this.record.has_original && may("GET /v1/kb/documents/{document_id}/original") && original,
      may("DELETE /v1/kb/documents/{document_id}") && remove,
    ];
  }

  async #download() {
    await download(`/v1/kb/documents/${this.record.document_id}/original`, fileName(this.record));
  }

  async #remove(node) {
    const yes = await confirmDialog({
      title: t("knowledge.delete_title"),
      text: t("knowledge.delete_text", { title: this.record.title }),
      yes: t("knowledge.delete"),
      kind: "danger",
    });
    if (!yes) return;
    clearTimeout(this.timer); // nobody asks any more how far a document is that goes
    this.going = true;
    try {
      forgetLoad(this.record.document_id);
      await busy(node, () => api.delete(`/v1/kb/documents/${this.record.document_id}`));
      toast(t("knowledge.deleted", { title: this.record.title }), { kind: "ok" });
      go("/knowledge/documents");
    } catch (error) {
      toastError(error);
    }
  }

  #pages() {
    const { pages, status, has_original: kept } = this.record;
    if (!pages || status !== "INDEXED" || !kept || !may("GET /v1/kb/documents/{document_id}/pages/{page}")) return null;
    this.page = Math.min(Math.max(Number(this.first_page) || 1, 1), pages);
    this.sheet = h("div", { class: "sheet", "aria-live": "polite" });
    this.number = h("input", { type: "number", min: 1, max: pages, value: this.page, class: "page-number", "aria-label": t("knowledge.page"), onchange: () => this.#turn(Number(this.number.value)) });
    const bar = h(
      "div",
      { class: "sheet-bar" },
      iconButton(t("knowledge.page_before"), "left", { onclick: () => this.#turn(this.page - 1) }),
      this.number,
      h("span", {}, t("knowledge.page_of", { pages })),
      iconButton(t("knowledge.page_after"), "right", { onclick: () => this.#turn(this.page + 1) }),
    );
    this.#turn(this.page);
    return h("section", { class: "card document-pages", "aria-label": t("knowledge.pages") }, bar, this.sheet);
  }

  async #turn(wanted) {
    const page = Math.min(Math.max(Math.round(wanted) || 1, 1), this.record.pages);
    this.page = page;
    this.number.value = page;
    this.sheet.setAttribute("aria-busy", "true");
    try {
      const blob = await api.blob(`/v1/kb/documents/${this.record.document_id}/pages/${page}`, { query: { width: PAGE_WIDTH }, signal: this.signal });
      const picture = await painted(blob, t("knowledge.page_alt", { page, title: this.record.title }));
      if (this.page === page) fill(this.sheet, picture);
    } catch (error) {
      if (!wasAborted(error)) fill(this.sheet, errorState(error, () => this.#turn(page)));
    }
    this.sheet.removeAttribute("aria-busy");
  }
}

function back() {
  return h("a", { class: "back", href: href("/knowledge/documents") }, icon("left", 16), t("knowledge.back"));
}

function facts(record) {
  const rows = [
    [t("knowledge.status"), documentStatus(record)],
    [t("knowledge.type"), record.doc_type ? t(`doc.${record.doc_type}`) : null],
    [t("knowledge.language"), record.language ? t(`language.${record.language}`) : null],
    [t("knowledge.version"), record.version],
    [t("knowledge.pages"), record.pages && number(record.pages, 0)],
    [t("knowledge.chunks"), record.chunks ? number(record.chunks, 0) : null],
    [t("knowledge.meaning"), record.chunks && searchesByMeaning() ? percent(share(record)) : null],
    [t("knowledge.updated"), dateTime(record.updated_at)],
    [t("knowledge.source"), h("span", { class: "mono small" }, record.source_uri)],
    [t("knowledge.fingerprint"), h("span", { class: "mono small" }, record.content_hash)],
    ...Object.entries(record.attributes).filter(([name]) => !INTERNAL.includes(name)),
  ];
  return rows.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]);
}

function fileName(record) {
  const end = record.source_uri.split(/[#?]/)[0].split("/").pop();
  return end.includes(".") ? decodeURIComponent(end) : record.title;
}

/** A picture as a canvas: the content security policy needs no blob addresses then. */
async function painted(blob, label) {
  const bitmap = await createImageBitmap(blob);
  const canvas = h("canvas", { width: bitmap.width, height: bitmap.height, role: "img", "aria-label": label });
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas;
}

define("rim-document", DocumentView);
