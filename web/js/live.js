// Live pages: the stream of /events (hx-sse on the body) becomes events of the body that regions wait
// for: hx-trigger="deals from:body", or <crm-live>. Each name comes at most once a second, and the last
// one always comes, so regions need no throttle. What this tab did itself is shown by its own answer.
export { announce } from "./announce.js";

const PAUSE = 1000;
const tab = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
const waiting = new Map();
let holds = 0;
const held = new Map();

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  ctx.request.headers["X-Client-Id"] = tab;
});

// Takes the message over from hx-sse, which would pass every one on at once.
document.addEventListener("htmx:sse:before:message", (event) => {
  const { message } = event.detail;
  if (!message.event) return;
  event.preventDefault();
  const { client, ids } = JSON.parse(message.data || "{}");
  if (client !== tab) signal(message.event, ids ?? []);
});

// body[data-live]: the stream is open. Signed out elsewhere: there is nothing to ask again for.
document.addEventListener("htmx:sse:after:connection", () => document.body.setAttribute("data-live", ""));
document.addEventListener("htmx:sse:before:connection", (event) => {
  if (document.body.dataset.live === "over") event.preventDefault();
  else document.body.removeAttribute("data-live");
});
document.addEventListener("htmx:sse:error", ({ detail }) => {
  if (detail.status === 401) document.body.dataset.live = "over";
});

function signal(name, ids) {
  if (holds) return keep(held, name, ids);
  if (waiting.has(name)) return keep(waiting.get(name), name, ids);
  tell(name, ids);
  const later = new Map();
  waiting.set(name, later);
  setTimeout(() => {
    waiting.delete(name);
    if (later.has(name)) signal(name, [...later.get(name)]);
  }, PAUSE);
}

function keep(map, name, ids) {
  const known = map.get(name) ?? new Set();
  for (const id of ids) known.add(id);
  map.set(name, known);
}

function tell(name, ids) {
  document.body.dispatchEvent(new CustomEvent(name, { detail: { ids } }));
}

/** While a card is dragged or a cell is edited: nothing on the page moves. Call release() once for each. */
export function hold() {
  holds += 1;
}

/** Ends a hold(); what came meanwhile is told now. */
export function release() {
  holds = Math.max(0, holds - 1);
  if (holds) return;
  const missed = [...held];
  held.clear();
  for (const [name, ids] of missed) signal(name, [...ids]);
}
