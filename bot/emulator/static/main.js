// The page around the phones: who is there, what time it is, and whether the bot listens.

import * as api from "./api.js";
import { h, hue, initials } from "./dom.js";
import { createPhone } from "./phone.js";

const byId = (id) => document.getElementById(id);
const phones = new Map();
const visible = new Set();
let business = document.title;
let ahead = 0;
let offset = 0;
let active = null;

const now = () => Date.now() + ahead;

const hear = {
  hello(said) {
    business = said.business.name;
    byId("lost").hidden = true;
    document.body.classList.remove("offline");
    hear.clock(said.clock);
    hear.webhook(said.webhook);
    for (const customer of said.customers) {
      hear.customer({ customer });
      phones.get(customer.id).reset(customer.messages);
    }
    for (const [id, phone] of phones) {
      if (said.customers.some((customer) => customer.id === id)) continue;
      phone.element.remove();
      byId(`tab-${id}`).remove();
      phones.delete(id);
    }
    if (!phones.has(active)) activate(phones.keys().next().value);
  },
  customer({ customer }) {
    if (!phones.has(customer.id)) welcome(customer);
    phones.get(customer.id).setCustomer(customer);
    const tab = byId(`tab-${customer.id}`);
    tab.querySelector(".badge").textContent = customer.unread || "";
    tab.setAttribute("aria-label", customer.unread ? `${customer.name}, ${customer.unread} unread` : customer.name);
  },
  message({ customer, message }) {
    phones.get(customer)?.put(message);
  },
  typing({ customer, on }) {
    phones.get(customer)?.setTyping(on);
  },
  clock(clock) {
    ahead = clock.now - Date.now();
    offset = clock.offset;
    tick();
  },
  webhook({ ok, detail }) {
    const hook = byId("hook");
    hook.dataset.ok = ok === null ? "" : String(ok);
    hook.title = `Webhook: ${detail}. Press to ask for the handshake.`;
    hook.setAttribute("aria-label", hook.title);
  },
};

function welcome(customer) {
  const phone = createPhone(customer, business, now);
  phones.set(customer.id, phone);
  byId("phones").append(phone.element);
  phone.reset([]);
  watcher.observe(phone.element);
  phone.element.addEventListener("focusin", () => activate(customer.id, false));
  byId("people").append(h("button", { id: `tab-${customer.id}`, class: "person-tab", type: "button", role: "tab", "aria-controls": `phone-${customer.id}`,
    on: { click: () => activate(customer.id) } },
  h("span", { class: "face", data: { hue: hue(customer.name) }, "aria-hidden": "true" }, initials(customer.name)),
  h("span", { class: "label" }, customer.name), h("span", { class: "badge" })));
  if (active === null) activate(customer.id);
}

function activate(id, show = true) {
  active = id;
  for (const [name, phone] of phones) {
    const on = name === id;
    phone.element.classList.toggle("active", on);
    const tab = byId(`tab-${name}`);
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    if (on && show) {
      phone.element.scrollIntoView({ block: "nearest", inline: "nearest" });
      tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }
}

byId("people").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const names = [...phones.keys()];
  const next = names[(names.indexOf(active) + step + names.length) % names.length];
  activate(next);
  byId(`tab-${next}`).focus();
});

const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const id = entry.target.dataset.customer;
    if (entry.intersectionRatio > 0.3) visible.add(id);
    else visible.delete(id);
  }
  showing();
}, { threshold: [0, 0.3, 0.6] });

function showing() {
  const seen = document.visibilityState === "visible" ? visible : new Set();
  for (const [id, phone] of phones) {
    if (phone.visible !== seen.has(id)) phone.setVisible(seen.has(id));
  }
  line.show([...seen]);
}

document.addEventListener("visibilitychange", showing);

function tick() {
  const [time, moved] = byId("now").children;
  const at = new Date(now());
  time.dateTime = at.toISOString();
  time.replaceChildren(h("span", { class: "wide" }, new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" }).format(at), " "),
    new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }).format(at));
  const minutes = Math.round(offset / 60000);
  const days = Math.floor(minutes / 1440);
  const parts = [[days, "d"], [Math.floor((minutes % 1440) / 60), "h"], [minutes % 60, "min"]].filter(([count]) => count);
  moved.textContent = parts.length ? `+${parts.map(([count, unit]) => `${count} ${unit}`).join(" ")}` : "";
  phones.forEach((phone) => phone.tick());
}

byId("moves").addEventListener("click", async (event) => {
  const step = event.target.dataset.advance;
  if (!step) return;
  try {
    hear.clock(await api.advance(step));
  } catch (error) {
    phones.get(active)?.tell(error.message);
  }
});

byId("now").addEventListener("click", () => {
  const open = byId("now").getAttribute("aria-expanded") !== "true";
  byId("now").setAttribute("aria-expanded", String(open));
});

byId("hook").addEventListener("click", async () => {
  try {
    const { ok, status } = await api.handshake();
    hear.webhook({ ok, detail: ok ? "the handshake works" : `the handshake fails, the bot answered ${status}` });
    phones.get(active)?.tell(ok ? "The webhook answers the handshake." : `The handshake fails: the bot answered ${status}.`);
  } catch (error) {
    phones.get(active)?.tell(error.message);
  }
});

const box = byId("newcomer");
const form = box.querySelector("form");
byId("add").addEventListener("click", () => {
  form.reset();
  form.elements.phone.disabled = false;
  box.querySelector(".wrong").textContent = "";
  box.showModal();
});
form.querySelector("[value=cancel]").addEventListener("click", () => box.close());
form.elements.nophone.addEventListener("change", () => (form.elements.phone.disabled = form.elements.nophone.checked));
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, phone, language } = form.elements;
  // Nobody thinks of a number for a trial; one that belongs to no one will do.
  const number = phone.value.trim() || `+1555${String(Math.floor(Math.random() * 1e7)).padStart(7, "0")}`;
  try {
    const { customer } = await api.addCustomer({ name: name.value, language: language.value, phone: phone.disabled ? null : number });
    hear.customer({ customer });
    activate(customer.id);
    box.close();
  } catch (error) {
    box.querySelector(".wrong").textContent = error.message;
  }
});

// Words between backticks in a hint can be clicked into the composer.
for (const item of document.querySelectorAll("#hints li")) {
  const parts = item.textContent.split("`");
  item.replaceChildren(...parts.map((part, index) => (index % 2
    ? h("button", { type: "button", class: "try", title: "Put it into the composer", on: { click: () => { document.body.classList.remove("helping"); phones.get(active)?.insert(part); } } }, part)
    : part)));
}
byId("help")?.addEventListener("click", () => document.body.classList.toggle("helping"));
document.addEventListener("keydown", (event) => event.key === "Escape" && document.body.classList.remove("helping"));

const line = api.listen((said) => hear[said.type]?.(said), () => {
  byId("lost").textContent = "The emulator does not answer. Trying again…";
  byId("lost").hidden = false;
  document.body.classList.add("offline");
});
setInterval(tick, 1000);
