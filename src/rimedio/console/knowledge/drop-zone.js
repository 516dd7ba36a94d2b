// Where files are dropped or chosen, and how far each has come.

import { fill, h, icon, refill } from "../dom.js";
import { define, Element } from "../elements/base.js";
import { button, buttonLink, iconButton } from "../elements/button.js";
import { field, select } from "../elements/field.js";
import { shareBar } from "../elements/gauge.js";
import { announce } from "../elements/toast.js";
import { bytes, percent, t } from "../i18n.js";
import { keepPlace } from "../place.js";
import { href } from "../router.js";
import { said } from "../said.js";
import { changes, clearFinished, drop, isFinished, load, loads, resume, share } from "./loading.js";

const ACCEPTED = ".pdf,.md,.markdown,.html,.htm,.txt,.rst,.docx,.csv,.json,.jsonl,.yaml,.yml,.xml";
export const DOC_TYPES = ["MANUAL", "BULLETIN", "FAQ", "SOP", "WIKI"];

class DropZone extends Element {
  mount() {
    this.type = field(t("knowledge.load_type"), select([["", t("knowledge.type_auto")], ...DOC_TYPES.map((name) => [name, t(`doc.${name}`)])]));
    this.version = field(t("knowledge.load_version"), h("input", { maxlength: 40, autocomplete: "off" }), { hint: t("knowledge.load_version_hint") });
    this.chooser = h("input", { type: "file", multiple: true, accept: ACCEPTED, hidden: true, onchange: () => this.#take(this.chooser.files) });
    this.list = h("ul", { class: "loads", "aria-label": t("knowledge.loads") });
    this.said = new Map();
    this.rows = new WeakMap();
    fill(this, this.#zone(), this.chooser, this.list);
    this.listen(changes, "change", () => this.#draw());
    this.#draw();
  }

  #zone() {
    const zone = h(
      "div",
      { class: "drop" },
      icon("upload", 26),
      h("p", {}, h("b", {}, t("knowledge.drop")), h("span", { class: "small" }, t("knowledge.drop_kinds"))),
      button(t("knowledge.choose"), { kind: "primary", onclick: () => this.chooser.click() }),
      h("details", { class: "drop-more" }, h("summary", {}, t("knowledge.load_more")), h("div", { class: "drop-fields" }, this.type, this.version)),
    );
    for (const name of ["dragenter", "dragover"]) {
      this.listen(zone, name, (event) => {
        event.preventDefault();
        zone.classList.add("is-over");
      });
    }
    this.listen(zone, "dragleave", (event) => zone.contains(event.relatedTarget) || zone.classList.remove("is-over"));
    this.listen(zone, "drop", (event) => {
      event.preventDefault();
      zone.classList.remove("is-over");
      this.#take(event.dataTransfer.files);
    });
    return zone;
  }

  #take(files) {
    const options = {};
    if (this.type.value) options.doc_type = this.type.value;
    if (this.version.value) options.version = this.version.value;
    load([...files], options);
    this.chooser.value = "";
  }

  /** A file tells of itself many times a second; what is drawn as it was stays as it is. */
  #draw() {
    keepPlace(this.list, () => refill(this.list, loads.map((one) => this.#row(one)), loads.length > 1 && loads.some(isFinished) && this.#clear()));
  }

  #clear() {
    return h("li", { class: "loads-clear" }, button(t("knowledge.clear"), { kind: "quiet", onclick: clearFinished }));
  }

  #row(one) {
    const { tone, words, value, glyph } = stage(one);
    if (this.said.get(one) !== tone + glyph) {
      this.said.set(one, tone + glyph);
      if (isFinished(one)) this.#announce(one, words);
    }
    const { file } = one.upload;
    if (!this.rows.has(one)) this.rows.set(one, h("li", { dataset: { row: `${one.upload.file.name} ${loads.length}` } }));
    const row = this.rows.get(one);
    row.className = `load tone-${tone}`;
    return refill(
      row,
      icon(glyph, 18),
      h("span", { class: "load-name" }, one.record?.status === "INDEXED" ? h("a", { href: href(`/knowledge/documents/${one.record.document_id}`) }, one.record.title) : file.name, h("small", {}, bytes(file.size))),
      h("span", { class: "load-words" }, words),
      shareBar(value, tone === "idle" ? "accent" : tone),
      h("span", { class: "load-acts" }, actions(one)),
    );
  }

  #announce(one, words) {
    announce(`${one.upload.file.name}: ${words}`);
  }
}

/** Where a file stands: tone, words, a share for the bar, an icon. */
function stage({ upload, record, error }) {
  if (error) return { tone: "bad", glyph: "alert", value: 0, words: saying(error) };
  if (record) return loaded(record);
  const done = upload.file.size ? upload.sent / upload.file.size : 0;
  if (upload.state === "paused") {
    const why = upload.error ? `${upload.error.title} ` : "";
    return { tone: "warn", glyph: "pause", value: done, words: `${why}${t("knowledge.paused", { share: percent(done) })}` };
  }
  if (upload.state === "failed") return { tone: "bad", glyph: "alert", value: done, words: saying(upload.error) };
  if (upload.state === "sending") return { tone: "info", glyph: "upload", value: done, words: t("knowledge.sending", { share: percent(done) }) };
  if (upload.state === "done") return { tone: "info", glyph: "upload", value: 1, words: t("knowledge.sent") };
  return { tone: "idle", glyph: "clock", value: 0, words: t("knowledge.waiting") };
}

/** An error in one sentence: what the API says of a file is better than what its kind of error is called. */
function saying(error) {
  return error.status >= 400 && error.status < 500 ? error.message : `${error.title ?? ""} ${error.message}`;
}

function loaded(record) {
  if (record.status === "REFUSED") return { tone: "bad", glyph: "x", value: 0, words: t("knowledge.refused", { reason: said(record.reason).text }) };
  if (record.status !== "INDEXED") return { tone: "info", glyph: "loop", value: 1, words: t("knowledge.reading") };
  const known = share(record);
  const words = known < 1 ? t("knowledge.words_ready", { share: percent(known) }) : t("knowledge.ready", { n: record.chunks });
  return { tone: "ok", glyph: "check", value: known, words };
}

function actions(one) {
  const { file, state } = one.upload;
  const key = (act) => ({ dataset: { act: `${act} ${file.name} ${file.size}` } });
  const named = (act) => t(`knowledge.${act}`, { name: file.name });
  if (one.record?.status === "INDEXED") return buttonLink(t("knowledge.open"), { kind: "quiet", href: href(`/knowledge/documents/${one.record.document_id}`), ...key("open") });
  return [
    state === "sending" && iconButton(named("pause"), "pause", { onclick: () => one.upload.pause(), ...key("turn") }),
    (state === "paused" || one.error) && iconButton(named("resume"), "play", { onclick: () => resume(one), ...key("turn") }),
    !one.record && iconButton(named("drop_file"), "x", { onclick: () => drop(one), ...key("drop") }),
    one.record?.status === "REFUSED" && iconButton(named("drop_file"), "x", { onclick: () => drop(one), ...key("drop") }),
  ];
}

define("rim-drop-zone", DropZone);
