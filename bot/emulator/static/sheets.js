// What slides over a phone: lists, places, details, and a picture before or after it is sent.

import { fileUrl } from "./api.js";
import { h, icon } from "./dom.js";
import { formatted } from "./format.js";
import { span } from "./words.js";

/** Open something over the phone's screen; returns how to close it. Focus stays inside meanwhile. */
export function over(phone, label, inside, kind = "sheet") {
  const back = document.activeElement;
  const panel = h("div", { class: kind, role: "dialog", "aria-modal": "true", "aria-label": label, tabindex: "-1" }, ...inside);
  const layer = h("div", { class: "layer", lang: phone.language }, panel);
  const close = () => {
    layer.remove();
    phone.body.inert = false;
    if (back?.isConnected) back.focus({ preventScroll: true });
  };
  layer.addEventListener("click", (event) => event.target === layer && close());
  layer.addEventListener("keydown", (event) => event.key === "Escape" && close());
  phone.screen.append(layer);
  phone.body.inert = true;
  panel.focus({ preventScroll: true });
  return close;
}

const top = (title, words, close) => h("header", { class: "sheet-top" },
  h("button", { class: "plain", type: "button", "aria-label": words.close, on: { click: () => close() } }, icon("close")), h("h2", {}, title));

/** The rows of a list message, one to be selected and sent. */
export function list(phone, message) {
  const action = message.body.action;
  const send = h("button", { class: "go", type: "submit", disabled: true }, phone.words.send);
  const name = `list-${message.seq}-${phone.id}`;
  const form = h("form", { class: "rows", on: {
    change: () => (send.disabled = false),
    submit: (event) => {
      event.preventDefault();
      const row = new FormData(form).get(name);
      close();
      phone.tap(message, row);
    } } });
  for (const section of action.sections) {
    const group = h("fieldset", {}, section.title ? h("legend", {}, section.title) : null);
    for (const row of section.rows) {
      group.append(h("label", { class: "option" },
        h("span", { class: "names" }, h("b", {}, row.title), row.description ? h("small", {}, row.description) : null),
        h("input", { type: "radio", name, value: row.id })));
    }
    form.append(group);
  }
  const foot = h("footer", {}, h("p", {}, phone.words.choose), send);
  send.setAttribute("form", (form.id = name));
  const close = over(phone, action.button, [top(action.button, phone.words, () => close()), form, foot]);
  form.querySelector("input").focus({ preventScroll: true });
}

/** A place to be sent, any in the world. */
export function place(phone, done) {
  const { words } = phone;
  const field = (label, name, value, number) => h("label", {}, label,
    h("input", { name, value, required: number, inputmode: number ? "decimal" : "text", autocomplete: "off",
      pattern: number ? "-?[0-9]{1,3}(\\.[0-9]+)?" : undefined }));
  const form = h("form", { class: "fields", on: {
    submit: (event) => {
      event.preventDefault();
      const given = Object.fromEntries(new FormData(form));
      close();
      done({ latitude: Number(given.latitude), longitude: Number(given.longitude), name: given.name, address: given.address });
    } } },
  h("div", { class: "map", "aria-hidden": "true" }, icon("pin")),
  field(words.place, "name", "Brandenburger Tor"), field("Address", "address", "Pariser Platz, 10117 Berlin"),
  h("div", { class: "two" }, field(words.latitude, "latitude", "52.5163", true), field(words.longitude, "longitude", "13.3777", true)),
  h("button", { class: "go", type: "submit" }, words.sendThis));
  const close = over(phone, words.location, [top(words.location, words, () => close()), form]);
}

/** Who this phone belongs to, and how long the business may write. */
export function details(phone, now) {
  const { words, customer } = phone;
  const until = customer.window_until;
  const open = until ? (until > now ? words.left(span(until - now)) : words.closed) : words.never;
  const facts = [[words.name, customer.name], [words.number, customer.phone ? `+${customer.phone}` : words.hidden],
    [words.scoped, customer.user_id], [words.language, customer.language], [words.window, open]];
  const close = over(phone, words.details, [top(words.details, words, () => close()),
    h("dl", { class: "facts" }, ...facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]))]);
}

/** A picture as large as the phone. */
export function enlarge(phone, id, message) {
  const caption = message.body?.caption;
  const close = over(phone, phone.words.photoOf, [top(message.from === "customer" ? phone.words.you : phone.business, phone.words, () => close()),
    h("img", { src: fileUrl(id), alt: caption || phone.words.photoOf }), caption ? h("p", {}, formatted(caption)) : null], "viewer");
}

/** A file before it leaves, with room for a caption. */
export function preview(phone, { kind, blob, name }, done) {
  const url = kind === "document" ? "" : URL.createObjectURL(blob);
  const show = kind === "image" ? h("img", { src: url, alt: name })
    : kind === "video" ? h("video", { src: url, controls: true })
      : h("div", { class: "file" }, icon("file"), h("b", {}, name));
  const input = h("input", { name: "caption", maxlength: "1024", autocomplete: "off", placeholder: phone.words.caption, "aria-label": phone.words.caption });
  const shut = () => {
    close();
    if (url) URL.revokeObjectURL(url);
  };
  const form = h("form", { class: "caption", on: {
    submit: (event) => {
      event.preventDefault();
      shut();
      done(input.value.trim());
    } } }, input, h("button", { class: "send", type: "submit", "aria-label": phone.words.send }, icon("send")));
  const close = over(phone, name, [top(name, phone.words, () => shut()), show, form], "viewer");
  input.focus({ preventScroll: true });
}
