// Articles: drafts from solved tickets that a person corrects, approves or rejects.

import { api, everything, wasAborted } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { badge } from "../elements/badge.js";
import { define, Element } from "../elements/base.js";
import { busy, button } from "../elements/button.js";
import { askReason, confirmDialog, openDialog } from "../elements/dialog.js";
import { field } from "../elements/field.js";
import { emptyState, errorState, skeleton } from "../elements/state.js";
import { dataTable } from "../elements/table.js";
import { toast, toastError } from "../elements/toast.js";
import { dateTime, number, t } from "../i18n.js";
import { recallInTab, rememberInTab } from "../memory.js";
import { go, href } from "../router.js";
import { may } from "../session.js";
import { draftForm } from "./gaps.js";
import { markdown } from "./markdown.js";

const STATUS = { DRAFT: ["warn", "edit"], APPROVED: ["ok", "check"], REJECTED: ["bad", "x"] };

class Articles extends Element {
  mount() {
    fill(this, skeleton(4));
    this.#read();
  }

  async #read() {
    try {
      const articles = await everything("/v1/kb/articles", {}, { signal: this.signal });
      const write = may("POST /v1/kb/articles") && button(t("articles.new"), { glyph: "plus", onclick: () => this.#write() });
      fill(this, h("div", { class: "section-acts" }, h("p", { class: "muted" }, t("articles.lead")), write), articles.length ? table(articles) : none());
    } catch (error) {
      if (!wasAborted(error)) fill(this, errorState(error, () => this.#read()));
    }
  }

  async #write() {
    const article = await openDialog({ title: t("gaps.write"), signal: this.signal, body: (close) => draftForm({ tickets: [], question: "" }, close) });
    if (article) go(`/knowledge/articles/${article.article_id}`);
  }
}

function none() {
  return emptyState({ glyph: "doc", title: t("articles.none"), text: t("articles.none_text") });
}

function table(articles) {
  return dataTable({
    caption: t("knowledge.tab_articles"),
    rows: articles,
    class: "table-cards",
    columns: [
      { key: "title", label: t("articles.title"), header: true, class: "wide", cell: (one) => h("a", { class: "row-link", href: href(`/knowledge/articles/${one.article_id}`) }, one.title) },
      { key: "status", label: t("knowledge.status"), cell: (one) => articleStatus(one.status) },
      { key: "tickets", label: t("articles.tickets"), numeric: true, cell: (one) => number(one.ticket_ids.length) },
      { key: "by", label: t("articles.by"), cell: (one) => one.created_by },
      { key: "at", label: t("articles.at"), cell: (one) => dateTime(one.created_at, { time: false }) },
    ],
  });
}

function articleStatus(status) {
  const [tone, glyph] = STATUS[status] ?? ["idle", "dot"];
  return badge(t(`articles.status_${status}`), { tone, glyph });
}

class ArticleView extends Element {
  mount() {
    fill(this, back(), skeleton(8));
    this.#read();
  }

  async #read() {
    try {
      this.#show(await api.get(this.#path(), { signal: this.signal }));
    } catch (error) {
      if (!wasAborted(error)) fill(this, back(), errorState(error, error.status === 404 ? null : () => this.#read()));
    }
  }

  /** Where the words being edited are kept until they are saved. */
  #draft() {
    return `rimedio.article.${this.article_id}`;
  }

  #path(verb = "") {
    return `/v1/kb/articles/${encodeURIComponent(this.article_id)}${verb}`;
  }

  #show(article) {
    this.article = article;
    const open = article.status === "DRAFT" && may("PUT /v1/kb/articles/{article_id}");
    const preview = h("div", { class: "prose" }, markdown(article.body));
    fill(
      this,
      back(),
      h("div", { class: "document-head" }, h("h2", { class: "document-title" }, article.title), articleStatus(article.status), h("div", { class: "document-acts" }, article.status === "DRAFT" && this.#decisions())),
      article.status === "APPROVED" && h("p", { class: "notice tone-ok" }, icon("check"), h("span", {}, t("articles.is_approved", { who: article.decided_by ?? "" }), " ", article.document_id && h("a", { href: href(`/knowledge/documents/${article.document_id}`) }, t("articles.as_document")))),
      article.status === "REJECTED" && h("p", { class: "notice tone-bad" }, icon("x"), h("span", {}, t("articles.is_rejected", { who: article.decided_by ?? "" }), article.reason && ` ${article.reason}`)),
      h(
        "div",
        { class: ["article-body", open && "is-open"] },
        open && this.#editor(preview),
        h("section", { class: "card article-preview", "aria-label": t("articles.preview") }, preview),
        this.#origin(),
      ),
    );
  }

  #editor(preview) {
    this.name = field(t("articles.title"), h("input", { value: this.article.title, maxlength: 200 }), { required: true });
    const kept = recallInTab(this.#draft());
    const area = h("textarea", { rows: 22, value: kept ?? this.article.body, spellcheck: "true", class: "mono", oninput: () => (fill(preview, markdown(area.value)), rememberInTab(this.#draft(), area.value)) });
    if (kept !== null) fill(preview, markdown(kept));
    this.text = field(t("articles.body"), area, { required: true, hint: t("articles.body_hint") });
    const save = button(t("articles.save"), { kind: "primary", type: "submit" });
    const form = h("form", { class: "card article-editor", novalidate: true }, this.name, this.text, h("div", { class: "form-acts" }, save));
    this.listen(form, "submit", (event) => {
      event.preventDefault();
      busy(save, () => this.#save()).then((saved) => saved && toast(t("articles.saved"), { kind: "ok" }), toastError);
    });
    return form;
  }

  async #save() {
    for (const one of [this.name, this.text]) one.setError(one.value ? "" : t("articles.needed"));
    if (!this.name.value || !this.text.value) return false;
    this.article = await api.put(this.#path(), { title: this.name.value, body: this.text.value }, { signal: this.signal });
    rememberInTab(this.#draft(), null);
    fill(this.querySelector(".document-title"), this.article.title);
    return true;
  }

  #decisions() {
    const approve = button(t("articles.approve"), { kind: "primary", glyph: "check", onclick: () => this.#approve(approve) });
    const reject = button(t("articles.reject"), { kind: "danger", glyph: "x", onclick: () => this.#reject(reject) });
    return [may("POST /v1/kb/articles/{article_id}/reject") && reject, may("POST /v1/kb/articles/{article_id}/approve") && approve];
  }

  async #approve(node) {
    if (!(await confirmDialog({ title: t("articles.approve_title"), text: t("articles.approve_text"), yes: t("articles.approve") }))) return;
    await busy(node, async () => {
      if (this.text && !(await this.#save())) return;
      this.#show(await api.post(this.#path("/approve"), {}, { signal: this.signal }));
      toast(t("articles.approved"), { kind: "ok" });
    }).catch(toastError);
  }

  async #reject(node) {
    const reason = await askReason({ title: t("articles.reject_title"), yes: t("articles.reject"), label: t("articles.reason"), required: false, kind: "danger", signal: this.signal });
    if (reason === null) return;
    await busy(node, async () => {
      this.#show(await api.post(this.#path("/reject"), reason ? { reason } : {}, { signal: this.signal }));
      toast(t("articles.rejected"), { kind: "ok" });
    }).catch(toastError);
  }

  #origin() {
    const { ticket_ids: ids, sources, created_at: at, created_by: by } = this.article;
    return h(
      "aside",
      { class: "card article-origin" },
      h("h3", {}, t("articles.origin")),
      h("p", { class: "small muted" }, t("articles.made", { who: by, when: dateTime(at) })),
      h("p", { class: "field-label" }, t("articles.tickets")),
      h("ul", {}, ids.map((id) => h("li", {}, h("a", { class: "mono small", href: href(`/tickets/${id}`) }, id)))),
      sources.length > 0 && [h("p", { class: "field-label" }, t("articles.sources")), h("ul", { class: "origin-list" }, sources.map(origin))],
    );
  }
}

/** A source of the draft: its mark in the text, its title, its words. */
function origin({ id, title, quote }) {
  return h("li", { class: "small" }, h("span", { class: "mono" }, `[${id}] `), h("b", {}, title), quote && h("q", { class: "source-quote" }, ` ${quote}`));
}

function back() {
  return h("a", { class: "back", href: href("/knowledge/articles") }, icon("left", 16), t("articles.back"));
}

define("rim-articles", Articles);
define("rim-article", ArticleView);
