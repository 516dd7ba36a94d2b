// The workflow drawn as it happens: which states ran, which one runs, what went wrong; a state opens its record.

import { fill, h, s } from "../dom.js";
import { define, Element } from "../elements/base.js";
import { duration, has, t } from "../i18n.js";
import { BOX, layout } from "./workflow-layout.js";

const MARKS = {
  running: "M12 5a7 7 0 1 1-7 7",
  succeeded: "M5 12.5l4.5 4.5L19 7.5",
  failed: "M6 6l12 12M18 6L6 18",
  waiting: "M9 6v12M15 6v12",
  retried: "M19 8a8 8 0 1 0 1 6M19.5 3.5V8H15",
};
const FROM_RUN = { RUNNING: "running", ENTERED: "running", SUCCEEDED: "succeeded", FAILED: "failed", TIMED_OUT: "failed", ABORTED: "failed", CAUGHT: "failed", RETRIED: "retried", WAITING: "waiting" };

/** A state's name in words. */
export function stateName(name) {
  return has(`state.${name}`) ? t(`state.${name}`) : name;
}

/** `<rim-workflow>`: set `graph`, then `show(steps)` or `note(progress)`; sends `state` events with the state's name. */
export class Workflow extends Element {
  graph = null;
  #groups = new Map();
  #edges = [];
  #marks = new Map();
  #order = [];
  #chosen = null;

  mount() {
    const places = layout(this.graph);
    this.#edges = places.edges.map((edge) => ({ ...edge, node: s("path", { d: edge.path, class: `flow-edge flow-${edge.kind}` }) }));
    for (const place of places.nodes.values()) this.#groups.set(place.name, this.#state(place));
    const drawing = s(
      "svg",
      { class: "flow", viewBox: `0 0 ${places.width} ${places.height}`, role: "group", "aria-label": t("flow.title") },
      s("g", {}, this.#edges.map((edge) => edge.node)),
      s("g", {}, [...this.#groups.values()]),
    );
    drawing.addEventListener("keydown", (event) => this.#keyed(event));
    fill(this, h("div", { class: "flow-scroll" }, drawing), legend());
    this.#names()[0] && this.#groups.get(this.#names()[0]).setAttribute("tabindex", "0");
  }

  /** Show what a run did: its steps in order. */
  show(steps) {
    this.#marks.clear();
    this.#order = [];
    for (const step of steps) this.#mark(step.state, FROM_RUN[step.status] ?? "running", step);
    this.#paint();
  }

  /** Show a progress event of the live stream. */
  note({ state, status }) {
    this.#mark(state, FROM_RUN[status] ?? "running", null);
    this.#paint();
    if (status === "ENTERED") this.#groups.get(state)?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }

  /** Mark a state as the one whose record is shown. */
  choose(name) {
    this.#chosen = name;
    for (const [key, group] of this.#groups) {
      group.setAttribute("aria-pressed", String(key === name));
      group.setAttribute("tabindex", key === name ? "0" : "-1");
    }
  }

  #names() {
    return [...this.#groups.keys()];
  }

  #mark(name, mark, step) {
    if (this.#order.at(-1) !== name && (mark === "running" || step)) this.#order.push(name);
    const took = step?.duration_ms ?? null;
    this.#marks.set(name, { mark, took });
  }

  #paint() {
    for (const [name, group] of this.#groups) {
      const found = this.#marks.get(name);
      group.setAttribute("class", `flow-state flow-is-${found?.mark ?? "idle"}${group.dataset.inner ? " flow-inner" : ""}`);
      group.querySelector(".flow-mark").setAttribute("d", MARKS[found?.mark] ?? "");
      const said = found ? `${t(`flow.${found.mark}`)}${found.took === null ? "" : `, ${duration(found.took)}`}` : t("flow.idle");
      group.setAttribute("aria-label", `${stateName(name)}: ${said}`);
    }
    const outer = this.#order.filter((name) => !this.#groups.get(name)?.dataset.inner);
    const taken = new Set(outer.slice(1).map((name, index) => `${outer[index]}→${name}`));
    const ran = new Set(this.#order);
    for (const edge of this.#edges) {
      const on = edge.kind === "inside" ? ran.has(edge.to) && ran.has(edge.from) : taken.has(`${edge.from}→${edge.to}`);
      edge.node.classList.toggle("is-taken", on);
      if (on) edge.node.parentNode.append(edge.node); // above the ways not taken
    }
  }

  #state(place) {
    const choice = place.type === "Choice";
    const box = choice
      ? s("path", { class: "flow-box", d: chamfered(place) })
      : s("rect", { class: "flow-box", x: place.x, y: place.y, width: BOX.width, height: BOX.height, rx: ["Succeed", "Fail"].includes(place.type) ? BOX.height / 2 : 5 });
    const group = s(
      "g",
      { class: "flow-state", role: "button", tabindex: "-1", "aria-pressed": "false", "data-state": place.name, "data-inner": place.inner ? "1" : null, onclick: () => this.#open(place.name) },
      s("title", {}, stateName(place.name)),
      box,
      s("g", { transform: `translate(${place.x + (choice ? 10 : 9)} ${place.y + 11}) scale(0.667)` }, s("path", { class: "flow-mark" })),
      s("text", { x: place.x + (choice ? 29 : 31), y: place.y + BOX.height / 2 + 4 }, shortened(stateName(place.name))),
    );
    return group;
  }

  #open(name) {
    this.choose(name);
    this.dispatchEvent(new CustomEvent("state", { detail: name }));
  }

  #keyed(event) {
    const names = this.#names();
    const at = names.indexOf(event.target.dataset?.state);
    if (at < 0) return;
    const next = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      const group = this.#groups.get(names[Math.max(0, Math.min(names.length - 1, next))]);
      event.target.setAttribute("tabindex", "-1");
      group.setAttribute("tabindex", "0");
      group.focus();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#open(names[at]);
    }
  }
}

function chamfered({ x, y }) {
  const { width: w, height: high } = BOX;
  return `M${x + 9} ${y}H${x + w - 9}L${x + w} ${y + high / 2}L${x + w - 9} ${y + high}H${x + 9}L${x} ${y + high / 2}Z`;
}

function shortened(text) {
  return text.length > 18 ? `${text.slice(0, 17)}…` : text;
}

function legend() {
  return h(
    "ul",
    { class: "flow-legend" },
    ["succeeded", "running", "waiting", "retried", "failed"].map((mark) => h("li", { class: `flow-is-${mark}` }, s("svg", { viewBox: "0 0 24 24", width: 14, height: 14, "aria-hidden": "true" }, s("path", { class: "flow-mark", d: MARKS[mark] })), t(`flow.${mark}`))),
  );
}

define("rim-workflow", Workflow);
