// The queue: what waits for whom, live.

import { api, mayPass, wasAborted } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { download } from "../download.js";
import { define, Page } from "../elements/base.js";
import { busy, button, buttonLink } from "../elements/button.js";
import { pager } from "../elements/pager.js";
import { emptyState, errorState, skeleton } from "../elements/state.js";
import { toastError } from "../elements/toast.js";
import { t } from "../i18n.js";
import { shortcuts } from "../keys.js";
import { QueueFilters } from "../queue/filters.js";
import { matches, QueueRows } from "../queue/rows.js";
import { go, keepQuery } from "../router.js";
import { may } from "../session.js";
import { readStream } from "../stream.js";
import { taxonomy } from "../taxonomy.js";

const PAGE = 50;
const AGES_MS = 30_000;
const AGAIN_MS = 5000; // a change that could not be read is read again

class QueuePage extends Page {
  #rows = new QueueRows();
  #body = h("div", { class: "queue-body" });
  #live = h("span", { class: "live" });
  #more = null;
  #cursor = null;
  #turn = 0;
  #missed = new Set();

  get title() {
    return t("queue.title");
  }

  mount() {
    this.filters = new QueueFilters(this.route.query, (query) => this.#filtered(query));
    this.#more = pager(() => this.#next());
    const tools = [this.#live];
    if (may("GET /v1/tickets.csv")) tools.push(button(t("queue.csv"), { glyph: "download", onclick: (event) => this.#export(event.currentTarget) }));
    if (may("POST /v1/tickets")) tools.push(buttonLink(t("queue.new"), { kind: "primary", glyph: "plus", href: "#/tickets/new" }));
    this.append(h("div", { class: "page queue" }, this.header(t("queue.title"), { actions: tools }), this.filters.node, this.#body, this.#more));
    this.#keys();
    this.#load();
    this.#follow();
    taxonomy().then((known) => this.filters.setProducts(known.product_types), () => {});
    const timer = setInterval(() => this.#rows.refreshAges(), AGES_MS);
    this.listen(this.signal, "abort", () => clearInterval(timer));
  }

  #keys() {
    shortcuts(
      [
        { keys: ["j", "ArrowDown"], run: () => this.#rows.move(1), about: "queue.key_next", when: (event) => event.key === "j" || this.#rows.hasFocus() },
        { keys: ["k", "ArrowUp"], run: () => this.#rows.move(-1), about: "queue.key_previous", when: (event) => event.key === "k" || this.#rows.hasFocus() },
        { keys: ["Enter"], run: () => this.#rows.open(), about: "queue.key_open", when: () => this.#rows.hasFocus() },
        { keys: ["/"], run: () => this.filters.focus(), about: "queue.key_search" },
        { keys: ["n"], run: () => go("/tickets/new"), about: "queue.key_new" },
      ],
      this.signal,
    );
  }

  #filtered(query) {
    keepQuery(query);
    this.#load();
  }

  async #load() {
    const mine = (this.#turn += 1);
    this.#more.hidden = true;
    if (!this.#rows.count) fill(this.#body, skeleton(8));
    try {
      const page = await this.#page(null);
      if (mine === this.#turn) this.#show(page);
    } catch (error) {
      if (!wasAborted(error) && mine === this.#turn) fill(this.#body, errorState(error, () => this.#load()));
    }
  }

  /** A page that holds something, if any does: rare words are looked for a part at a time. */
  async #page(cursor) {
    let page = { items: [], next_cursor: cursor };
    do {
      page = await api.list("/v1/tickets", { ...this.filters.asked, limit: PAGE, cursor: page.next_cursor }, { signal: this.signal });
    } while (!page.items.length && page.next_cursor);
    return page;
  }

  #show(page) {
    this.#cursor = page.next_cursor;
    this.#more.hidden = !page.next_cursor;
    this.#rows.replace(page.items);
    fill(this.#body, page.items.length ? this.#rows.node : this.#nothing());
    const n = page.items.length;
    this.announce(page.next_cursor ? t("queue.count_more", { n }) : t("queue.count", { n }));
  }

  #nothing() {
    if (this.filters.isActive) {
      return emptyState({ glyph: "filter", title: t("queue.none_match"), action: button(t("queue.clear"), { onclick: () => this.filters.clear() }) });
    }
    return emptyState({ glyph: "inbox", title: t("queue.empty"), text: t("queue.empty_text"), action: buttonLink(t("queue.new"), { kind: "primary", glyph: "plus", href: "#/tickets/new" }) });
  }

  async #next() {
    const page = await this.#page(this.#cursor);
    this.#cursor = page.next_cursor;
    this.#rows.add(page.items);
    return Boolean(page.next_cursor);
  }

  async #follow() {
    const tell = (state) => fill(this.#live, icon(state === "live" ? "dot" : "pause", 16), t(`queue.live_${state}`));
    tell("waiting");
    try {
      await readStream("/v1/events/stream", {
        signal: this.signal,
        last: [],
        onState: (state) => {
          this.#live.classList.toggle("is-on", state === "live");
          tell(state);
        },
        on: { ticket: (event) => this.#changed(event.ticket_id) },
      });
    } catch (error) {
      if (!wasAborted(error)) tell("waiting");
    }
  }

  async #changed(id) {
    try {
      const ticket = await api.get(`/v1/tickets/${id}`, { signal: this.signal });
      const wanted = matches(ticket, this.filters.asked);
      const hadNone = this.#rows.count === 0;
      if (!this.#rows.put(ticket, wanted, { sort: this.filters.asked.sort, more: Boolean(this.#cursor) })) return;
      if (hadNone) fill(this.#body, this.#rows.node);
      this.announce(t("queue.changed", { what: ticket.symptom_text.slice(0, 60), status: t(`status.${ticket.status}`) }));
    } catch (error) {
      if (mayPass(error)) this.#again(id);
      else if (!wasAborted(error) && error.status !== 404) toastError(error);
    }
  }

  /** Nobody asked for this ticket, so nobody is told that it did not come: it is asked for once more. */
  #again(id) {
    if (this.#missed.has(id)) return;
    this.#missed.add(id);
    const timer = setTimeout(() => (this.#missed.delete(id), this.#changed(id)), AGAIN_MS);
    this.listen(this.signal, "abort", () => clearTimeout(timer));
  }

  #export(node) {
    busy(node, () => download("/v1/tickets.csv", "rimedio-tickets.csv", { query: this.filters.wanted })).catch(toastError);
  }
}

define("rim-queue", QueuePage);
