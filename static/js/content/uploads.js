// Files of the builder: chosen, uploaded at once, sent by their ids.

import { $, announce, t } from "../ui.js";
import { items, own } from "./tree.js";

const input = (builder) => $("[data-upload-input]", builder.root);

/** Ask for files for an object: `where` is "media" for its list of files, "one" for its one picture. */
export function choose(builder, node, where) {
  builder.target = { node, where };
  const field = input(builder);
  field.value = "";
  field.multiple = where === "media";
  field.accept = where === "one" ? "image/*,video/*" : "";
  field.click();
}

/** Files were chosen. */
export function chosen(builder) {
  const { node, where } = builder.target;
  const files = [...input(builder).files];
  if (where === "one") {
    const one = own(node, '[data-one="media"]')[0];
    one.hidden = false;
    if (files[0]) upload(builder, one, files[0]);
    // The button that was pressed is off now.
    $("[data-hide]", one).focus();
  } else {
    const list = own(node, '[data-many="media"]')[0];
    const room = Number(list.dataset.most) - items(list).length;
    for (const file of files.slice(0, room)) upload(builder, builder.add(list), file);
    if (files.length > room) announce(t("rich-most", { most: list.dataset.most }));
  }
  builder.freshen();
}

async function upload(builder, node, file) {
  builder.setSource(node, "file");
  delete own(node, "[data-node-error]")[0].dataset.kept;
  const about = $('[data-shown="about"]', node);
  $('[data-shown="name"]', node).textContent = file.name;
  const most = Number(builder.root.dataset.maxFile);
  if (file.size > most) { about.textContent = ""; return fail(node, t("rich-too-large", { size: `${most / 1000000} MB` })); }
  about.textContent = t("rich-uploading");
  node.classList.add("is-uploading");
  builder.uploads.add(node);
  const body = new FormData();
  body.append("file", file);
  const headers = { "X-CSRFToken": document.body.dataset.csrf };
  const response = await fetch(builder.root.dataset.uploadUrl, { method: "POST", body, headers }).catch(() => null);
  const answer = await response?.json().catch(() => null);
  builder.uploads.delete(node);
  node.classList.remove("is-uploading");
  if (response?.status === 201) {
    builder.write(node, { file: answer.id, name: answer.name, content_type: answer.content_type, about: answer.size });
  } else {
    about.textContent = "";
    fail(node, Object.values(answer?.errors ?? {}).flat().join(" ") || t("rich-not-uploaded"));
  }
  builder.tell();
}

// Stays until another file is chosen.
function fail(node, words) {
  const error = own(node, "[data-node-error]")[0];
  error.textContent = words;
  error.dataset.kept = "";
  error.hidden = false;
}
