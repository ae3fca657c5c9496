// Controls: they show the state and change it.

function drawControls() {
  document.querySelectorAll(".choice input").forEach((input) => {
    input.checked = state[input.name] === input.value;
  });
  document.getElementById("metric").value = state.metric;
  document.getElementById("single-seeds").checked = state.seeds;
  document.querySelectorAll("[data-round-slider]").forEach((slider) => {
    slider.value = state.round;
  });
  const labels = Math.round(labelsAt(state.round)).toLocaleString("en-US");
  document.querySelectorAll("[data-round-output]").forEach((output) => {
    output.textContent = `${state.round} of ${lastRound} · ${labels} labels`;
  });
  document.querySelectorAll(".chip").forEach((chip) => {
    chip.setAttribute("aria-pressed", isShown(Number(chip.dataset.run)));
  });
}

function toggle(index) {
  const hide = isShown(index) ? [...state.hide, index] : state.hide.filter((i) => i !== index);
  // At least one stays: a page without any strategy says nothing.
  if (hide.length < data.runs.length) choose({ hide });
}

view(["metric", "coverage", "round", "seeds", "hide"], drawControls);

document.querySelectorAll(".choice input").forEach((input) => {
  input.addEventListener("change", () => choose({ [input.name]: input.value }));
});
document.getElementById("metric").addEventListener("change", (event) => {
  choose({ metric: event.target.value });
});
document.getElementById("single-seeds").addEventListener("change", (event) => {
  choose({ seeds: event.target.checked });
});
document.querySelectorAll("[data-round-slider]").forEach((slider) => {
  slider.addEventListener("input", () => choose({ round: Number(slider.value) }));
});
document.querySelectorAll(".chip").forEach((chip) => {
  chip.addEventListener("click", () => toggle(Number(chip.dataset.run)));
});
window.addEventListener("hashchange", () => {
  // Links to sections are no state.
  if (!location.hash.includes("=")) return;
  state = stateOf(location.hash);
  redraw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());
let width = window.innerWidth;
let waiting = 0;
window.addEventListener("resize", () => {
  if (window.innerWidth === width) return;
  width = window.innerWidth;
  clearTimeout(waiting);
  waiting = setTimeout(() => redraw(), 150);
});
redraw();
