// The gallery and the allocation tables: the cards of the chosen round, media filled in when seen.

function fillMedia(card) {
  card.querySelectorAll("[data-media]").forEach((element) => {
    element.src = data.media[element.dataset.media];
    element.removeAttribute("data-media");
  });
}

function drawGallery() {
  document.querySelectorAll("#gallery .picks").forEach((group) => {
    group.hidden = !isShown(Number(group.dataset.run));
    let found = false;
    group.querySelectorAll("[data-round]").forEach((element) => {
      element.hidden = Number(element.dataset.round) !== state.round;
      if (!element.hidden && element.matches(".pick")) {
        found = true;
        fillMedia(element);
      }
    });
    group.querySelector(".empty").hidden = found;
  });
}

function drawAllocations() {
  const names = shownRuns().map((run) => run.name);
  let found = false;
  document.querySelectorAll(".allocation").forEach((table) => {
    table.hidden = Number(table.dataset.round) !== state.round || !names.includes(table.dataset.name);
    found ||= !table.hidden;
  });
  const empty = document.getElementById("no-allocation");
  if (empty) empty.hidden = found;
}

view(["round", "hide"], drawGallery);
view(["round", "hide"], drawAllocations);
