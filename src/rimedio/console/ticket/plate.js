// The case's data plate: equipment, customer, times; and the symptom in the customer's words.

import { fill, h, icon } from "../dom.js";
import { download } from "../download.js";
import { button } from "../elements/button.js";
import { toastError } from "../elements/toast.js";
import { age, dateTime, since, t } from "../i18n.js";
import { may } from "../session.js";
import { nameOf, taxonomy } from "../taxonomy.js";

const STOPS = ["IN_REVIEW", "NEEDS_INFO", "ESCALATED", "FAILED"];
const LONG_CHARS = 420;

/** The plate: cells of label and value, like on the equipment itself. */
export function plate(ticket) {
  const { asset, customer } = ticket;
  const category = h("span", {}, ticket.category === "UNKNOWN" ? t("plate.unknown") : (ticket.category ?? "–"));
  const product = h("span", {}, asset.product_type);
  taxonomy().then(
    (known) => {
      fill(product, nameOf(known.product_types, asset.product_type));
      if (ticket.category && ticket.category !== "UNKNOWN") fill(category, nameOf(known.categories, ticket.category));
    },
    () => {},
  );
  const cells = [
    ["model", asset.model, "mono big"],
    ["code", ticket.error_code ?? "–", "mono big"],
    ["serial", asset.serial, "mono"],
    ["product", product],
    ["firmware", asset.firmware_version, "mono"],
    ["installed", asset.installation_date && dateTime(asset.installation_date, { time: false })],
    ["customer", customer.name],
    ["tier", t(`tier.${customer.account_tier}`)],
    ["category", category],
    ["opened", h("time", { datetime: ticket.created_at, title: dateTime(ticket.created_at) }, ago(ticket.created_at))],
  ].filter(([, value]) => value);
  return h("dl", { class: "plate", "aria-label": t("plate.title") }, cells.map(([name, value, extra]) => h("div", { class: `plate-${name}` }, h("dt", {}, t(`plate.${name}`)), h("dd", { class: extra ?? null }, value))));
}

/** Where the ticket has been, stands, and goes: a line of stations. */
export function track(ticket) {
  const middle = STOPS.includes(ticket.status) ? [ticket.status] : [];
  const stations = ["NEW", "PROCESSING", ...middle, "READY", "RESOLVED"];
  const now = stations.indexOf(ticket.status);
  const times = { NEW: ticket.created_at, [ticket.status]: ticket.waiting_since ?? ticket.updated_at };
  return h(
    "ol",
    { class: "track", "aria-label": t("ticket.track") },
    stations.map((name, at) => {
      const glyph = at < now ? "check" : at === now ? "pin" : "dot";
      const time = at <= now && times[name] && h("time", { datetime: times[name] }, dateTime(times[name]));
      return h("li", { class: at < now ? "is-past" : null, "aria-current": at === now ? "step" : null }, icon(glyph, 15), t(name === "NEW" ? "ticket.opened" : `status.${name}`), time && " ", time);
    }),
  );
}

/** What the customer wrote, and the files that came with it. */
export function symptom(ticket) {
  const long = ticket.symptom_text.length > LONG_CHARS;
  const text = h("p", { class: ["symptom-text", long && "is-short"], lang: ticket.lang ?? null }, ticket.symptom_text);
  const more = long && h("button", { type: "button", class: "link", "aria-expanded": "false" }, t("ticket.whole_text"));
  if (more) {
    more.addEventListener("click", () => {
      const short = text.classList.toggle("is-short");
      more.setAttribute("aria-expanded", String(!short));
      fill(more, t(short ? "ticket.whole_text" : "ticket.less_text"));
    });
  }
  return h("section", { class: "symptom", "aria-label": t("ticket.symptom") }, text, more, attachments(ticket));
}

function ago(at) {
  const passed = since(at);
  return passed < 60_000 ? t("time.now") : t("ticket.ago", { age: age(passed) });
}

function attachments(ticket) {
  if (!ticket.attachments.length) return null;
  const readable = may("GET /v1/tickets/{ticket_id}/attachments/{attachment_id}");
  return h(
    "ul",
    { class: "attachments", "aria-label": t("ticket.attachments") },
    ticket.attachments.map((file) => {
      const name = file.name ?? file.id;
      const path = `/v1/tickets/${ticket.ticket_id}/attachments/${encodeURIComponent(file.id)}`;
      return h("li", {}, readable ? button(name, { glyph: "clip", onclick: () => download(path, name).catch(toastError) }) : h("span", {}, icon("clip", 16), name));
    }),
  );
}
