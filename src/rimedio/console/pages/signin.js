// Sign in with the one-time code that the server prints; no password is ever typed here.

import { api } from "../api.js";
import { h, icon } from "../dom.js";
import { define, Page } from "../elements/base.js";
import { busy, button } from "../elements/button.js";
import { field, segmented } from "../elements/field.js";
import { currentLanguage, setLanguage, t } from "../i18n.js";
import { keep } from "../session.js";

const COMMAND = "rimedio sign-in";

class SignInPage extends Page {
  get title() {
    return t("signin.title");
  }

  mount() {
    const why = this.route.query.why;
    this.append(
      h(
        "div",
        { class: "signin" },
        h("div", { class: "signin-words" }, this.header(t("signin.title"), { lead: t("signin.lead") }), why && this.#why(why)),
        this.#form(),
        this.#help(),
        segmented(t("shell.language"), [["it", "Italiano"], ["en", "English"]], { value: currentLanguage(), onchange: setLanguage }),
      ),
    );
  }

  #why(why) {
    const known = ["expired", "bye", "code"].includes(why) ? why : "error";
    return h("p", { class: ["notice", known === "bye" ? "tone-ok" : "tone-warn"], role: "status" }, icon(known === "bye" ? "check" : "alert"), t(`signin.why_${known}`));
  }

  #form() {
    const code = field(t("signin.code"), h("input", { name: "code", autocomplete: "one-time-code", spellcheck: "false", autocapitalize: "off", class: "mono" }), {
      hint: t("signin.code_hint"),
      required: true,
    });
    const send = button(t("signin.enter"), { kind: "primary", type: "submit" });
    const form = h("form", { class: "signin-form", novalidate: true }, code, send);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      busy(send, () => this.#send(code));
    });
    return form;
  }

  async #send(code) {
    if (!code.value) {
      code.setError(t("signin.code_missing"));
      code.input.focus();
      return;
    }
    try {
      keep(await api.post("/v1/session", { code: codeOf(code.value) }));
      window.dispatchEvent(new CustomEvent("signed-in"));
    } catch (error) {
      code.setError(error.status === 401 || error.status === 400 ? t("signin.why_code") : error.message);
      code.input.focus();
    }
  }

  #help() {
    return h("div", { class: "signin-help" }, h("p", {}, t("signin.how")), h("pre", { class: "command", tabindex: "0" }, h("code", {}, COMMAND)), h("p", { class: "small" }, t("signin.how_more")));
  }
}

/** The code itself, also when the whole address was pasted. */
function codeOf(text) {
  const found = /[?&#]code=([^&\s]+)/.exec(text);
  return found ? decodeURIComponent(found[1]) : text;
}

define("rim-sign-in", SignInPage);
