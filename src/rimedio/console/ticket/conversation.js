// What was said about a ticket, and what is said next.

import { api, wasAborted } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { define, Element } from "../elements/base.js";
import { busy, button } from "../elements/button.js";
import { checkbox, field } from "../elements/field.js";
import { emptyState, errorState, skeleton } from "../elements/state.js";
import { announce } from "../elements/toast.js";
import { dateTime, t } from "../i18n.js";
import { hasRole, may } from "../session.js";

const GLYPHS = { CUSTOMER: "person", OPERATOR: "tool", ASSISTANT: "ask" };

/** `<rim-conversation>`: set `ticket`; sends `said` after a message that changes the ticket. */
export class Conversation extends Element {
  ticket = null;
  #list = h("ol", { class: "messages", "aria-label": t("talk.title") });

  async mount() {
    fill(this, skeleton(3));
    try {
      const { items } = await api.get(this.#path, { query: { limit: 100 }, signal: this.signal });
      fill(this, this.#list, may("POST /v1/tickets/{ticket_id}/messages") && this.#form());
      fill(this.#list, items.length ? items.map(bubble) : h("li", { class: "messages-none" }, emptyState({ glyph: "chat", title: t("talk.none") })));
    } catch (error) {
      if (!wasAborted(error)) fill(this, errorState(error, () => this.mount()));
    }
  }

  get #path() {
    return `/v1/tickets/${this.ticket.ticket_id}/messages`;
  }

  #form() {
    const waits = this.ticket.status === "NEEDS_INFO";
    const text = field(t(waits ? "talk.answer" : "talk.write"), h("textarea", { rows: 3, maxlength: 20000 }), { hint: waits ? t("talk.answer_hint") : null });
    const forCustomer = hasRole("operator", "admin") ? checkbox(t("talk.for_customer"), { checked: waits }) : null;
    const send = button(t("talk.send"), { kind: "primary", glyph: "send", type: "submit" });
    const form = h("form", { class: "message-form no-print", novalidate: true }, text, h("div", { class: "message-foot" }, forCustomer, send));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      busy(send, () => this.#send(text, forCustomer));
    });
    text.input.addEventListener("keydown", (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && form.requestSubmit());
    return form;
  }

  async #send(text, forCustomer) {
    if (!text.value) {
      text.setError(t("talk.empty"));
      text.input.focus();
      return;
    }
    try {
      const body = forCustomer?.input.checked ? { text: text.value, author: "CUSTOMER" } : { text: text.value };
      const message = await api.post(this.#path, body);
      this.#list.querySelector(".messages-none")?.remove();
      this.#list.append(bubble(message));
      text.input.value = "";
      text.setError("");
      announce(t("talk.sent"));
      if (message.author === "CUSTOMER") this.dispatchEvent(new CustomEvent("said", { bubbles: true }));
    } catch (error) {
      text.setError(error.message);
    }
  }
}

function bubble(message) {
  return h(
    "li",
    { class: ["message", `message-${message.author.toLowerCase()}`] },
    h("p", { class: "message-head" }, icon(GLYPHS[message.author] ?? "chat", 16), h("b", {}, t(`author.${message.author}`)), h("time", { class: "muted small", datetime: message.created_at }, dateTime(message.created_at))),
    h("p", { class: "message-text" }, message.text),
  );
}

define("rim-conversation", Conversation);
