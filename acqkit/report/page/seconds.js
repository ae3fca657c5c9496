// Seconds by phase and round, a panel per strategy.

function drawSeconds() {
  const element = document.getElementById("chart-seconds");
  const runs = shownRuns();
  const grid = panels(element, Math.max(runs.length, 1));
  const narrow = grid[0].narrow;
  const tall = 190;
  const head = 34;
  const foot = 54;
  const height = 30 + (narrow ? runs.length : 1) * (tall + head + foot);
  const layout = {
    height, margin: { l: 8, r: 8, t: 0, b: 0 }, barmode: "stack", bargap: 0.25, annotations: [],
    showlegend: true, hovermode: "x unified",
    legend: { orientation: "h", x: 0, y: 1, yanchor: "top", traceorder: "normal", font: { size: 13 }, itemclick: false, itemdoubleclick: false },
  };
  const traces = [];
  runs.forEach((run, i) => {
    const panel = grid[i];
    const top = 1 - (30 + head + (narrow ? i * (tall + head + foot) : 0)) / height;
    for (const phase of data.phases) {
      traces.push({
        type: "bar", x: run.curves.map.round, y: run.seconds[phase], name: phase, legendgroup: phase, showlegend: i === 0,
        xaxis: `x${panel.suffix}`, yaxis: `y${panel.suffix}`, marker: { color: color(`--phase-${phase}`) }, hovertemplate: "%{y:.2f} s",
      });
    }
    layout[`xaxis${panel.suffix}`] = axis("round", { domain: panel.domain, anchor: `y${panel.suffix}`, showgrid: false, dtick: Math.ceil(rounds.length / 10), hoverformat: "d" });
    layout[`yaxis${panel.suffix}`] = axis(narrow || i === 0 ? "seconds" : "", {
      domain: [top - tall / height, top], anchor: `x${panel.suffix}`, nticks: 5, rangemode: "tozero",
      ...(i > 0 ? { matches: "y", showticklabels: narrow } : {}),
    });
    layout.annotations.push(panelTitle(panel, run.name, top + 8 / height));
  });
  plot(element, traces, layout);
}

view(["hide"], drawSeconds);
