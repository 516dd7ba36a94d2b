// Which events go where.

import { api } from "../api.js";
import { fill, h } from "../dom.js";
import { badge } from "../elements/badge.js";
import { define } from "../elements/base.js";
import { busy, button, iconButton } from "../elements/button.js";
import { confirmDialog, openDialog } from "../elements/dialog.js";
import { field } from "../elements/field.js";
import { toast, toastError } from "../elements/toast.js";
import { t } from "../i18n.js";
import { may } from "../session.js";
import { Listing, showJson } from "./listing.js";

const EXAMPLE = { "detail-type": ["TicketStatusChanged"], detail: { status: ["ESCALATED"] } };

class EventRules extends Listing {
  path = "/v1/events/rules";
  name = "rules";
  glyph = "split";

  actions() {
    return may("PUT /v1/events/rules/{name}") && button(t("events.new_rule"), { glyph: "plus", onclick: () => this.#edit(null) });
  }

  columns() {
    return [
      { key: "name", label: t("events.rule"), header: true, class: "mono", cell: (one) => one.name },
      { key: "pattern", label: t("events.pattern"), class: "wide", cell: (one) => h("code", { class: "small clip" }, JSON.stringify(one.pattern)) },
      { key: "target", label: t("events.target"), cell: (one) => h("span", { class: "mono small" }, targetsOf(one)) },
      { key: "state", label: t("knowledge.status"), cell: (one) => (one.managed_by ? badge(t("events.managed")) : badge(t(one.enabled === false ? "events.off" : "events.on"), { tone: one.enabled === false ? "idle" : "ok", glyph: one.enabled === false ? "pause" : "check" })) },
      { key: "act", label: t("events.actions"), cell: (one) => this.#acts(one) },
    ];
  }

  #acts(rule) {
    return h(
      "span",
      { class: "row-acts" },
      iconButton(t("events.show_rule", { name: rule.name }), "eye", { onclick: () => showJson(rule.name, rule) }),
      !rule.managed_by && may("PUT /v1/events/rules/{name}") && iconButton(t("events.edit_rule", { name: rule.name }), "edit", { onclick: () => this.#edit(rule) }),
      !rule.managed_by && may("DELETE /v1/events/rules/{name}") && iconButton(t("events.delete_rule", { name: rule.name }), "trash", { onclick: () => this.#remove(rule) }),
    );
  }

  async #edit(rule) {
    const saved = await openDialog({ title: rule ? t("events.edit_rule", { name: rule.name }) : t("events.new_rule"), signal: this.signal, kind: "wide", body: (close) => ruleForm(rule, close) });
    if (!saved) return;
    toast(t("events.rule_saved"), { kind: "ok" });
    this.read();
  }

  async #remove(rule) {
    if (!(await confirmDialog({ title: t("events.delete_rule", { name: rule.name }), text: t("events.delete_rule_text"), yes: t("events.delete"), kind: "danger" }))) return;
    await api.delete(`/v1/events/rules/${encodeURIComponent(rule.name)}`).then(() => this.read(), toastError);
  }
}

function targetsOf(rule) {
  if (rule.target) return typeof rule.target === "string" ? rule.target : (rule.target.address ?? JSON.stringify(rule.target));
  return (rule.targets ?? []).map((one) => one.address ?? one).join(", ");
}

function ruleForm(rule, close) {
  const name = field(t("events.rule"), h("input", { value: rule?.name ?? "", maxlength: 64, class: "mono", disabled: Boolean(rule), autofocus: !rule }), { required: true });
  const pattern = field(t("events.pattern"), h("textarea", { rows: 9, class: "mono", spellcheck: "false", value: JSON.stringify(rule?.pattern ?? EXAMPLE, null, 2) }), { required: true, hint: t("events.pattern_hint") });
  const target = field(t("events.target"), h("input", { value: rule ? targetsOf(rule) : "", class: "mono" }), { required: true, hint: t("events.target_hint") });
  const error = h("p", { class: "field-error", role: "alert" });
  const send = button(t("events.save"), { kind: "primary", type: "submit" });
  const form = h("form", { class: "stack", novalidate: true }, name, pattern, target, error, h("div", { class: "form-acts" }, button(t("shell.cancel"), { onclick: () => close(null) }), send));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const parsed = parse(pattern);
    for (const one of [name, target]) one.setError(one.value ? "" : t("articles.needed"));
    if (!parsed || !name.value || !target.value) return;
    try {
      close(await busy(send, () => api.put(`/v1/events/rules/${encodeURIComponent(name.value)}`, { pattern: parsed, target: target.value, ...kept(rule) })) ?? true);
    } catch (failure) {
      fill(error, `${failure.title} ${failure.message}`);
    }
  });
  return form;
}

/** What the form does not show stays as it was. */
function kept(rule) {
  return rule ? { enabled: rule.enabled, description: rule.description } : {};
}

function parse(pattern) {
  try {
    const value = JSON.parse(pattern.value);
    pattern.setError("");
    return value;
  } catch (error) {
    pattern.setError(t("events.not_json", { why: error.message }));
    return null;
  }
}

define("rim-event-rules", EventRules);
