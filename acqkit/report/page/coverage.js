// Labels by class, rounds stacked, a panel per strategy.

function drawCoverage() {
  const element = document.getElementById("chart-coverage");
  if (!element) return;
  const runs = shownRuns().filter((run) => run.coverage);
  const { names, counts } = data.classes;
  const row = names.length > 30 ? 15 : 22;
  const grid = panels(element, Math.max(runs.length, 1));
  const narrow = grid[0].narrow;
  const head = 46;
  const foot = 52;
  const one = names.length * row;
  const height = narrow ? runs.length * (one + head + foot) : one + head + foot;
  const layout = { height, margin: { l: 8, r: 14, t: 0, b: 0 }, barmode: "stack", bargap: 0.28, annotations: [], shapes: [] };
  const traces = [];
  runs.forEach((run, i) => {
    const panel = grid[i];
    const top = narrow ? 1 - (i * (one + head + foot) + head) / height : 1 - head / height;
    const bottom = top - one / height;
    const parts = coverageShares(run.coverage, counts);
    traces.push(...coverageTraces(run, parts, names, panel));
    layout[`xaxis${panel.suffix}`] = axis(coverageTitle(), {
      domain: panel.domain, anchor: `y${panel.suffix}`, ticksuffix: "%", rangemode: "tozero", nticks: 6,
      ...(i > 0 && !narrow ? { matches: "x" } : {}), title: { text: coverageTitle(), font: { size: 12.5, color: color("--muted") }, standoff: 6 },
    });
    layout[`yaxis${panel.suffix}`] = axis("", {
      domain: [bottom, top], anchor: `x${panel.suffix}`, range: [names.length - 0.5, -0.5], showgrid: false,
      tickvals: names.map((_, c) => c), ticktext: names.map((name) => plain(short(name, 26))),
      showticklabels: narrow || i === 0, tickfont: { size: row > 16 ? 12 : 10.5, color: color("--ink") }, ticks: "",
    });
    const { seen, there } = run.coverage;
    const title = panelTitle(panel, run.name, top + 22 / height);
    layout.annotations.push(title, { ...title, text: `${seen} of ${there} classes have a label`, y: top + 4 / height, font: { size: 12.5, color: color("--muted") } });
    layout.shapes.push(...overallLine(parts, panel));
  });
  plot(element, traces, layout);
}

function coverageTitle() {
  return state.coverage === "labels" ? "pairs with the class, % of labeled pairs" : "labeled, % of the class’s pairs";
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

function coverageTraces(run, parts, names, panel) {
  const rows = names.map((_, c) => c);
  const axes = { xaxis: `x${panel.suffix}`, yaxis: `y${panel.suffix}`, hoverlabel: { align: "left" } };
  const { rounds, counts } = run.coverage;
  const bars = rounds.map((round, r) => ({
    ...axes, type: "bar", orientation: "h", x: parts.added[r], y: rows,
    marker: { color: tinted(color(run.color), rounds.length > 1 ? 0.28 + (0.72 * r) / (rounds.length - 1) : 1), line: { width: 0 } },
    text: names.map((name, c) => `<b>${plain(name)}</b><br>round ${round}: ${counts[r][c].toFixed(1)} labels (${parts.added[r][c].toFixed(1)}%)<br>pool: ${parts.pool[c].toFixed(1)}% of the pairs`),
    textposition: "none", hovertemplate: "%{text}<extra></extra>",
  }));
  if (state.coverage !== "labels") return bars;
  return [...bars, {
    ...axes, type: "scatter", mode: "markers", x: parts.pool, y: rows,
    marker: { symbol: "line-ns-open", size: names.length > 30 ? 10 : 15, line: { width: 2, color: color("--mark") }, color: color("--mark") },
    text: names.map((name, c) => `<b>${plain(name)}</b><br>${parts.pool[c].toFixed(1)}% of the pool`), hovertemplate: "%{text}<extra></extra>",
  }];
}

// What every class would have if labels were spread evenly over the pool.
function overallLine(parts, panel) {
  if (state.coverage === "labels") return [];
  return [{
    type: "line", xref: `x${panel.suffix}`, yref: `y${panel.suffix} domain`, x0: parts.overall, x1: parts.overall, y0: 0, y1: 1,
    line: { color: color("--mark"), width: 1.2, dash: "dot" },
  }];
}

view(["coverage", "hide"], drawCoverage);
