// Being built.

import { define, Page } from "../elements/base.js";
import { h } from "../dom.js";

class BlankPage extends Page {
  mount() {
    this.append(h("div", { class: "page" }, this.header("Rimedio")));
  }
}

define("rim-ticket", BlankPage);
