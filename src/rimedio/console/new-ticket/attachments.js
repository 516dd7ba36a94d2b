// Files that go with a ticket: sent at once, in pieces, each with its progress and a way to stop and go on.

import { fill, h, icon, uid } from "../dom.js";
import { iconButton } from "../elements/button.js";
import { shareBar } from "../elements/gauge.js";
import { announce, toast } from "../elements/toast.js";
import { bytes, percent, t } from "../i18n.js";
import { fileType, Upload } from "../upload.js";

const MOST = 20;
const KINDS = ["PDF", "IMAGE", "LOG", "VIDEO"];
const ACCEPT = ".pdf,.png,.jpg,.jpeg,.gif,.webp,.mp4,.mov,.webm,.log,.txt,.csv";

/** A list of uploads with a field to choose files and a place to drop them. */
export class Attachments {
  #uploads = new Map();
  #list = h("ul", { class: "upload-list" });

  constructor() {
    const id = uid("files");
    const input = h("input", { type: "file", id, multiple: true, accept: ACCEPT, class: "visually-hidden", onchange: () => (this.add(input.files), (input.value = "")) });
    const zone = h(
      "div",
      { class: "drop", ondragover: (event) => (event.preventDefault(), zone.classList.add("is-over")), ondragleave: () => zone.classList.remove("is-over"), ondrop: (event) => (event.preventDefault(), zone.classList.remove("is-over"), this.add(event.dataTransfer.files)) },
      input,
      h("label", { for: id, class: "button button-plain" }, icon("clip", 16), t("new.files")),
      h("p", { class: "field-hint" }, t("new.files_hint")),
    );
    this.node = h("div", { class: "field" }, h("span", { class: "field-label" }, t("ticket.attachments")), zone, this.#list);
  }

  /** Begin to send files. */
  add(files) {
    for (const file of files) {
      const type = fileType(file.name);
      if (!KINDS.includes(type)) toast(t("new.file_kind", { name: file.name }), { kind: "bad" });
      else if (this.#uploads.size >= MOST) toast(t("new.file_many", { most: MOST }), { kind: "bad" });
      else this.#begin(file, type);
    }
  }

  /** What `POST /v1/tickets` wants of them, once all are there; null while one rests. */
  async finish() {
    const all = [...this.#uploads.keys()];
    await Promise.all(all.map((upload) => upload.start()));
    return all.every((upload) => upload.state === "done") ? all.map((upload) => upload.answer) : null;
  }

  /** The page is left: stop sending. */
  leave() {
    for (const upload of this.#uploads.keys()) upload.pause();
  }

  #begin(file, type) {
    const row = h("li", { class: "upload" });
    const upload = new Upload(file, { type, onchange: () => this.#draw(upload, row) });
    upload.running = null;
    const start = upload.start.bind(upload);
    upload.start = () => (upload.state === "sending" ? upload.running : (upload.running = start()));
    this.#uploads.set(upload, row);
    this.#list.append(row);
    this.#draw(upload, row);
    upload.start();
  }

  #draw(upload, row) {
    const { file, state, sent } = upload;
    const share = state === "done" || file.size === 0 ? 1 : sent / file.size;
    const again = iconButton(t("new.file_resume", { name: file.name }), "play", { onclick: () => upload.start() });
    const stop = iconButton(t("new.file_pause", { name: file.name }), "pause", { onclick: () => upload.pause() });
    const drop = iconButton(t("new.file_remove", { name: file.name }), "x", { onclick: () => this.#remove(upload) });
    const focused = row.contains(document.activeElement);
    fill(
      row,
      icon(state === "done" ? "check" : "clip"),
      h("div", { class: "upload-words" }, h("p", {}, file.name), h("p", { class: "small muted" }, `${bytes(file.size)} · ${t(`new.file_${state}`)}${state === "sending" ? ` ${percent(share)}` : ""}`), upload.error && h("p", { class: "field-error" }, upload.error.message), shareBar(share, state === "failed" ? "bad" : state === "done" ? "ok" : "accent")),
      state === "sending" ? stop : ["paused", "failed"].includes(state) ? again : null,
      drop,
    );
    if (focused) row.querySelector("button")?.focus();
    if (state === "done") announce(`${file.name}: ${t("new.file_done")}`);
  }

  #remove(upload) {
    this.#uploads.get(upload).remove();
    this.#uploads.delete(upload);
    if (upload.state === "done") upload.state = "cancelled";
    else upload.cancel();
  }
}
