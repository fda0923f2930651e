// While a request runs its target is aria-busy (CSS fades it); what the server did not answer is said.
import { announce } from "./announce.js";
import { errorToast } from "./elements/crm-toast.js";

const regions = new Map();

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  const region = ctx.target;
  if (!region || region === document.body || ctx.swap === "none") return;
  // What others changed comes quietly: nothing fades, nothing is read out.
  if (ctx.sourceElement.localName === "crm-live") return;
  regions.set(ctx, region);
  region.setAttribute("aria-busy", "true");
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  const region = regions.get(ctx);
  if (!region) return;
  regions.delete(ctx);
  region.removeAttribute("aria-busy");
  // A region that counts what it shows says so after it changed.
  const total = region.isConnected && region.querySelector("[data-announce]");
  if (total) announce(total.textContent.trim());
});

// 5xx is never swapped in (htmx-config), so it is told here with its reference.
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  const status = ctx.response?.status ?? 0;
  if (status < 500) return;
  const reference = ctx.response.headers.get("X-Request-Id");
  errorToast(`Something went wrong on our side.${reference ? ` Reference ${reference}` : ""}`);
});

document.addEventListener("htmx:error", ({ detail }) => {
  if (detail?.error?.name !== "AbortError") errorToast("No connection to the server. Try again.");
});
