// First steps, while there is nothing yet: load manuals, ask, open a ticket. What is done is ticked off live.

import { api, wasAborted } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { define, Page } from "../elements/base.js";
import { buttonLink } from "../elements/button.js";
import { t } from "../i18n.js";
import { asked } from "../ask/asked.js";
import { changes } from "../knowledge/loading.js";
import { href } from "../router.js";
import { hasRole, may } from "../session.js";
import "../knowledge/drop-zone.js";

const POLL_MS = 4000;
const DEMO = "rimedio serve --demo";

class WelcomePage extends Page {
  mount() {
    this.steps = ["load", "ask", "ticket"].map((id, at) => this.#step(id, at + 1));
    this.state = h("p", { class: "visually-hidden", role: "status" });
    this.append(
      h(
        "div",
        { class: "page welcome" },
        this.header(t("welcome.title"), { lead: t("welcome.lead") }),
        h("ol", { class: "first-steps" }, this.steps.map(({ node }) => node)),
        this.state,
        may("POST /v1/kb/documents") && this.#demo(),
      ),
    );
    this.listen(changes, "change", () => this.#soon(POLL_MS / 4));
    this.#read();
  }

  unmount() {
    clearTimeout(this.timer);
  }

  #step(id, number) {
    const mark = h("span", { class: "step-mark" }, String(number));
    const said = h("p", { class: "small muted" }, t(`welcome.${id}_about`));
    const node = h("li", { class: "first-step card" }, mark, h("div", { class: "first-step-words" }, h("h2", {}, t(`welcome.${id}`)), said, h("div", { class: "first-step-act" }, this.#act(id))));
    return { id, node, mark, said };
  }

  #act(id) {
    if (id === "load") return may("POST /v1/kb/documents") ? h("rim-drop-zone") : h("p", { class: "small" }, t("welcome.load_admin"));
    if (id === "ask") return may("POST /v1/ask") && buttonLink(t("nav.ask"), { glyph: "ask", href: href("/ask") });
    return may("POST /v1/tickets") && buttonLink(t("welcome.open_ticket"), { glyph: "plus", href: href("/tickets/new") });
  }

  #demo() {
    return h(
      "section",
      { class: "card demo" },
      h("h2", {}, t("welcome.demo")),
      h("p", {}, t("welcome.demo_about")),
      h("pre", { class: "command", tabindex: "0" }, h("code", {}, DEMO)),
    );
  }

  #soon(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#read(), ms);
  }

  async #read() {
    try {
      const [documents, tickets] = await Promise.all([
        api.list("/v1/kb/documents", { status: "INDEXED", limit: 1 }, { signal: this.signal }),
        api.list("/v1/tickets", { limit: 1 }, { signal: this.signal }),
      ]);
      this.#show({ load: documents.items.length > 0, ask: asked.length > 0, ticket: tickets.items.length > 0 });
    } catch (error) {
      if (wasAborted(error)) return;
    }
    this.#soon(POLL_MS);
  }

  #show(done) {
    const before = this.done;
    this.done = done;
    for (const { id, node, mark } of this.steps) {
      if (before && before[id] === done[id]) continue;
      node.classList.toggle("is-done", done[id]);
      const number = this.steps.findIndex((step) => step.id === id) + 1;
      fill(mark, done[id] ? [icon("check", 18), h("span", { class: "visually-hidden" }, t("welcome.done"))] : String(number));
    }
    if (Object.values(done).every(Boolean)) fill(this.state, t("welcome.all_done"));
  }
}

define("rim-welcome", WelcomePage);
