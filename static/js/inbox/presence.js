// Who else is here and who is writing, customers too: told every few seconds, forgotten after ten.

import { $, $$, announce, t } from "../ui.js";
import { send } from "../realtime.js";

const FADE = 10000;
const EVERY = 7000;

let conversation = null;
const viewing = new Map();
const typing = new Map();
// Customers who are writing, by conversation: until when that counts.
const customers = new Map();

export function mount(root) {
  conversation = Number(root.dataset.conversation);
  viewing.clear();
  typing.clear();
  tell();
  showCustomers();
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
  if (event.kind === "message.created" && customers.delete(event.conversation)) showCustomers();
  if (event.kind === "customer.typing") { customerTypes(event.conversation); return true; }
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
  let gone = false;
  for (const [id, until] of customers) if (until < now) gone = customers.delete(id);
  if (gone) showCustomers();
  show();
}

function customerTypes(id) {
  const fresh = !customers.has(id);
  customers.set(id, Date.now() + FADE);
  if (!fresh) return;
  showCustomers();
  if (id === conversation) announce($("#customer-typing-text").textContent);
}

/** In the open thread and in the rows of the list. */
function showCustomers() {
  for (const row of $$("#rows .conv")) row.classList.toggle("is-typing", customers.has(Number(row.dataset.id)));
  const line = $("#customer-typing");
  if (line) reveal(line, customers.has(conversation));
}

// Who reads the newest message still sees it when a line appears below it.
function reveal(line, shown) {
  const thread = $("#thread");
  const below = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 120;
  const was = !line.hidden;
  line.hidden = !shown;
  if (shown && !was && below) thread.scrollTop = thread.scrollHeight;
}

function show() {
  const place = $("#viewers");
  if (!place) return;
  place.hidden = !viewing.size;
  place.replaceChildren(...[...viewing.values()].slice(0, 4).map(avatar));
  const writers = [...typing.values()];
  const line = $("#typing");
  if (!line) return;
  if (writers.length) $("#typing-text").textContent = t(writers.length > 1 ? "typing-many" : "typing-one", { name: writers[0].name });
  reveal(line, writers.length > 0);
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
  document.addEventListener("inbox:rows", showCustomers);
}
