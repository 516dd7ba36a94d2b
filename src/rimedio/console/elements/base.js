// What every custom element of the console is built on.

import { h } from "../dom.js";
import { announce } from "./toast.js";

/** A custom element whose `signal` aborts when it leaves the page: hand it to fetches and listeners. */
export class Element extends HTMLElement {
  #leaving = new AbortController();

  /** Aborts when the element leaves the page. */
  get signal() {
    return this.#leaving.signal;
  }

  connectedCallback() {
    if (this.#leaving.signal.aborted) this.#leaving = new AbortController();
    this.mount();
  }

  disconnectedCallback() {
    this.#leaving.abort();
    this.unmount();
  }

  /** Build the content. */
  mount() {}

  /** Clear up what `signal` does not. */
  unmount() {}

  /** Listen for as long as the element stays. */
  listen(target, name, handler, options = {}) {
    target.addEventListener(name, handler, { ...options, signal: this.signal });
  }
}

/**
 * A page: `this.route` is {path, params, query}. Its `heading()` must hold an h1; the shell moves the focus there
 * and gives the window its `title`.
 */
export class Page extends Element {
  route = { path: "/", params: {}, query: {} };

  /** What the window is called. */
  get title() {
    return "";
  }

  /** The page's header: an h1, a line below it, and what can be done at its right. */
  header(title, { lead = null, actions = [], above = null } = {}) {
    return h(
      "header",
      { class: "page-head" },
      h(
        "div",
        { class: "page-head-words" },
        above,
        h("h1", { tabindex: "-1" }, title),
        lead && h("p", { class: "lead" }, lead),
      ),
      actions.length > 0 && h("div", { class: "page-head-actions" }, actions),
    );
  }

  /** Say something to screen readers. */
  announce(text) {
    announce(text);
  }
}

/** Define a custom element once. */
export function define(tag, type) {
  if (!customElements.get(tag)) customElements.define(tag, type);
}
