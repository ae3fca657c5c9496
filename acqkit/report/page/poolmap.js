// The pool in two dimensions, a panel per strategy.

const MOST_DOTS = 15000;

function drawMap() {
  // Each panel shows its own picks, and of the other pairs as many as all panels can draw.
  const step = Math.ceil((shownRuns().length * data.map.ids.length) / MOST_DOTS);
  document.querySelectorAll("#chart-map figure").forEach((figure) => {
    const index = Number(figure.dataset.run);
    figure.hidden = !isShown(index);
    if (!figure.hidden) drawPanel(figure.querySelector(".map"), data.runs[index], data.map.picks[index], step);
  });
  watchMap();
}

function drawPanel(element, run, picks, step) {
  const { x, y, ids } = data.map;
  const taken = new Set(picks.points.filter((_, i) => picks.rounds[i] <= state.round));
  const rest = ids.map((_, i) => i).filter((i) => i % step === 0 && !taken.has(i));
  const before = [];
  const now = [];
  picks.points.forEach((point, i) => {
    if (picks.rounds[i] < state.round) before.push([point, picks.rounds[i]]);
    if (picks.rounds[i] === state.round) now.push([point, picks.rounds[i]]);
  });
  const fill = color(run.color);
  const trace = (points, text, marker) => ({
    x: points.map((i) => x[i]), y: points.map((i) => y[i]), text, mode: "markers", marker, customdata: points,
    hovertemplate: "%{text}<extra></extra>",
  });
  const picked = ([point, round]) => describe(point, `picked in round ${round}`);
  const points = (pairs) => pairs.map(([point]) => point);
  const bare = axis("", {
    visible: false, range: [-1.06, 1.06], fixedrange: false, automargin: false, showgrid: false,
  });
  plot(
    element,
    [
      trace(rest, rest.map((i) => describe(i, "")), { color: color("--dot"), size: 3.5 }),
      trace(points(before), before.map(picked), { color: faded(fill, 0.55), size: 5.5 }),
      trace(points(now), now.map(picked), {
        color: fill, size: 10, line: { color: color("--surface"), width: 1.2 },
      }),
    ],
    {
      height: element.clientHeight, margin: { l: 0, r: 0, t: 0, b: 0 }, hovermode: "closest",
      dragmode: "zoom", xaxis: bare, yaxis: bare, uirevision: "keep the zoom",
    },
  );
}

function describe(point, note) {
  const lines = [`<b>${plain(data.map.ids[point])}</b>`];
  if (data.map.captions[point]) lines.push(plain(data.map.captions[point]));
  if (note) lines.push(note);
  return lines.join("<br>");
}

// What the gallery shows of a pick, in the corner that the pick is not in.
function showPreview(element, index, point) {
  const cards = [...document.querySelectorAll(`.picks[data-run="${index}"] .pick`)];
  const card = cards.find((one) => one.dataset.id === data.map.ids[point]);
  const preview = element.parentElement.querySelector(".preview");
  preview.hidden = !card?.querySelector(".side");
  if (preview.hidden) return;
  fillMedia(card);
  const sides = card.querySelector(".sides").cloneNode(true);
  sides.querySelectorAll("audio").forEach((audio) => audio.closest(".side").remove());
  preview.replaceChildren(sides);
  preview.classList.toggle("left", data.map.x[point] > 0);
  preview.classList.toggle("top", data.map.y[point] < 0);
}

function watchMap() {
  document.querySelectorAll("#chart-map figure:not([hidden])").forEach((figure) => {
    const element = figure.querySelector(".map");
    if (element.dataset.watched || !element.on) return;
    element.dataset.watched = "yes";
    element.on("plotly_hover", ({ points }) => showPreview(element, Number(figure.dataset.run), points[0].customdata));
    element.on("plotly_unhover", () => { figure.querySelector(".preview").hidden = true; });
  });
}

view(["round", "hide"], drawMap, "chart-map");
