// What is learnt: what people did with remedies, the classifier in use, its challenger in shadow, drift.

import { api, mayPass, wasAborted } from "../api.js";
import { fill, h } from "../dom.js";
import { define, Page } from "../elements/base.js";
import { busy, button } from "../elements/button.js";
import { confirmDialog } from "../elements/dialog.js";
import { spoken } from "../elements/spoken.js";
import { errorState, skeleton } from "../elements/state.js";
import { toast, toastError } from "../elements/toast.js";
import { number, t } from "../i18n.js";
import { use } from "../insights/figures.js";
import { subnav } from "../insights/subnav.js";
import "../learning/rows.js";
import { champion, challenger, drift, history, reasonsOf } from "../learning/views.js";
import { keepPlace } from "../place.js";
import { may } from "../session.js";

const POLL_MS = 4000;

class LearningPage extends Page {
  mount() {
    this.content = h("div", {}, skeleton(8));
    this.append(h("div", { class: "page learning" }, this.header(t("insights.nav_learning"), { lead: t("learning.lead") }), subnav("learning"), this.content));
    this.#read();
  }

  unmount() {
    clearTimeout(this.timer);
  }

  /** Read how things stand; `again` when nobody asked for it: then what stands there stays while none answers. */
  async #read({ again = false } = {}) {
    clearTimeout(this.timer);
    try {
      const state = await api.get("/v1/learning", { signal: this.signal });
      this.#show(state);
      if (["QUEUED", "RUNNING"].includes(state.job?.status)) this.#soon();
    } catch (error) {
      if (again && mayPass(error)) return this.#soon();
      this.shown = null;
      if (!wasAborted(error)) fill(this.content, errorState(error, () => this.#read()));
    }
    return undefined;
  }

  #soon() {
    this.timer = setTimeout(() => this.#read({ again: true }), POLL_MS);
  }

  #show(state) {
    const text = JSON.stringify(state);
    if (this.shown === text) return;
    this.shown = text;
    keepPlace(this.content, () => fill(this.content, this.#view(state)));
  }

  #view(state) {
    return [
      h("div", { class: "duo" }, champion(state, this.#rollback(state)), challenger(state, this.#promote(state))),
      h("div", { class: "duo" }, h("section", { class: "card" }, use(state.use)), this.#rows(state)),
      h("div", { class: "duo" }, drift(t("learning.drift_inputs"), t("learning.drift_inputs_about"), state.drift.inputs), drift(t("learning.drift_confidence"), t("learning.drift_confidence_about"), state.drift.confidence)),
      state.rows.set_aside > 0 && may("GET /v1/learning/rows") && h("rim-training-rows", { class: "card" }),
      history(state.history),
    ];
  }

  #rows({ rows, job }) {
    const retrain = button(t("learning.retrain"), { glyph: "refresh", onclick: () => this.#act(retrain, "retrain", {}, t("learning.retrain_text", { n: rows.total })) });
    const running = ["QUEUED", "RUNNING"].includes(job?.status);
    retrain.disabled = running;
    return h(
      "section",
      { class: "card" },
      h("h2", {}, t("learning.rows")),
      h("p", { class: "tile-value" }, number(rows.new, 0), h("small", {}, t("learning.rows_new"))),
      h("p", { class: "small muted" }, t("learning.rows_about", { total: rows.total }), " ", rows.set_aside > 0 && t("learning.rows_aside", { n: rows.set_aside })),
      job && h("p", { class: "small", role: "status" }, t(`learning.job_${job.status}`), job.problem && [" ", spoken("span", job.problem)]),
      may("POST /v1/learning/retrain") && retrain,
    );
  }

  #promote({ challenger: rival }) {
    if (!rival || !may("POST /v1/learning/promote")) return null;
    const text = rival.better
      ? t("learning.promote_text", { version: rival.version })
      : `${t("learning.promote_anyway", { version: rival.version })} ${reasonsOf(rival).join("; ")}.`;
    const body = { version: rival.version, force: !rival.better };
    const node = button(t("learning.promote"), { kind: rival.better ? "primary" : "plain", glyph: "up", onclick: () => this.#act(node, "promote", body, text) });
    return node;
  }

  #rollback({ champion: current, history: past }) {
    if (!current || !past.some((one) => one.status === "ARCHIVED") || !may("POST /v1/learning/rollback")) return null;
    const node = button(t("learning.rollback"), { kind: "danger", glyph: "undo", onclick: () => this.#act(node, "rollback", {}, t("learning.rollback_text", { version: current.version })) });
    return node;
  }

  async #act(node, verb, body, text) {
    const yes = await confirmDialog({ title: t(`learning.${verb}_title`), text, yes: t(`learning.${verb}`), kind: verb === "rollback" ? "danger" : "primary" });
    if (!yes) return;
    try {
      await busy(node, () => api.post(`/v1/learning/${verb}`, body, { signal: this.signal }));
      toast(t(`learning.${verb}_done`), { kind: "ok" });
      await this.#read();
    } catch (error) {
      if (!wasAborted(error)) toastError(error);
    }
  }
}

define("rim-learning", LearningPage);
