// The emulator's JSON API and its socket, found from where this file is.

const HOME = new URL("../", import.meta.url);

/** The address of a file of a chat, to be saved under a name of its own if there is one. */
export const fileUrl = (id, name) =>
  new URL(`files/${encodeURIComponent(id)}${name ? `?name=${encodeURIComponent(name)}` : ""}`, HOME).href;

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(new URL(path, HOME), options);
  } catch {
    throw new Error("the emulator does not answer");
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error || `the emulator answered ${answer.status}`);
  return body;
}

const post = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const addCustomer = (customer) => post("api/customers", customer);
export const advance = (step) => post("clock", { advance: step });
export const handshake = () => post("handshake", {});
export const say = (customer, what) => post(`api/customers/${encodeURIComponent(customer)}/messages`, what);

/** Send a file as the customer. */
export function sayFile(customer, kind, blob, name, caption, replyTo) {
  const form = new FormData();
  form.append("kind", kind);
  if (caption) form.append("caption", caption);
  if (replyTo) form.append("reply_to", replyTo);
  form.append("file", blob, name);
  return ask(`api/customers/${encodeURIComponent(customer)}/messages`, { method: "POST", body: form });
}

/** Keep a socket open; `hear` gets every event, `lost` is told when there is none to hear. */
export function listen(hear, lost) {
  let socket;
  let shown = "[]";
  let pause = 250;
  const open = () => {
    const url = new URL("socket", HOME);
    url.protocol = url.protocol.replace("http", "ws");
    socket = new WebSocket(url);
    socket.onmessage = (event) => {
      const said = JSON.parse(event.data);
      hear(said);
      if (said.type === "hello") {
        pause = 250;
        socket.send(`{"shown":${shown}}`);
      }
    };
    socket.onclose = () => {
      lost();
      setTimeout(open, pause);
      pause = Math.min(pause * 2, 5000);
    };
  };
  open();
  return {
    show(names) {
      shown = JSON.stringify(names);
      if (socket.readyState === WebSocket.OPEN) socket.send(`{"shown":${shown}}`);
    },
  };
}
