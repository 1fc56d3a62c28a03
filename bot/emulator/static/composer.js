// Where the customer writes, and everything that can be attached.

import { h, icon } from "./dom.js";
import { preview, place } from "./sheets.js";

const EMOJI = [..."😀😂😊😍😘😎🤔😅😢😭😡🙄😴🤗🙈👍👎👏🙏💪👌✌️🤝👋❤️💔🎉🔥⭐✅❌❓💯👟👠👗📦🚚🏠📅⏰📷📄📞💳💶🦷🏥🌞🌧️☕🍕🎁🐶🐱"
  .matchAll(/\p{Extended_Pictographic}\ufe0f?/gu)].map((found) => found[0]);

/** Longest side of a photo that leaves a phone. */
const LARGEST = 1600;

/** The bar at the foot of a phone. */
export function composer(phone) {
  const { words } = phone;
  const input = h("textarea", { rows: "1", placeholder: words.message, "aria-label": words.message, maxlength: "65536", enterkeyhint: "send", dir: "auto" });
  const action = h("button", { class: "send", type: "submit" });
  const answering = h("div", { class: "answering", hidden: true });
  const tray = h("div", { class: "tray", hidden: true });
  const files = h("input", { type: "file", hidden: true, tabindex: "-1", "aria-hidden": "true" });
  const emoji = h("button", { class: "plain", type: "button", "aria-label": words.emoji, "aria-expanded": "false" }, icon("smile"));
  const clip = h("button", { class: "plain clip", type: "button", "aria-label": words.attach, "aria-expanded": "false" }, icon("clip"));
  const camera = h("button", { class: "plain camera", type: "button", "aria-label": words.camera, on: { click: () => pick("image") } }, icon("camera"));
  const form = h("form", { class: "composer", on: { submit: send } }, answering, tray,
    h("div", { class: "writing" }, h("div", { class: "field" }, emoji, input, clip, camera), action), files);
  let replyTo = null;
  let open = null;

  function paint() {
    const words_ = input.value.trim();
    action.replaceChildren(icon(words_ ? "send" : "mic"));
    action.setAttribute("aria-label", words_ ? words.send : words.speak);
    camera.hidden = Boolean(input.value);
    input.style.height = "auto";
    if (input.scrollHeight) input.style.height = `${Math.min(input.scrollHeight, 126)}px`;
  }

  function send(event) {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) {
      phone.say({ voice: { sample: true } });
      return;
    }
    input.value = "";
    paint();
    show(null);
    phone.say({ text, ...take() }).then((sent) => {
      // What could not be sent goes back to where it was written.
      if (!sent && !input.value) {
        input.value = text;
        paint();
      }
    });
  }

  function take() {
    const context = replyTo ? { reply_to: replyTo } : {};
    answer(null);
    return context;
  }

  /** Answer to a message, or (null) to none. */
  function answer(message, quoted) {
    replyTo = message?.id || null;
    answering.hidden = !message;
    answering.replaceChildren(...(message
      ? [quoted, h("button", { class: "plain", type: "button", "aria-label": words.cancel, on: { click: () => answer(null) } }, icon("close"))] : []));
    if (message) input.focus();
  }

  function show(which) {
    open = which;
    emoji.setAttribute("aria-expanded", String(which === "emoji"));
    clip.setAttribute("aria-expanded", String(which === "attach"));
    tray.hidden = !which;
    tray.className = `tray ${which || ""}`;
    tray.replaceChildren(...(which === "emoji" ? emojis() : which === "attach" ? tiles() : []));
    tray.querySelector("button")?.focus({ preventScroll: true });
  }

  const emojis = () => EMOJI.map((one) => h("button", { type: "button", "aria-label": one, on: { click: () => insert(one) } }, one));

  function insert(text) {
    input.setRangeText(text, input.selectionStart, input.selectionEnd, "end");
    paint();
  }

  function tiles() {
    const tile = (shape, colour, label, act) => h("button", { type: "button", on: { click: () => { show(null); act(); } } },
      h("span", { class: "disc", data: { colour } }, icon(shape)), h("span", {}, label));
    const sample = (kind) => () => phone.say({ [kind]: { sample: true }, ...take() });
    return [
      tile("image", "blue", words.photo, () => pick("image")), tile("file", "violet", words.document, () => pick("document")),
      tile("pin", "green", words.location, () => place(phone, (where) => phone.say({ location: where, ...take() }))),
      tile("person", "sky", words.contact, () => phone.shareContact()),
      tile("camera", "pink", words.samplePhoto, sample("image")), tile("file", "violet", words.sampleDocument, sample("document")),
      tile("mic", "orange", words.voice, sample("voice")), tile("sticker", "teal", words.sticker, sample("sticker")),
    ];
  }

  function pick(kind) {
    files.accept = kind === "image" ? "image/*,video/mp4" : "";
    files.dataset.kind = kind;
    files.click();
  }

  files.addEventListener("change", async () => {
    const file = files.files[0];
    files.value = "";
    if (!file) return;
    try {
      attach(await prepared(file, files.dataset.kind));
    } catch {
      phone.tell(words.notPicture);
    }
  });

  function attach(ready) {
    preview(phone, ready, (caption) => phone.sayFile(ready, caption, take().reply_to));
  }

  emoji.addEventListener("click", () => show(open === "emoji" ? null : "emoji"));
  clip.addEventListener("click", () => show(open === "attach" ? null : "attach"));
  input.addEventListener("input", paint);
  input.addEventListener("focus", () => open && show(null));
  input.addEventListener("keydown", (event) => {
    // While an input method composes, Enter picks a word and is not ours.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      if (input.value.trim()) form.requestSubmit();
    }
  });
  input.addEventListener("paste", async (event) => {
    const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    attach(await prepared(file, "image"));
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && open) {
      show(null);
      input.focus();
    }
  });
  paint();
  return { element: form, answer, insert: (text) => { input.value = text; paint(); input.focus(); }, clear: () => show(null) };
}

/** A file as a phone would send it: photos made smaller, as JPEG. */
async function prepared(file, kind) {
  if (kind === "document" || file.type.startsWith("video/")) {
    return { kind: kind === "document" ? "document" : "video", blob: file, name: file.name };
  }
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, LARGEST / Math.max(picture.width, picture.height));
  const canvas = h("canvas", { width: Math.max(1, Math.round(picture.width * scale)), height: Math.max(1, Math.round(picture.height * scale)) });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.86));
  return { kind: "image", blob, name: `${file.name.replace(/\.[^.]*$/, "")}.jpg` };
}
