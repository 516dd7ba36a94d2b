// The address after # decides the page: #/queue?status=IN_REVIEW. A hash works the same on every host.

/** Routes in the order they are tried: {path: "/tickets/:id", tag, load, nav?}. */
export class Router {
  #routes;
  #show;

  constructor(routes, show) {
    this.#routes = routes.map((route) => ({ ...route, pattern: compile(route.path) }));
    this.#show = show;
  }

  /** Listen, and show the page of the address now. */
  start() {
    window.addEventListener("hashchange", () => this.refresh());
    this.refresh();
  }

  /** Show the page of the address. */
  refresh() {
    const { path, query } = here();
    for (const route of this.#routes) {
      const found = route.pattern.exec(path);
      if (found) return this.#show(route, { path, params: { ...found.groups }, query });
    }
    return this.#show(null, { path, params: {}, query });
  }
}

/** Path and query of the address after #. */
export function here() {
  const text = location.hash.replace(/^#/, "") || "/";
  const [path, query = ""] = text.split("?", 2);
  return { path: path || "/", query: Object.fromEntries(new URLSearchParams(query)) };
}

/** The address of a page, for links: `href("/queue", {status: "READY"})`. */
export function href(path, query = {}) {
  const kept = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(kept).toString();
  return text ? `#${path}?${text}` : `#${path}`;
}

/** Go to a page. */
export function go(path, query = {}) {
  location.hash = href(path, query);
}

/** Change the query in the address without leaving the page: filters stay when the address is kept or shared. */
export function keepQuery(query) {
  history.replaceState(null, "", href(here().path, query));
}

function compile(path) {
  const source = path.replace(/:(\w+)/g, "(?<$1>[^/]+)");
  return new RegExp(`^${source}/?$`);
}
