// <crm-time><time datetime>: the server wrote short words; here they become local time and stay fresh.
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" });
const dayOfYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** now, 5m, 3h, Tue 14:20, 12 Nov, 12 Nov 2025; what is to come with "in" before it. */
export function shortTime(moment, now = new Date()) {
  const distance = Math.abs(now - moment);
  const span = shortSpan(distance);
  if (span) return moment > now && span !== "now" ? `in ${span}` : span;
  if (distance < 6 * DAY) return weekday.format(moment).replace(",", "");
  return (moment.getFullYear() === now.getFullYear() ? dayOfYear : date).format(moment);
}

function shortSpan(distance) {
  if (distance < MINUTE) return "now";
  if (distance < HOUR) return `${Math.floor(distance / MINUTE)}m`;
  return distance < DAY ? `${Math.floor(distance / HOUR)}h` : "";
}

class CrmTime extends HTMLElement {
  connectedCallback() {
    this.refresh();
  }

  refresh() {
    const time = this.querySelector("time");
    const moment = new Date(time?.dateTime ?? "");
    if (Number.isNaN(moment.getTime())) return;
    const words = this.hasAttribute("clock") ? clock.format(moment) : shortTime(moment);
    if (time.textContent !== words) time.textContent = words;
    time.title = full.format(moment);
  }
}

customElements.define("crm-time", CrmTime);

setInterval(() => {
  if (document.hidden) return;
  for (const time of document.querySelectorAll("crm-time")) time.refresh();
}, MINUTE);

// The server tells days and times of day in the visitor's own time; it cannot know it otherwise.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
document.cookie = `tz=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
