// What all charts share: colors from the style sheet, fonts, escaping.

const CONFIG = { displayModeBar: false, responsive: true };
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "star", "hexagon2"];
const NARROW = 700;

function color(variable) {
  return getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
}

function channels(hex) {
  return [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
}

// A hex color with an opacity.
function faded(hex, alpha) {
  return `rgba(${channels(hex).join(",")},${alpha})`;
}

// A hex color on its way from the surface (0) to itself (1): opaque, so that stacks do not add up.
function tinted(hex, share) {
  const under = channels(color("--surface"));
  const mixed = channels(hex).map((c, i) => Math.round(under[i] + (c - under[i]) * share));
  return `rgb(${mixed.join(",")})`;
}

// Text for the charts, which read some markup in it: users' data has none.
function plain(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function short(text, longest) {
  return text.length > longest ? `${text.slice(0, longest - 1).trimEnd()}…` : text;
}

function axis(title, more = {}) {
  return {
    title: { text: title, font: { size: 13, color: color("--muted") }, standoff: 12 },
    tickfont: { size: 12, color: color("--muted") },
    gridcolor: color("--line"),
    linecolor: color("--line"),
    zeroline: false,
    automargin: true,
    fixedrange: true,
    ...more,
  };
}

function plot(element, traces, layout) {
  const common = {
    font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: color("--ink") },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
    dragmode: false,
    hoverlabel: {
      bgcolor: color("--surface"),
      bordercolor: color("--line"),
      font: { color: color("--ink"), size: 13 },
      align: "left",
    },
    margin: { l: 8, r: 8, t: 8, b: 8 },
  };
  return Plotly.react(element, traces, { ...common, ...layout }, CONFIG);
}

// Panels side by side with one y axis, or one below the other where it is narrow.
function panels(element, count) {
  const narrow = element.clientWidth < NARROW;
  const gap = narrow ? 0 : 0.035;
  const width = (1 - gap * (count - 1)) / count;
  return Array.from({ length: count }, (_, i) => {
    const at = narrow ? 0 : i;
    return {
      narrow,
      domain: narrow ? [0, 1] : [at * (width + gap), at * (width + gap) + width],
      suffix: i === 0 ? "" : String(i + 1),
    };
  });
}

function panelTitle(panel, text, y) {
  return {
    text: `<b>${plain(short(text, 40))}</b>`,
    xref: "paper",
    yref: "paper",
    x: panel.domain[0],
    y,
    xanchor: "left",
    yanchor: "bottom",
    showarrow: false,
    font: { size: 14, color: color("--ink") },
  };
}
