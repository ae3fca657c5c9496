// Labels by class, rounds stacked, a panel per strategy.

const MOST_BANDS = 8;
const COVERAGE_TITLES = { labels: "% of the labeled pairs", class: "% of the class labeled" };

function drawCoverage() {
  const element = document.getElementById("chart-coverage");
  const { names, counts } = data.classes;
  const runs = shownRuns().filter((run) => run.coverage);
  const row = names.length > 30 ? 15 : 22;
  const grid = panelGrid(element, runs.length, { head: 48, body: names.length * row, foot: 56 });
  const layout = { height: grid.height, margin: { l: 8, r: 14, t: 0, b: 0 }, barmode: "stack", bargap: 0.28, annotations: [], shapes: [] };
  const traces = [];
  runs.forEach((run, i) => {
    const panel = grid.panels[i];
    const parts = coverageShares(run.coverage, counts);
    traces.push(...coverageTraces(run, parts, names, panel));
    layout[`xaxis${panel.id}`] = axis(COVERAGE_TITLES[state.coverage], {
      domain: panel.across, anchor: panel.y, automargin: false, ticksuffix: "%", rangemode: "tozero", nticks: 5,
      ...(i > 0 ? { matches: "x" } : {}),
    });
    layout[`yaxis${panel.id}`] = axis("", {
      domain: panel.up, anchor: panel.x, range: [names.length - 0.5, -0.5], showgrid: false,
      tickvals: names.map((_, c) => c), ticktext: names.map((name) => plain(short(name, 26))),
      showticklabels: panel.first, tickfont: { size: row > 16 ? 12 : 10.5, color: color("--ink") },
    });
    const { seen, there } = run.coverage;
    const title = panelTitle(panel, run.name, panel.up[1] + grid.pixels(24));
    const note = `${seen} of ${there} classes labeled`;
    layout.annotations.push(title, {
      ...title, text: note, y: panel.up[1] + grid.pixels(6), font: { size: 12, color: color("--muted") },
    });
    layout.shapes.push(...overallLine(parts, panel));
  });
  plot(element, traces, layout);
}

// Per class, in percent: what each round added, and what the pool says it would be.
function coverageShares(coverage, counts) {
  const labeled = coverage.picked.reduce((sum, n) => sum + n, 0);
  const whole = (c) => (state.coverage === "labels" ? labeled : counts[c]) || 1;
  return {
    added: coverage.counts.map((round) => round.map((n, c) => (100 * n) / whole(c))),
    pool: counts.map((n) => (100 * n) / data.train),
    overall: (100 * labeled) / data.train,
  };
}

// Rounds in order, several to a band where there are more than the eye can tell apart.
function roundBands(rounds) {
  const size = Math.ceil(rounds.length / MOST_BANDS);
  return Array.from({ length: Math.ceil(rounds.length / size) }, (_, b) => {
    const from = b * size;
    const to = Math.min(from + size, rounds.length);
    const name = to - from === 1 ? `round ${rounds[from]}` : `rounds ${rounds[from]} to ${rounds[to - 1]}`;
    return { from, to, name };
  });
}

function coverageTraces(run, parts, names, panel) {
  const rows = names.map((_, c) => c);
  const axes = { xaxis: panel.x, yaxis: panel.y };
  const bands = roundBands(run.coverage.rounds);
  const bars = bands.map(({ from, to, name: band }, b) => {
    const sum = (rounds, c) => rounds.slice(from, to).reduce((total, round) => total + round[c], 0);
    const added = rows.map((c) => sum(parts.added, c));
    return {
      ...axes, type: "bar", orientation: "h", x: added, y: rows,
      marker: { color: tinted(color(run.color), bands.length > 1 ? 0.28 + (0.72 * b) / (bands.length - 1) : 1), line: { width: 0 } },
      text: names.map((name, c) => `<b>${plain(name)}</b><br>${band}: ${sum(run.coverage.counts, c).toFixed(1)} labels (${added[c].toFixed(1)}%)<br>pool: ${parts.pool[c].toFixed(1)}% of the pairs`),
      textposition: "none", hovertemplate: "%{text}<extra></extra>",
    };
  });
  if (state.coverage !== "labels") return bars;
  return [...bars, {
    ...axes, type: "scatter", mode: "markers", x: parts.pool, y: rows,
    marker: { symbol: "line-ns-open", size: names.length > 30 ? 10 : 15, color: color("--mark"), line: { width: 1.6 } },
    text: names.map((name, c) => `<b>${plain(name)}</b><br>${parts.pool[c].toFixed(1)}% of the pool`), hovertemplate: "%{text}<extra></extra>",
  }];
}

// What every class would have if labels were spread evenly over the pool.
function overallLine(parts, panel) {
  if (state.coverage === "labels") return [];
  return [{
    type: "line", xref: panel.x, yref: `${panel.y} domain`, x0: parts.overall, x1: parts.overall, y0: 0, y1: 1,
    line: { color: color("--mark"), width: 1.2, dash: "dot" },
  }];
}

function drawCoverageNote() {
  document.querySelectorAll("[data-coverage]").forEach((element) => {
    element.hidden = element.dataset.coverage !== state.coverage;
  });
}

view(["coverage", "hide"], drawCoverage, "chart-coverage");
view(["coverage"], drawCoverageNote);
