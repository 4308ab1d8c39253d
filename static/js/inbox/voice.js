// One voice in public: whoever begins to write owns the answer, and everybody sees who does.

import { $, fragment, request, t, toast } from "../ui.js";

const RENEW = 40000;

let takenAt = 0;
let root = null;
let asking = null;
let use = () => {};

const element = () => $("#voice");

/** What "send" does: "reply", "approve" or "suggest"; "" where the conversation is not public. */
export const mode = () => element()?.dataset.voice ?? "";

/** ``take`` puts a suggested text into the composer. */
export function mount(given, { take }) {
  root = given;
  use = take;
  takenAt = 0;
  showWord();
  $("#messages").addEventListener("click", clicked);
  root.addEventListener("click", (event) => { if (event.target.closest("[data-give-back]")) change("give_back"); });
}

export function unmount() {
  root = null;
}

/** Somebody writes an answer: it is theirs now, or goes on being so. */
export function writing() {
  if (!element() || mode() === "suggest" || Date.now() - takenAt < RENEW) return;
  takenAt = Date.now();
  change("take");
}

/** Something about the open conversation changed: perhaps who owns the answer. */
export function changed(event) {
  if (element() && (event.kind === "conversation.changed" || event.kind === "resync")) refresh();
}

export async function refresh() {
  asking?.abort();
  asking = new AbortController();
  const response = await request(element().dataset.url, { signal: asking.signal }).catch(() => null);
  if (response?.ok) put(await response.text());
}

async function change(what) {
  if (what === "give_back") takenAt = 0;
  const response = await request(element().dataset.url, { method: "POST", data: { do: what } }).catch(() => null);
  if (response?.ok) put(await response.text());
  else takenAt = 0;
}

function put(html) {
  const fresh = fragment(html).firstElementChild;
  if (!root || !fresh || !element() || fresh.dataset.url !== element().dataset.url) return;
  element().replaceWith(fresh);
  showWord();
}

function showWord() {
  const word = $("[data-send-word]");
  if (word) word.textContent = word.dataset[mode() || "reply"];
}

async function clicked(event) {
  const item = event.target.closest(".msg");
  if (event.target.closest("[data-use-text]")) return use($(".bubble-text", item).textContent);
  const decision = event.target.closest("[data-decide]");
  if (!decision) return;
  decision.disabled = true;
  const url = `/conversations/${item.dataset.conversation}/messages/${item.dataset.id}/decide/`;
  const response = await request(url, { method: "POST", data: { decision: decision.dataset.decide } }).catch(() => null);
  if (response?.ok) return;
  decision.disabled = false;
  const errors = response?.status === 422 ? Object.values((await response.json()).errors).flat().join(" ") : t("send-failed");
  toast(errors, { danger: true });
}
