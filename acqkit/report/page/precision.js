// Precision of predicted labels, by the share of the pairs that is most confident.

const KINDS = [
  { kind: "pseudo_labels", title: "pseudo-labels", dash: "solid" },
  { kind: "classifier", title: "classifier", dash: "dash" },
];

function drawPrecision() {
  const element = document.getElementById("chart-precision");
  const runs = shownRuns().filter((run) => run.precision);
  const lines = runs.flatMap(precisionLines);
  const narrow = element.clientWidth < NARROW;
  const range = precisionRange(lines);
  const height = narrow ? 300 : 380;
  plot(element, lines.flatMap(precisionTraces), {
    height,
    margin: { l: 8, r: narrow ? 12 : labelWidth(runs), t: 14, b: 8 },
    hovermode: "x unified",
    xaxis: axis("most confident share of the pairs", { range: [0.075, 1.025], tickformat: ".0%", nticks: narrow ? 5 : 10, unifiedhovertitle: { text: "the most confident %{x}" } }),
    yaxis: axis("precision of their labels", { range, tickformat: ".0%", nticks: 7 }),
    annotations: narrow ? [] : endLabels(runs.map(precisionEnd), range, height - 70),
  });
}

function precisionLines(run) {
  return KINDS.map((kind) => ({ ...kind, run, x: run.precision.coverages, ...run.precision[kind.kind] })).filter(({ seeds }) => seeds);
}

function precisionTraces({ run, title, dash, x, mean, error, seeds }) {
  const stroke = color(run.color);
  const band = {
    x: [...x, ...x.toReversed()],
    y: [...mean.map((m, i) => m + error[i]), ...mean.map((m, i) => m - error[i]).toReversed()],
    mode: "lines", fill: "toself", fillcolor: faded(stroke, dash === "solid" ? 0.16 : 0.1), line: { width: 0 }, hoverinfo: "skip",
  };
  const line = {
    x, y: mean, name: `${plain(run.name)}, ${title}`, mode: "lines",
    line: { color: stroke, width: dash === "solid" ? 2.4 : 1.8, dash },
    customdata: mean.map((m, i) => `${(100 * m).toFixed(1)}%${seeds > 1 ? ` ± ${(100 * error[i]).toFixed(1)}` : ""}`),
    hovertemplate: "%{customdata}",
  };
  return seeds === 1 ? [line] : [band, line];
}

function precisionRange(lines) {
  const low = Math.min(1, ...lines.flatMap(({ mean, error }) => mean.map((m, i) => m - error[i])));
  const room = Math.max(1 - low, 0.05) * 0.05;
  return [Math.max(0, low - room), 1 + room];
}

function precisionEnd(run) {
  const [{ x, mean }] = precisionLines(run);
  return { run, x: x.at(-1), y: mean.at(-1) };
}

view(["hide"], drawPrecision, "chart-precision");
