// Templates: chosen and filled in in a dialog; and for how long one may write without one.

import { $, $$, t } from "../ui.js";

let form = null;
let dialog = null;
let send = () => {};

/** Watch the composer; `onSend({content, words})` sends a template. */
export function mount(element, onSend) {
  form = element;
  dialog = $("#template-dialog");

  send = onSend;
  const shown = $("#composer-window");
  if (shown) htmx.process(shown);
  form.addEventListener("click", (event) => { if (event.target.closest("[data-template-open]")) open(); });
  dialog?.addEventListener("submit", (event) => { event.preventDefault(); submit(event.target); });
  dialog?.addEventListener("change", (event) => { if (event.target.matches("[data-template-file]")) upload(event.target); });
  dialog?.addEventListener("click", (event) => { if (event.target.closest("[data-template-back]")) load(); });
}

export function unmount() {
  if (dialog?.open) dialog.close();
  form = dialog = null;
}

/** Something happened in the open conversation: the customer may have written. */
export function changed() {
  const shown = $("#composer-window");
  if (shown) htmx.trigger(shown, "window:look");
}

// The composer shows its field only while one may write.
document.addEventListener("htmx:afterSettle", () => {
  const shown = $("#composer-window");
  if (form && shown) form.classList.toggle("is-closed", shown.dataset.closed === "true");
});

function open() {
  if (!dialog || dialog.open) return;
  $("#template-pane").replaceChildren();
  dialog.showModal();
  load();
}

const load = () => htmx.ajax("GET", dialog.dataset.url, { target: "#template-pane", swap: "innerHTML" });

// The values by their paths, as the API takes them: body.1, header_values.1, buttons.0.
function contentOf(fields) {
  const template = { name: fields.dataset.name, language: fields.dataset.language };
  for (const field of $$("[data-path]", fields)) {
    const [where, name] = field.dataset.path.split(".");
    if (field.value.trim()) (template[where] ??= {})[name] = field.value.trim();
  }
  const file = $("[data-template-file]", fields)?.dataset.file;
  if (file) template.header = { file };
  return { template };
}

function submit(fields) {
  if (!fields.matches("[data-template]") || !fields.reportValidity()) return;
  const file = $("[data-template-file]", fields);
  if (file && !file.dataset.file) return problem(fields, t("template-file"));
  const words = $$(".template-header, .template-body, .template-footer", fields).map((one) => one.textContent.trim());
  dialog.close();
  send({ content: contentOf(fields), words: words.join("\n\n") });
}

async function upload(field) {
  const fields = field.form;
  delete field.dataset.file;
  problem(fields, "");
  if (!field.files.length) return;
  const data = new FormData();
  data.append("file", field.files[0]);
  const headers = { "X-CSRFToken": $('[name="csrfmiddlewaretoken"]', form).value };
  field.setAttribute("aria-busy", "true");
  const response = await fetch(form.dataset.filesUrl, { method: "POST", body: data, headers }).catch(() => null);
  field.removeAttribute("aria-busy");
  const answer = await response?.json().catch(() => null);
  if (response?.status === 201) field.dataset.file = answer.id;
  else problem(fields, Object.values(answer?.errors ?? {}).flat().join(" ") || t("file-not-uploaded"));
}

function problem(fields, words) {
  const place = $("[data-template-problem]", fields);
  place.textContent = words;
  place.hidden = !words;
}
