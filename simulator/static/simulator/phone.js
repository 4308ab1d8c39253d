/* One customer's phone: its thread with one business number, and the composer. */

import { avatar, day, get, post, text, time } from "./common.js";
import { drawChips, drawContent, mapLink } from "./rich.js";

const LINK = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)]/g;
const ONLY_EMOJI = /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|\u200d|\ufe0f|\s){1,12}$/u;
const NEAR_PX = 80;
const TYPING_MS = 3000;
// About as long as a phone shows it.
const WRITES_MS = 20000;

export class Phone {
  constructor(number, { close, canClose }) {
    this.number = number;
    this.bubbles = new Map();
    this.lines = [];
    this.chosen = null; // the address written to; null until somebody or something chose
    this.element = document.getElementById("phone").content.firstElementChild.cloneNode(true);
    this.element.dataset.testid = `phone-${number.replace(/\D/g, "")}`;
    this.thread = this.find(".thread");
    this.thread.addEventListener("load", () => this.toEnd(), true);
    this.thread.addEventListener("scroll", () => { this.atEnd = this.near(); });
    this.input = this.find("textarea");
    this.select = this.find("select");
    this.online = this.find('[data-testid="phone-online"]');
    this.rcs = this.find('[data-testid="phone-rcs"]');
    this.told = 0; // when the business was last told that somebody writes
    this.writes = 0; // the timer that ends "the business is writing"
    this.problem = this.find(".problem");
    this.owner("");
    this.find(".close").hidden = !canClose;
    this.find(".close").addEventListener("click", () => close(number));
    this.listen();
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  listen() {
    this.find(".composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send(this.input.value, true);
    });
    this.find(".attach").addEventListener("click", () => this.find(".attach-input").click());
    this.find(".attach-input").addEventListener("change", (event) => this.sendFiles(event.target));
    this.find(".quick").addEventListener("click", (event) => {
      const say = event.target.closest("button")?.dataset.say;
      if (say) this.send(say, false);
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send(this.input.value, true);
    });
    this.input.addEventListener("input", () => {
      this.enable();
      this.tellTyping();
    });
    this.select.addEventListener("change", () => this.choose());
    this.find(".apps").addEventListener("click", (event) => {
      const index = event.target.closest("button")?.dataset.index;
      if (index === undefined) return;
      this.select.value = index;
      this.choose();
      this.input.focus({ preventScroll: true });
    });
    this.online.addEventListener("change", async () => {
      await post("/phones", { number: this.number, online: this.online.checked });
    });
    this.rcs.addEventListener("change", async () => {
      await post("/phones", { number: this.number, rcs: this.rcs.checked });
    });
    this.element.addEventListener("focusin", () => this.see());
  }

  owner(name) {
    this.find(".owner-name").textContent = name || this.number;
    this.find(".owner-number").textContent = name ? this.number : "";
    this.element.setAttribute("aria-label", name ? `${name} ${this.number}` : this.number);
  }

  /** What the list knows of this phone. */
  summarize(summary) {
    this.unread = summary.unread;
    this.owner(summary.name);
    this.online.checked = summary.online;
    this.rcs.checked = summary.rcs;
    this.element.classList.toggle("is-offline", !summary.online);
    this.find(".offline").hidden = summary.online;
    this.enable();
    this.see();
  }

  /** What there was when it was asked for; what has come since stays. */
  load(lines, bubbles) {
    this.bubbles = new Map([...this.bubbles, ...bubbles.map((bubble) => [bubble.id, bubble])]);
    this.chosen ??= bubbles.at(-1)?.line ?? null;
    this.offer(lines);
  }

  /** The numbers to write to; a number that wrote but is no channel any more can still be read. */
  offer(lines) {
    const addresses = new Set(lines.map((line) => line.address));
    const strangers = [...this.bubbles.values()].map((bubble) => bubble.line);
    const others = [...new Set(strangers)].filter((address) => !addresses.has(address));
    this.lines = [...lines, ...others.map((address) => ({ channel: "", name: address, address }))];
    this.select.replaceChildren(
      ...this.lines.map((line, index) => new Option(line.brand ?? line.name, String(index))),
    );
    const index = this.lines.findIndex((line) => line.address === this.chosen);
    // Every phone takes SMS.
    const usual = this.lines.findIndex((line) => line.channel && !line.rcs);
    this.select.selectedIndex = this.lines.length ? [index, usual, 0].find((one) => one >= 0) : -1;
    this.draw();
  }

  /** A button for each line: what a person has on their phone to write in. */
  drawApps() {
    const lines = this.lines.filter((line) => line.channel);
    const alone = (line) => lines.every((other) => other === line || other.app !== line.app);
    const buttons = lines.map((line) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.index = String(this.lines.indexOf(line));
      button.dataset.testid = `app-${line.app}`;
      button.textContent = (alone(line) && text(`app-${line.app}`)) || line.name;
      button.title = line.brand ?? line.name;
      button.setAttribute("aria-pressed", String(line === this.line()));
      return button;
    });
    this.find(".apps").replaceChildren(...buttons);
    this.find(".apps").hidden = buttons.length < 2;
  }

  choose() {
    this.chosen = this.address();
    this.draw();
  }

  line() {
    return this.lines[this.select.selectedIndex];
  }

  address() {
    return this.line()?.address;
  }

  /** What messages of an address stand together with: a business with an agent is one thread. */
  together(address) {
    return this.lines.find((line) => line.address === address)?.thread ?? address;
  }

  /** A bubble that is new or has changed. */
  take(bubble) {
    const isNew = !this.bubbles.has(bubble.id);
    this.bubbles.set(bubble.id, bubble);
    const elsewhere = this.together(bubble.line) !== this.together(this.address());
    if (!bubble.mine) this.stopWriting();
    if (isNew && !bubble.mine && bubble.line !== this.address() && !this.input.value) {
      this.chosen = bubble.line;
      this.offer(this.lines.filter((line) => line.channel));
    } else if (!elsewhere) {
      this.draw(isNew ? bubble.id : null);
    }
  }

  draw(fresh = null) {
    const near = this.near();
    const address = this.address();
    this.brand();
    this.drawApps();
    const shown = [...this.bubbles.values()].filter(
      (bubble) => !bubble.quiet && this.together(bubble.line) === this.together(address),
    );
    shown.sort((a, b) => a.at - b.at);
    this.thread.replaceChildren(...this.parts(shown, fresh));
    if (!shown.length) this.thread.append(this.emptiness());
    this.atEnd = near || !fresh || Boolean(this.bubbles.get(fresh)?.mine);
    this.toEnd();
    this.enable();
  }

  near() {
    return this.thread.scrollHeight - this.thread.scrollTop - this.thread.clientHeight < NEAR_PX;
  }

  /** The newest stays in view, also when a picture above it has come; unless somebody reads back. */
  toEnd() {
    if (this.atEnd) this.thread.scrollTop = this.thread.scrollHeight;
  }

  /** Name, colour and logo of whom the person writes to. */
  brand() {
    const line = this.line();
    this.drawFace(line);
    this.element.classList.toggle("branded", Boolean(line?.rcs));
    for (const [name, value] of [["--brand", line?.color], ["--on-brand", line?.text_color]]) {
      if (value) this.element.style.setProperty(name, value);
      else this.element.style.removeProperty(name);
    }
    const address = line?.rcs ? text("rcs-line") : line?.address;
    this.find(".line-address").textContent = line?.name === address ? "" : (address ?? "");
    const kinds = { rcs: "rcs-message", sms: "text-message" };
    this.input.placeholder = text(kinds[line?.app ?? "sms"] ?? "app-message");
  }

  drawFace(line) {
    const face = this.find(".business");
    this.face ??= [...face.childNodes];
    const shown = line?.rcs ? `${line.logo} ${line.brand}` : "";
    if (this.faceShown === shown) return;
    this.faceShown = shown;
    face.className = "avatar business";
    if (!line?.rcs) face.replaceChildren(...this.face);
    else if (line.logo) face.replaceChildren(logo(line.logo));
    else avatar(face, line.brand);
  }

  emptiness() {
    const name = this.lines.length ? "no-messages" : "no-lines";
    return document.getElementById(name).content.cloneNode(true);
  }

  *parts(shown, fresh) {
    let last = null;
    const mixed = new Set(shown.map((bubble) => bubble.rcs)).size > 1;
    for (const [index, bubble] of shown.entries()) {
      if (!last || bubble.at - last.at > 3600 || day(bubble.at) !== day(last.at)) {
        const separator = document.createElement("div");
        separator.className = "day";
        separator.textContent = `${day(bubble.at)} ${time(bubble.at)}`;
        yield separator;
      }
      const tap = (said) => this.answer(bubble, said);
      yield drawBubble(bubble, shown[index + 1], bubble.id === fresh, mixed, tap);
      last = bubble;
    }
    // Chips are there as long as nothing newer is.
    const chips = !last?.mine && last?.content?.suggestions;
    if (chips?.length) yield drawChips(chips, "chips", (said) => this.answer(last, said));
  }

  enable() {
    const able = this.able(this.line());
    this.find(".attach").disabled = !able;
    this.find(".send").disabled = !able || !this.input.value.trim();
    for (const button of this.element.querySelectorAll(".quick button")) button.disabled = !able;
  }

  able(line) {
    return this.online.checked && Boolean(line?.channel) && (!line.rcs || this.rcs.checked);
  }

  /** What the person tapped on a message goes to whoever sent it. */
  async answer(bubble, said) {
    const line = this.lines.find((one) => one.address === bubble.line);
    if (!this.able(line)) return;
    this.problem.hidden = true;
    try {
      this.take(await post("/phone/write", { phone: this.number, line: line.channel, ...said }));
    } catch {
      this.problem.textContent = text("unsent");
      this.problem.hidden = false;
    }
  }

  tellTyping() {
    const line = this.line();
    const now = Date.now();
    if (!line?.rcs || !this.able(line) || !this.input.value || now - this.told < TYPING_MS) return;
    this.told = now;
    post("/phone/typing", { phone: this.number, line: line.channel }).catch(() => {});
  }

  /** The business is writing at this moment. */
  write(address) {
    if (this.together(address) !== this.together(this.address())) return;
    clearTimeout(this.writes);
    this.find(".writes").hidden = false;
    this.writes = setTimeout(() => this.stopWriting(), WRITES_MS);
  }

  stopWriting() {
    clearTimeout(this.writes);
    this.find(".writes").hidden = true;
  }

  async sendFiles(input) {
    const media = await Promise.all([...input.files].map(asMedia));
    input.value = "";
    const words = this.input.value;
    this.input.value = "";
    this.send(words, true, media);
  }

  async send(words, typed, media = []) {
    const line = this.line();
    if ((!words.trim() && !media.length) || !this.able(line)) return;
    if (typed) this.input.value = "";
    this.enable();
    this.problem.hidden = true;
    try {
      const written = { phone: this.number, line: line.channel, text: words, media };
      this.take({ type: "message", ...(await post("/phone/write", written)) });
    } catch {
      if (typed && !this.input.value) this.input.value = words;
      this.problem.textContent = text("unsent");
      this.problem.hidden = false;
      this.enable();
    }
  }

  /** The person looks at the phone. */
  see() {
    if (!this.unread || document.hidden) return;
    this.unread = 0;
    post("/phone/seen", { phone: this.number }).catch(() => get("/phone/state"));
  }

  focus() {
    this.element.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.input.focus({ preventScroll: true });
  }
}

function asMedia(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("error", () => reject(reader.error));
    reader.addEventListener("load", () => {
      resolve({ content_type: file.type || "application/octet-stream", data: reader.result.split(",", 2)[1] });
    });
    reader.readAsDataURL(file);
  });
}

function drawBubble(bubble, following, fresh, mixed, tap) {
  const element = document.createElement("div");
  const lastOfGroup =
    following?.mine !== bubble.mine || following.rcs !== bubble.rcs || following.at - bubble.at > 60;
  element.className = "bubble";
  element.classList.toggle("mine", bubble.mine);
  element.classList.toggle("rcs", bubble.rcs);
  element.classList.toggle("tail", lastOfGroup);
  element.classList.toggle("new", fresh);
  element.classList.toggle("refused", bubble.status === "refused");
  element.dataset.testid = bubble.mine ? "bubble-out" : "bubble-in";
  element.dataset.status = bubble.status;
  element.dataset.by = bubble.rcs ? "rcs" : "sms";
  if (bubble.subject) {
    const subject = document.createElement("strong");
    subject.className = "subject";
    subject.textContent = bubble.subject;
    element.append(subject);
  }
  element.append(...bubble.media.map(drawFile));
  if (bubble.content) element.append(...drawContent(bubble.content, drawText, tap));
  else if (bubble.location) element.append(drawPlace(bubble.location));
  else if (bubble.text) element.append(drawText(bubble.text));
  const troubled = bubble.mine && !["received", "read"].includes(bubble.status);
  const read = bubble.mine && bubble.status === "read" && following?.status !== "read";
  if (lastOfGroup || troubled || read) element.append(drawUnder(bubble, mixed));
  return element;
}

function logo(address) {
  const image = document.createElement("img");
  image.src = address;
  image.alt = "";
  return image;
}

function drawPlace([latitude, longitude]) {
  const link = document.createElement("a");
  link.className = "file";
  link.href = mapLink({ latitude, longitude });
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  link.textContent = `📍 ${latitude}, ${longitude}`;
  return link;
}

function drawText(words) {
  const element = document.createElement("div");
  element.className = "text";
  element.dir = "auto";
  element.classList.toggle("emoji", ONLY_EMOJI.test(words));
  let end = 0;
  for (const match of words.matchAll(LINK)) {
    const link = document.createElement("a");
    link.href = match[0];
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    link.textContent = match[0];
    element.append(words.slice(end, match.index), link);
    end = match.index + match[0].length;
  }
  element.append(words.slice(end));
  return element;
}

// What the business sends has no type here, so a picture is tried, and stays a link when it is none.
function drawFile(file) {
  const link = document.createElement("a");
  const words = `📎 ${text("file")}${file.type ? ` (${file.type})` : ""}`;
  link.className = "file";
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  link.textContent = words;
  if (!/^https?:/.test(file.url)) return link;
  link.href = reachable(file.url);
  if (file.type && !file.type.startsWith("image/")) return link;
  const picture = new Image();
  picture.alt = text("file");
  picture.addEventListener("load", () => { link.classList.add("picture"); link.replaceChildren(picture); });
  picture.src = link.href;
  return link;
}

// Of a file the customer sent the URL is the provider's, behind its log-in.
function reachable(url) {
  const own = /\/Media\/(ME[0-9a-f]{32})$/.exec(url);
  return own ? `/twilio-cdn/${own[1]}` : url;
}

function drawUnder(bubble, mixed) {
  const element = document.createElement("div");
  element.className = "under";
  const status = bubble.mine ? text(bubble.status) : "";
  const by = mixed ? (bubble.rcs ? "RCS" : "SMS") : "";
  const ticks = bubble.mine && { received: "✓", read: "✓✓" }[bubble.status];
  element.textContent = [time(bubble.at), status, by].filter(Boolean).join(" · ");
  if (ticks) element.append(drawTicks(ticks, bubble.status === "read"));
  return element;
}

function drawTicks(ticks, read) {
  const element = document.createElement("span");
  element.className = "ticks";
  element.classList.toggle("is-read", read);
  element.setAttribute("aria-hidden", "true");
  element.textContent = ` ${ticks}`;
  return element;
}
