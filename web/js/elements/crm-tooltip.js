// [data-tip]: the name of an icon button, and its keys, after 400 ms of hover or at once on focus.
// The button has an aria-label already, so this is for eyes only. Escape closes it.
const DELAY = 400;
let tip;
let timer;
let owner;

function show(element) {
  if (!element.isConnected) return;
  tip ??= document.body.appendChild(Object.assign(document.createElement("div"), { className: "tip", popover: "manual" }));
  tip.setAttribute("aria-hidden", "true");
  tip.textContent = element.dataset.tip;
  if (element.dataset.hotkey) {
    const keys = document.createElement("kbd");
    keys.textContent = element.dataset.hotkey.replace("mod+", "Ctrl ").toUpperCase();
    tip.append(keys);
  }
  tip.showPopover();
  place(element.getBoundingClientRect());
  owner = element;
}

function place(button) {
  const { width, height } = tip.getBoundingClientRect();
  const above = button.bottom + height + 12 > innerHeight;
  const left = button.left + button.width / 2 - width / 2;
  tip.style.setProperty("top", `${above ? button.top - height - 6 : button.bottom + 6}px`);
  tip.style.setProperty("left", `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`);
}

function hide() {
  clearTimeout(timer);
  owner = undefined;
  if (tip?.matches(":popover-open")) tip.hidePopover();
}

document.addEventListener("pointerover", ({ target, pointerType }) => {
  const element = target.closest?.("[data-tip]");
  if (element === owner) return;
  hide();
  if (element && pointerType === "mouse") timer = setTimeout(show, DELAY, element);
});

// A dialog that opens puts the focus on its first button; only a person's Tab asks for a tooltip.
let tabbed = false;
document.addEventListener("keydown", ({ key }) => (tabbed = key === "Tab"), true);

document.addEventListener("focusin", ({ target }) => {
  hide();
  if (tabbed && target.matches("[data-tip]:focus-visible")) show(target);
});

document.addEventListener("focusout", hide);
document.addEventListener("pointerdown", hide);
document.addEventListener("scroll", hide, true);
document.addEventListener("keydown", ({ key }) => key === "Escape" && hide());
