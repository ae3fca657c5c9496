// The gallery and the allocation tables: the cards of the chosen round, media filled in when seen.

function fillMedia(card) {
  card.querySelectorAll("[data-media]").forEach((element) => {
    element.src = data.media[element.dataset.media];
    element.removeAttribute("data-media");
  });
}

const FIRST_CARDS = 12;

function drawGallery() {
  document.querySelectorAll("#gallery .picks").forEach((group) => {
    group.hidden = !isShown(Number(group.dataset.run));
    group.querySelectorAll("h3 [data-round]").forEach((note) => {
      note.hidden = Number(note.dataset.round) !== state.round;
    });
    const most = "unfolded" in group.dataset ? Infinity : FIRST_CARDS;
    let found = 0;
    group.querySelectorAll(".pick").forEach((card) => {
      const isOfRound = Number(card.dataset.round) === state.round;
      card.hidden = !isOfRound || found >= most;
      if (isOfRound) found += 1;
      if (!card.hidden) fillMedia(card);
    });
    group.querySelector(".empty").hidden = found > 0;
    const more = group.querySelector(".more");
    more.hidden = found <= most;
    more.textContent = `Show ${found - most} more`;
  });
}

document.querySelectorAll("#gallery .more").forEach((button) => {
  button.addEventListener("click", () => {
    button.closest(".picks").dataset.unfolded = "";
    drawGallery();
  });
});

function drawSearches() {
  document.querySelectorAll("#searches .searches").forEach((group) => {
    group.hidden = !isShown(Number(group.dataset.run));
    if (!group.hidden) fillMedia(group);
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
view(["hide"], drawSearches);
view(["round", "hide"], drawAllocations);
