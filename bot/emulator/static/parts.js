// What a bubble holds, type by type: elements for inside it and for the buttons at its foot.

import { fileUrl } from "./api.js";
import { h, hue, icon, initials } from "./dom.js";
import { formatted } from "./format.js";
import { size } from "./words.js";

/** {inside, below, shape?} of a message. */
export function content(message, phone) {
  const parts = { inside: [], below: [], shape: "" };
  (TYPES[message.type] || unknown)(message, phone, parts);
  return parts;
}

/** One line for a message, where there is no room for more. */
export function summary(message, words) {
  const plain = { image: words.photoOf, video: words.photoOf, audio: words.voiceNote, document: words.document,
    sticker: words.sticker, location: words.location, contacts: words.contactOf };
  return message.text || message.media?.name || plain[message.type] || message.type;
}

const text = (value, kind = "text") => h("div", { class: kind, dir: "auto" }, formatted(value || ""), h("i", { class: "gap" }));

function choice(shape, label, act) {
  return h("button", { class: "choice", type: "button", on: { click: act } }, icon(shape), h("span", {}, label));
}

function outward(label, url) {
  // Only what opens a page: a link in a message is never a script.
  const href = /^https?:\/\//i.test(url) ? url : undefined;
  return h("a", { class: "choice", href, target: "_blank", rel: "noopener noreferrer" }, icon("open"), h("span", {}, label));
}

function picture(message, phone, parts) {
  const file = message.media || {};
  if (file.state !== "ready") {
    parts.inside.push(h("div", { class: "picture waits" }, h("span", {}, phone.words.loading)));
  } else {
    const image = h("img", { src: fileUrl(file.id), alt: message.body?.caption || phone.words.photoOf, loading: "lazy",
      on: { load: () => phone.settle() } });
    parts.inside.push(h("button", { class: "picture", type: "button", "aria-label": phone.words.open,
      on: { click: () => phone.enlarge(file.id, message) } }, image));
  }
}

function film(message, phone, parts) {
  const file = message.media || {};
  parts.inside.push(file.state === "ready"
    ? h("video", { class: "picture", src: fileUrl(file.id), controls: true, preload: "metadata" })
    : h("div", { class: "picture waits" }, h("span", {}, phone.words.loading)));
}

function card(message, phone, parts) {
  const file = message.media || {};
  const name = message.body?.filename || file.name || phone.words.document;
  const ending = (/\.([a-z0-9]{1,5})$/i.exec(name)?.[1] || file.mime_type?.split("/").pop() || "file").toUpperCase();
  const inside = [
    h("span", { class: "sheet-icon", data: { kind: ending } }, ending.slice(0, 4)),
    h("span", { class: "names" }, h("b", {}, name),
      h("small", {}, file.state === "ready" ? `${ending} · ${size(file.size)}` : phone.words.loading)),
  ];
  parts.inside.push(file.state === "ready"
    ? h("a", { class: "card", href: fileUrl(file.id, name), download: name, "aria-label": `${phone.words.download} ${name}` }, ...inside, icon("download"))
    : h("div", { class: "card" }, ...inside));
}

function captioned(show) {
  return (message, phone, parts) => {
    show(message, phone, parts);
    const caption = message.body.caption;
    if (caption) parts.inside.push(text(caption));
    parts.shape = `${show === card ? "holds-card" : "holds-picture"} ${caption ? "" : "bare"}`;
  };
}

function voice(message, phone, parts) {
  const file = message.media || {};
  const sound = h("audio", { src: file.state === "ready" ? fileUrl(file.id) : undefined, preload: "metadata" });
  const time = h("span", { class: "length" }, "0:00");
  const button = h("button", { class: "play", type: "button", "aria-label": phone.words.play }, icon("play"));
  const waves = h("span", { class: "waves", "aria-hidden": "true" });
  const seed = [...message.id].map((letter) => letter.charCodeAt(0));
  for (let bar = 0; bar < 30; bar += 1) waves.append(h("i", { data: { tall: (seed[(bar * 7 + 11) % seed.length] + bar) % 6 } }));
  const tell = (seconds) => (time.textContent = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`);
  const paint = (playing) => {
    button.replaceChildren(icon(playing ? "pause" : "play"));
    button.setAttribute("aria-label", playing ? phone.words.pause : phone.words.play);
  };
  sound.addEventListener("loadedmetadata", () => Number.isFinite(sound.duration) && tell(sound.duration));
  sound.addEventListener("timeupdate", () => {
    tell(sound.currentTime);
    const done = sound.currentTime / (sound.duration || 1);
    [...waves.children].forEach((bar, index) => bar.classList.toggle("heard", index / 30 < done));
  });
  sound.addEventListener("ended", () => paint(false));
  button.addEventListener("click", () => {
    const start = sound.paused;
    paint(start);
    if (start) sound.play().catch(() => paint(false));
    else sound.pause();
  });
  const name = message.from === "customer" ? phone.customer.name : phone.business;
  parts.inside.push(h("div", { class: "voice" },
    h("span", { class: "face", data: { hue: hue(name) } }, initials(name), icon("mic")), button, h("span", { class: "track" }, waves, time), sound));
  parts.shape = "holds-voice";
}

function sticker(message, phone, parts) {
  const file = message.media || {};
  parts.inside.push(file.state === "ready"
    ? h("img", { class: "sticker", src: fileUrl(file.id), alt: phone.words.sticker, on: { load: () => phone.settle() } })
    : h("span", {}, phone.words.loading));
  parts.shape = "free";
}

function place(message, phone, parts) {
  const { latitude, longitude, name, address } = message.body;
  const href = `https://www.openstreetmap.org/?mlat=${Number(latitude)}&mlon=${Number(longitude)}#map=16/${Number(latitude)}/${Number(longitude)}`;
  const label = `${phone.words.location}: ${name || `${latitude}, ${longitude}`}`;
  parts.inside.push(h("a", { class: "map", href, target: "_blank", rel: "noopener noreferrer", "aria-label": label }, icon("pin")));
  parts.inside.push(h("div", { class: "text place" }, h("b", {}, name || `${latitude}, ${longitude}`),
    address ? h("small", {}, address) : null, h("i", { class: "gap" })));
  parts.shape = "holds-picture";
}

function people(message, phone, parts) {
  for (const person of message.body.contacts || []) {
    const name = person.name?.formatted_name || "?";
    parts.inside.push(h("div", { class: "person" }, h("span", { class: "face", data: { hue: hue(name) } }, initials(name)),
      h("span", { class: "names" }, h("b", {}, name), h("small", {}, (person.phones || []).map((one) => one.phone || one.wa_id).join(", ")))));
  }
  parts.shape = "holds-person";
}

function header(message, phone, parts) {
  const head = message.body.header;
  if (!head) return;
  if (head.type === "text") parts.inside.push(h("div", { class: "head", dir: "auto" }, head.text));
  else {
    const show = { image: picture, video: film, document: card }[head.type];
    show({ ...message, body: head[head.type] || {} }, phone, parts);
    parts.shape = head.type === "document" ? "holds-card" : "holds-picture";
  }
}

function interactive(message, phone, parts) {
  const { type, body, footer, action } = message.body;
  if (type === "button_reply" || type === "list_reply") {
    const answer = message.body[type];
    parts.inside.push(text(answer.description ? `${answer.title}\n${answer.description}` : answer.title));
    return;
  }
  header(message, phone, parts);
  parts.inside.push(text(body.text, footer ? "text above" : "text"));
  if (footer) parts.inside.push(h("div", { class: "foot" }, footer.text, h("i", { class: "gap" })));
  if (type === "button") {
    for (const { reply } of action.buttons) parts.below.push(choice("reply", reply.title, () => phone.tap(message, reply.id)));
  } else if (type === "list") {
    parts.below.push(choice("list", action.button, () => phone.openList(message)));
  } else if (type === "cta_url") {
    parts.below.push(outward(action.parameters.display_text, action.parameters.url));
  } else if (type === "location_request_message") {
    parts.below.push(choice("pin", phone.words.sendLocation, () => phone.askPlace(message)));
  } else if (type === "request_contact_info") {
    parts.below.push(choice("person", phone.words.shareContact, () => phone.shareContact(message)));
  }
}

function template(message, phone, parts) {
  const { header: head, text: words, footer, buttons, links } = message.body;
  if (head) parts.inside.push(h("div", { class: "head", dir: "auto" }, head));
  parts.inside.push(text(words, footer ? "text above" : "text"));
  if (footer) parts.inside.push(h("div", { class: "foot" }, footer, h("i", { class: "gap" })));
  for (const button of buttons) parts.below.push(choice("reply", button.text, () => phone.tap(message, button.payload)));
  for (const link of links) parts.below.push(outward(link.text, link.url));
}

function unknown(message, phone, parts) {
  parts.inside.push(h("div", { class: "text odd" }, icon("block"), ` ${phone.words.unsupported}: ${message.type}`, h("i", { class: "gap" })));
}

const TYPES = {
  text: (message, phone, parts) => parts.inside.push(text(message.body.body)),
  button: (message, phone, parts) => parts.inside.push(text(message.body.text)),
  image: captioned(picture),
  video: captioned(film),
  document: captioned(card),
  audio: voice,
  sticker,
  location: place,
  contacts: (message, phone, parts) => people({ ...message, body: Array.isArray(message.body) ? { contacts: message.body } : message.body }, phone, parts),
  interactive,
  template,
};
