// The month's budget: how much is spent, what happens as it runs out, and changing it.

import { api, wasAborted } from "../api.js";
import { fill, h } from "../dom.js";
import { badge } from "../elements/badge.js";
import { define, Element } from "../elements/base.js";
import { busy, button } from "../elements/button.js";
import { openDialog } from "../elements/dialog.js";
import { field } from "../elements/field.js";
import { shareBar } from "../elements/gauge.js";
import { errorState, skeleton } from "../elements/state.js";
import { toast } from "../elements/toast.js";
import { money, percent, t } from "../i18n.js";
import { may } from "../session.js";

const LEVELS = { FULL: ["ok", "check"], SMALL_MODEL: ["warn", "down"], EXTRACTIVE: ["warn", "down"], PERSON: ["bad", "person"] };
const SUM_MAX = 1e9;
const SHARE_MAX = 1000; // per cent, as the service allows
const SHARES = ["small_model_at", "extractive_at", "person_at"];

class Budget extends Element {
  mount() {
    fill(this, skeleton(4));
    this.#read();
  }

  async #read() {
    try {
      this.#show(await api.get("/v1/budget", { signal: this.signal }));
    } catch (error) {
      if (!wasAborted(error)) fill(this, errorState(error, () => this.#read()));
    }
  }

  #show(budget) {
    const [tone, glyph] = LEVELS[budget.level] ?? ["idle", "dot"];
    const limited = budget.monthly_usd !== null && budget.monthly_usd !== undefined;
    const spent = limited && budget.monthly_usd > 0 ? budget.spent_usd / budget.monthly_usd : 0;
    const edit = button(t("budget.edit"), { glyph: "edit", onclick: () => this.#edit(budget) });
    fill(
      this,
      h("div", { class: "card-head" }, h("h2", {}, t("budget.title")), badge(t(`budget.level_${budget.level}`), { tone, glyph })),
      h("p", { class: "tile-value" }, money(budget.spent_usd), h("small", {}, limited ? t("budget.of", { monthly: money(budget.monthly_usd) }) : t("budget.unlimited"))),
      limited && shareBar(spent, tone === "ok" ? "accent" : tone),
      h("p", { class: "small muted" }, t(`budget.level_${budget.level}_about`)),
      limited && h("dl", { class: "facts" }, SHARES.map((name) => [h("dt", {}, t(`budget.${name}`)), h("dd", {}, t("budget.at", { share: percent(budget[name]), sum: money(budget[name] * budget.monthly_usd) }))])),
      may("PUT /v1/budget") && edit,
    );
  }

  async #edit(budget) {
    const saved = await openDialog({ title: t("budget.edit_title"), signal: this.signal, body: (close) => form(budget, close) });
    if (!saved) return;
    this.#show(saved);
    toast(t("budget.saved"), { kind: "ok" });
    this.querySelector("button")?.focus();
  }
}

function form(budget, close) {
  const monthly = field(t("budget.monthly"), h("input", { inputmode: "decimal", value: budget.monthly_usd ?? "", autofocus: true }), { hint: t("budget.monthly_hint") });
  const shares = SHARES.map((name) => [name, field(t(`budget.${name}`), h("input", { inputmode: "decimal", value: Math.round((budget[name] ?? 1) * 1000) / 10 }), { hint: t("budget.share_hint") })]);
  const error = h("p", { class: "field-error", role: "alert" });
  const send = button(t("budget.save"), { kind: "primary", type: "submit" });
  const node = h(
    "form",
    { class: "budget-form", novalidate: true },
    h("p", { class: "small muted" }, t("budget.explained")),
    monthly,
    h("div", { class: "fields" }, shares.map(([, one]) => one)),
    error,
    h("div", { class: "form-acts" }, button(t("shell.cancel"), { onclick: () => close(null) }), send),
  );
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wanted = checked(monthly, shares);
    if (!wanted) return;
    try {
      close(await busy(send, () => api.put("/v1/budget", wanted)));
    } catch (failure) {
      fill(error, failure.message);
    }
  });
  return node;
}

/** What was typed as the API wants it, or null with the errors beside their fields. */
function checked(monthly, shares) {
  const wanted = { monthly_usd: monthly.value === "" ? null : numberIn(monthly, SUM_MAX, "budget.wrong_sum") };
  for (const [name, one] of shares) wanted[name] = numberIn(one, SHARE_MAX, "budget.wrong_share") / 100;
  if (Object.values(wanted).some(Number.isNaN)) return null;
  const late = shares.findIndex(([name], i) => i > 0 && wanted[name] < wanted[shares[i - 1][0]]);
  if (late > 0) shares[late][1].setError(t("budget.wrong_order"));
  return late > 0 ? null : wanted;
}

/** The number of a field, with a comma or a point; NaN when it is none, and the field says so. */
function numberIn(one, top, wrong) {
  const value = one.value === "" ? Number.NaN : Number(one.value.replace(",", "."));
  const good = Number.isFinite(value) && value >= 0 && value <= top;
  one.setError(good ? "" : t(wrong));
  return good ? value : Number.NaN;
}

define("rim-budget", Budget);
