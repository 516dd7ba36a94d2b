// Starts the console: session, shell around the pages, routes.

import { api } from "./api.js";
import { buttonLink } from "./elements/button.js";
import { emptyState, errorState } from "./elements/state.js";
import { installToasts } from "./elements/toast.js";
import { fill, h } from "./dom.js";
import { showDensity } from "./density.js";
import { t } from "./i18n.js";
import { installShortcuts } from "./keys.js";
import { go, here, Router } from "./router.js";
import { currentUser, forget, identify, keep, token } from "./session.js";
import { Shell } from "./shell.js";
import { startTheme } from "./theme.js";

// `nav` is the entry of the navigation that is marked; `open` pages need nobody signed in.
const ROUTES = [
  { path: "/sign-in", tag: "rim-sign-in", load: () => import("./pages/signin.js"), open: true },
  { path: "/", tag: "rim-home", load: () => import("./pages/home.js"), nav: "queue" },
  { path: "/welcome", tag: "rim-welcome", load: () => import("./pages/welcome.js"), nav: "queue" },
  { path: "/queue", tag: "rim-queue", load: () => import("./pages/queue.js"), nav: "queue" },
  { path: "/tickets/new", tag: "rim-new-ticket", load: () => import("./pages/new-ticket.js"), nav: "new" },
  { path: "/tickets/:id", tag: "rim-ticket", load: () => import("./pages/ticket.js"), nav: "queue" },
  { path: "/tickets/:id/:tab", tag: "rim-ticket", load: () => import("./pages/ticket.js"), nav: "queue" },
  { path: "/ask", tag: "rim-ask", load: () => import("./pages/ask.js"), nav: "ask" },
  { path: "/knowledge", tag: "rim-knowledge", load: () => import("./pages/knowledge.js"), nav: "knowledge" },
  { path: "/knowledge/:tab", tag: "rim-knowledge", load: () => import("./pages/knowledge.js"), nav: "knowledge" },
  { path: "/knowledge/:tab/:id", tag: "rim-knowledge", load: () => import("./pages/knowledge.js"), nav: "knowledge" },
  { path: "/insights", tag: "rim-insights", load: () => import("./pages/insights.js"), nav: "insights" },
  { path: "/learning", tag: "rim-learning", load: () => import("./pages/learning.js"), nav: "insights" },
  { path: "/events", tag: "rim-events", load: () => import("./pages/events.js"), nav: "insights" },
  { path: "/events/:tab", tag: "rim-events", load: () => import("./pages/events.js"), nav: "insights" },
  { path: "/settings", tag: "rim-settings", load: () => import("./pages/settings.js"), nav: "settings" },
  { path: "/settings/:tab", tag: "rim-settings", load: () => import("./pages/settings.js"), nav: "settings" },
];

const RETURN = "rimedio.return";
const shell = new Shell();
const router = new Router(ROUTES, show);
let turn = 0;
let shownPath = null;

start();

async function start() {
  startTheme();
  showDensity();
  installToasts();
  installShortcuts();
  shell.install();
  window.addEventListener("language", () => (shell.draw(), router.refresh()));
  window.addEventListener("signed-out", (event) => leave(event.detail));
  window.addEventListener("signed-in", enter);
  await signInByAddress();
  if (token()) await enter();
  else router.start();
}

/** A one-time code in the address signs in and disappears from it, so that it is neither kept nor shared. */
async function signInByAddress() {
  const code = new URLSearchParams(location.search).get("code") ?? here().query.code;
  if (!code) return;
  history.replaceState(null, "", "/#/");
  try {
    keep(await api.post("/v1/session", { code }));
  } catch (error) {
    forget();
    go("/sign-in", { why: error.status === 401 || error.status === 400 ? "code" : "error" });
  }
}

async function enter() {
  try {
    identify(await api.get("/v1/me"));
  } catch (error) {
    if (error.status !== 401) shell.fail(errorState(error, enter));
    return;
  }
  shell.draw();
  const path = sessionStorage.getItem(RETURN);
  sessionStorage.removeItem(RETURN);
  if (here().path === "/sign-in" || path) location.hash = path ?? "#/";
  if (!started) {
    started = true;
    router.start();
  } else router.refresh();
}

let started = false;

function leave(why) {
  if (here().path !== "/sign-in") sessionStorage.setItem(RETURN, location.hash || "#/");
  shell.draw();
  go("/sign-in", { why });
}

async function show(route, place) {
  started = true;
  const mine = (turn += 1);
  if (route && !route.open && !currentUser()) {
    if (place.path !== "/") sessionStorage.setItem(RETURN, location.hash);
    go("/sign-in");
    return;
  }
  const page = route ? await build(route, place) : missing();
  if (mine !== turn) return;
  shell.show(page, route?.nav ?? null, { moveFocus: shownPath !== null && shownPath !== place.path });
  shownPath = place.path;
}

async function build(route, place) {
  try {
    await route.load();
    const page = document.createElement(route.tag);
    page.route = place;
    return page;
  } catch (error) {
    return errorState(error, () => location.reload());
  }
}

function missing() {
  return fill(
    h("div", { class: "page" }),
    h("h1", { tabindex: "-1" }, t("shell.missing")),
    emptyState({ glyph: "question", title: t("shell.missing_text"), action: buttonLink(t("shell.to_queue"), { href: "#/" }) }),
  );
}
