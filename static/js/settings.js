// Settings pages: filters apply at once, a form that is on its way says so.

for (const form of document.querySelectorAll("form[data-autosubmit]")) {
  form.classList.add("is-live");
  form.addEventListener("change", () => form.requestSubmit());
  // Filters that are not set stay out of the address.
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
  });
}

for (const form of document.querySelectorAll("form[data-busy]")) {
  form.addEventListener("submit", (event) => event.submitter?.setAttribute("aria-busy", "true"));
}

// On a small screen the navigation scrolls sideways; the page one is on shall be in view.
document.querySelector(".settings-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// Coming back with the browser's back button shows the page as it was left.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
});

/* --- Settings that count only with what another one says -------------------------------------- */

function showCounting() {
  for (const field of document.querySelectorAll("[data-when]")) {
    const other = document.getElementById(field.dataset.when);
    field.hidden = other && !field.dataset.whenIn.split(" ").includes(other.value);
  }
}

if (document.querySelector("[data-when]")) {
  document.addEventListener("change", showCounting);
  showCounting();
}
