// Writing: modes, drafts, segments, sending that shows at once and is never doubled.

import { $, $$, fragment, request, t } from "../ui.js";
import { send as tell } from "../realtime.js";
import { costly, letters, offered, swapped } from "../lookalikes.js";
import * as beside from "./beside.js";
import * as files from "./files.js";
import * as measure from "./measure.js";
import * as outbox from "./outbox.js";
import * as quotes from "./quotes.js";
import * as rich from "./rich.js";
import * as templates from "./templates.js";
import { segment } from "./segments.js";
import * as thread from "./thread.js";
import * as voice from "./voice.js";

const DRAFT_AFTER = 600;
const TYPING_PACE = 3000;
const READ_BY_TYPING = 1500;
// More are another alphabet, and nothing to name.
const FEW_LETTERS = 8;

let root = null;
let form = null;
let input = null;
let seen = null;
let draftTimer = null;
let dirty = false;
let typedAt = 0;
// Somebody has pressed "send" while files were still going up.
let waiting = false;
// A template that was stopped because the thread moved.
let stopped = null;
const chains = new Map();

const conversation = () => Number(root?.dataset.conversation) || null;
const isNote = () => form.classList.contains("is-note");
const touch = matchMedia("(hover: none)");
const sendWith = () => localStorage.getItem("send-with") ?? (touch.matches ? "ctrl" : "enter");
const newest = () => Math.max(Number(form.dataset.newest) || 0, ...$$("#messages > .msg[data-id]").map((item) => Number(item.dataset.id)));

export function mount(element) {
  root = element;
  form = $("#composer");
  input = $("#composer-input");
  seen = input.value && form.dataset.seen !== "" ? Number(form.dataset.seen) : null;
  dirty = false;
  input.addEventListener("input", changed);
  input.addEventListener("keydown", pressed);
  form.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  form.addEventListener("click", clicked);
  $("#messages").addEventListener("click", retried);
  rich.mount(root, conversation(), { send: submit, changed: filesChanged });
  files.mount(form, conversation(), filesChanged);
  templates.mount(form, sendTemplate);
  beside.mount(root, form, { onChange: besideChanged, write: () => setMode(false) });
  showMode(isNote());
  showSendWith();
  grow();
  count();
  for (const entry of outbox.entries(conversation())) {
    if ($(`#messages [data-uid="${entry.uid}"]`)) outbox.drop(entry.uid);
    else { show(entry); deliver(entry); }
  }
}

export function unmount() {
  if (root && dirty) saveDraft(true);
  clearTimeout(draftTimer);
  if (root) { files.unmount(conversation()); rich.unmount(); templates.unmount(); beside.unmount(); }
  waiting = false;
  stopped = null;
  root = form = input = null;
}

export function start() {
  window.addEventListener("pagehide", () => { if (root && dirty) saveDraft(true); });
  const flush = () => {
    for (const entry of outbox.entries()) if (!chains.has(entry.uid)) deliver(entry);
  };
  document.addEventListener("realtime:open", flush);
  window.addEventListener("online", flush);
}

// --- Typing ----------------------------------------------------------------------------------------------

function changed() {
  if (input.value.trim() && seen === null) seen = newest();
  advanceSeen();
  if (!input.value.trim() && !files.any() && !rich.any()) { seen = null; hideMoved(); }
  error("");
  grow();
  count();
  rich.preview();
  dirty = true;
  if (input.value.trim() && !isNote()) voice.writing();
  $("#draft-state").textContent = "";
  clearTimeout(draftTimer);
  draftTimer = setTimeout(saveDraft, DRAFT_AFTER);
  const now = Date.now();
  if (input.value && now - typedAt > TYPING_PACE) {
    typedAt = now;
    // Of a note only colleagues are told.
    tell({ type: "typing", conversation: conversation(), reply: !isNote() });
  }
}

// Who goes on typing under a customer's message that has been in view has seen it. A colleague's
// answer is different: it always stops the next one.
function advanceSeen() {
  if (seen === null || $("#thread").scrollHeight - $("#thread").scrollTop - $("#thread").clientHeight > 80) return;
  for (const item of $$("#messages > .msg[data-id]")) {
    const number = Number(item.dataset.id);
    if (number <= seen) continue;
    item.dataset.shownAt ??= Date.now();
    const colleague = item.classList.contains("msg-out") && !item.classList.contains("msg-campaign");
    if (colleague || Date.now() - Number(item.dataset.shownAt) < READ_BY_TYPING) return;
    seen = number;
  }
}

// Who is in copy, or which message is answered, is kept with the draft.
function besideChanged() {
  dirty = true;
  clearTimeout(draftTimer);
  draftTimer = setTimeout(saveDraft, DRAFT_AFTER);
}

async function saveDraft(leaving = false) {
  clearTimeout(draftTimer);
  dirty = false;
  const url = `/conversations/${conversation()}/draft/`;
  const data = { text: input.value, note: isNote() ? "on" : "", ...beside.draft() };
  const state = $("#draft-state");
  const response = await request(url, { method: "POST", data, keepalive: leaving === true }).catch(() => null);
  if (response?.ok && data.text.trim() && state.isConnected && input?.value === data.text) state.textContent = t("draft-saved");
  if (!response?.ok && root) dirty = true;
}

// field-sizing does this where it exists.
function grow() {
  if (CSS.supports("field-sizing", "content")) return;
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight, window.innerHeight * 0.4)}px`;
}

function count() {
  const element = $("#composer-count");
  const text = input.value.trim();
  const most = Number(form.dataset.max);
  // What is more than text is split where it is too long.
  const over = !isNote() && !rich.any() && most ? [...text].length - most : 0;
  element.classList.toggle("is-over", over > 0);
  if (over > 0) element.textContent = t("too-long", { over });
  else if (isNote() || rich.any() || !text) element.textContent = "";
  else if (!form.dataset.segments) element.textContent = room(text);
  else {
    const { remaining, segments } = segment(swapped(text, form.dataset.lookalikes));
    element.textContent = [t("segments", { left: remaining, parts: segments }), price(segments)].filter(Boolean).join(" · ");
  }
  hint(isNote() || rich.any() || !form.dataset.segments || over > 0 ? "" : text);
}

// By the channel's own measure; of one that counts characters, only what goes in pieces.
function room(text) {
  const [name, most] = [form.dataset.measure, Number(form.dataset.room)];
  const used = measure.length(text, name);
  if (!most) return "";
  if (used > most) return t(form.dataset.posts ? "several-posts" : "several", { used, room: most });
  return measure.special(name) ? t("used", { used, room: most }) : "";
}

// What so many SMS cost, where the price is known; a file beside the text costs something else.
function price(segments) {
  const { price: each, currency } = form.dataset;
  if (!each || files.any()) return "";
  const format = { style: "currency", currency, maximumFractionDigits: 4 };
  return new Intl.NumberFormat(document.documentElement.lang, format).format(Number(each) * segments);
}

// Which characters make it more SMS, what is swapped for look-alikes, and what could be.
function hint(text) {
  const element = $("#composer-hint");
  const made = swapped(text, form.dataset.lookalikes);
  const [before, after] = [segment(text).segments, segment(made).segments];
  const offer = made === text ? offered(text) : null;
  const few = made === text && before > 1 ? costly(text) : [];
  let words = "";
  if (made !== text) words = t(after < before ? "swapped-saves" : "swapped", { letters: letters(text, made), before, after });
  else if (few.length && few.length <= FEW_LETTERS) words = t("costly", { letters: few.join(" ") });
  $("[data-words]", element).textContent = words;
  $("[data-swap]", element).textContent = offer ? t("swap", offer) : "";
  $("[data-swap]", element).hidden = !offer;
  element.hidden = !words && !offer;
}

function swapNow() {
  const offer = offered(input.value.trim());
  if (!offer) return;
  input.value = offer.text;
  input.focus();
  input.dispatchEvent(new Event("input"));
}

function pressed(event) {
  if (event.isComposing || event.keyCode === 229) return;
  if (event.key === "Enter") {
    const strong = event.ctrlKey || event.metaKey;
    if (strong || (sendWith() === "enter" && !event.shiftKey && !event.altKey)) {
      event.preventDefault();
      submit();
    }
  } else if (event.key === "Escape") {
    event.preventDefault();
    input.blur();
    $("#thread").focus({ preventScroll: true });
  }
}

// --- Modes and settings -------------------------------------------------------------------------------------

function clicked(event) {
  const mode = event.target.closest("[data-mode]");
  if (mode) setMode(mode.dataset.mode === "note");
  const choice = event.target.closest("[data-send-with]");
  if (choice) {
    localStorage.setItem("send-with", choice.dataset.sendWith);
    showSendWith();
    input.focus();
    document.dispatchEvent(new CustomEvent("inbox:close-menu"));
  }
  if (event.target.closest("[data-swap]")) swapNow();
  if (event.target.closest("[data-send-anyway]")) submit({ sure: true });
  if (event.target.closest("[data-keep-editing]")) { hideMoved(); seen = newest(); input.focus(); }
}

/** Open the builder; what is more than text is always a reply. */
export function build() {
  if (form && isNote()) setMode(false);
  rich.open();
}

/** Show how the reply would look, or no longer. */
export function preview() {
  if (form && isNote()) setMode(false);
  rich.togglePreview();
}

/** Answer the message that is pointed at, or the customer's last one. */
export function quote() {
  if (form && quotes.quoteLast()) setMode(false);
}

/** Put a text into the composer, after what is there. */
export function take(text) {
  setMode(false);
  input.value = input.value.trim() ? `${input.value.trimEnd()}\n${text}` : text;
  input.dispatchEvent(new Event("input"));
  input.focus();
}

/** Keep what is typed before the pane is made anew. */
export const flush = async () => { if (root && dirty) await saveDraft(); };

/** What of a reply has been typed; a note stays where it is. */
export const typed = () => (input && !isNote() ? input.value : "");

/** The text has gone to another conversation's draft: the files go there, too. */
export function carry(there) {
  if (!input || isNote()) return;
  files.keep(there, files.ready());
  rich.keep(there, rich.take());
  files.clear();
  input.value = "";
  seen = null;
  dirty = false;
  clearTimeout(draftTimer);
}

export function setMode(note) {
  if (!form) return;
  waiting = false;
  if (isNote() !== note) dirty = true;
  showMode(note);
  count();
  input.focus();
  if (dirty && input.value.trim()) { clearTimeout(draftTimer); draftTimer = setTimeout(saveDraft, DRAFT_AFTER); }
}

function showMode(note) {
  form.classList.toggle("is-note", note);
  for (const button of $$("[data-mode]", form)) {
    button.setAttribute("aria-pressed", String((button.dataset.mode === "note") === note));
  }
  input.placeholder = note ? input.dataset.placeholderNote : input.dataset.placeholderReply;
}

function showSendWith() {
  for (const item of $$("[data-send-with]", form)) item.setAttribute("aria-checked", String(item.dataset.sendWith === sendWith()));
  const mac = /Mac|iPhone|iPad/.test(navigator.platform);
  $("[data-send-key]", form).textContent = sendWith() === "enter" ? "↵" : mac ? "⌘↵" : "Ctrl ↵";
}

function error(text) {
  const element = $("#composer-error");
  element.textContent = text;
  element.hidden = !text;
  input.setAttribute("aria-invalid", String(Boolean(text)));
}

// --- Sending -------------------------------------------------------------------------------------------------

function filesChanged() {
  if (!input) return; // the composer is gone
  const more = files.any() || rich.any();
  if (seen === null && more) seen = newest();
  if (!more && !input.value.trim()) seen = null;
  error("");
  count();
  rich.preview();
  if (waiting && !files.uploading() && !rich.uploading()) { waiting = false; submit(); }
}

function submit({ sure = false } = {}) {
  // It stops once: who sends again under the notice means it.
  sure ||= !$("#moved").hidden;
  if (sure && stopped) return sendTemplate({ ...stopped, sure: true });
  const text = input.value.trim();
  const attached = isNote() ? [] : files.ready();
  if (!isNote() && (files.uploading() || rich.uploading())) { waiting = true; return error(t("files-uploading")); }
  if (!isNote() && files.broken()) return error(t("files-missing"));
  const richly = !isNote() && rich.any();
  if (!text && !attached.length && !richly) return input.focus();
  const most = Number(form.dataset.max);
  if (!isNote() && !richly && most && [...text].length > most) return error(t("too-long", { over: [...text].length - most }));
  if (!isNote() && !beside.check()) return;
  const entry = { uid: uuid(), conversation: conversation(), text, note: isNote(), seen, sure, files: attached };
  if (!entry.note) Object.assign(entry, beside.take());
  // What is left for a colleague stands in the thread as a note does.
  if (!entry.note && voice.mode() !== "reply") Object.assign(entry, { voice: voice.mode(), note: voice.mode() !== "" });
  if (richly) Object.assign(entry, { content: rich.whole(text, attached), rich: rich.take() });
  outbox.keep(entry);
  if (attached.length) files.clear();
  if (!entry.note || entry.voice) beside.sent();
  input.value = "";
  seen = null;
  dirty = false;
  clearTimeout(draftTimer);
  $("#draft-state").textContent = "";
  hideMoved();
  error("");
  grow();
  count();
  show(entry);
  deliver(entry);
  input.focus();
}

/** Send a template's `content`; `words` is what it says until the server has said it. */
function sendTemplate({ content, words, sure = false, ...rest }) {
  const entry = { uid: uuid(), conversation: conversation(), text: "", note: false, files: [], seen: rest.seen ?? newest(), sure, content, words };
  stopped = null;
  hideMoved();
  error("");
  outbox.keep(entry);
  show(entry);
  deliver(entry);
}

// randomUUID needs a secure context; a plain-http host in a test network has none.
function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function show(entry) {
  const item = $("#pending-message").content.firstElementChild.cloneNode(true);
  item.dataset.uid = entry.uid;
  item.dataset.at = String(Math.floor(Date.now() / 1000));
  const group = `${entry.note ? "note" : "text"}-False-${document.body.dataset.member}-${conversation()}`;
  item.dataset.group = group;
  $(".bubble-text", item).textContent = entry.words ?? entry.text;
  $(".bubble-rich", item).hidden = !entry.content || Boolean(entry.words);
  $("[data-rich-words]", item).textContent = rich.words(entry.content, entry.files ?? []);
  files.names($(".files", item), entry.files ?? []);
  beside.show(item, entry);
  if (entry.note) {
    item.classList.replace("msg-out", "msg-note");
    $(".msg-by", item).hidden = false;
  }
  $("#messages").append(item);
  thread.regroup();
  thread.toBottom();
}

const pending = (uid) => $(`#messages .is-pending[data-uid="${uid}"]`);

/** One after the other in each conversation, so that the order stays as written. */
function deliver(entry) {
  const before = chains.get(entry.conversation) ?? Promise.resolve();
  const after = before.then(() => post(entry));
  chains.set(entry.conversation, after);
  chains.set(entry.uid, after);
  after.finally(() => chains.delete(entry.uid));
}

async function post(entry) {
  if (!outbox.entries().some((other) => other.uid === entry.uid)) return;
  const data = { text: entry.text, uid: entry.uid, note: entry.note && !entry.voice ? "on" : "", seen: entry.seen ?? "", sure: entry.sure ? "on" : "", voice: entry.voice ?? "", ...beside.data(entry) };
  if (entry.files?.length) data.file = entry.files.map((file) => file.id);
  if (entry.content) data.content = JSON.stringify(entry.content);
  const response = await request(`/conversations/${entry.conversation}/send/`, { method: "POST", data }).catch(() => null);
  if (response?.status === 201) {
    outbox.drop(entry.uid);
    if (conversation() === entry.conversation) {
      thread.merge(fragment(await response.text()), { own: true });
      // Repeated after a reload, this answer may come after the news of its delivery.
      thread.watch(entry.uid);
    }
  } else if (response?.status === 409) {
    outbox.drop(entry.uid);
    if (conversation() === entry.conversation) moved(entry, await response.text());
    else await giveBack(entry);
  } else if (response?.status === 422) {
    outbox.drop(entry.uid);
    const { errors } = await response.json();
    refused(entry, errors);
  } else {
    failed(entry, response ? t("send-refused") : t("send-failed"));
  }
}

// The thread moved while another one is open: the text becomes the draft there again.
function giveBack(entry) {
  files.keep(entry.conversation, entry.files ?? []);
  rich.keep(entry.conversation, entry.rich);
  if (entry.words) return null;
  const data = { text: entry.text, note: entry.note ? "on" : "", ...beside.data(entry) };
  return request(`/conversations/${entry.conversation}/draft/`, { method: "POST", data }).catch(() => null);
}

function moved(entry, html) {
  takeBack(entry);
  stopped = entry.words ? entry : null;
  seen = entry.seen;
  const place = $("#moved");
  place.innerHTML = html;
  place.hidden = false;
  input.focus();
}

function hideMoved() {
  stopped = null;
  const place = $("#moved");
  place.hidden = true;
  place.replaceChildren();
}

function takeBack(entry) {
  pending(entry.uid)?.remove();
  thread.regroup();
  if (entry.words) return;
  input.value = input.value.trim() ? `${entry.text}\n${input.value}` : entry.text;
  showMode(entry.note && !entry.voice);
  files.restore(entry.files ?? []);
  if (entry.rich) rich.restore(entry.rich);
  beside.restore(entry);
  grow();
  count();
  saveDraft();
}

function refused(entry, errors) {
  if (conversation() !== entry.conversation) return;
  takeBack(entry);
  error(Object.values(errors).flat().join(" "));
  beside.refused(errors);
  if (entry.rich) rich.open(errors);
}

function failed(entry, text) {
  const item = pending(entry.uid);
  if (!item) return;
  item.classList.add("is-stopped");
  item.dataset.state = "failed";
  $("[data-problem]", item).textContent = text;
  $(".msg-problem", item).hidden = false;
  $(".tick", item).hidden = true;
}

function retried(event) {
  const item = event.target.closest(".is-pending");
  if (!item) return;
  const entry = outbox.entries().find((other) => other.uid === item.dataset.uid);
  if (event.target.closest("[data-discard]")) {
    outbox.drop(item.dataset.uid);
    item.remove();
    thread.regroup();
  }
  if (event.target.closest("[data-resend]") && entry) {
    item.classList.remove("is-stopped");
    item.dataset.state = "sending";
    $(".msg-problem", item).hidden = true;
    $(".tick", item).hidden = false;
    deliver(entry);
  }
}
