// Builds rich content in a form. The fields on the page are the state; their JSON is what the API takes.
//
// [data-node] is an object, [data-many] a list of objects, [data-one] one object that may not be there;
// each has its name in the JSON, and each [data-field] is a value. What is hidden is not part of it.

import { $, $$, announce, t } from "../ui.js";
import { clearError, showErrors } from "./errors.js";
import { items, own } from "./tree.js";
import { choose, chosen } from "./uploads.js";
import { converted, guessType, localMoment } from "./values.js";

let ids = 0;
const mounted = new WeakMap();

/** The builder of an element; made at the first call. `changed(builder)` is called after every change. */
export function builderOf(root, changed = () => {}) {
  if (!mounted.has(root)) mounted.set(root, new Builder(root, changed));
  return mounted.get(root);
}

/** Every builder that is on the page. */
export const mountAll = () => $$("[data-rich]").map((root) => builderOf(root));

export class Builder {
  constructor(root, changed) {
    this.root = root;
    this.changed = changed;
    this.hidden = $("[data-rich-value]", root);
    this.places = new Map();
    this.outside = {};
    this.uploads = new Set();
    this.wire(root);
    root.addEventListener("input", (event) => this.typed(event));
    root.addEventListener("change", (event) => this.typed(event));
    root.addEventListener("focusout", (event) => { event.target.dataset.touched = ""; });
    root.addEventListener("click", (event) => this.clicked(event));
    root.addEventListener("keydown", (event) => {
      // Not a form of its own: Enter in a line would send the page's.
      if (event.key === "Enter" && event.target.matches("input:not([type=file])")) event.preventDefault();
    });
    $("[data-upload-input]", root).addEventListener("change", () => chosen(this));
    $(root.dataset.preview)?.addEventListener("htmx:beforeSwap", (event) => this.previewed(event));
    // The first look is asked for before htmx has gone over the page.
    htmx.process(this.hidden);
    this.fill(JSON.parse(this.hidden.value || "{}"), { quiet: true });
    const errors = JSON.parse(root.dataset.errors || "{}");
    if (Object.keys(errors).length) { this.value({ whole: true }); this.showErrors(errors, { all: true }); }
    else this.tell();
  }

  // --- Reading ---------------------------------------------------------------------------------------------

  /** The content as JSON takes it. Without `whole`, what nothing has been put into is left out. */
  value({ whole = false } = {}) {
    this.places = new Map();
    const { media, ...outside } = this.outside;
    const found = { ...outside, ...this.read(this.root, "", whole) };
    if (media?.length) found.media = [...media, ...(found.media ?? [])];
    return found;
  }

  /** What is asked for elsewhere on the page: {text} or {media}; it goes with the rest. */
  with(values) {
    this.outside = { ...this.outside, ...values };
    this.tell();
  }

  /** The text as it is typed elsewhere, or in the builder's own field. */
  setText(text) {
    const field = $('[data-field="text"]', this.root);
    if (field && own(this.root, '[data-field="text"]').includes(field)) { field.value = text; this.count(field); this.tell(); }
    else this.with({ text });
  }

  read(node, path, whole) {
    this.places.set(path, node);
    const found = {};
    for (const field of own(node, "[data-field]")) {
      if (isHidden(field, node)) continue;
      this.places.set(join(path, field.dataset.field), field);
      const value = converted(field);
      if (value !== "") found[field.dataset.field] = value;
    }
    for (const list of own(node, "[data-many]")) {
      const name = list.dataset.many;
      const values = [];
      this.places.set(join(path, name), list);
      // What the page itself puts first counts in the places that the server names.
      const before = node === this.root && name === "media" ? this.outside.media?.length ?? 0 : 0;
      for (const item of items(list)) {
        const value = this.read(item, join(path, `${name}.${before + values.length}`), whole);
        if (whole || !isBlank(value)) values.push(value);
      }
      if (values.length) found[name] = values;
    }
    for (const one of own(node, "[data-one]")) {
      if (one.hidden) continue;
      const value = this.read(one, join(path, one.dataset.one), whole);
      if (whole || !isBlank(value)) found[one.dataset.one] = value;
    }
    return found;
  }

  /** Whether a file is on its way up. */
  uploading() {
    return this.uploads.size > 0;
  }

  /** Let the page, the hidden field and the preview know. */
  tell() {
    this.hidden.value = JSON.stringify(this.value());
    this.hidden.dispatchEvent(new CustomEvent("rich:changed"));
    this.changed(this);
  }

  // --- Filling ---------------------------------------------------------------------------------------------

  /** Begin anew with this content. */
  fill(content, { quiet = false } = {}) {
    for (const item of $$("[data-items] > *", this.root)) item.remove();
    for (const one of own(this.root, "[data-one]")) this.empty(one);
    for (const field of own(this.root, "[data-field]")) { field.value = ""; delete field.dataset.touched; }
    this.showErrors({}, { all: true });
    this.write(this.root, content ?? {});
    this.freshen();
    if (!quiet) this.tell();
  }

  write(node, value) {
    const source = $(":scope > [data-source]", node) ? (value.file ? "file" : "url") : null;
    if (source) this.setSource(node, source);
    for (const field of own(node, "[data-field]")) {
      const given = value[field.dataset.field];
      if (given === undefined || (source && field.closest("[data-source]")?.dataset.source !== source)) continue;
      field.value = field.dataset.kind === "moment" ? localMoment(given) : String(given);
      if (field.matches("[data-type]")) showKind(field);
      if (field.value) field.closest("details")?.setAttribute("open", "");
    }
    if (source === "file") {
      $('[data-shown="name"]', node).textContent = value.name ?? "";
      $('[data-shown="about"]', node).textContent = value.about ?? "";
    }
    for (const list of own(node, "[data-many]")) {
      for (const one of value[list.dataset.many] ?? []) this.write(this.add(list), one);
    }
    for (const one of own(node, "[data-one]")) {
      if (value[one.dataset.one]) { one.hidden = false; this.write(one, value[one.dataset.one]); }
    }
  }

  add(list) {
    const template = $(`template[data-item="${list.dataset.template}"]`, this.root);
    const item = template.content.firstElementChild.cloneNode(true);
    $(":scope > [data-items]", list).append(item);
    this.wire(item);
    return item;
  }

  wire(node) {
    for (const place of $$(".rich-field", node)) {
      const control = $("[data-field]", place);
      if (!control || control.id) continue;
      control.id = `rich-${ids += 1}`;
      $("label", place).htmlFor = control.id;
      const error = $("[data-error]", place);
      if (error) { error.id = `${control.id}-error`; control.setAttribute("aria-describedby", error.id); }
      this.count(control);
    }
    for (const kind of $$("[data-type]", node)) showKind(kind);
    if (node.matches("[data-media]")) this.setSource(node, "url");
  }

  empty(one) {
    one.hidden = true;
    for (const item of $$("[data-items] > *", one)) item.remove();
    for (const error of $$("[data-node-error]", one)) { error.hidden = true; delete error.dataset.kept; }
    for (const field of $$("[data-field]", one)) if (field.tagName !== "SELECT") field.value = "";
  }

  setSource(node, source) {
    for (const place of $$(":scope > [data-source]", node)) place.hidden = place.dataset.source !== source;
  }

  // --- Changing --------------------------------------------------------------------------------------------

  typed({ target }) {
    if (!target.matches("[data-field]")) return;
    if (target.matches("[data-type]")) showKind(target);
    if (target.dataset.field === "url") guessType(target);
    this.count(target);
    clearError(target);
    this.tell();
  }

  clicked({ target }) {
    const button = target.closest("button");
    if (!button || !this.root.contains(button)) return;
    const { add, show, upload, move } = button.dataset;
    const node = button.closest("[data-node]");
    if (add) this.addTo(node, add);
    else if (show) this.show(own(node, `[data-one="${show}"]`)[0]);
    else if (upload) choose(this, node, upload);
    else if (move) this.move(button, Number(move));
    else if (button.matches("[data-drop]")) this.drop(node);
    else if (button.matches("[data-hide]")) this.hide(node);
  }

  addTo(node, name) {
    const list = own(node, `[data-many="${name}"]`)[0];
    if (items(list).length >= Number(list.dataset.most)) return announce(t("rich-most", { most: list.dataset.most }));
    const item = this.add(list);
    this.freshen();
    this.tell();
    ($("[data-type]", item) ? $('[data-field="text"]', item) : $(CONTROLS, item))?.focus();
  }

  show(one) {
    one.hidden = false;
    if (one.dataset.one === "list" && !$("[data-items] > *", one)) this.add($("[data-many]", one));
    if (one.matches("[data-media]")) this.setSource(one, "url");
    this.freshen();
    this.tell();
    $$(CONTROLS, one).find((field) => field.offsetParent)?.focus();
  }

  hide(one) {
    this.empty(one);
    this.freshen();
    this.tell();
    const name = one.dataset.one;
    const parent = one.parentElement.closest("[data-node]");
    $(`[data-show="${name}"]`, parent)?.focus();
    announce(t("rich-removed"));
  }

  drop(item) {
    const list = item.closest("[data-many]");
    const next = item.nextElementSibling ?? item.previousElementSibling;
    const around = item.parentElement.closest("[data-node]");
    item.remove();
    this.freshen();
    this.tell();
    announce(t("rich-removed"));
    (next ? $("[data-drop]", next) : $(`[data-add="${list.dataset.many}"]`, around))?.focus();
  }

  move(button, by) {
    const item = button.closest("li[data-node]");
    const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (!other) return;
    if (by < 0) other.before(item); else other.after(item);
    this.freshen();
    this.tell();
    // At an end the button that was pressed is off; the other one takes the focus.
    (button.disabled ? $$("[data-move]", button.parentElement).find((one) => !one.disabled) : button)?.focus();
    const all = [...item.parentElement.children];
    announce(t("rich-moved", { n: all.indexOf(item) + 1, count: all.length }));
  }

  // Sections without anything in them are not shown; numbers, ends and limits are.
  freshen() {
    for (const list of $$("[data-many]", this.root)) {
      const all = items(list);
      const most = Number(list.dataset.most);
      if (list.matches("section")) list.hidden = !all.length;
      const counter = $("[data-many-count]", list);
      if (counter) counter.textContent = `${all.length} / ${most}`;
      for (const [place, item] of all.entries()) {
        const number = $("[data-number]", item);
        if (number) number.textContent = number.dataset.number.replace("{n}", place + 1);
        const [up, down] = $$("[data-move]", item).filter((button) => button.closest("li[data-node]") === item);
        up.disabled = place === 0;
        down.disabled = place === all.length - 1;
      }
      const around = list.closest("[data-node]");
      for (const button of $$(`[data-add="${list.dataset.many}"], [data-upload="${list.dataset.many}"]`, around)) {
        if (button.closest("[data-node]") !== around) continue;
        button.disabled = all.length >= most;
        button.title = button.disabled ? t("rich-most", { most }) : "";
      }
    }
    for (const one of $$("[data-one]", this.root)) {
      const around = one.parentElement.closest("[data-node]");
      const name = one.matches("[data-media]") ? `[data-show="media"], [data-upload="one"]` : `[data-show="${one.dataset.one}"]`;
      for (const button of $$(name, around)) button.disabled = !one.hidden;
    }
  }

  count(control) {
    const counter = $("[data-count]", control.closest(".rich-field") ?? this.root);
    if (!counter || !control.closest(".rich-field")) return;
    const most = Number(counter.dataset.count);
    const length = [...control.value.trim()].length;
    counter.textContent = length || most <= 200 ? `${length} / ${most}` : "";
    counter.classList.toggle("is-over", length > most);
  }

  // --- What is wrong ---------------------------------------------------------------------------------------

  previewed(event) {
    const { xhr, requestConfig } = event.detail;
    if (requestConfig?.elt !== this.hidden && requestConfig?.triggeringEvent?.target !== this.hidden) return;
    const stale = xhr.status === 422;
    event.currentTarget.classList.toggle("is-stale", stale);
    if (!stale) return this.showErrors({});
    // What is not finished yet is no failure: the last look stays.
    event.detail.isError = false;
    event.detail.shouldSwap = false;
    this.showErrors(JSON.parse(xhr.responseText).errors);
  }

  /** Show errors by path (“content.cards.1.title”) where they belong; without `all` only where somebody has been. */
  showErrors(errors, { all = false } = {}) {
    showErrors(this.root, this.places, errors, all);
  }
}

const CONTROLS = "input:not([type=hidden]):not([type=file]), textarea, select";
const join = (path, name) => (path ? `${path}.${name}` : name);
const isBlank = (value) => Object.keys(value).every((name) => name === "type" || name === "content_type");

function isHidden(field, node) {
  for (let at = field.parentElement; at && at !== node; at = at.parentElement) if (at.hidden) return true;
  return false;
}

function showKind(select) {
  for (const place of $$("[data-for]", select.closest("[data-node]"))) place.hidden = place.dataset.for !== select.value;
}
