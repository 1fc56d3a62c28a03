// What htmx does not do for the desk: keys, scrolling, drafts, and a word when the line is down.

const find = (id) => document.getElementById(id);

// -- The transcript stays at its end while one looks at its end ------------------------------

const scroll = find("scroll");
let atEnd = true;

const toEnd = () => {
  scroll.scrollTop = scroll.scrollHeight;
  find("jump").hidden = true;
};

if (scroll) {
  toEnd();
  scroll.addEventListener("scroll", () => {
    atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60;
    if (atEnd) find("jump").hidden = true;
  });
  find("jump").addEventListener("click", toEnd);
  // Pictures have no height before they are there.
  scroll.addEventListener("load", () => atEnd && toEnd(), true);
  new ResizeObserver(() => atEnd && toEnd()).observe(scroll);

  let above = 0;
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    above = event.detail.target?.closest?.(".older") ? scroll.scrollHeight - scroll.scrollTop : 0;
  });
  new MutationObserver((changes) => {
    const added = changes.some((change) => change.addedNodes.length);
    if (above) scroll.scrollTop = scroll.scrollHeight - above;
    else if (added && atEnd) toEnd();
    else if (added) find("jump").hidden = false;
    above = 0;
  }).observe(find("messages"), { childList: true });
}

// -- Keys, forms that are sent once, drafts that survive a reload ----------------------------

const draftKey = (form) => `draft:${form.dataset.draft}`;

const restore = () => {
  const form = document.querySelector("form[data-draft]");
  if (form && !form.elements.text.value) {
    form.elements.text.value = sessionStorage.getItem(draftKey(form)) ?? "";
  }
};
restore();

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.dataset.draft) sessionStorage.setItem(draftKey(form), event.target.value);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing
      && event.target.matches?.("#text")) {
    event.preventDefault();
    if (!find("send").disabled) event.target.form.requestSubmit();
  }
});

document.addEventListener("submit", (event) => {
  if (event.target.action.endsWith("/sign-out")) sessionStorage.clear();
  if (!("once" in event.target.dataset)) return;
  // After this turn of the loop: a disabled button would not be part of what is sent.
  setTimeout(() => event.target.querySelector("button").setAttribute("disabled", ""));
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-once] button").forEach((b) => b.removeAttribute("disabled"));
});

// A reply that was taken leaves no draft; this comes before the new composer is in place.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const form = event.detail.requestConfig.elt;
  if (event.detail.xhr.status === 200 && form.matches("form[data-draft]")) {
    sessionStorage.removeItem(draftKey(form));
  }
});
// Only an agent's own reply is answered with a new composer there; what comes live is not.
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "composer") find("text")?.focus();
});
document.body.addEventListener("htmx:oobAfterSwap", restore);

// -- When something does not work ------------------------------------------------------------

const trouble = (text) => {
  const place = find("trouble");
  if (!place) return;
  place.textContent = text;
  place.hidden = false;
};

const isReply = (event) => event.detail.elt.matches?.("form[data-draft]");

document.body.addEventListener("htmx:sendError", (event) => {
  if (isReply(event)) trouble("No connection. Your text is still here; send it again in a moment.");
});
document.body.addEventListener("htmx:responseError", (event) => {
  if (isReply(event)) trouble(event.detail.xhr.responseText.length < 300
    ? event.detail.xhr.responseText : "This did not work. Your text is still here.");
});

const line = find("line");
document.body.addEventListener("htmx:sseError", () => { line.hidden = false; });
document.body.addEventListener("htmx:sseOpen", () => { line.hidden = true; });
