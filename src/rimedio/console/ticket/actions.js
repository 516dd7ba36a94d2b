// What can be done with a ticket as a whole: resolve, escalate, reopen, print.

import { api } from "../api.js";
import { button } from "../elements/button.js";
import { askReason } from "../elements/dialog.js";
import { toast, toastError } from "../elements/toast.js";
import { t } from "../i18n.js";
import { may } from "../session.js";

const FROM = {
  resolve: ["READY", "NEEDS_INFO", "ESCALATED"],
  escalate: ["READY", "NEEDS_INFO", "FAILED"],
  reopen: ["RESOLVED", "FAILED"],
};
const LOOKS = { resolve: { kind: "primary", glyph: "done" }, escalate: { glyph: "up" }, reopen: { glyph: "refresh" } };

/** The buttons that fit the ticket's status and the reader's role; `onDone()` after one has worked. */
export function actionButtons(ticket, solution, onDone) {
  const moves = ["escalate", "reopen", "resolve"]
    .filter((name) => FROM[name].includes(ticket.status) && may(`POST /v1/tickets/{ticket_id}/${name}`))
    .map((name) => button(t(`action.${name}`), { ...LOOKS[name], onclick: () => act(name, ticket, onDone) }));
  const print = solution?.steps.length > 0 && button(t("action.print"), { kind: "quiet", glyph: "print", onclick: () => window.print() });
  return [print, ...moves].filter(Boolean);
}

async function act(name, ticket, onDone) {
  const reason = await askReason({ title: t(`action.${name}_title`), text: t(`action.${name}_text`), label: t("action.reason"), yes: t(`action.${name}`), required: name === "escalate" });
  if (reason === null) return;
  try {
    await api.post(`/v1/tickets/${ticket.ticket_id}/${name}`, reason ? { reason } : {});
    toast(t(`action.${name}_done`), { kind: "ok" });
    onDone();
  } catch (error) {
    toastError(error);
    if (error.status === 409) onDone();
  }
}
