// Files in the composer: chosen, dropped or pasted, uploaded at once, sent by their ids.

import { $, $$, announce, t } from "../ui.js";

const MOST = 10;
// What was attached and not sent, by conversation; it comes back with the conversation.
const kept = new Map();

let form = null;
let chips = [];
let changed = () => {};

/** Watch the composer; `onChange` is called whenever a file comes, goes or is uploaded. */
export function mount(element, conversation, onChange) {
  form = element;
  changed = onChange;
  chips = [];
  $("[data-attach]", form).addEventListener("click", () => input().click());
  input().addEventListener("change", () => { add(input().files); input().value = ""; });
  $("#composer-input").addEventListener("paste", pasted);
  const pane = form.closest(".conversation-main");
  for (const name of ["dragenter", "dragover"]) pane.addEventListener(name, dragged);
  pane.addEventListener("dragleave", (event) => { if (!pane.contains(event.relatedTarget)) form.classList.remove("is-drop"); });
  pane.addEventListener("drop", dropped);
  restore(kept.get(conversation) ?? []);
  kept.delete(conversation);
}

export function unmount(conversation) {
  keep(conversation, ready());
  for (const chip of chips) chip.upload?.abort();
  form = null;
  chips = [];
}

const input = () => $("#composer-file");
const isNote = () => form.classList.contains("is-note");
const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

/** The files that can be sent: {id, name, size, content_type, note}. */
export const ready = () => chips.filter((chip) => chip.file).map((chip) => chip.file);
export const uploading = () => chips.some((chip) => chip.upload);
export const broken = () => chips.some((chip) => !chip.file && !chip.upload);
export const any = () => chips.length > 0;

/** Files for a conversation that is not open. */
export function keep(conversation, files) {
  if (files.length) kept.set(conversation, [...(kept.get(conversation) ?? []), ...files]);
}

/** Put files that are uploaded already back into the composer. */
export function restore(files) {
  for (const file of files) settle(put(file.name), file);
  show();
}

export function clear() {
  for (const chip of chips) chip.element.remove();
  chips = [];
  show();
}

function pasted(event) {
  const files = event.clipboardData?.files ?? [];
  // Office programs put a picture of the text beside the text.
  if (!files.length || isNote() || event.clipboardData.getData("text/plain")) return;
  event.preventDefault();
  add(files);
}

function dragged(event) {
  if (!form || !hasFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = isNote() ? "none" : "copy";
  form.classList.toggle("is-drop", !isNote());
}

function dropped(event) {
  if (!form || !hasFiles(event)) return;
  event.preventDefault();
  form.classList.remove("is-drop");
  if (!isNote()) add(event.dataTransfer.files);
}

function add(files) {
  for (const file of files) {
    if (chips.length >= MOST) {
      announce(t("too-many-files", { most: MOST }));
      break;
    }
    upload(put(file.name), file);
  }
  show();
  $("#composer-input").focus();
}

function put(name) {
  const element = $("#file-chip").content.firstElementChild.cloneNode(true);
  $(".chip-name", element).textContent = name;
  element.title = name;
  const chip = { element, file: null, upload: null };
  $("[data-remove]", element).addEventListener("click", () => remove(chip));
  $("#composer-files").append(element);
  chips.push(chip);
  return chip;
}

function remove(chip) {
  chip.upload?.abort();
  const next = chip.element.nextElementSibling ?? chip.element.previousElementSibling;
  chip.element.remove();
  chips = chips.filter((other) => other !== chip);
  show();
  (next ? $("[data-remove]", next) : $("#composer-input")).focus();
}

async function upload(chip, file) {
  const most = Number(form.dataset.maxFile);
  if (file.size > most) return fail(chip, t("file-too-large", { size: `${most / 1000000} MB` }));
  const body = new FormData();
  body.append("file", file);
  chip.upload = new AbortController();
  about(chip, t("file-uploading"));
  const headers = { "X-CSRFToken": document.body.dataset.csrf };
  const options = { method: "POST", body, headers, signal: chip.upload.signal };
  const response = await fetch(form.dataset.filesUrl, options).catch(() => null);
  const answer = await response?.json().catch(() => null);
  if (!chips.includes(chip)) return;
  chip.upload = null;
  if (response?.status === 201) settle(chip, answer);
  else fail(chip, Object.values(answer?.errors ?? {}).flat().join(" ") || t("file-not-uploaded"));
  show();
}

function settle(chip, file) {
  chip.file = file;
  $(".chip-name", chip.element).textContent = file.name;
  about(chip, [file.size, file.note].filter(Boolean).join(" · "));
  chip.element.classList.toggle("is-link", Boolean(file.note));
}

function fail(chip, words) {
  chip.element.classList.add("is-broken");
  about(chip, words);
  show();
}

function about(chip, words) {
  $(".chip-about", chip.element).textContent = words;
  chip.element.classList.toggle("is-uploading", Boolean(chip.upload));
}

function show() {
  if (!form) return;
  for (const chip of chips) chip.element.classList.toggle("is-uploading", Boolean(chip.upload));
  $("#composer-files").hidden = !chips.length;
  changed();
}

/** The names of files in a message that is on its way. */
export function names(place, files) {
  place.hidden = !files.length;
  for (const file of files) {
    const item = document.createElement("li");
    item.className = "file-name truncate";
    item.dir = "auto";
    item.textContent = file.name;
    place.append(item);
  }
}
