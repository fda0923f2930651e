// One listener for all shortcuts. They are written on the element: data-hotkey="g c" clicks a link or
// button, or focuses a field. "mod+k" is Ctrl or Cmd. Off while typing; single keys can be switched off.
import { openDialog } from "./dialogs.js";
import { recall, remember } from "./storage.js";

const SEQUENCE_MS = 1200;
const OFF = "single-keys-off";
let pending = "";
let timer;

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  const modified = event.ctrlKey || event.metaKey;
  if (!modified && (isTyping(event.target) || document.querySelector("dialog[open]"))) return;
  const key = `${modified ? "mod+" : ""}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`;
  if (modified) return run(key, event);
  if (recall(OFF)) return;
  if (key === "?") return help(event);
  sequence(key, event);
});

function sequence(key, event) {
  clearTimeout(timer);
  const keys = pending ? `${pending} ${key}` : key;
  pending = "";
  if (run(keys, event) || (keys !== key && run(key, event))) return;
  if (!starts(keys)) return;
  pending = keys;
  timer = setTimeout(() => (pending = ""), SEQUENCE_MS);
}

function elements() {
  return [...document.querySelectorAll("[data-hotkey]")].filter((element) => element.dataset.hotkey);
}

function starts(keys) {
  return elements().some((element) => element.dataset.hotkey.startsWith(`${keys} `));
}

function run(keys, event) {
  const element = elements().find((candidate) => candidate.dataset.hotkey === keys && !candidate.disabled);
  if (!element) return false;
  event.preventDefault();
  if (element.matches("input, select, textarea")) {
    element.focus();
    element.select?.();
  } else {
    element.click();
  }
  return true;
}

function isTyping(element) {
  if (element.isContentEditable) return true;
  if (element.matches?.("input")) return !["checkbox", "radio", "button", "submit"].includes(element.type);
  return element.matches?.("select, textarea") ?? false;
}

function help(event) {
  event.preventDefault();
  openDialog("keys");
}

// The list is made from the page, so it never differs from it.
document.getElementById("keys")?.addEventListener("crm:open", ({ target }) => {
  const list = target.querySelector("[data-keys]");
  const rows = elements().map((element) => [nameOf(element), element.dataset.hotkey]);
  if (document.querySelector("[data-rows]")) {
    rows.push(["Next row", "j"], ["Previous row", "k"], ["Open the row", "Enter"]);
    if (document.querySelector(".picks")) rows.push(["Select the row", "x"], ["Peek at the row", "Space"]);
  }
  rows.push(["This list", "?"]);
  list.replaceChildren(...rows.flatMap(([name, keys]) => row(name, keys)));
});

// The switch is in that dialog and in the profile; each says what holds.
const switches = document.querySelectorAll("[data-single-keys]");
for (const one of switches) one.checked = !recall(OFF);

function nameOf(element) {
  return element.dataset.hotkeyLabel ?? element.getAttribute("aria-label") ?? element.textContent.trim();
}

function row(name, keys) {
  const term = document.createElement("dt");
  term.textContent = name;
  const caps = document.createElement("dd");
  for (const key of keys.replace("mod+", "Ctrl ").split(" ")) {
    const cap = document.createElement("kbd");
    cap.textContent = key.length === 1 ? key.toUpperCase() : key;
    caps.append(cap);
  }
  return [term, caps];
}

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-single-keys]")) return;
  remember(OFF, target.checked ? null : "1");
  for (const one of switches) one.checked = target.checked;
});

// Escape empties a search, in every browser.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !event.target.matches?.("[role=search] input[type=search]") || !event.target.value) return;
  event.preventDefault();
  event.target.value = "";
  event.target.dispatchEvent(new InputEvent("input", { bubbles: true }));
});
