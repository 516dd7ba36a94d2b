// Everything around a page: skip link, navigation, who is signed in, language and theme.

import { fill, h, icon } from "./dom.js";
import { iconButton } from "./elements/button.js";
import { segmented } from "./elements/field.js";
import { currentLanguage, setLanguage, t } from "./i18n.js";
import { showKeys } from "./keys.js";
import { forgetTab } from "./memory.js";
import { href } from "./router.js";
import { currentUser, forget, may } from "./session.js";
import { setTheme, themeChoice } from "./theme.js";

const ENTRIES = [
  { id: "queue", glyph: "inbox", path: "#/queue", needs: "GET /v1/tickets" },
  { id: "new", glyph: "plus", path: "#/tickets/new", needs: "POST /v1/tickets" },
  { id: "ask", glyph: "ask", path: "#/ask", needs: "POST /v1/ask" },
  { id: "knowledge", glyph: "book", path: "#/knowledge", needs: "GET /v1/kb/documents" },
  { id: "insights", glyph: "chart", path: "#/insights", needs: "GET /v1/insights" },
  { id: "settings", glyph: "settings", path: "#/settings", needs: "GET /v1/me" },
];

/** The frame of the console. */
export class Shell {
  #main = h("main", { id: "main", tabindex: "-1" });
  #side = h("header", { class: "side" });
  #skip = h("a", { class: "skip", href: "#main", onclick: (event) => this.#skipTo(event) });
  #current = null;

  /** Put the frame into the document, once. */
  install() {
    document.body.append(this.#skip, this.#side, this.#main);
    this.draw();
  }

  /** Draw the frame anew: another language, another person. */
  draw() {
    fill(this.#skip, t("shell.skip"));
    const user = currentUser();
    document.body.classList.toggle("signed-in", Boolean(user));
    fill(this.#side, this.#brand(), user && this.#nav(), h("div", { class: "side-foot" }, user && this.#person(user), this.#menu(user)));
  }

  /** Show a page; its heading gets the focus when the reader has moved here from another page. */
  show(page, nav, { moveFocus }) {
    this.#current = nav;
    this.#mark();
    fill(this.#main, page);
    const heading = this.#main.querySelector("h1");
    const title = page.title || heading?.textContent || "";
    document.title = title ? `${title} · Rimedio` : "Rimedio";
    if (moveFocus) {
      window.scrollTo(0, 0);
      (heading ?? this.#main).focus({ preventScroll: true });
    }
  }

  /** Show something instead of a page. */
  fail(node) {
    fill(this.#main, h("div", { class: "page" }, h("h1", { class: "visually-hidden" }, "Rimedio"), node));
  }

  #brand() {
    return h("a", { class: "brand", href: "#/" }, h("img", { src: "/console/icon.svg", alt: "", width: 28, height: 28 }), h("span", {}, "Rimedio"));
  }

  #nav() {
    const links = ENTRIES.filter((entry) => may(entry.needs)).map((entry) =>
      h("li", {}, h("a", { href: entry.path, dataset: { nav: entry.id } }, icon(entry.glyph, 20), h("span", {}, t(`nav.${entry.id}`)))),
    );
    const nav = h("nav", { class: "nav", "aria-label": t("shell.navigation") }, h("ul", {}, links));
    this.#mark(nav);
    return nav;
  }

  #mark(root = this.#side) {
    for (const link of root.querySelectorAll("[data-nav]")) {
      if (link.dataset.nav === this.#current) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  #person(user) {
    const role = user.roles.map((name) => t(`role.${name}`)).join(", ");
    return h("div", { class: "person" }, icon("person", 20), h("span", {}, h("b", {}, user.subject), h("small", {}, role)));
  }

  #menu(user) {
    const themes = ["auto", "light", "dark"].map((choice) => [choice, t(`theme.${choice}`)]);
    const panel = h(
      "div",
      { class: "menu-panel", id: "shell-menu", popover: "auto", role: "group", "aria-label": t("shell.preferences") },
      h("p", { class: "menu-title" }, t("shell.language")),
      segmented(t("shell.language"), [["it", "Italiano"], ["en", "English"]], { value: currentLanguage(), onchange: setLanguage }),
      h("p", { class: "menu-title" }, t("shell.theme")),
      segmented(t("shell.theme"), themes, { value: themeChoice(), onchange: setTheme }),
      h("div", { class: "menu-items" },
        h("button", { type: "button", onclick: () => (panel.hidePopover(), showKeys()) }, icon("keyboard"), t("shell.keys")),
        user && h("button", { type: "button", onclick: () => signOut() }, icon("exit"), t("shell.sign_out"))),
    );
    const opener = iconButton(t("shell.preferences"), "sliders", { popovertarget: "shell-menu", class: "menu-opener" });
    return h("div", { class: "menu" }, opener, panel);
  }

  #skipTo(event) {
    event.preventDefault();
    (this.#main.querySelector("h1") ?? this.#main).focus();
  }
}

/** Sign out here. The token ends by itself; what pages keep of a person, in the tab and in memory, goes at once. */
export function signOut() {
  forget();
  forgetTab();
  location.replace(`${location.pathname}${href("/sign-in", { why: "bye" })}`);
  location.reload();
}
