// <crm-upload><form method=post enctype=multipart/form-data>…: sends the form with XMLHttpRequest, because
// fetch (and so htmx) tells no progress. Without JavaScript the form works as any other.
// The server answers JSON {"location": "/…"} to Accept: application/json, or problem+json.
// One file: the page goes to the location. With <input multiple> each file is a request of its own, with a
// row in [data-transfers] made from <template>; afterwards the event named in `signal` reloads the lists.
// Attributes: auto (send once chosen), max-bytes, anywhere (files may be dropped on the whole page), signal.
import { announce } from "../announce.js";

const AT_ONCE = 2;

class CrmUpload extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.file = this.querySelector('input[type="file"]');
    this.zone = this.querySelector(".drop");
    this.progress = this.querySelector("progress");
    this.state = this.querySelector("[data-state]");
    this.error = this.querySelector("[data-error]");
    this.most = Number(this.getAttribute("max-bytes")) || Infinity;
    this.waiting = [];
    this.running = new Set();
    this.form.addEventListener("submit", (event) => this.onSubmit(event));
    this.file.addEventListener("change", () => this.onFile());
    this.target = this.hasAttribute("anywhere") ? document : this.zone;
    for (const name of ["dragover", "dragleave", "drop"]) this.target?.addEventListener(name, this);
    this.querySelector("[data-cancel]")?.addEventListener("click", () => this.request?.abort());
  }

  disconnectedCallback() {
    for (const name of ["dragover", "dragleave", "drop"]) this.target?.removeEventListener(name, this);
    this.request?.abort();
    for (const transfer of this.running) transfer.request.abort();
  }

  handleEvent(event) {
    if (![...(event.dataTransfer?.types ?? ["Files"])].includes("Files")) return;
    event.preventDefault();
    this.zone.classList.toggle("over", event.type === "dragover");
    if (event.type !== "drop" || !event.dataTransfer.files.length) return;
    this.file.files = event.dataTransfer.files;
    this.onFile();
  }

  onFile() {
    this.fail("");
    if (this.file.multiple) this.sendAll();
    else if (this.hasAttribute("auto") && this.file.files.length) this.form.requestSubmit();
  }

  onSubmit(event) {
    const [file] = this.file.files;
    if (!file) return;
    event.preventDefault();
    if (file.size > this.most) return this.fail(this.tooLarge(file));
    this.send(file);
  }

  tooLarge(file) {
    return `${file.name} is ${size(file.size)}; at most ${size(this.most)} can be sent at once.`;
  }

  send(file) {
    const request = (this.request = new XMLHttpRequest());
    request.upload.addEventListener("progress", ({ loaded, total }) => this.show(file, loaded, total));
    request.addEventListener("load", () => this.onAnswer(request));
    request.addEventListener("error", () => this.fail("The connection broke. Try again."));
    request.addEventListener("abort", () => this.fail("Upload cancelled."));
    post(request, this.form.action, new FormData(this.form));
    this.toggleAttribute("busy", true);
    this.show(file, 0, file.size);
    announce(`Uploading ${file.name}`);
  }

  show(file, loaded, total) {
    if (!this.hasAttribute("busy")) return;
    const done = total > 0 && loaded >= total;
    this.querySelector(".upload")?.removeAttribute("hidden");
    fill(this.progress, loaded, total);
    this.state.textContent = done ? `Reading ${file.name}…` : `${file.name}, ${size(loaded)} of ${size(total)}`;
  }

  onAnswer(request) {
    const answer = parse(request.responseText);
    if (request.status < 300 && answer?.location) return location.assign(answer.location);
    // An answer that is a page (an older server, a proxy): go where the redirect led.
    if (request.status < 300 && request.responseURL) return location.assign(request.responseURL);
    this.fail(reason(request, answer));
  }

  fail(words) {
    this.request = undefined;
    this.toggleAttribute("busy", false);
    this.querySelector(".upload")?.setAttribute("hidden", "");
    if (!this.error) return;
    this.error.hidden = !words;
    this.error.querySelector("p").textContent = words;
  }

  /** Several files: a row and a request for each, two at a time. */
  sendAll() {
    for (const file of this.file.files) {
      const transfer = new Transfer(this, file);
      if (file.size > this.most) transfer.fail(this.tooLarge(file));
      else this.waiting.push(transfer);
    }
    this.form.reset();
    this.next();
  }

  next() {
    while (this.running.size < AT_ONCE && this.waiting.length) {
      const transfer = this.waiting.shift();
      this.running.add(transfer);
      transfer.start();
    }
    this.toggleAttribute("busy", this.running.size > 0);
  }

  ended(transfer, stored) {
    if (!this.running.delete(transfer)) this.waiting = this.waiting.filter((one) => one !== transfer);
    this.stored = (this.stored ?? 0) + stored;
    this.next();
    if (this.running.size || !this.stored) return;
    announce(this.stored === 1 ? "One file uploaded" : `${this.stored} files uploaded`);
    this.stored = 0;
    document.body.dispatchEvent(new CustomEvent(this.getAttribute("signal") ?? "uploaded"));
  }
}

/** One file of several: its row, its request. */
class Transfer {
  constructor(owner, file) {
    this.owner = owner;
    this.file = file;
    this.request = new XMLHttpRequest();
    this.row = owner.querySelector("template").content.cloneNode(true).firstElementChild;
    this.part("name").textContent = file.name;
    this.part("state").textContent = "Waiting";
    this.progress.setAttribute("aria-label", `Upload of ${file.name}`);
    this.progress.value = 0;
    this.part("cancel").setAttribute("aria-label", `Cancel ${file.name}`);
    this.part("cancel").addEventListener("click", () => this.cancel());
    owner.querySelector("[data-transfers]").append(this.row);
  }

  get progress() {
    return this.row.querySelector("progress");
  }

  part(name) {
    return this.row.querySelector(`[data-${name}]`);
  }

  start() {
    const { request, owner, file } = this;
    const data = new FormData(owner.form);
    data.delete("file");
    data.append("file", file);
    request.upload.addEventListener("progress", ({ loaded, total }) => this.show(loaded, total));
    request.addEventListener("load", () => this.onAnswer());
    request.addEventListener("error", () => this.fail("The connection broke. Try again."));
    request.addEventListener("abort", () => this.end(0));
    post(request, owner.form.action, data);
    this.show(0, file.size);
  }

  show(loaded, total) {
    fill(this.progress, loaded, total);
    this.part("state").textContent = loaded >= total ? "Storing…" : `${size(loaded)} of ${size(total)}`;
  }

  onAnswer() {
    const answer = parse(this.request.responseText);
    if (this.request.status >= 300 || !answer?.location) return this.fail(reason(this.request, answer));
    this.part("name").href = answer.location;
    this.part("state").textContent = "Done";
    this.progress.remove();
    this.part("cancel").remove();
    this.done = true;
    setTimeout(() => this.row.remove(), 6000);
    this.owner.ended(this, 1);
  }

  cancel() {
    if (this.done || this.request.readyState === XMLHttpRequest.UNSENT) this.end(0);
    else this.request.abort();
  }

  end(stored) {
    this.row.remove();
    this.owner.ended(this, stored);
  }

  /** The row stays, with the reason, until it is closed. */
  fail(words) {
    this.done = true;
    this.row.classList.add("failed");
    this.progress.hidden = true;
    this.part("state").textContent = "";
    this.part("reason").textContent = words;
    this.part("reason").hidden = false;
    this.part("cancel").setAttribute("aria-label", `Close ${this.file.name}`);
    announce(`${this.file.name}: ${words}`);
    this.owner.ended(this, 0);
  }
}

function post(request, address, data) {
  request.open("POST", address);
  request.setRequestHeader("Accept", "application/json");
  request.send(data);
}

function fill(progress, loaded, total) {
  progress.max = total || 1;
  if (total > 0 && loaded >= total) progress.removeAttribute("value");
  else progress.value = loaded;
}

function reason(request, answer) {
  const words = [answer?.title, answer?.detail, ...(answer?.errors ?? []).map((error) => error.message)];
  return [...new Set(words.filter(Boolean).map((part) => part.replace(/\.$/, "")))].join(". ") ||
    `The server refused the file (${request.status}).`;
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
