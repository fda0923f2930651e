// Arrow keys inside menus, and their place where the browser has no CSS anchors.
const anchors = CSS.supports("position-area", "bottom");
const phone = matchMedia("(max-width: 760px)");

document.addEventListener(
  "toggle",
  ({ target, newState }) => {
    if (newState !== "open" || !target.matches?.(".menu, .pop")) return;
    const button = document.querySelector(`[popovertarget="${target.id}"]:not([popovertargetaction="hide"])`);
    if (!anchors && !phone.matches && button) place(target, button.getBoundingClientRect());
    target.querySelector("[autofocus]")?.focus();
  },
  true,
);

function place(menu, button) {
  const { width, height } = menu.getBoundingClientRect();
  const below = !menu.classList.contains("up") && button.bottom + height < innerHeight;
  const left = menu.classList.contains("end") ? button.right - width : button.left;
  menu.style.setProperty("top", `${below ? button.bottom : Math.max(8, button.top - height - 8)}px`);
  menu.style.setProperty("left", `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`);
}

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const menu = openMenuOf(event.target);
  if (!menu) return;
  const items = [...menu.querySelectorAll("a, button:not(.seg *)")].filter((item) => item.checkVisibility());
  const next = items.indexOf(document.activeElement) + step;
  items.at(next < 0 ? -1 : next % items.length)?.focus();
  event.preventDefault();
});

// A menu whose form was sent has done its work.
document.addEventListener("submit", ({ target }) => target.closest(".menu:popover-open")?.hidePopover());

/** The open menu that `element` is in, or is the button of. */
function openMenuOf(element) {
  const target = element.getAttribute?.("popovertarget");
  const menu = element.closest?.(".menu") ?? (target && document.getElementById(target));
  return menu?.matches(".menu:popover-open") ? menu : null;
}
