// The pool in two dimensions, a panel per strategy.

function drawMap() {
  if (!data.map) return;
  document.querySelectorAll("#chart-map figure").forEach((figure) => {
    const index = Number(figure.dataset.run);
    figure.hidden = !isShown(index);
    if (!figure.hidden) drawPanel(figure.querySelector(".map"), data.runs[index], data.map.picks[index]);
  });
}

function drawPanel(element, run, picks) {
  const { x, y, ids } = data.map;
  const taken = new Set(picks.points.filter((_, i) => picks.rounds[i] <= state.round));
  const rest = ids.map((_, i) => i).filter((i) => !taken.has(i));
  const before = [];
  const now = [];
  picks.points.forEach((point, i) => {
    if (picks.rounds[i] < state.round) before.push([point, picks.rounds[i]]);
    if (picks.rounds[i] === state.round) now.push([point, picks.rounds[i]]);
  });
  const fill = color(run.color);
  const trace = (points, text, marker) => ({
    x: points.map((i) => x[i]), y: points.map((i) => y[i]), text, mode: "markers", marker,
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

view(["round", "hide"], drawMap);
