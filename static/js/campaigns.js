// Campaign pages: variables into the text, live numbers.

import { builderOf } from "./content/builder.js";
import { offered } from "./lookalikes.js";
import { $, $$, t } from "./ui.js";

// --- What it says -----------------------------------------------------------------------------------------

const saying = $("[data-saying]");
const builder = saying && builderOf($("[data-rich]", saying));
const WORDS = '#campaign-text, .saying-mail :is(textarea, input), [data-template-value], [data-rich] :is(textarea, input[type="text"], input[type="url"])[data-field]:not([data-kind])';
let last = null;

const isRich = () => $('[name="mode"]:checked', saying)?.value === "rich";

document.addEventListener("focusin", ({ target }) => { if (target.matches(WORDS)) last = target; });

// Variables go where somebody has written last.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (!button || !saying) return;
  const field = last?.offsetParent ? last : $$(WORDS, saying).find((one) => one.offsetParent);
  if (!field) return;
  const gap = field.type !== "url" && field.selectionStart && !/\s$/.test(field.value.slice(0, field.selectionStart)) ? " " : "";
  field.setRangeText(gap + button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// Look-alikes in place of what makes every SMS hold less.
document.addEventListener("click", (event) => {
  const field = $("#campaign-text");
  if (!event.target.closest("[data-swap]") || !field) return;
  const found = offered(field.value.trim());
  if (!found) return;
  field.value = found.text;
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// Another kind of message begins with the words of the one before.
saying?.addEventListener("change", ({ target }) => {
  if (target.matches("[data-template-file]")) return uploadFile(target);
  if (target.name !== "mode") return;
  if (target.value === "template") return htmx.trigger($("#saying-template .stack") ?? target, "load");
  if (target.value === "mail") return htmx.trigger($("#mail-html"), "look");
  const text = $("#campaign-text");
  const own = $('[data-field="text"]', builder?.root);
  if (isRich()) {
    if (!own.value && text.value.trim()) builder.setText(text.value);
    else builder.tell();
  } else {
    if (!text.value.trim()) text.value = own.value;
    htmx.trigger(text, "look");
  }
});

// A mail is looked at whichever of its fields changes.
const source = $("#mail-html");
let looking = 0;
document.addEventListener("input", ({ target }) => {
  if (target === source || !target.matches("[data-look]")) return;
  clearTimeout(looking);
  looking = setTimeout(() => htmx.trigger(source, "look"), 400);
});

// A saved mail, or a layout, takes the place of what is written.
document.addEventListener("change", async ({ target }) => {
  if (!target.matches("[data-mail-begin]") || !target.value) return;
  const fields = ["subject", "preheader", "html", "text"].map((name) => [name, $(`#mail-${name}`)]);
  const sure = fields.every(([, field]) => !field.value.trim()) || confirm(target.dataset.sure);
  const url = `${target.dataset.mailBegin}?begin=${encodeURIComponent(target.value)}`;
  target.value = "";
  const response = sure && await fetch(url).catch(() => null);
  if (!response?.ok) return;
  const mail = await response.json();
  for (const [name, field] of fields) if (mail[name] || name !== "subject") field.value = mail[name];
  source.form.setAttribute("data-dirty", "");
  htmx.trigger(source, "look");
});

// The text part from the HTML, to be changed by hand.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-mail-text]");
  if (!button) return;
  const headers = { "X-CSRFToken": $('[name="csrfmiddlewaretoken"]', source.form).value };
  const response = await fetch(button.dataset.mailText, { method: "POST", body: new FormData(source.form), headers }).catch(() => null);
  if (!response?.ok) return;
  const field = $("#mail-text");
  field.value = await response.text();
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// The file above a template's text goes up at once; the form has its id.
async function uploadFile(field) {
  const [id, problem] = [field.nextElementSibling, $("[data-template-problem]", field.parentElement)];
  const data = new FormData();
  data.append("file", field.files[0]);
  id.value = "";
  field.setAttribute("aria-busy", "true");
  const headers = { "X-CSRFToken": $('[name="csrfmiddlewaretoken"]', saying).value };
  const response = await fetch(field.dataset.url, { method: "POST", body: data, headers }).catch(() => null);
  field.removeAttribute("aria-busy");
  const answer = await response?.json().catch(() => null);
  if (response?.status === 201) id.value = answer.id;
  problem.textContent = response?.status === 201 ? "" : Object.values(answer?.errors ?? {}).flat().join(" ") || t("rich-not-uploaded");
  problem.hidden = !problem.textContent;
  htmx.trigger(field, "input");
}

saying?.addEventListener("submit", (event) => {
  if (!isRich() || !builder.uploading()) return;
  event.preventDefault();
  builder.showErrors({ content: [t("rich-uploading")] }, { all: true });
});

// Adding, moving and removing is a change to be saved as much as typing.
$("[data-rich-value]", saying ?? document)?.addEventListener("rich:changed", () => {
  if ("mounted" in saying.dataset) saying.setAttribute("data-dirty", "");
});
if (saying) saying.dataset.mounted = "";

// --- Steps ------------------------------------------------------------------------------------------------

// What was typed before this script came has told nobody.
const typedOver = (field) => field.matches("textarea, input:not([type=hidden], [type=radio], [type=checkbox], [type=file])")
  && field.closest("[data-rich]") === null && field.value !== field.defaultValue;

// Leaving a step by the steps above saves what was typed.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".steps a[data-go]");
  const form = $(".editor-main form");
  if (!link || !form || !(form.hasAttribute("data-dirty") || [...form.elements].some(typedOver))) return;
  event.preventDefault();
  const go = document.createElement("input");
  go.type = "hidden";
  go.name = "go";
  go.value = link.dataset.go;
  form.append(go);
  form.requestSubmit();
});
document.addEventListener("input", (event) => {
  event.target.closest(".editor-main form")?.setAttribute("data-dirty", "");
});

// A channel that was chosen before htmx was there is asked about now.
addEventListener("load", () => {
  for (const radio of $$('[name="channel"]:checked')) if (!radio.defaultChecked) htmx.trigger(radio, "change");
});

// A page asks again when something changed.
function refresh(id) {
  const result = $("#result");
  if (result && (id === null || result.dataset.campaign === String(id))) {
    htmx.trigger(result, "campaign:changed");
  }
  const list = $("[data-live-campaigns]");
  if (list) htmx.trigger(list, "campaigns:changed");
}

document.addEventListener("realtime", ({ detail }) => {
  if (detail.kind === "campaign.changed") refresh(detail.campaign);
});
document.addEventListener("realtime:open", ({ detail }) => { if (detail.again) refresh(null); });

for (const form of $$("form[data-busy]")) {
  form.addEventListener("submit", (event) => event.submitter?.setAttribute("aria-busy", "true"));
}
addEventListener("pageshow", () => {
  for (const button of $$("[aria-busy]")) button.removeAttribute("aria-busy");
});
