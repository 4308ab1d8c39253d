// Who else is here and who is writing: told every few seconds, forgotten after ten.

import { $, t } from "../ui.js";
import { send } from "../realtime.js";

const FADE = 10000;
const EVERY = 7000;

let conversation = null;
const viewing = new Map();
const typing = new Map();

export function mount(root) {
  conversation = Number(root.dataset.conversation);
  viewing.clear();
  typing.clear();
  tell();
}

export function unmount() {
  conversation = null;
}

function tell() {
  if (conversation && !document.hidden) send({ type: "viewing", conversation });
}

/** True when the event was one of presence. */
export function receive(event) {
  if (event.kind === "message.created" && event.direction === "outbound") {
    // Whoever wrote has sent it.
    if (event.conversation === conversation) { typing.clear(); show(); }
    return false;
  }
  if (event.kind !== "typing" && event.kind !== "viewing") return false;
  if (event.conversation !== conversation || String(event.member) === document.body.dataset.member) return true;
  const person = { ...event, until: Date.now() + FADE };
  viewing.set(event.member, person);
  if (event.kind === "typing") typing.set(event.member, person);
  show();
  return true;
}

function fade() {
  const now = Date.now();
  for (const people of [viewing, typing]) {
    for (const [member, person] of people) if (person.until < now) people.delete(member);
  }
  show();
}

function show() {
  const place = $("#viewers");
  if (!place) return;
  place.hidden = !viewing.size;
  place.replaceChildren(...[...viewing.values()].slice(0, 4).map(avatar));
  const writers = [...typing.values()];
  const line = $("#typing");
  if (!line) return;
  const was = line.hidden;
  line.hidden = !writers.length;
  if (writers.length) $("#typing-text").textContent = t(writers.length > 1 ? "typing-many" : "typing-one", { name: writers[0].name });
  const thread = $("#thread");
  if (was && !line.hidden && thread.scrollHeight - thread.scrollTop - thread.clientHeight < 120) thread.scrollTop = thread.scrollHeight;
}

function avatar(person) {
  const element = document.createElement("span");
  element.className = `avatar avatar-s avatar-${person.hue}`;
  element.textContent = person.initials;
  element.title = t("viewing", { name: person.name });
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", element.title);
  return element;
}

export function start() {
  setInterval(tell, EVERY);
  setInterval(fade, 1000);
  document.addEventListener("realtime:open", tell);
  document.addEventListener("visibilitychange", tell);
}
