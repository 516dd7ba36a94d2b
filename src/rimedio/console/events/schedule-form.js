// The form of a schedule: its name, when it is due, who is told.

import { api } from "../api.js";
import { fill, h } from "../dom.js";
import { busy, button } from "../elements/button.js";
import { field, select } from "../elements/field.js";
import { t } from "../i18n.js";
import { isTaken, targetField } from "./target-field.js";
import { expressionOf, KINDS, partsOf, UNITS } from "./timing.js";

const NAME = /^[A-Za-z0-9._-]{1,64}$/;
const PATH = "/v1/schedules";
const ZONES = "schedule-zones";

/** What the API takes of a schedule as it gave it: with `changes`, and nothing lost that a form does not show. */
export function bodyOf(schedule, changes = {}) {
  const { expression, target, input, timezone, start, end, window_minutes, enabled, description } = schedule;
  return { expression, target, input, timezone, start, end, window_minutes, enabled, description, ...changes };
}

/** Make or replace a schedule. */
export function save(name, body) {
  return api.put(`${PATH}/${encodeURIComponent(name)}`, body);
}

/** A form for `schedule`, or for a new one without; closes with what the API stored. */
export function scheduleForm(schedule, close) {
  const when = whenFields(schedule ? partsOf(schedule.expression) : { kind: "daily", time: "08:00" });
  const name = field(t("events.schedule"), h("input", { value: schedule?.name ?? "", maxlength: 64, class: "mono", autocomplete: "off", spellcheck: "false", disabled: Boolean(schedule), autofocus: !schedule }), { required: true, hint: t("schedule.name_hint") });
  const zone = field(t("events.zone"), h("input", { value: schedule?.timezone ?? ownZone(), list: ZONES, maxlength: 64, autocomplete: "off", spellcheck: "false" }), { required: true });
  const target = targetField(schedule?.target);
  const about = field(t("events.description"), h("input", { value: schedule?.description ?? "", maxlength: 500 }));
  const error = h("p", { class: "field-error", role: "alert" });
  const send = button(t("events.save"), { kind: "primary", type: "submit" });
  const form = h("form", { class: "stack", novalidate: true }, name, when.node, zone, zones(), target, about, error, h("div", { class: "form-acts" }, button(t("shell.cancel"), { onclick: () => close(null) }), send));
  const submit = async () => {
    name.setError(NAME.test(name.value) ? "" : t("schedule.wrong_name"));
    zone.setError(zone.value ? "" : t("articles.needed"));
    const expression = when.read();
    const wrong = form.querySelector("[aria-invalid]");
    if (wrong) return wrong.focus();
    fill(error);
    try {
      if (!schedule && (await isTaken(PATH, name.value))) return refuse(name, t("events.taken", { name: name.value }));
      const given = { expression, target: target.value, timezone: zone.value, description: about.value };
      return close(await save(name.value, schedule ? bodyOf(schedule, given) : given));
    } catch (failure) {
      return fill(error, failure.message);
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(send, submit);
  });
  return form;
}

/** The fields that say when; only those of the chosen way are seen. `read()` marks what is wrong. */
function whenFields(parts) {
  const kind = field(t("events.expression"), select(KINDS.map((one) => [one, t(`schedule.kind_${one}`)]), { value: parts.kind }));
  const every = field(t("schedule.every"), h("input", { type: "number", min: 1, max: 10_000_000, step: 1, value: parts.every ?? 1 }), { required: true });
  const unit = field(t("schedule.unit"), select(UNITS.map((one) => [one, t(`schedule.unit_${one}`)]), { value: parts.unit ?? "hour" }));
  const time = field(t("schedule.time"), h("input", { type: "time", value: parts.time ?? "08:00" }), { required: true });
  const at = field(t("schedule.at"), h("input", { type: "datetime-local", value: parts.at ?? "" }), { required: true });
  const text = field(t("schedule.text"), h("input", { class: "mono", maxlength: 256, autocomplete: "off", spellcheck: "false", value: parts.text ?? "" }), { required: true, hint: t("schedule.text_hint") });
  const shown = { rate: [every, unit], daily: [time], weekdays: [time], once: [at], cron: [text] };
  const show = () => {
    for (const one of [every, unit, time, at, text]) one.hidden = !shown[kind.value].includes(one);
  };
  kind.input.addEventListener("change", show);
  show();
  const read = () => {
    for (const one of [every, time, at, text]) one.setError("");
    const [first] = shown[kind.value];
    const count = Number(every.value);
    if (!first.value) first.setError(t("articles.needed"));
    else if (first === every && !(Number.isInteger(count) && count > 0)) every.setError(t("schedule.wrong_every"));
    else return expressionOf({ kind: kind.value, every: count, unit: unit.value, time: time.value, at: at.value, text: text.value });
    return null;
  };
  return { node: h("div", { class: "fields schedule-when" }, kind, every, unit, time, at, text), read };
}

function refuse(one, words) {
  one.setError(words);
  one.input.focus();
}

function ownZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

function zones() {
  return h("datalist", { id: ZONES }, (Intl.supportedValuesOf?.("timeZone") ?? ["UTC"]).map((name) => h("option", { value: name })));
}
