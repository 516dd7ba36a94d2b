// The tab of what happened: the workflow drawn, and the record of every step with input, output, time and cost.

import { api, wasAborted } from "../api.js";
import { fill, h } from "../dom.js";
import { badge } from "../elements/badge.js";
import { define, Element } from "../elements/base.js";
import { emptyState, errorState, skeleton } from "../elements/state.js";
import { clock, duration, money, number, t } from "../i18n.js";
import { may } from "../session.js";
import { readStream } from "../stream.js";
import { stateName } from "./workflow.js";

const TONES = { SUCCEEDED: "ok", FAILED: "bad", TIMED_OUT: "bad", WAITING: "warn", RETRIED: "warn" };
const LIVE = ["NEW", "PROCESSING"];

/** `<rim-run>`: set `ticket`. */
export class Run extends Element {
  ticket = null;
  #flow = null;
  #record = h("div", { class: "run-record", "aria-live": "polite" });
  #steps = [];

  async mount() {
    fill(this, skeleton(6));
    try {
      const graph = await api.get("/v1/workflow", { signal: this.signal });
      this.#flow = document.createElement("rim-workflow");
      this.#flow.graph = graph;
      this.#flow.addEventListener("state", (event) => this.#show(event.detail));
      fill(this, h("div", { class: "run-layout" }, this.#flow, this.#record));
      await this.#load();
      if (LIVE.includes(this.ticket.status)) await this.#follow();
    } catch (error) {
      if (!wasAborted(error)) fill(this, errorState(error, () => this.mount()));
    }
  }

  async #load() {
    if (!may("GET /v1/tickets/{ticket_id}/run")) return;
    if (!this.ticket.execution_id && !LIVE.includes(this.ticket.status)) {
      fill(this.#record, emptyState({ glyph: "flow", title: t("run.none") }));
      return;
    }
    const run = await api.get(`/v1/tickets/${this.ticket.ticket_id}/run`, { signal: this.signal }).catch((error) => {
      if (error.status !== 404) throw error;
      return null;
    });
    if (!run) {
      fill(this.#record, emptyState({ glyph: "flow", title: t("run.none") }));
      return;
    }
    this.#steps = run.steps;
    this.#flow.show(run.steps);
    fill(this.#record, this.#summary(run), this.#ledger(run));
  }

  async #follow() {
    await readStream(`/v1/tickets/${this.ticket.ticket_id}/events/stream`, {
      signal: this.signal,
      on: { progress: (event) => this.#flow.note(event), complete: () => {} },
    });
    await this.#load();
  }

  #summary(run) {
    return h(
      "dl",
      { class: "run-summary" },
      [
        [t("run.status"), t(`run.status_${run.status}`)],
        [t("run.took"), duration(run.duration_ms)],
        [t("run.cost"), money(run.cost_usd)],
        [t("run.steps"), number(run.steps.length)],
      ].map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", { class: "mono" }, value))),
    );
  }

  #ledger(run) {
    return h(
      "ol",
      { class: "ledger", "aria-label": t("run.ledger") },
      run.steps.map((step) =>
        h(
          "li",
          { dataset: { order: step.order } },
          h(
            "details",
            { ontoggle: (event) => event.target.open && this.#flow.choose(step.state) },
            h(
              "summary",
              {},
              h("span", { class: "mono muted ledger-order" }, step.order),
              h("span", { class: "ledger-name" }, stateName(step.state), step.attempt > 1 && h("span", { class: "small muted" }, ` ${t("run.attempt", { n: step.attempt })}`)),
              step.status !== "SUCCEEDED" && badge(t(`run.step_${step.status}`), { tone: TONES[step.status] ?? "info" }),
              h("span", { class: "mono small ledger-time" }, duration(step.duration_ms)),
            ),
            this.#detail(step),
          ),
        ),
      ),
    );
  }

  #detail(step) {
    const facts = [
      [t("run.state"), step.state],
      [t("run.started"), clock(step.started_at)],
      step.tokens_input + step.tokens_output > 0 && [t("run.tokens"), `${number(step.tokens_input)} → ${number(step.tokens_output)}`],
      step.cost_usd > 0 && [t("run.cost"), money(step.cost_usd)],
      step.error && [t("run.error"), step.error],
      step.cause && [t("run.cause"), step.cause],
    ].filter(Boolean);
    return h(
      "div",
      { class: "ledger-detail" },
      h("dl", { class: "facts small" }, facts.map(([name, value]) => [h("dt", {}, name), h("dd", { class: "mono" }, value)])),
      value(t("run.input"), step.input),
      value(t("run.output"), step.output),
    );
  }

  #show(name) {
    const last = this.#steps.findLast((step) => step.state === name);
    if (!last) return;
    const entry = this.#record.querySelector(`[data-order="${last.order}"] details`);
    if (!entry) return;
    for (const open of this.#record.querySelectorAll("details[open]")) if (open !== entry) open.open = false;
    entry.open = true;
    entry.scrollIntoView({ block: "nearest" });
    entry.querySelector("summary").focus({ preventScroll: true });
  }
}

function value(label, json) {
  if (json === null || json === undefined) return null;
  const text = typeof json === "string" ? json : JSON.stringify(json, null, 2);
  return h("figure", { class: "json" }, h("figcaption", {}, label), h("pre", { tabindex: "0" }, h("code", {}, text)));
}

define("rim-run", Run);
