// Answering one message: chosen in the thread, shown above what is written; quotes lead to what they quote.

import { $, $$, announce, t } from "../ui.js";

const MOST_PAGES = 40;
const PAGE_SECONDS = 8;
const LONGEST = 140;

let bar = null;
let changed = () => {};

/** Watch a conversation; `onChange()` when what is answered is another message, `write()` to go on writing. */
export function mount(root, { onChange, write }) {
  bar = $("#composer-quote", root);
  changed = onChange;
  $("#messages", root).classList.toggle("can-quote", Boolean(bar?.dataset.quotes));
  $("#messages", root).classList.toggle("by-token", bar?.dataset.byToken !== undefined);
  $("#thread", root).addEventListener("click", (event) => {
    const item = event.target.closest(".msg[data-id]");
    if (event.target.closest("[data-quote]")) { choose(item); write(); }
    const link = event.target.closest('.msg-quote a[href^="#m"]');
    if (link) { event.preventDefault(); jump(Number(link.hash.slice(2))); }
  });
  bar?.addEventListener("click", (event) => {
    if (event.target.closest("[data-unquote]")) { clear(); changed(); write(); }
    else if (event.target.closest("[data-jump-quoted]")) jump(quoted());
  });
}

export function unmount() {
  bar = null;
}

/** The id of the message that is answered; 0 when it is none in particular. */
export const quoted = () => Number(bar?.dataset.quoted) || 0;

/** What is kept with a message that is on its way: the id, and the words for the thread. */
export const taken = () => (quoted() ? { id: quoted(), who: words("who"), text: words("text") } : null);

const words = (name) => $(`[data-quote-${name}]`, bar).textContent;

/** Answer the message a person points at, else the customer's last one. */
export function quoteLast() {
  if (!bar?.dataset.quotes) return false;
  const can = ".msg[data-id]:not(.is-elsewhere):has([data-quote]):is(#messages:not(.by-token) *, [data-token])";
  const item = $(`#messages ${can}:is(:hover, :focus-within)`) ?? $$(`#messages .msg-in${can.slice(4)}`).at(-1);
  if (!item) return false;
  choose(item);
  return true;
}

function choose(item) {
  if (!item || !bar?.dataset.quotes) return;
  const who = item.classList.contains("msg-in") ? $(".conversation").dataset.contact : bar.dataset.us;
  put({ id: item.dataset.id, who, text: $(".bubble-text", item).textContent.trim().slice(0, LONGEST) || "📎" });
  announce(t("quoting"));
  changed();
}

/** Show what is answered. */
export function put({ id, who, text }) {
  if (!bar) return;
  bar.dataset.quoted = id;
  $("[data-quote-who]", bar).textContent = who;
  $("[data-quote-text]", bar).textContent = text;
  bar.hidden = false;
}

export function clear() {
  if (!bar) return;
  bar.dataset.quoted = "";
  bar.hidden = true;
}

/** Show what an answer on its way quotes, above its bubble. */
export function show(item, quote) {
  if (!quote) return;
  const line = document.createElement("blockquote");
  const link = document.createElement("a");
  line.className = "msg-quote";
  link.href = `#m${quote.id}`;
  link.dir = "auto";
  link.textContent = quote.text;
  line.append(link);
  $(".bubble", item).before(line);
}

/** Go to a message; earlier ones are loaded until it is there. */
export async function jump(id) {
  const thread = $("#thread");
  for (let page = 0; page < MOST_PAGES && !$(`#m${id}`) && !$("#thread-earlier").hidden; page += 1) {
    const more = arrival($("#messages"));
    thread.scrollTop = 0;
    if (!(await more) || thread !== $("#thread")) return;
  }
  const item = $(`#m${id}`);
  if (!item) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  item.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
  item.tabIndex = -1;
  item.focus({ preventScroll: true });
  item.classList.add("is-found");
  setTimeout(() => item.classList.remove("is-found"), 2000);
}

// The thread loads what is above when its top is seen.
function arrival(list) {
  return new Promise((resolve) => {
    const watcher = new MutationObserver(() => end(true));
    const timer = setTimeout(() => end(false), PAGE_SECONDS * 1000);
    const end = (came) => { watcher.disconnect(); clearTimeout(timer); resolve(came); };
    watcher.observe(list, { childList: true });
  });
}
