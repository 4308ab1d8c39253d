// Hashtag chats: rows of questions in the editor, and answers that appear by themselves.

import { sayIfOpen } from "./realtime.js";
import { $, $$, announce, request, t } from "./ui.js";

// --- The editor -------------------------------------------------------------------------------------------

const WEIGH_AFTER = 250;
const form = $("[data-chat-form]");
const list = form && $("[data-questions]", form);

function clockAt(minute) {
  const start = new Date($("#id_starts_at").value);
  if (minute === "" || Number.isNaN(start.getTime())) return "";
  start.setMinutes(start.getMinutes() + Number(minute));
  return start.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
}

function number() {
  $$("[data-question]", list).forEach((row, place) => {
    $("[data-number]", row).textContent = String(Number(list.dataset.first) + place + 1);
    $("[data-clock]", row).textContent = clockAt($('[name="question_minute"]', row).value);
  });
}

// As the account counts, which only the server knows.
async function weigh(field) {
  const data = { channel: $("#id_channel").value, hashtag: $("#id_hashtag").value, question_text: field.value };
  const response = await request(form.dataset.weigh, { method: "POST", data }).catch(() => null);
  // Who has typed on meanwhile is told of that.
  if (!response?.ok || data.question_text !== field.value) return;
  $("[data-size]", field.closest("[data-question]")).innerHTML = await response.text();
}

const weighing = new WeakMap();

function weighSoon(field) {
  clearTimeout(weighing.get(field));
  weighing.set(field, setTimeout(weigh, WEIGH_AFTER, field));
}

function add() {
  const minutes = $$('[name="question_minute"]', list).map((field) => Number(field.value));
  const row = $("#question-row").content.cloneNode(true).firstElementChild;
  list.append(row);
  $('[name="question_minute"]', row).value = minutes.length ? Math.max(...minutes) + 10 : 0;
  number();
  $("textarea", row).focus();
}

if (list) {
  number();
  form.addEventListener("input", ({ target }) => {
    number();
    if (target.matches("textarea")) weighSoon(target);
  });
  form.addEventListener("click", ({ target }) => {
    if (target.closest("[data-add-question]")) add();
    const row = target.closest("[data-remove-question]")?.closest("[data-question]");
    if (!row) return;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    number();
    (next ? $("textarea", next) : $("[data-add-question]", form)).focus();
  });
  // Another account or hashtag changes how long each question is.
  form.addEventListener("change", ({ target }) => {
    if (!target.matches("#id_channel, #id_hashtag")) return;
    $$("textarea", list).forEach(weighSoon);
  });
  form.addEventListener("submit", (event) => event.submitter?.setAttribute("aria-busy", "true"));
  addEventListener("pageshow", () => {
    for (const button of $$("[aria-busy]", form)) button.removeAttribute("aria-busy");
  });
}

// --- Live -------------------------------------------------------------------------------------------------

const PACE = 1000;
let known = new Set($$("[data-answer]").map((answer) => answer.dataset.answer));
let last = 0;
let timer = null;

// Nothing is taken from under somebody's hand: an open choice, or a dialog.
const busy = () => document.activeElement?.matches("#chat select") || $("dialog[open]");

function fetchAnew() {
  clearTimeout(timer);
  const wait = busy() ? PACE : last + PACE - Date.now();
  if (wait > 0) {
    timer = setTimeout(fetchAnew, wait);
    return;
  }
  last = Date.now();
  for (const element of $$("#chat, [data-live-chats]")) htmx.trigger(element, "chat:changed");
}

document.addEventListener("realtime", ({ detail }) => {
  if (detail.kind === "resync") fetchAnew();
  if (detail.kind !== "hashtag.changed") return;
  const chat = $("#chat");
  if (!chat || chat.dataset.chat === String(detail.chat)) fetchAnew();
});
// Also the first time: a question may have left between the page and the connection.
document.addEventListener("realtime:open", fetchAnew);
sayIfOpen();
// What somebody did themselves is shown at once; their choice is made.
document.body.addEventListener("chat:changed", ({ target }) => {
  if (target.id === "chat" || target.matches("[data-live-chats]")) return;
  if (target.matches("select")) target.blur();
  last = 0;
  fetchAnew();
});
// The tick of every few seconds waits likewise.
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "chat" && busy()) event.preventDefault();
});

document.body.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.elt?.id !== "chat" && detail.target?.id !== "chat") return;
  const shown = $$("[data-answer]");
  const fresh = shown.filter((answer) => !known.has(answer.dataset.answer));
  for (const answer of fresh) answer.classList.add("is-new");
  if (fresh.length) announce(t("answers-new", { count: fresh.length }));
  known = new Set([...known, ...shown.map((answer) => answer.dataset.answer)]);
});
