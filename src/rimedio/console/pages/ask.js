// The ask page.

import { define, Page } from "../elements/base.js";
import { t } from "../i18n.js";
import { h } from "../dom.js";

class AskPage extends Page {
  mount() {
    this.append(h("div", { class: "page" }, this.header(t("nav.ask"))));
  }
}

define("rim-ask", AskPage);
