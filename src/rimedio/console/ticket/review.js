// Review: approve, edit, reject; by keyboard; with a few seconds to think again before anything is sent.

import { api } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { define, Element } from "../elements/base.js";
import { button } from "../elements/button.js";
import { askReason, openDialog } from "../elements/dialog.js";
import { announce, toast, toastError } from "../elements/toast.js";
import { t } from "../i18n.js";
import { shortcuts } from "../keys.js";
import { Edit } from "./edit.js";
import { editor } from "./editor.js";

const SECONDS = 5;

/**
 * `<rim-review>`: set `ticket`, `solution` and `remedy` (the element it replaces while editing). Sends `decided`
 * after the verdict is stored, `stale` when somebody else was quicker.
 */
export class Review extends Element {
  ticket = null;
  solution = null;
  remedy = null;
  #edit = null;
  #editing = null;
  #pending = null;

  mount() {
    this.#edit = new Edit(this.solution, this.ticket.category);
    shortcuts(
      [
        { keys: ["a"], run: () => this.#approve(), about: "review.key_approve", when: () => this.#isFree },
        { keys: ["e"], run: () => this.#startEditing(), about: "review.key_edit", when: () => this.#isFree },
        { keys: ["r"], run: () => this.#reject(), about: "review.key_reject", when: () => this.#isFree },
        { keys: ["u"], run: () => this.#undo(), about: "review.key_undo", when: () => this.#pending !== null },
        { keys: ["ArrowDown", "j"], run: () => this.remedy.move(1), about: "review.key_next", when: () => !this.#editing },
        { keys: ["ArrowUp", "k"], run: () => this.remedy.move(-1), about: "review.key_previous", when: () => !this.#editing },
      ],
      this.signal,
    );
    if (this.#edit.isChanged) this.#startEditing();
    else this.#idle();
    this.listen(window, "beforeunload", (event) => this.#pending && event.preventDefault());
  }

  unmount() {
    if (this.#pending) this.#send(this.#pending.verdict, this.#pending.body); // leaving is not undoing
    this.#editing?.remove();
    this.#editing = null;
  }

  get #isFree() {
    return !this.#editing && this.#pending === null;
  }

  #idle() {
    this.#editing?.remove();
    this.#editing = null;
    this.remedy.hidden = false;
    fill(
      this,
      this.#bar([
        h("p", { class: "review-words" }, icon("eye"), t("review.ask")),
        button(t("review.reject"), { kind: "danger", key: "r", onclick: () => this.#reject() }),
        button(t("review.edit"), { key: "e", onclick: () => this.#startEditing() }),
        button(t("review.approve"), { kind: "primary", key: "a", onclick: () => this.#approve() }),
      ]),
    );
  }

  #startEditing() {
    const count = h("p", { class: "review-words", role: "status" });
    const send = button(t("review.send_edited"), { kind: "primary", glyph: "send", onclick: () => this.#sendEdited() });
    const show = () => {
      fill(count, icon("edit"), t("review.changed", { n: this.#edit.count }));
      send.disabled = !this.#edit.isChanged;
    };
    this.#editing = editor(this.#edit, { language: this.solution.language, onChange: show });
    this.#editing.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#stopEditing();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && this.#edit.isChanged) this.#sendEdited();
    });
    this.remedy.hidden = true;
    this.remedy.after(this.#editing);
    fill(this, this.#bar([count, button(t("review.discard"), { onclick: () => this.#stopEditing() }), send]));
    show();
    this.#editing.querySelector("textarea")?.focus();
  }

  #stopEditing() {
    if (this.#edit.isChanged) {
      const kept = this.#edit.steps.map(({ parts }) => parts.map(({ text, removed }) => ({ text, removed })));
      toast(t("review.discarded"), { action: { label: t("review.undo"), run: () => this.#bringBack(kept) } });
    }
    this.#edit.forget();
    this.#edit = new Edit(this.solution, this.ticket.category);
    this.#idle();
    this.remedy.querySelector(".sentence[aria-pressed=true], .sentence")?.focus();
  }

  #bringBack(kept) {
    for (const [at, sentences] of kept.entries()) {
      const entry = this.#edit.steps[at];
      for (const [index, values] of sentences.entries()) Object.assign(entry.parts[index] ?? this.#edit.add(entry), values);
    }
    this.#edit.keep();
    this.#startEditing();
  }

  #approve() {
    this.#soon("APPROVED", { verdict: "APPROVED" });
  }

  #sendEdited() {
    const body = { verdict: "EDITED", steps: this.#edit.body() };
    if (!body.steps.length) {
      toast(t("review.empty"), { kind: "bad" });
      return;
    }
    if (this.#edit.category && this.#edit.category !== this.ticket.category) body.category = this.#edit.category;
    this.#soon("EDITED", body);
  }

  async #reject() {
    const reason = await askReason({ title: t("review.reject_title"), text: t("review.reject_text"), label: t("review.reason"), yes: t("review.reject"), kind: "danger", signal: this.signal });
    if (reason) this.#soon("REJECTED", { verdict: "REJECTED", reason });
  }

  /** Send after a few seconds, unless it is undone. */
  #soon(verdict, body) {
    const words = t(`review.sending_${verdict}`);
    const left = h("span", { class: "countdown", "aria-hidden": "true" });
    this.#pending = { verdict, body, timer: setTimeout(() => this.#send(verdict, body), SECONDS * 1000) };
    fill(this, this.#bar([h("p", { class: "review-words", role: "status" }, left, words), button(t("review.undo"), { glyph: "undo", key: "u", onclick: () => this.#undo() }), button(t("review.send_now"), { kind: "primary", onclick: () => this.#sendNow() })]));
    announce(`${words} ${t("review.undo_hint")}`);
    this.querySelector(".button").focus();
  }

  #sendNow() {
    if (this.#pending) this.#send(this.#pending.verdict, this.#pending.body);
  }

  #undo() {
    clearTimeout(this.#pending?.timer);
    this.#pending = null;
    announce(t("review.undone"));
    if (this.#editing) {
      this.#editing.remove();
      this.#startEditing();
    } else {
      this.#idle();
      this.querySelector(".button-primary").focus();
    }
  }

  async #send(verdict, body) {
    clearTimeout(this.#pending?.timer);
    this.#pending = null;
    const waiting = this.querySelectorAll("button");
    for (const one of waiting) one.disabled = true;
    try {
      const answer = await api.post(`/v1/tickets/${this.ticket.ticket_id}/review`, body);
      this.#edit.forget();
      toast(t(`review.done_${verdict}`), { kind: "ok" });
      this.dispatchEvent(new CustomEvent("decided", { detail: answer, bubbles: true }));
    } catch (error) {
      this.#refused(error);
    }
  }

  async #refused(error) {
    if (error.status !== 409) {
      toastError(error);
      if (this.isConnected) (this.#editing ? this.#undo() : this.#idle());
      return;
    }
    if (this.#edit.isChanged) await showLost(this.#edit.text(), this.signal);
    else toast(t("review.conflict"), { kind: "bad" });
    this.dispatchEvent(new CustomEvent("stale", { bubbles: true }));
  }

  #bar(content) {
    return h("div", { class: "review-bar no-print", role: "region", "aria-label": t("review.title") }, content);
  }
}

/** Somebody else was quicker: the reviewer's own words are shown, to be copied. */
export function showLost(text, signal = null) {
  return openDialog({
    title: t("review.conflict_title"),
    signal,
    body: [h("p", {}, t("review.conflict_text")), h("textarea", { rows: 12, readonly: true, value: text, "aria-label": t("review.your_words") })],
    actions: (close) => [
      button(t("review.copy"), { glyph: "copy", onclick: () => navigator.clipboard?.writeText(text).then(() => toast(t("review.copied"), { kind: "ok" }), toastError) }),
      button(t("shell.close"), { kind: "primary", autofocus: true, onclick: () => close() }),
    ],
  });
}

define("rim-review", Review);
