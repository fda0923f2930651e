// <crm-upload><form method=post enctype=multipart/form-data>…: sends the form with XMLHttpRequest, because
// fetch (and so htmx) tells no progress. Without JavaScript the form works as any other.
// The server answers JSON {"location": "/…"} to Accept: application/json, or problem+json.
import { announce } from "../announce.js";

class CrmUpload extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.file = this.querySelector('input[type="file"]');
    this.zone = this.querySelector(".drop");
    this.progress = this.querySelector("progress");
    this.state = this.querySelector("[data-state]");
    this.error = this.querySelector("[data-error]");
    this.most = Number(this.getAttribute("max-bytes")) || Infinity;
    this.form.addEventListener("submit", (event) => this.onSubmit(event));
    this.file.addEventListener("change", () => this.onFile());
    for (const name of ["dragover", "dragleave", "drop"]) this.zone?.addEventListener(name, this);
    this.querySelector("[data-cancel]")?.addEventListener("click", () => this.request?.abort());
  }

  disconnectedCallback() {
    this.request?.abort();
  }

  handleEvent(event) {
    event.preventDefault();
    this.zone.classList.toggle("over", event.type === "dragover");
    if (event.type !== "drop" || !event.dataTransfer.files.length) return;
    this.file.files = event.dataTransfer.files;
    this.onFile();
  }

  onFile() {
    this.fail("");
    if (this.hasAttribute("auto") && this.file.files.length) this.form.requestSubmit();
  }

  onSubmit(event) {
    const [file] = this.file.files;
    if (!file) return;
    event.preventDefault();
    if (file.size > this.most) return this.fail(`${file.name} is ${size(file.size)}; at most ${size(this.most)} can be imported at once.`);
    this.send(file);
  }

  send(file) {
    const request = (this.request = new XMLHttpRequest());
    request.open("POST", this.form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", ({ loaded, total }) => this.show(file, loaded, total));
    request.addEventListener("load", () => this.onAnswer(request));
    request.addEventListener("error", () => this.fail("The connection broke. Try again."));
    request.addEventListener("abort", () => this.fail("Upload cancelled."));
    request.send(new FormData(this.form));
    this.toggleAttribute("busy", true);
    this.show(file, 0, file.size);
    announce(`Uploading ${file.name}`);
  }

  show(file, loaded, total) {
    if (!this.hasAttribute("busy")) return;
    const done = total > 0 && loaded >= total;
    this.querySelector(".upload")?.removeAttribute("hidden");
    this.progress.max = total || 1;
    if (done) this.progress.removeAttribute("value");
    else this.progress.value = loaded;
    this.state.textContent = done ? `Reading ${file.name}…` : `${file.name}, ${size(loaded)} of ${size(total)}`;
  }

  onAnswer(request) {
    const answer = parse(request.responseText);
    if (request.status < 300 && answer?.location) return location.assign(answer.location);
    // An answer that is a page (an older server, a proxy): go where the redirect led.
    if (request.status < 300 && request.responseURL) return location.assign(request.responseURL);
    const words = [answer?.title, answer?.detail, ...(answer?.errors ?? []).map((error) => error.message)];
    this.fail(words.filter(Boolean).join(". ") || `The server refused the file (${request.status}).`);
  }

  fail(words) {
    this.request = undefined;
    this.toggleAttribute("busy", false);
    this.querySelector(".upload")?.setAttribute("hidden", "");
    if (!this.error) return;
    this.error.hidden = !words;
    this.error.querySelector("p").textContent = words;
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${Math.round(kib)} KB` : `${(kib / 1024).toFixed(1)} MB`;
}

customElements.define("crm-upload", CrmUpload);
