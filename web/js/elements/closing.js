// What is asked when a card is dropped on Won or Lost: a popover at the card. Answered or cancelled once.
const FORMS = { closed_won: "deal-won", closed_lost: "deal-lost" };
const phone = matchMedia("(max-width: 760px)");

/** Whether a stage ends the pipeline. */
export function isClosing(stage) {
  return stage in FORMS;
}

/** Asks; `done` gets the values of the form, or null when it was cancelled. */
export function closingForm(stage, card, done) {
  const popover = document.getElementById(FORMS[stage]);
  const form = popover.querySelector("form");
  form.reset();
  form.querySelector("[data-name]").textContent = card.dataset.name;
  if (form.elements.value) form.elements.value.value = card.dataset.value;
  card.classList.add("asking");
  let answer = null;
  const end = new AbortController();
  const once = { signal: end.signal };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer = Object.fromEntries(new FormData(form));
    popover.hidePopover();
  }, once);
  form.querySelector("[data-cancel]").addEventListener("click", () => popover.hidePopover(), once);
  popover.addEventListener("toggle", ({ newState }) => {
    if (newState !== "closed") return;
    end.abort();
    card.classList.remove("asking");
    done(answer);
  }, once);
  popover.showPopover();
  if (!phone.matches) {
    // In the folded strip of Lost the card itself is not drawn.
    const place = card.checkVisibility() ? card : card.closest(".col");
    place.scrollIntoView({ block: "nearest", inline: "nearest" });
    beside(popover, place.getBoundingClientRect());
  }
  form.querySelector("select, input").focus();
}

function beside(popover, card) {
  const { width, height } = popover.getBoundingClientRect();
  const left = card.right + width + 8 < innerWidth ? card.right + 4 : card.left - width - 4;
  const below = card.height > height ? card.top + 8 : card.top;
  popover.style.setProperty("left", `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`);
  popover.style.setProperty("top", `${Math.max(8, Math.min(below, innerHeight - height - 8))}px`);
}
