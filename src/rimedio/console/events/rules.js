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
import { Listing, onOff, showJson } from "./listing.js";
import { isTaken, targetField } from "./target-field.js";

const PATH = "/v1/events/rules";
const NAME = /^[A-Za-z0-9._-]{1,64}$/;
const EXAMPLE = { "detail-type": ["TicketStatusChanged"], detail: { status: ["ESCALATED"] } };

class EventRules extends Listing {
  path = PATH;
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
      { key: "state", label: t("knowledge.status"), cell: (one) => (one.managed_by ? badge(t("events.managed")) : onOff(one)) },
      { key: "act", label: t("events.actions"), cell: (one) => this.#acts(one) },
    ];
  }

  #acts(rule) {
    return h(
      "span",
      { class: "row-acts" },
      iconButton(t("events.show_rule", { name: rule.name }), "eye", { onclick: () => showJson(rule.name, rule) }),
      !rule.managed_by && may("PUT /v1/events/rules/{name}") && iconButton(t("events.edit_rule", { name: rule.name }), "edit", { onclick: () => this.#edit(rule) }),
      !rule.managed_by && may("PUT /v1/events/rules/{name}") && this.#pause(rule),
      !rule.managed_by && may("DELETE /v1/events/rules/{name}") && iconButton(t("events.delete_rule", { name: rule.name }), "trash", { onclick: () => this.#remove(rule) }),
    );
  }

  #pause(rule) {
    const said = rule.enabled ? "pause" : "resume";
    const node = iconButton(t(`events.${said}`, { name: rule.name }), rule.enabled ? "pause" : "play", {
      onclick: () => busy(node, () => save(rule.name, { pattern: rule.pattern, target: targetsOf(rule), ...kept(rule), enabled: !rule.enabled })).then(() => (toast(t(`events.rule_${said}d`), { kind: "ok" }), this.read()), toastError),
    });
    return node;
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
  const name = field(t("events.rule"), h("input", { value: rule?.name ?? "", maxlength: 64, class: "mono", autocomplete: "off", disabled: Boolean(rule), autofocus: !rule }), { required: true, hint: t("schedule.name_hint") });
  const pattern = field(t("events.pattern"), h("textarea", { rows: 9, class: "mono", spellcheck: "false", value: JSON.stringify(rule?.pattern ?? EXAMPLE, null, 2) }), { required: true, hint: t("events.pattern_hint") });
  const target = targetField(rule && targetsOf(rule), { workflow: true });
  const error = h("p", { class: "field-error", role: "alert" });
  const send = button(t("events.save"), { kind: "primary", type: "submit" });
  const form = h("form", { class: "stack", novalidate: true }, name, pattern, target, error, h("div", { class: "form-acts" }, button(t("shell.cancel"), { onclick: () => close(null) }), send));
  const submit = async () => {
    const parsed = parse(pattern);
    name.setError(NAME.test(name.value) ? "" : t("schedule.wrong_name"));
    if (!name.input.getAttribute("aria-invalid") && !rule && (await isTaken(PATH, name.value))) name.setError(t("events.taken", { name: name.value }));
    const wrong = form.querySelector("[aria-invalid]");
    if (wrong) return wrong.focus();
    return close(await save(name.value, { pattern: parsed, target: target.value, ...kept(rule) }));
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    fill(error);
    busy(send, submit).catch((failure) => fill(error, failure.message));
  });
  return form;
}

function save(name, body) {
  return api.put(`${PATH}/${encodeURIComponent(name)}`, body);
}

/** What the form does not show stays as it was. */
function kept(rule) {
  if (!rule) return {};
  const transformer = rule.targets?.[0]?.input_transformer;
  return { enabled: rule.enabled, description: rule.description, ...(transformer ? { input_transformer: transformer } : {}) };
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
