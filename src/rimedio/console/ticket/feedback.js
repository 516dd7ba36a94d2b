// What people think of a remedy, and what reviewers changed in it.

import { api, wasAborted } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { badge } from "../elements/badge.js";
import { define, Element } from "../elements/base.js";
import { busy, button } from "../elements/button.js";
import { checkbox, field, segmented, select } from "../elements/field.js";
import { errorState, skeleton } from "../elements/state.js";
import { toast, toastError } from "../elements/toast.js";
import { dateTime, t } from "../i18n.js";
import { may } from "../session.js";
import { diffView } from "./diff.js";

const TONES = { APPROVED: "ok", EDITED: "warn", REJECTED: "bad" };

/** `<rim-judgements>`: set `ticket` and `solution` (or null). */
export class Judgements extends Element {
  ticket = null;
  solution = null;
  #list = h("div", { class: "judgements" });

  mount() {
    fill(this, this.solution && may("POST /v1/tickets/{ticket_id}/feedback") && this.#form(), this.#list);
    this.#load();
  }

  get #path() {
    return `/v1/tickets/${this.ticket.ticket_id}`;
  }

  async #load() {
    const read = async (route, path) => (may(route) ? (await api.get(`${this.#path}${path}`, { signal: this.signal })).items : []);
    fill(this.#list, skeleton(2));
    try {
      const [reviews, feedback] = await Promise.all([read("GET /v1/tickets/{ticket_id}/reviews", "/reviews"), read("GET /v1/tickets/{ticket_id}/feedback", "/feedback")]);
      fill(
        this.#list,
        reviews.length > 0 && h("section", {}, h("h2", {}, t("judge.reviews")), reviews.map(reviewCard)),
        feedback.length > 0 && h("section", {}, h("h2", {}, t("judge.feedback")), feedback.map(feedbackCard)),
      );
    } catch (error) {
      if (!wasAborted(error)) fill(this.#list, errorState(error, () => this.#load()));
    }
  }

  #form() {
    let rating = 0;
    const error = h("p", { class: "field-error", hidden: true, role: "alert" }, t("judge.rating_needed"));
    const stars = segmented(t("judge.rating"), [1, 2, 3, 4, 5].map((n) => [String(n), t(`judge.rating_${n}`)]), { value: "", onchange: (value) => ((rating = Number(value)), (error.hidden = true)) });
    const use = field(t("judge.use"), select([["", "–"], ...["USED", "EDITED", "IGNORED"].map((name) => [name, t(`use.${name}`)])]));
    const marks = [["", "–"], ...["1", "2", "3", "4", "5"].map((n) => [n, t(`judge.rating_${n}`)])];
    const accuracy = field(t("judge.accuracy"), select(marks));
    const completeness = field(t("judge.completeness"), select(marks));
    const minutes = field(t("judge.minutes"), h("input", { type: "number", min: 0, step: 1, inputmode: "numeric" }));
    const comments = field(t("judge.comments"), h("textarea", { rows: 2, maxlength: 5000 }), { class: "wide" });
    const corrections = field(t("judge.corrections"), h("textarea", { rows: 3, maxlength: 20000 }), { class: "wide", hint: t("judge.corrections_hint") });
    const flags = { applied_solution: checkbox(t("judge.applied")), resolved_issue: checkbox(t("judge.resolved")), required_escalation: checkbox(t("judge.escalation")), use_for_training: checkbox(t("judge.training")) };
    const send = button(t("judge.send"), { kind: "primary", type: "submit" });
    const form = h(
      "form",
      { class: "card feedback-form no-print", novalidate: true },
      h("h2", {}, t("judge.title")),
      h("div", { class: "field" }, h("span", { class: "field-label" }, t("judge.rating")), stars, error),
      h("div", { class: "checks" }, Object.values(flags)),
      h("div", { class: "fields" }, use, accuracy, completeness, minutes, comments, corrections),
      send,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!rating) {
        error.hidden = false;
        stars.querySelector("input").focus();
        return;
      }
      const body = {
        solution_id: this.solution.solution_id,
        rating,
        was_helpful: rating >= 3,
        use: use.value || null,
        accuracy: Number(accuracy.value) || null,
        completeness: Number(completeness.value) || null,
        comments: comments.value || null,
        corrections: corrections.value || null,
        time_to_resolution_minutes: minutes.value ? Number(minutes.value) : null,
        ...Object.fromEntries(Object.entries(flags).map(([name, node]) => [name, node.input.checked])),
      };
      busy(send, () => this.#send(body, form));
    });
    return form;
  }

  async #send(body, form) {
    try {
      await api.post(`${this.#path}/feedback`, body);
      toast(t("judge.thanks"), { kind: "ok" });
      form.replaceWith(h("p", { class: "notice tone-ok" }, icon("check"), t("judge.thanks")));
      this.#load();
    } catch (error) {
      toastError(error);
    }
  }
}

function reviewCard(review) {
  const changed = review.diff.filter((line) => line.op !== "same");
  return h(
    "article",
    { class: "card judgement" },
    h("p", {}, badge(t(`judge.verdict_${review.verdict}`), { tone: TONES[review.verdict] }), " ", h("b", {}, review.reviewer), " ", h("time", { class: "muted small", datetime: review.at }, dateTime(review.at))),
    review.reason && h("p", { class: "judgement-reason" }, review.reason),
    changed.length > 0 && h("div", { class: "judgement-diff" }, changed.map((line) => diffView(line.before ?? "", line.after ?? ""))),
  );
}

function feedbackCard(item) {
  return h(
    "article",
    { class: "card judgement" },
    h("p", {}, badge(t("judge.of_five", { rating: item.rating }), { tone: item.rating >= 4 ? "ok" : item.rating >= 3 ? "idle" : "bad", glyph: "star" }), " ", h("b", {}, item.operator_id), " ", item.use && t(`use.${item.use}`), " ", h("time", { class: "muted small", datetime: item.created_at }, dateTime(item.created_at))),
    item.comments && h("p", {}, item.comments),
    item.corrections && h("blockquote", { class: "passage-text" }, item.corrections),
  );
}

define("rim-judgements", Judgements);
