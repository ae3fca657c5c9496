// Seconds by phase and round, a panel per strategy.

function drawSeconds() {
  const element = document.getElementById("chart-seconds");
  const runs = shownRuns();
  const grid = panelGrid(element, runs.length, { above: 30, head: 36, body: 190, foot: 56 });
  const layout = {
    height: grid.height, margin: { l: 8, r: 8, t: 0, b: 0 }, barmode: "stack", bargap: 0.25, annotations: [],
    showlegend: true, hovermode: "x unified",
    legend: { orientation: "h", x: 0, y: 1, yanchor: "top", traceorder: "normal", font: { size: 13 }, itemclick: false, itemdoubleclick: false },
  };
  const traces = [];
  runs.forEach((run, i) => {
    const panel = grid.panels[i];
    for (const phase of data.phases) {
      traces.push({
        type: "bar", x: run.curves.map.round, y: run.seconds[phase], name: phase, legendgroup: phase, showlegend: i === 0,
        xaxis: panel.x, yaxis: panel.y, marker: { color: color(`--phase-${phase}`) }, hovertemplate: "%{y:.2f} s",
      });
    }
    layout[`xaxis${panel.id}`] = axis("round", {
      domain: panel.across, anchor: panel.y, automargin: false, showgrid: false, dtick: Math.ceil(rounds.length / 8), hoverformat: "d",
      unifiedhovertitle: { text: "round %{x}" },
    });
    layout[`yaxis${panel.id}`] = axis(panel.first ? "seconds" : "", {
      domain: panel.up, anchor: panel.x, nticks: 5, rangemode: "tozero", showticklabels: panel.first,
      ...(i > 0 ? { matches: "y" } : {}),
    });
    layout.annotations.push(panelTitle(panel, run.name, panel.up[1] + grid.pixels(8)));
  });
  plot(element, traces, layout);
}

view(["hide"], drawSeconds, "chart-seconds");
