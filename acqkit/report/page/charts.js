// What all charts share: colors from the style sheet, fonts, escaping.

const CONFIG = { displayModeBar: false, responsive: true };
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "star", "hexagon2"];
const NARROW = 700;
const PANEL = 220;
const MOST_PANELS = 4;

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
  const { fontFamily: family } = getComputedStyle(document.body);
  const common = {
    font: { family, size: 13, color: color("--ink") },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
    dragmode: false,
    hoverlabel: {
      bgcolor: color("--surface"),
      bordercolor: color("--line"),
      font: { family, color: color("--ink"), size: 13 },
      align: "left",
    },
    margin: { l: 8, r: 8, t: 8, b: 8 },
  };
  return Plotly.react(element, traces, { ...common, ...layout }, CONFIG);
}

// A grid of panels of one height in pixels, as many side by side as there is room for. Each
// knows the ids of its axes, its place as shares of the whole, whether it comes first in its row,
// and the characters that its title has room for. `pixels` turns a length into a share of the whole height.
function panelGrid(element, count, { head, body, foot, above = 0 }) {
  const room = element.clientWidth < NARROW ? 1 : Math.floor(element.clientWidth / PANEL);
  const columns = Math.max(1, Math.min(count, room, MOST_PANELS));
  const height = above + Math.ceil(count / columns) * (head + body + foot);
  const gap = 0.035;
  const width = (1 - gap * (columns - 1)) / columns;
  const panels = Array.from({ length: count }, (_, i) => {
    const left = (i % columns) * (width + gap);
    const top = 1 - (above + Math.floor(i / columns) * (head + body + foot) + head) / height;
    const id = i === 0 ? "" : String(i + 1);
    return { x: `x${id}`, y: `y${id}`, id, first: i % columns === 0, title: element.clientWidth < NARROW ? 22 : 28, across: [left, left + width], up: [top - body / height, top] };
  });
  return { panels, height, pixels: (length) => length / height };
}

function panelTitle(panel, text, y) {
  return {
    text: `<b>${plain(short(text, panel.title))}</b>`,
    xref: "paper",
    yref: "paper",
    x: panel.across[0],
    y,
    xanchor: "left",
    yanchor: "bottom",
    showarrow: false,
    font: { size: 14, color: color("--ink") },
  };
}
