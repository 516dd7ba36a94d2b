// What was sent to one webhook and what came back.

import { api } from "../api.js";
import { h } from "../dom.js";
import { badge } from "../elements/badge.js";
import { define } from "../elements/base.js";
import { busy, button } from "../elements/button.js";
import { spoken } from "../elements/spoken.js";
import { toast, toastError } from "../elements/toast.js";
import { dateTime, duration, has, number, t } from "../i18n.js";
import { may } from "../session.js";
import { kindOf, Listing } from "./listing.js";

const STATUS = { DELIVERED: ["ok", "check"], RETRYING: ["warn", "refresh"], FAILED: ["bad", "x"] };

class Deliveries extends Listing {
  name = "log";
  glyph = "history";

  get path() {
    return `/v1/webhooks/${encodeURIComponent(this.webhook_id)}/deliveries`;
  }

  actions() {
    return button(t("events.refresh"), { kind: "quiet", glyph: "refresh", onclick: () => this.read() });
  }

  id(row) {
    return row.delivery_id;
  }

  columns() {
    return [
      { key: "type", label: t("events.type"), header: true, cell: (one) => kindOf(one.detail_type) },
      { key: "status", label: t("knowledge.status"), cell: status },
      { key: "code", label: t("events.response"), numeric: true, cell: (one) => one.response_code ?? one.response_status ?? "–" },
      { key: "attempts", label: t("events.attempts"), numeric: true, cell: (one) => number(one.attempts, 0) },
      { key: "took", label: t("events.took"), numeric: true, cell: (one) => duration(one.latency_ms) },
      { key: "at", label: t("events.when"), cell: (one) => dateTime(one.at ?? one.created_at) },
      { key: "act", label: t("events.actions"), cell: (one) => this.#again(one) },
    ];
  }

  #again(one) {
    if (!may("POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver")) return "";
    const node = button(t("events.redeliver"), {
      kind: "quiet",
      glyph: "refresh",
      onclick: () => busy(node, () => api.post(`${this.path}/${encodeURIComponent(one.delivery_id)}/redeliver`, {})).then(() => (toast(t("events.redriven"), { kind: "ok" }), this.read()), toastError),
    });
    return node;
  }
}

function status(one) {
  const [tone, glyph] = STATUS[one.status] ?? ["idle", "clock"];
  const key = `events.delivery_${one.status}`;
  return [badge(has(key) ? t(key) : one.status, { tone, glyph }), one.error && spoken("small", one.error)];
}

define("rim-deliveries", Deliveries);
