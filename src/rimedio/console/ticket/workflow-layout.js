// Where the states of the workflow stand in the drawing: the main way straight down, other ways to its right.

export const BOX = { width: 142, height: 38, gapX: 20, gapY: 24, margin: 22 };

/**
 * Places for a graph {start, nodes: [{name, type, lane}], edges: [{from, to, kind}]}:
 * {nodes: Map name → {name, type, x, y, inner}, edges: [{from, to, kind, path}], width, height}.
 * Ranks are longest ways from the start without catches; ways back are drawn at the left.
 */
export function layout(graph) {
  const forward = graph.edges.filter((edge) => edge.kind !== "catch" && edge.kind !== "inside");
  const back = backEdges(graph.start, forward);
  const ways = forward.filter((edge) => !back.has(edge));
  const rank = rankAll(graph, ways);
  const spine = spineOf(graph.start, ways);
  const cells = place(graph, rank, spine);
  const nodes = new Map();
  for (const node of graph.nodes) {
    const { row, column } = cells.get(node.name);
    nodes.set(node.name, { ...node, inner: Boolean(node.lane), x: BOX.margin + column * (BOX.width + BOX.gapX), y: BOX.margin + row * (BOX.height + BOX.gapY) });
  }
  const places = [...nodes.values()];
  const isClear = (from, to) => !places.some((one) => one.x === from.x && one.y > from.y && one.y < to.y);
  const edges = graph.edges.map((edge) => ({ ...edge, path: wayBetween(nodes.get(edge.from), nodes.get(edge.to), back.has(edge), isClear) }));
  return {
    nodes,
    edges,
    width: Math.max(...places.map((node) => node.x)) + BOX.width + BOX.margin + 14,
    height: Math.max(...places.map((node) => node.y)) + BOX.height + BOX.margin,
  };
}

function backEdges(start, edges) {
  const back = new Set();
  const state = new Map();
  const visit = (name) => {
    state.set(name, "open");
    for (const edge of edges.filter((one) => one.from === name)) {
      if (state.get(edge.to) === "open") back.add(edge);
      else if (!state.has(edge.to)) visit(edge.to);
    }
    state.set(name, "done");
  };
  visit(start);
  return back;
}

function rankAll(graph, ways) {
  const rank = new Map([[graph.start, 0]]);
  const outer = graph.nodes.filter((node) => !node.lane);
  relax(rank, ways);
  for (const node of outer.filter((one) => !rank.has(one.name))) {
    const next = ways.find((edge) => edge.from === node.name && rank.has(edge.to));
    const sources = graph.edges.filter((edge) => edge.to === node.name && rank.has(edge.from)).map((edge) => rank.get(edge.from));
    const latest = Math.max(0, ...sources);
    rank.set(node.name, next ? Math.max(0, Math.min(latest, rank.get(next.to) - 1)) : latest + 1);
    relax(rank, ways);
  }
  return rank;
}

/** Longest ways: every state stands below all that lead to it. */
function relax(rank, ways) {
  for (let turn = 0; turn < ways.length; turn += 1) {
    let moved = false;
    for (const { from, to } of ways) {
      if (rank.has(from) && (rank.get(to) ?? -1) < rank.get(from) + 1) {
        rank.set(to, rank.get(from) + 1);
        moved = true;
      }
    }
    if (!moved) return;
  }
}

/** The straight way: at a fork, where all ways meet again; else the longest. */
function spineOf(start, ways) {
  const following = (name) => ways.filter((edge) => edge.from === name).map((edge) => edge.to);
  const reach = (name, seen = new Set()) => {
    for (const next of following(name)) if (!seen.has(next)) reach(next, seen.add(next));
    return seen;
  };
  const length = (name) => 1 + Math.max(0, ...following(name).map(length));
  const spine = [start];
  for (let at = start; ; ) {
    const options = [...new Set(following(at))];
    if (!options.length) return new Set(spine);
    const meeting = options.find((one) => options.every((other) => other === one || reach(other).has(one)));
    at = meeting ?? options.sort((a, b) => length(b) - length(a))[0];
    spine.push(at);
  }
}

function place(graph, rank, spine) {
  const cells = new Map();
  const lanes = new Map();
  for (const node of graph.nodes.filter((one) => one.lane)) {
    const parent = node.lane.split("/")[0];
    lanes.set(parent, [...(lanes.get(parent) ?? []), node.name]);
  }
  const taken = new Set();
  const put = (name, row, wanted) => {
    let column = wanted;
    while (taken.has(`${row}/${column}`)) column += 1;
    taken.add(`${row}/${column}`);
    cells.set(name, { row, column });
  };
  const outer = graph.nodes.filter((node) => !node.lane).sort((a, b) => rank.get(a.name) - rank.get(b.name));
  for (const { name } of outer.filter((node) => spine.has(node.name))) put(name, rank.get(name), 0);
  for (const [parent, names] of lanes) for (const [index, name] of names.entries()) put(name, rank.get(parent), 1 + index);
  for (const { name } of outer.filter((node) => !spine.has(node.name))) {
    const from = graph.edges.find((edge) => edge.to === name && edge.kind !== "catch" && cells.has(edge.from));
    put(name, rank.get(name), Math.max(1, from ? cells.get(from.from).column : 1));
  }
  return cells;
}

function wayBetween(from, to, isBack, isClear) {
  const middle = { from: from.x + BOX.width / 2, to: to.x + BOX.width / 2 };
  const below = from.y + BOX.height;
  if (isBack || to.y < from.y) return `M${from.x} ${from.y + BOX.height / 2}H${to.x - 12}V${to.y + BOX.height / 2}H${to.x}`;
  if (to.y === from.y) {
    // Over the heads of what stands between.
    if (to.x - from.x > BOX.width + BOX.gapX) return `M${from.x + BOX.width} ${from.y + 9}H${from.x + BOX.width + BOX.gapX / 2}V${from.y - 8}H${middle.to}V${to.y}`;
    return `M${from.x + BOX.width} ${from.y + BOX.height / 2}H${to.x}`;
  }
  if (from.x === to.x && isClear(from, to)) return `M${middle.from} ${below}V${to.y}`;
  const turn = to.y - BOX.gapY / 2;
  if (to.y - below <= BOX.gapY) return `M${middle.from} ${below}V${turn}H${middle.to}V${to.y}`;
  const channel = from.x + BOX.width + BOX.gapX / 2;
  const start = below + BOX.gapY / 2 - 4;
  return `M${middle.from} ${below}V${start}H${channel}V${turn}H${middle.to}V${to.y}`;
}
