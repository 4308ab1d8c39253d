/* Customers' phones: the list of people, the phones on the stage and the stream that feeds them. */

import { Phone } from "./phone.js";
import { avatar, clock, get, language, post, text } from "./common.js";

const NARROW = matchMedia("(max-width: 760px)");
const stage = document.getElementById("stage");
const people = document.getElementById("people");
const lost = document.getElementById("lost");

const known = new Map(); // number -> summary
let lines = [];
let phones = []; // those on the stage, left to right
let stream;

function places() {
  return NARROW.matches ? 1 : Math.max(1, Math.min(4, Math.floor((stage.clientWidth - 16) / 404)));
}

function query(numbers) {
  return numbers.map((number) => `phone=${encodeURIComponent(number)}`).join("&");
}

function remember() {
  const wanted = `?${query(phones.map((phone) => phone.number))}`;
  history.replaceState(null, "", wanted);
  for (const link of document.querySelectorAll("[data-language]")) {
    link.href = `${wanted}&lang=${link.dataset.language}`;
  }
}

/* --- The list ------------------------------------------------------------------------------ */

function drawPerson(summary) {
  let item = people.querySelector(`[data-number="${CSS.escape(summary.number)}"]`);
  if (!item) {
    item = document.getElementById("person").content.firstElementChild.cloneNode(true);
    item.dataset.number = summary.number;
    item.querySelector("a").href = `?${query([summary.number])}`;
    people.append(item);
  }
  const name = summary.name || summary.number;
  avatar(item.querySelector(".avatar"), name);
  item.querySelector(".name").textContent = name;
  const preview = summary.preview && summary.mine ? `${text("you")} ${summary.preview}` : summary.preview;
  item.querySelector(".preview").textContent = preview || (summary.name ? summary.number : "");
  item.querySelector("time").textContent = summary.at ? clock(summary.at) : "";
  const badge = item.querySelector(".badge");
  badge.hidden = !summary.unread;
  badge.textContent = summary.unread > 99 ? "99+" : summary.unread;
  item.querySelector(".off").hidden = summary.online;
  const link = item.querySelector("a");
  link.classList.toggle("unread", summary.unread > 0);
  link.toggleAttribute("aria-current", phones.some((phone) => phone.number === summary.number));
}

function learn(summaries) {
  for (const summary of summaries) {
    known.set(summary.number, summary);
    drawPerson(summary);
    phones.find((phone) => phone.number === summary.number)?.summarize(summary);
  }
}

people.addEventListener("click", (event) => {
  const item = event.target.closest("[data-number]");
  if (!item || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  open(item.dataset.number);
});

document.getElementById("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = event.target.elements.number;
  const number = `+${input.value.replace(/\D/g, "")}`;
  const good = /^\+[1-9]\d{6,14}$/.test(number);
  document.getElementById("add-error").hidden = good;
  input.toggleAttribute("aria-invalid", !good);
  if (!good) return;
  input.value = "";
  await post("/phones", { number });
  await open(number);
});

/* --- The stage ------------------------------------------------------------------------------ */

async function open(number) {
  const there = phones.find((phone) => phone.number === number);
  if (!there) {
    const kept = phones.slice(0, places() - 1).map((phone) => phone.number);
    await show([number, ...kept]);
  }
  phones.find((phone) => phone.number === number)?.focus();
}

async function close(number) {
  await show(phones.map((phone) => phone.number).filter((other) => other !== number));
}

async function show(numbers) {
  for (const phone of phones) phone.element.remove();
  phones = numbers.map((number) => new Phone(number, { close, canClose: numbers.length > 1 }));
  stage.append(...phones.map((phone) => phone.element));
  remember();
  await load();
  listen();
}

/** Fetch everything shown; what came while the stream was away is then there too. */
async function load() {
  const state = await get(`/phone/state?${query(phones.map((phone) => phone.number))}`);
  lines = state.lines;
  for (const phone of phones) phone.load(lines, state.threads[phone.number] ?? []);
  learn(state.phones);
  stage.removeAttribute("aria-busy");
}

/* --- The stream ------------------------------------------------------------------------------- */

function listen() {
  stream?.close();
  const numbers = phones.map((phone) => phone.number);
  stream = new EventSource(`/phone/events?${query(numbers)}`);
  stream.addEventListener("ready", async () => {
    await load();
    lost.hidden = true;
  });
  stream.onmessage = (message) => JSON.parse(message.data).forEach(happen);
  stream.onerror = () => {
    lost.hidden = false;
  };
}

function happen(event) {
  if (event.type === "phones") learn(event.phones);
  if (event.type === "typing") phones.find((phone) => phone.number === event.phone)?.write(event.line);
  if (event.type === "message") phones.find((phone) => phone.number === event.phone)?.take(event);
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) for (const phone of phones) phone.see();
});
// A channel added in the product appears without a reload.
setInterval(async () => {
  if (document.hidden || !lost.hidden) return;
  const state = await get("/phone/state").catch(() => null);
  if (!state || JSON.stringify(state.lines) === JSON.stringify(lines)) return;
  lines = state.lines;
  for (const phone of phones) phone.offer(lines);
}, 5000);

async function start() {
  document.documentElement.lang = language;
  const asked = stage.dataset.asked.split(",").filter(Boolean);
  const state = await get("/phone/state");
  learn(state.phones);
  await show(asked.length ? asked : state.phones.slice(0, Math.min(2, places())).map((phone) => phone.number));
}

start().catch((error) => {
  console.error(error);
  lost.hidden = false;
  setTimeout(() => location.reload(), 2000);
});
