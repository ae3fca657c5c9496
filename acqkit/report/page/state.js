// What is chosen on the page. It is kept in the address, so that a view can be linked to.

const data = JSON.parse(document.getElementById("data").textContent);
const rounds = [...new Set(data.runs.flatMap((run) => run.curves.map.round))].sort((a, b) => a - b);
const lastRound = rounds[rounds.length - 1];
const CHOICES = { metric: Object.keys(data.metrics), coverage: ["labels", "class"] };

let state = stateOf(location.hash);
const views = [];

// A view is drawn now and whenever one of the named parts of the state changes; one with an
// element only while that is near the window, for charts of many strategies take seconds.
function view(parts, draw, id) {
  const element = id && document.getElementById(id);
  if (id && !element) return;
  const one = { parts, draw, near: !element, stale: false };
  views.push(one);
  if (element) watch(element, one);
}

function watch(element, one) {
  const notice = ([entry]) => {
    one.near = entry.isIntersecting;
    if (one.near && one.stale) drawView(one);
  };
  new IntersectionObserver(notice, { rootMargin: "400px" }).observe(element);
}

function drawView(one) {
  one.stale = false;
  one.draw();
}

window.addEventListener("beforeprint", () => views.filter(({ stale }) => stale).forEach(drawView));

function stateOf(hash) {
  const given = new URLSearchParams(hash.slice(1));
  const round = Number.parseInt(given.get("round") ?? "", 10);
  const hidden = (given.get("hide") ?? "").split(",").map((text) => Number.parseInt(text, 10));
  const pick = (name) => (CHOICES[name].includes(given.get(name)) ? given.get(name) : CHOICES[name][0]);
  return {
    metric: pick("metric"),
    coverage: pick("coverage"),
    round: rounds.includes(round) ? round : lastRound,
    seeds: given.get("seeds") === "1",
    hide: hidden.filter((index) => index in data.runs),
  };
}

function hashOf({ metric, coverage, round, seeds, hide }) {
  const parts = new URLSearchParams();
  if (metric !== CHOICES.metric[0]) parts.set("metric", metric);
  if (coverage !== CHOICES.coverage[0]) parts.set("coverage", coverage);
  if (round !== lastRound) parts.set("round", round);
  if (seeds) parts.set("seeds", "1");
  if (hide.length) parts.set("hide", hide.join(","));
  return `#${parts}`;
}

function choose(change) {
  const before = state;
  state = { ...state, ...change };
  history.replaceState(null, "", hashOf(state));
  redraw(Object.keys(change).filter((key) => String(before[key]) !== String(state[key])));
}

function redraw(changed) {
  for (const one of views) {
    if (!changed || one.parts.some((part) => changed.includes(part))) {
      one.stale = true;
      if (one.near) drawView(one);
    }
  }
}

function isShown(index) {
  return !state.hide.includes(index);
}

function shownRuns() {
  return data.runs.map((run, index) => ({ ...run, index })).filter(({ index }) => isShown(index));
}

function labelsAt(round) {
  const curve = data.runs.map((run) => run.curves.map).find((c) => c.round.includes(round));
  return curve ? curve.labels[curve.round.indexOf(round)] : 0;
}
