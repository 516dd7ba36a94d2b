// Where the address without a page leads: first steps while there is nothing, the queue afterwards.

import { api, wasAborted } from "../api.js";
import { define, Page } from "../elements/base.js";
import { skeleton } from "../elements/state.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { may } from "../session.js";

class HomePage extends Page {
  mount() {
    this.append(h("div", { class: "page" }, h("h1", { class: "visually-hidden", tabindex: "-1" }, t("nav.queue")), skeleton(6)));
    this.#decide();
  }

  async #decide() {
    try {
      const empty = may("GET /v1/kb/coverage") && (await this.#isEmpty());
      location.replace(empty ? "#/welcome" : "#/queue");
    } catch (error) {
      if (!wasAborted(error)) location.replace("#/queue");
    }
  }

  async #isEmpty() {
    const [coverage, tickets] = await Promise.all([
      api.get("/v1/kb/coverage", { signal: this.signal }),
      api.list("/v1/tickets", { limit: 1 }, { signal: this.signal }),
    ]);
    return coverage.documents === 0 && tickets.items.length === 0;
  }
}

define("rim-home", HomePage);
