// Questions that the documentation could not answer, grouped, and the way from there to an article.

import { api, everything, wasAborted } from "../api.js";
import { fill, h } from "../dom.js";
import { badge } from "../elements/badge.js";
import { define, Element } from "../elements/base.js";
import { busy, button } from "../elements/button.js";
import { confirmDialog, openDialog } from "../elements/dialog.js";
import { checkbox, field } from "../elements/field.js";
import { emptyState, errorState, skeleton } from "../elements/state.js";
import { toast, toastError } from "../elements/toast.js";
import { dateTime, t } from "../i18n.js";
import { go, href } from "../router.js";
import { may } from "../session.js";

const TICKET = /tkt_[0-9a-f-]{36}/g;

class Gaps extends Element {
  mount() {
    fill(this, skeleton(6));
    this.#read();
  }

  async #read() {
    try {
      const gaps = await everything("/v1/kb/gaps", {}, { signal: this.signal });
      gaps.sort((a, b) => b.count - a.count);
      if (gaps.length) fill(this, h("p", { class: "muted" }, t("gaps.lead")), h("ul", { class: "gap-list" }, gaps.map((gap) => this.#gap(gap))));
      else fill(this, emptyState({ glyph: "done", title: t("gaps.none"), text: t("gaps.none_text") }));
    } catch (error) {
      if (!wasAborted(error)) fill(this, errorState(error, () => this.#read()));
    }
  }

  #gap(gap) {
    const words = [...gap.models.map((model) => badge(model, { tone: "info" })), ...gap.terms.map((term) => badge(term))];
    return h(
      "li",
      { class: "gap card" },
      h("p", { class: "gap-count" }, h("b", {}, gap.count), h("span", {}, t("gaps.times", { n: gap.count }))),
      h(
        "div",
        { class: "gap-words" },
        h("h3", {}, gap.question),
        words.length > 0 && h("ul", { class: "why", "aria-label": t("gaps.terms") }, words.map((word) => h("li", {}, word))),
        h("p", { class: "small muted" }, t("gaps.when", { first: dateTime(gap.first_at, { time: false }), last: dateTime(gap.last_at, { time: false }) })),
        gap.tickets.length > 0 && tickets(gap),
      ),
      h(
        "div",
        { class: "gap-acts" },
        may("POST /v1/kb/articles") && button(t("gaps.write"), { glyph: "edit", onclick: () => this.#write(gap) }),
        may("POST /v1/kb/gaps/{gap_id}/dismiss") && button(t("gaps.dismiss"), { kind: "quiet", glyph: "x", onclick: () => this.#dismiss(gap) }),
      ),
    );
  }

  /** Not every question is one that manuals should answer. */
  async #dismiss(gap) {
    const sure = await confirmDialog({ title: t("gaps.dismiss_title"), text: t("gaps.dismiss_text", { question: gap.question }), yes: t("gaps.dismiss") });
    if (!sure) return;
    try {
      await api.post(`/v1/kb/gaps/${encodeURIComponent(gap.gap_id)}/dismiss`);
      toast(t("gaps.dismissed"), { kind: "ok" });
    } catch (error) {
      toastError(error);
    }
    this.#read();
  }

  #write(gap) {
    return openDialog({ title: t("gaps.write"), signal: this.signal, body: (close) => draftForm(gap, close) }).then(
      (article) => article && go(`/knowledge/articles/${article.article_id}`),
    );
  }
}

function tickets(gap) {
  return h(
    "details",
    { class: "gap-tickets" },
    h("summary", {}, t("gaps.tickets", { n: gap.tickets.length })),
    h("ul", {}, gap.tickets.map((id) => h("li", {}, h("a", { class: "mono small", href: href(`/tickets/${id}`) }, id)))),
  );
}

/** Which solved tickets an article is drawn from; resolves with the draft. */
export function draftForm(gap, close) {
  const boxes = gap.tickets.map((id) => checkbox(id, { checked: true, value: id, class: "mono" }));
  const others = field(t("gaps.other_tickets"), h("textarea", { rows: 2, class: "mono", spellcheck: "false" }), { hint: t("gaps.other_hint") });
  const error = h("p", { class: "field-error", role: "alert" });
  const send = button(t("gaps.draft"), { kind: "primary", type: "submit" });
  const form = h(
    "form",
    { class: "draft-form", novalidate: true },
    gap.question && h("p", { class: "quoted" }, gap.question),
    h("p", {}, t("gaps.draft_text")),
    boxes.length > 0 && h("fieldset", { class: "gap-boxes" }, h("legend", { class: "field-label" }, t("gaps.from_tickets")), boxes),
    others,
    error,
    h("div", { class: "form-acts" }, button(t("shell.cancel"), { onclick: () => close(null) }), send),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const chosen = boxes.filter((box) => box.input.checked).map((box) => box.input.value);
    const ids = [...new Set([...chosen, ...(others.value.match(TICKET) ?? [])])];
    if (!ids.length) {
      fill(error, t("gaps.none_chosen"));
      return;
    }
    try {
      close(await busy(send, () => api.post("/v1/kb/articles", { ticket_ids: ids })));
    } catch (failure) {
      fill(error, failure.message);
    }
  });
  return form;
}

define("rim-gaps", Gaps);
