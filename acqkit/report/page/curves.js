// A metric by labels.

function metricTitle() {
  const { title, higher_is_better: higher } = data.metrics[state.metric];
  return higher ? title : `${title} (lower is better)`;
}

function drawCurves() {
  const element = document.getElementById("chart-curves");
  const runs = shownRuns();
  const narrow = element.clientWidth < NARROW;
  const traces = runs.flatMap((run) => curveTraces(run));
  const lines = referenceLines(runs);
  const range = curveRange(runs, lines);
  const height = narrow ? 330 : 440;
  const margin = { l: 8, r: narrow ? 12 : labelWidth(runs), t: 14, b: 8 };
  plot(element, traces, {
    height,
    margin,
    hovermode: "x unified",
    xaxis: axis("labels", { range: labelRange(runs), nticks: narrow ? 5 : 10, hoverformat: ",.0f", unifiedhovertitle: { text: "%{x} labels" } }),
    yaxis: axis(plain(metricTitle()), { range, tickformat: range[1] < 100 && range[1] - range[0] > 0.05 ? ".2f" : ".3~r" }),
    shapes: lines.map(({ value, dash }) => ({
      type: "line", xref: "paper", x0: 0, x1: 1, y0: value, y1: value,
      line: { color: color("--ink"), width: 1.2, dash },
    })),
    annotations: [
      ...lines.map(({ value, text, anchor }) => ({
        text, x: 0, xref: "paper", y: value, xanchor: "left", yanchor: anchor, showarrow: false,
        font: { size: 12, color: color("--muted") },
      })),
      ...(narrow ? [] : endLabels(runs.filter((run) => run.curves[state.metric].labels.length).map(curveEnd), range, height - 70)),
    ],
  });
}

function curveTraces(run) {
  const { labels, mean, error, round, seeds, values } = run.curves[state.metric];
  const stroke = color(run.color);
  const symbol = SYMBOLS[run.index % SYMBOLS.length];
  const band = {
    x: [...labels, ...labels.toReversed()],
    y: [...mean.map((m, i) => m + error[i]), ...mean.map((m, i) => m - error[i]).toReversed()],
    mode: "lines", fill: "toself", fillcolor: faded(stroke, 0.16), line: { width: 0 }, hoverinfo: "skip",
  };
  const single = values.map((own) => ({
    x: labels, y: own, mode: "lines", line: { color: faded(stroke, 0.45), width: 1 }, hoverinfo: "skip",
  }));
  const line = {
    x: labels, y: mean, name: plain(run.name), mode: "lines+markers",
    line: { color: stroke, width: 2.4 }, marker: { color: stroke, size: 7, symbol },
    customdata: labels.map((_, i) => {
      const spread = seeds.length > 1 ? ` ± ${error[i].toFixed(3)}` : "";
      const each = seeds.map((seed, s) => `${seed}: ${values[s][i].toFixed(3)}`).join(", ");
      return `${mean[i].toFixed(3)}${spread}<br>   round ${round[i]}, by seed ${short(each, 90)}`;
    }),
    hovertemplate: "%{customdata}",
  };
  return seeds.length === 1 ? [line] : [band, ...(state.seeds ? single : []), line];
}

// A share of the fully supervised figure is no mark where less is better.
function referenceLines(runs) {
  const full = runs.find((run) => run.full)?.full.metrics[state.metric];
  if (full === undefined) return [];
  const percent = Math.round(data.share * 100);
  const line = { value: full, dash: "dash", anchor: "bottom", text: `fully supervised ${full.toFixed(3)}` };
  if (!data.metrics[state.metric].higher_is_better) return [line];
  return [
    line,
    { value: data.share * full, dash: "dot", anchor: "top", text: `${percent}% of it, ${(data.share * full).toFixed(3)}` },
  ];
}

function curveRange(runs, lines) {
  const values = runs.flatMap((run) => run.curves[state.metric].values.flat());
  values.push(...lines.map((line) => line.value));
  if (!values.length) return [0, 1];
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = Math.max(high - low, 0.01 * Math.max(Math.abs(low), Math.abs(high))) * 0.06;
  return [low < 0 ? low - room : Math.max(0, low - room), high + room * 1.6];
}

function labelRange(runs) {
  const labels = runs.flatMap((run) => run.curves.map.labels);
  const [low, high] = [Math.min(...labels), Math.max(...labels)];
  const room = Math.max(high - low, 1) * 0.025;
  return [low - room, high + room];
}

function labelWidth(runs) {
  const longest = Math.max(0, ...runs.map((run) => Math.min(run.name.length, 24)));
  return runs.length > 1 ? 14 + 7.2 * longest : 16;
}

function curveEnd(run) {
  const { labels, mean } = run.curves[state.metric];
  return { run, x: labels.at(-1), y: mean.at(-1) };
}

// Names at the ends of the lines, pushed apart where they would cover each other.
function endLabels(lines, range, pixels) {
  if (lines.length < 2) return [];
  const unit = (range[1] - range[0]) / pixels;
  const ends = lines.sort((one, other) => one.y - other.y);
  ends.forEach((end, i) => {
    end.at = i === 0 ? end.y : Math.max(end.y, ends[i - 1].at + 17 * unit);
  });
  const excess = Math.max(0, (ends.at(-1)?.at ?? 0) - range[1]);
  const x = Math.max(...lines.map((line) => line.x));
  return ends.map(({ run, at }) => ({
    text: plain(short(run.name, 24)), x, y: at - excess, xanchor: "left", yanchor: "middle", xshift: 14,
    showarrow: false, font: { size: 13, color: color(run.color) },
  }));
}

view(["metric", "hide", "seeds"], drawCurves);
