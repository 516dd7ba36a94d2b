// The knowledge: documents and their loading, search, what is missing, articles.

import { h } from "../dom.js";
import { define, Page } from "../elements/base.js";
import { tabs } from "../elements/tabs.js";
import { t } from "../i18n.js";
import { href } from "../router.js";
import { may } from "../session.js";
import "../knowledge/articles.js";
import "../knowledge/document.js";
import "../knowledge/documents.js";
import "../knowledge/gaps.js";
import "../knowledge/search.js";

const TABS = [
  { id: "documents", tag: "rim-documents", needs: "GET /v1/kb/documents" },
  { id: "search", tag: "rim-knowledge-search", needs: "POST /v1/kb/search" },
  { id: "gaps", tag: "rim-gaps", needs: "GET /v1/kb/gaps" },
  { id: "articles", tag: "rim-articles", needs: "GET /v1/kb/articles" },
];

class KnowledgePage extends Page {
  mount() {
    const { tab = "documents", id } = this.route.params;
    const head = this.header(t("nav.knowledge"), { lead: t("knowledge.lead") });
    this.append(h("div", { class: "page knowledge" }, head, id ? this.#one(tab, id) : this.#tabs(tab)));
  }

  #one(tab, id) {
    if (tab === "articles") return Object.assign(document.createElement("rim-article"), { article_id: id });
    return Object.assign(document.createElement("rim-document"), { document_id: id, first_page: this.route.query.page });
  }

  #tabs(chosen) {
    const items = TABS.filter((tab) => may(tab.needs)).map(({ id, tag }) => ({ id, label: t(`knowledge.tab_${id}`), build: () => h(tag) }));
    const strip = tabs(items, {
      label: t("nav.knowledge"),
      chosen,
      onChange: (id) => history.replaceState(null, "", href(`/knowledge/${id}`, strip.panel(id).firstElementChild?.address)),
    });
    return strip;
  }
}

define("rim-knowledge", KnowledgePage);
