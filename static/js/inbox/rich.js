// More than text in the composer: built in a dialog, kept with the draft, seen before it is sent.

import { $, t } from "../ui.js";
import { builderOf } from "../content/builder.js";
import { summary } from "../content/values.js";
import * as files from "./files.js";

const KEPT = 20;

const touch = matchMedia("(hover: none)");

let form = null;
let dialog = null;
let builder = null;
let conversation = null;
let hooks = {};
// What there is beside the text and the composer's files; with what is only begun, to go on with it.
let content = {};

/** Watch the composer; `send()` sends it, `changed()` is called when there is more or less to send. */
export function mount(root, id, given) {
  form = $("#composer");
  dialog = $("#rich");
  conversation = id;
  hooks = given;
  builder = builderOf($("[data-rich]", dialog), built);
  htmx.process($("#composer-content"));
  for (const button of [...form.querySelectorAll("[data-rich-open]")]) button.addEventListener("click", () => open());
  $("[data-rich-remove]", form).addEventListener("click", () => { restore({}); hooks.changed(); input().focus(); });
  $("[data-preview-toggle]", form).addEventListener("click", togglePreview);
  $("[data-preview-close]", form).addEventListener("click", togglePreview);
  $("#composer-looks").addEventListener("htmx:beforeSwap", previewed);
  $("[data-rich-send]", dialog).addEventListener("click", send);
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) { event.preventDefault(); send(); }
  });
  $("[data-rich-key]", dialog).textContent = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘↵" : "Ctrl ↵";
  // On a small screen the looks are below the builder.
  $("[data-rich-see]", dialog).addEventListener("click", () => $(".rich-pane-looks", dialog).scrollIntoView({ block: "start" }));
  dialog.addEventListener("close", () => { show(); preview(); input().focus(); });
  restore(load(id));
}

export function unmount() {
  if (dialog?.open) dialog.close();
  form = dialog = builder = conversation = null;
}

const input = () => $("#composer-input");
const isNote = () => form.classList.contains("is-note");

/** Whether there is more than text and files. */
export const any = () => Boolean(summary(finished()));
export const uploading = () => builder.uploading();

/** All of it as the API takes it: the text, the files and the rest, without what is only begun. */
export function whole(text, attached) {
  const { media = [], ...rest } = finished();
  const all = [...attached.map((file) => ({ file: file.id })), ...media];
  return { ...(text && { text }), ...rest, ...(all.length && { media: all }) };
}

/** What is to be sent, to put it back with `restore`; the composer is empty of it afterwards. */
export function take() {
  const taken = content;
  restore({});
  return taken;
}

export function restore(given) {
  content = given ?? {};
  builder.outside = {};
  builder.fill({ text: input().value, ...content }, { quiet: true });
  show();
  store();
}

/** Content for a conversation that is not open. */
export function keep(id, given) {
  if (summary(given ?? {})) save(id, given);
}

/** Open the dialog; `errors` by path are shown where they belong. */
export function open(errors = null) {
  if (!form || isNote() || dialog.open) return;
  builder.setText(input().value);
  builder.with({ media: files.ready().map((file) => ({ file: file.id })) });
  dialog.showModal();
  if (!touch.matches) $('[data-field="text"]', dialog).focus();
  if (errors) { builder.value(); builder.showErrors(errors, { all: true }); }
}

/** What the pending message shows for what is not text. */
export const words = (given, attached) => {
  const media = (given?.media ?? []).slice(attached.length);
  return summary({ ...given, media });
};

// The builder has changed: its text is the composer's text.
function built(changed) {
  // An upload may end when another conversation is open.
  if (changed !== builder) return;
  const { text = "", ...rest } = builder.read(builder.root, "", true);
  content = rest;
  show();
  store();
  if (dialog.open && text !== input().value.trim()) {
    input().value = text;
    input().dispatchEvent(new Event("input", { bubbles: true }));
  }
  hooks.changed();
}

function finished() {
  const { text, ...rest } = builder.read(builder.root, "", false);
  return rest;
}

function send() {
  if (builder.uploading()) return builder.showErrors({ content: [t("files-uploading")] }, { all: true });
  dialog.close();
  hooks.send();
}

function show() {
  const chip = $("#composer-rich");
  chip.hidden = !any();
  $("[data-rich-words]", chip).textContent = summary(finished());
}

// --- Preview ---------------------------------------------------------------------------------------------

export function togglePreview() {
  if (!form || isNote()) return;
  const panel = $("#composer-preview");
  panel.hidden = !panel.hidden;
  $("[data-preview-toggle]", form).setAttribute("aria-pressed", String(!panel.hidden));
  preview();
  if (panel.hidden) input().focus();
}

/** Look again, if the preview is open. */
export function preview() {
  if (!form || $("#composer-preview").hidden || dialog.open) return;
  const field = $("#composer-content");
  field.value = JSON.stringify(whole(input().value.trim(), files.ready()));
  field.dispatchEvent(new CustomEvent("rich:changed"));
}

function previewed(event) {
  const stale = event.detail.xhr.status === 422;
  event.currentTarget.classList.toggle("is-stale", stale);
  if (!stale) return;
  // Only begun: the last look stays, and the builder says what is missing.
  event.detail.isError = false;
  event.detail.shouldSwap = false;
}

// --- Kept over a reload, like what is on its way (outbox.js) -----------------------------------------------

const key = () => `rich:${document.body.dataset.member}`;

function all() {
  try {
    return JSON.parse(localStorage.getItem(key()) ?? "{}");
  } catch {
    return {};
  }
}

const load = (id) => all()[id]?.content ?? {};

function store() {
  save(conversation, any() ? content : null);
}

function save(id, given) {
  const { [id]: _, ...others } = all();
  if (given) others[id] = { content: given, at: Date.now() };
  const newest = Object.entries(others).sort(([, one], [, other]) => other.at - one.at).slice(0, KEPT);
  localStorage.setItem(key(), JSON.stringify(Object.fromEntries(newest)));
}
