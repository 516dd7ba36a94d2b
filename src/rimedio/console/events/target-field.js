// Where events go: the webhooks that there are, the log, and, for rules, the workflow.

import { api } from "../api.js";
import { fill, h } from "../dom.js";
import { field, select } from "../elements/field.js";
import { t } from "../i18n.js";
import { may } from "../session.js";

const LOG = "log:";
const WORKFLOW = "workflow:ticket";

/** A field for a target. A target that is none of the known stays among the choices. */
export function targetField(value, { workflow = false } = {}) {
  const fixed = [[LOG, t("events.target_log")], ...(workflow ? [[WORKFLOW, t("events.target_workflow")]] : [])];
  const input = select([], {});
  const show = (webhooks) => {
    const chosen = input.value || value || LOG;
    const known = [...webhooks.map((one) => [`webhook:${one.webhook_id}`, t("events.target_webhook", { url: one.url })]), ...fixed];
    const options = known.some(([name]) => name === chosen) ? known : [[chosen, chosen], ...known];
    fill(input, options.map(([name, words]) => h("option", { value: name }, words)));
    input.value = chosen;
  };
  show([]);
  if (may("GET /v1/webhooks")) api.list("/v1/webhooks").then(({ items }) => show(items), () => {});
  return field(t("events.target"), input, { hint: t("events.target_hint") });
}

/** Whether something of that name stands in a list of the API already. */
export async function isTaken(path, name) {
  const { items } = await api.list(path);
  return items.some((one) => one.name === name);
}
