// An answer while it is written: what Rimedio is doing, and each sentence as soon as it is checked.

import { wasAborted } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { define, Element } from "../elements/base.js";
import { errorState } from "../elements/state.js";
import { announce } from "../elements/toast.js";
import { t, translate } from "../i18n.js";
import { readStream } from "../stream.js";
import { stateName } from "./workflow.js";

/** `<rim-live>`: set `path` (and `body` for a question) and `language`; sends `complete` with the event's data. */
export class LiveAnswer extends Element {
  path = "";
  body = undefined;
  language = "it";
  #doing = h("p", { class: "live-doing is-live", role: "status" });
  #trail = h("ol", { class: "live-trail", "aria-hidden": "true" });
  #text = h("div", { class: "live-text" });
  #sections = new Map();
  #started = 0;

  mount() {
    fill(this, h("div", { class: "live-head" }, this.#doing, this.#trail), this.#text);
    this.#say(t("live.starting"));
    this.#read();
  }

  async #read() {
    try {
      await readStream(this.path, {
        signal: this.signal,
        body: this.body,
        last: ["complete", "error"],
        onState: (state) => state === "waiting" && this.#say(t("live.again")),
        on: {
          start: () => this.#say(t("live.starting")),
          progress: (event) => this.#progress(event),
          chunk: (event) => this.#chunk(event),
          complete: (event) => this.dispatchEvent(new CustomEvent("complete", { detail: event })),
          error: (event) => fill(this, errorState({ title: t("live.failed"), message: event.message })),
        },
      });
    } catch (error) {
      if (!wasAborted(error)) fill(this, errorState(error, () => this.mount()));
    }
  }

  #progress({ state, status }) {
    if (status === "ENTERED") {
      this.#started += 1;
      this.#say(stateName(state));
      this.#trail.append(h("li", { class: "is-now" }));
      this.#trail.lastElementChild.previousElementSibling?.classList.remove("is-now");
    }
    if (status === "FAILED" || status === "RETRIED") this.#trail.lastElementChild?.classList.add("is-bad");
  }

  #chunk({ section, title, text, citation_ids: ids, step }) {
    const list = this.#section(section);
    let item = list.querySelector(`[data-step="${Number(step)}"]`);
    if (!item) {
      item = h("li", { class: "step", dataset: { step } });
      list.append(item);
    }
    item.append(h("p", { class: "live-sentence", title: title || null }, text, " ", ids.map((id) => h("span", { class: "cite mono" }, id.replace(/^c/, "")))));
    announce(text);
  }

  #section(name) {
    if (!this.#sections.has(name)) {
      const list = h("ol", { class: "steps" });
      this.#sections.set(name, list);
      this.#text.append(h("section", { class: "remedy-section", lang: this.language }, h("h2", {}, translate(this.language, `section.${name}`)), list));
    }
    return this.#sections.get(name);
  }

  #say(words) {
    fill(this.#doing, icon("loop", 18), h("span", {}, words));
  }
}

define("rim-live", LiveAnswer);
