// A mail's head: who is in copy, and the subject. There is one only where mail is answered.

import { $, $$, announce, t } from "../ui.js";

// As the server checks it (gateway/addresses.py).
const ADDRESS = /^[^@\s"<>]{1,64}@[^@\s"<>.]+(\.[^@\s"<>.]+)+$/;
const BETWEEN = /[,;\n]+/;

let root = null;
let changed = () => {};

const people = () => $$("#mail-people > .mail-person", root);
const addresses = () => people().map((item) => item.dataset.address);
const others = () => [...$("#mail-others", root).content.querySelectorAll(".mail-person")];
const input = () => $("#mail-cc", root);
const subject = () => $("#mail-subject", root);

/** Watch the composer's mail head, if it has one; `onChange()` when the draft has to be saved. */
export function mount(form, onChange) {
  root = $("#mail-head", form);
  changed = onChange;
  if (!root) return;
  root.addEventListener("click", clicked);
  input().addEventListener("keydown", pressed);
  input().addEventListener("input", typed);
  input().addEventListener("paste", () => setTimeout(() => root && BETWEEN.test(input().value) && takeIn()));
  input().addEventListener("blur", () => root && takeIn());
  subject().addEventListener("input", () => changed());
  subject().addEventListener("keydown", escaped);
  showScope();
}

export function unmount() {
  root = null;
}

/** What goes with the answer; null where it is no mail. */
export function head() {
  if (!root) return null;
  return { cc: addresses(), subject: subject().value.trim() === subject().dataset.usual ? "" : subject().value.trim() };
}

/** The same where it is not what everybody would have begun with; else null. */
export function chosen() {
  const found = head();
  if (!found) return null;
  const usual = others().map((item) => item.dataset.address);
  const same = !found.subject && found.cc.length === usual.length && usual.every((one) => found.cc.includes(one));
  return same ? null : found;
}

/** Whether what stands in the fields can be sent; says what cannot. */
export function check() {
  if (!root || takeIn()) return true;
  showCc();
  input().focus();
  return false;
}

/** The answer has gone: the subject is what it was, and the same people get the next one. */
export function sent() {
  if (!root) return;
  subject().value = subject().dataset.usual;
  toggle("[data-show-subject]", "#mail-subject-row", false);
}

/** Put back what a message that was not sent had. */
export function restore(given) {
  if (!root || !given) return;
  for (const item of people()) if (!given.cc.includes(item.dataset.address)) item.remove();
  for (const address of given.cc) add(address);
  if (given.subject) {
    subject().value = given.subject;
    toggle("[data-show-subject]", "#mail-subject-row", true);
  }
  showScope();
}

/** The server refuses a part of the head: show it where it belongs. */
export function refused(errors) {
  if (!root || !errors.cc) return;
  showCc();
  problem(errors.cc.join(" "));
}

function clicked(event) {
  const scope = event.target.closest("[data-scope]");
  if (scope) choose(scope.dataset.scope === "all");
  const gone = event.target.closest("[data-remove-person]");
  if (gone) remove(gone.closest(".mail-person"));
  if (event.target.closest("[data-show-cc]")) {
    const open = $("#mail-cc-row", root).hidden;
    if (open || !people().length) toggle("[data-show-cc]", "#mail-cc-row", open);
    if (open || people().length) input().focus();
  }
  if (event.target.closest("[data-show-subject]")) {
    const open = $("#mail-subject-row", root).hidden;
    toggle("[data-show-subject]", "#mail-subject-row", open);
    if (open) { subject().focus(); subject().select(); }
  }
  if (event.target.matches("[data-cc-box], #mail-people")) input().focus();
}

function toggle(button, row, open) {
  $(row, root).hidden = !open;
  $(button, root).setAttribute("aria-expanded", String(open));
}

const showCc = () => toggle("[data-show-cc]", "#mail-cc-row", true);

// Reply all adds those who were part of the last mail, reply leaves them out; others stay.
function choose(all) {
  const theirs = others().map((item) => item.dataset.address);
  if (all) {
    for (const item of others()) if (!addresses().includes(item.dataset.address)) $("#mail-people", root).append(item.cloneNode(true));
    showCc();
  } else {
    for (const item of people()) if (theirs.includes(item.dataset.address)) item.remove();
    toggle("[data-show-cc]", "#mail-cc-row", people().length > 0);
  }
  showScope();
  changed();
}

function showScope() {
  const here = addresses();
  const all = others().every((item) => here.includes(item.dataset.address));
  const none = !others().some((item) => here.includes(item.dataset.address));
  for (const button of $$("[data-scope]", root)) {
    button.setAttribute("aria-pressed", String(button.dataset.scope === "all" ? all : none));
  }
}

function typed() {
  problem("");
  if (BETWEEN.test(input().value)) takeIn();
  changed();
}

function pressed(event) {
  if (event.isComposing || event.keyCode === 229) return;
  if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    if (!input().value.trim()) $("#composer-input").focus();
    else takeIn();
  } else if (event.key === "Backspace" && !input().value && people().length) {
    event.preventDefault();
    remove(people().at(-1));
  } else escaped(event);
}

function escaped(event) {
  if (event.key === "Escape") { event.preventDefault(); $("#composer-input").focus(); }
  // Enter in a field would send the mail.
  if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) { event.preventDefault(); $("#composer-input").focus(); }
}

// Make people of what is typed; what is none stays in the field and is named.
function takeIn() {
  const bad = [];
  for (const part of input().value.split(BETWEEN)) {
    const address = (/<([^<>]*)>\s*$/.exec(part)?.[1] ?? part).trim().toLowerCase();
    if (!address) continue;
    if (ADDRESS.test(address) && address.length <= 320) add(address);
    else bad.push(part.trim());
  }
  input().value = bad.join(", ");
  const most = Number(root.dataset.most);
  if (bad.length) problem(t("not-an-address", { value: bad[0].slice(0, 80) }));
  else problem(people().length > most ? t("too-many-people", { most }) : "");
  return !bad.length && people().length <= most;
}

function add(address) {
  if (addresses().includes(address)) return;
  const known = others().find((item) => item.dataset.address === address);
  const item = (known ?? $("#mail-person", root).content.firstElementChild).cloneNode(true);
  if (!known) {
    item.dataset.address = address;
    $("[data-name]", item).textContent = $("[data-name]", item).title = address;
    $("[data-remove-person]", item).setAttribute("aria-label", t("remove-person", { name: address }));
  }
  $("#mail-people", root).append(item);
  showCc();
  showScope();
  changed();
}

function remove(item) {
  const next = item.nextElementSibling ?? item.previousElementSibling;
  const held = item.contains(document.activeElement);
  announce($("[data-remove-person]", item).getAttribute("aria-label"));
  item.remove();
  if (held) (next ? $("[data-remove-person]", next) : input()).focus();
  problem("");
  showScope();
  changed();
}

function problem(text) {
  const place = $("#mail-cc-error", root);
  if (place.textContent !== text) place.textContent = text;
  place.hidden = !text;
  input().setAttribute("aria-invalid", String(Boolean(text)));
}
