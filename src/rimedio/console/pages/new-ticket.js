// A new ticket: equipment of the taxonomy, the symptom in one's own words, files sent in pieces.

import { api } from "../api.js";
import { fill, h } from "../dom.js";
import { define, Page } from "../elements/base.js";
import { busy, button, buttonLink } from "../elements/button.js";
import { field, select } from "../elements/field.js";
import { errorState, skeleton } from "../elements/state.js";
import { toast, toastError } from "../elements/toast.js";
import { t } from "../i18n.js";
import { recallInTab, rememberInTab } from "../memory.js";
import { Attachments } from "../new-ticket/attachments.js";
import { check, requestOf, SYMPTOM_CHARS_MAX } from "../new-ticket/request.js";
import { go } from "../router.js";
import { choices, taxonomy } from "../taxonomy.js";

const PATHS = { customer_name: "customer.name", customer_id: "customer.id" }; // fields that the API calls otherwise
const KEPT = "rimedio.new-ticket";

class NewTicketPage extends Page {
  #fields = {};
  #known = null;
  #files = null;
  #body = h("div");
  #key = newKey();

  get title() {
    return t("new.title");
  }

  mount() {
    this.append(h("div", { class: "page page-narrow" }, this.header(t("new.title"), { lead: t("new.lead") }), this.#body));
    this.#load();
  }

  unmount() {
    this.#files?.leave();
  }

  async #load() {
    fill(this.#body, skeleton(8));
    try {
      this.#known = await taxonomy();
      fill(this.#body, this.#form());
    } catch (error) {
      fill(this.#body, errorState(error, () => this.#load()));
    }
  }

  #form() {
    const input = (name, props = {}) => h("input", { name, autocomplete: "off", spellcheck: "false", ...props });
    const f = this.#fields;
    this.#files = new Attachments();
    f.product_type = field(t("new.product"), select([["", t("new.choose")], ...choices(this.#known.product_types)], { name: "product_type" }), { required: true });
    f.model = field(t("new.model"), input("model", { list: "new-models" }), { required: true, hint: t("new.model_hint") });
    f.serial = field(t("new.serial"), input("serial", { class: "mono" }), { required: true });
    f.error_code = field(t("new.code"), input("error_code", { class: "mono", autocapitalize: "characters" }), { hint: t("new.code_hint") });
    f.firmware_version = field(t("new.firmware"), input("firmware_version", { class: "mono" }));
    f.symptom_text = field(t("new.symptom"), h("textarea", { name: "symptom_text", rows: 6, maxlength: SYMPTOM_CHARS_MAX }), { required: true, hint: t("new.symptom_hint"), class: "wide" });
    f.customer_name = field(t("new.customer"), input("customer_name", { autocomplete: "organization" }), { required: true });
    f.customer_id = field(t("new.customer_id"), input("customer_id", { class: "mono" }), { required: true });
    f.contact_email = field(t("new.email"), input("contact_email", { type: "email", autocomplete: "email" }));
    f.account_tier = field(t("new.tier"), select(["STANDARD", "FREE", "ENTERPRISE"].map((tier) => [tier, t(`tier.${tier}`)]), { name: "account_tier", value: "STANDARD" }));
    f.priority = field(t("new.priority"), select(["P1", "P2", "P3", "P4"].map((one) => [one, t(`priority.${one}`)]), { name: "priority", value: "P3" }));
    f.lang = field(t("new.lang"), select([["", t("new.lang_auto")], ["it", "Italiano"], ["en", "English"]], { name: "lang" }));
    const send = button(t("new.send"), { kind: "primary", type: "submit", glyph: "send" });
    const models = h("datalist", { id: "new-models" });
    const group = (title, ...inside) => h("fieldset", { class: "card form-group" }, h("legend", {}, title), h("div", { class: "fields" }, inside));
    const form = h(
      "form",
      { class: "new-ticket", novalidate: true },
      group(t("new.group_what"), f.product_type, f.model, f.serial, f.error_code, f.firmware_version, f.symptom_text, h("div", { class: "wide" }, this.#files.node)),
      group(t("new.group_who"), f.customer_name, f.customer_id, f.contact_email, f.account_tier),
      group(t("new.group_how"), f.priority, f.lang),
      models,
      h("div", { class: "form-foot" }, buttonLink(t("shell.cancel"), { href: "#/queue" }), send),
    );
    this.#restore();
    this.#prefill(this.route.query);
    const listModels = () => fill(models, (this.#type()?.models ?? []).map((model) => h("option", { value: model })));
    listModels();
    f.product_type.input.addEventListener("change", listModels);
    form.addEventListener("input", (event) => {
      this.#keep();
      const node = event.target.closest(".field");
      if (event.target.getAttribute("aria-invalid")) node?.setError?.("");
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      busy(send, () => this.#send());
    });
    return form;
  }

  #type() {
    return this.#known.product_types.find((one) => one.name === this.#fields.product_type.value) ?? null;
  }

  async #send() {
    const values = this.#values();
    const problems = check(values, this.#type());
    for (const [name, node] of Object.entries(this.#fields)) node.setError(problems[name] ?? "");
    const first = Object.keys(this.#fields).find((name) => problems[name]);
    if (first) {
      this.announce(t("new.problems", { n: Object.keys(problems).length }));
      this.#fields[first].input.focus();
      return;
    }
    const attachments = await this.#files.finish();
    if (!attachments) {
      toast(t("new.files_unfinished"), { kind: "bad" });
      return;
    }
    try {
      const answer = await api.post("/v1/tickets", requestOf(values, attachments), { headers: { "Idempotency-Key": this.#key } });
      rememberInTab(KEPT, null);
      if (answer.duplicate_of) toast(t("new.duplicate"), { kind: "info" });
      go(`/tickets/${answer.ticket_id}`);
    } catch (error) {
      this.#refused(error);
    }
  }

  /** What the API refuses is said at the field it names, or in a message. */
  #refused(error) {
    const name = Object.keys(this.#fields).find((one) => error.fault(PATHS[one] ?? one)) ?? (error.original.startsWith("There is no model") ? "model" : null);
    if (name) {
      this.#fields[name].setError(error.fault(PATHS[name] ?? name) ?? error.message);
      this.#fields[name].input.focus();
    } else toastError(error);
    this.#key = newKey();
  }

  #values() {
    return Object.fromEntries(Object.entries(this.#fields).map(([name, node]) => [name, node.value]));
  }

  #keep() {
    rememberInTab(KEPT, JSON.stringify(this.#values()));
  }

  #restore() {
    const kept = JSON.parse(recallInTab(KEPT) ?? "{}");
    for (const [name, node] of Object.entries(this.#fields)) if (kept[name]) node.input.value = kept[name];
  }

  /** What a question already said, when the ticket is opened from one: its words win over what was kept. */
  #prefill({ symptom, model, code }) {
    const type = this.#known.product_types.find((one) => one.models.includes(model))?.name;
    const given = { symptom_text: symptom, model, error_code: code, product_type: type };
    for (const [name, value] of Object.entries(given)) if (value) this.#fields[name].input.value = value;
  }
}

/** A key that makes sending twice one ticket; another body needs another key. */
function newKey() {
  return `console-${Date.now()}-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
}

define("rim-new-ticket", NewTicketPage);
