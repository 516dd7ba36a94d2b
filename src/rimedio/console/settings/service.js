// The service: whether each of its parts works, and every setting with its meaning.

import { api, wasAborted } from "../api.js";
import { fill, h } from "../dom.js";
import { badge } from "../elements/badge.js";
import { define, Element } from "../elements/base.js";
import { busy, button } from "../elements/button.js";
import { field } from "../elements/field.js";
import { spoken } from "../elements/spoken.js";
import { emptyState, errorState, skeleton } from "../elements/state.js";
import { dataTable } from "../elements/table.js";
import { duration, has, t } from "../i18n.js";

const TONES = { ok: ["ok", "check"], healthy: ["ok", "check"], degraded: ["warn", "alert"], warning: ["warn", "alert"], skipped: ["idle", "dot"] };

class Health extends Element {
  mount() {
    this.list = h("div", {}, skeleton(5));
    const again = button(t("settings.check_again"), { glyph: "refresh", onclick: () => busy(again, () => this.#read()) });
    fill(this, h("div", { class: "section-acts" }, h("p", { class: "muted" }, t("settings.health_about")), again), this.list);
    this.#read();
  }

  async #read() {
    try {
      this.#show(await api.get("/v1/health/deep", { signal: this.signal }));
    } catch (error) {
      if (!wasAborted(error)) fill(this.list, errorState(error, () => this.#read()));
    }
  }

  #show({ status, checks }) {
    fill(
      this.list,
      h("p", { class: "health-whole" }, mark(status)),
      dataTable({
        caption: t("settings.tab_health"),
        rows: checks,
        class: "table-cards",
        columns: [
          { key: "name", label: t("settings.part"), header: true, cell: (one) => (has(`settings.part_${one.name}`) ? t(`settings.part_${one.name}`) : one.name) },
          { key: "status", label: t("knowledge.status"), cell: (one) => mark(one.status) },
          { key: "detail", label: t("settings.detail"), class: "wide", cell: (one) => spoken("span", one.detail) },
          { key: "took", label: t("settings.took"), numeric: true, cell: (one) => duration(one.latency_ms) },
        ],
      }),
    );
  }
}

function mark(status) {
  const name = String(status).toLowerCase();
  const [tone, glyph] = TONES[name] ?? ["bad", "x"];
  return badge(has(`settings.health_${name}`) ? t(`settings.health_${name}`) : name, { tone, glyph });
}

class ServiceSettings extends Element {
  mount() {
    this.filter = h("input", { type: "search", autocomplete: "off", oninput: () => this.#show() });
    this.list = h("div", {}, skeleton(8));
    fill(this, h("p", { class: "muted" }, t("settings.service_about")), h("div", { class: "finder", role: "search" }, field(t("settings.find"), this.filter)), this.list);
    this.#read();
  }

  async #read() {
    try {
      this.items = (await api.get("/v1/settings", { signal: this.signal })).items;
      this.#show();
    } catch (error) {
      if (!wasAborted(error)) fill(this.list, errorState(error, () => this.#read()));
    }
  }

  #show() {
    if (!this.items) return;
    const wanted = this.filter.value.trim().toLowerCase();
    const rows = this.items.filter(({ name, meaning }) => `${name} ${meaning}`.toLowerCase().includes(wanted));
    fill(this.list, rows.length ? settingsTable(rows) : emptyState({ glyph: "search", title: t("settings.none") }));
  }
}

function settingsTable(rows) {
  return dataTable({
    caption: t("settings.tab_service"),
    rows,
    class: "table-cards",
    columns: [
      { key: "name", label: t("settings.name"), header: true, cell: (one) => h("span", { class: "mono" }, one.name) },
      { key: "value", label: t("settings.value"), cell: value },
      { key: "meaning", label: t("settings.meaning"), class: "wide", cell: (one) => [h("span", { lang: "en" }, one.meaning), h("small", { lang: "en" }, one.type)] },
    ],
  });
}

function value(one) {
  const said = written(one.value);
  if (written(one.default) === said) return h("span", { class: "mono" }, said);
  return [h("b", { class: "mono" }, said), h("small", {}, t("settings.default", { value: written(one.default) }))];
}

function written(something) {
  if (something === null || something === undefined || something === "") return t("settings.unset");
  if (typeof something === "boolean") return t(something ? "settings.yes" : "settings.no");
  return typeof something === "object" ? JSON.stringify(something) : String(something);
}

define("rim-health", Health);
define("rim-service-settings", ServiceSettings);
