// The welcome page.

import { define, Page } from "../elements/base.js";
import { t } from "../i18n.js";
import { h } from "../dom.js";

class WelcomePage extends Page {
  mount() {
    this.append(h("div", { class: "page" }, this.header("Rimedio")));
  }
}

define("rim-welcome", WelcomePage);
