// The page of sse-demo.html: one stream, what came over it, and buttons to begin and end it.
"use strict";

const MESSAGES_MAX = 500; // Older ones leave the page.
const part = (id) => document.getElementById(id);
let source = null;
let since = 0;
let count = 0;

function state(name) {
  part("status").textContent = name;
  part("status").dataset.state = name;
  part("connect").disabled = source !== null;
  part("disconnect").disabled = source === null;
}

function show(text) {
  const message = JSON.parse(text);
  const item = document.createElement("li");
  const now = document.createElement("time");
  const kind = document.createElement("b");
  const code = document.createElement("code");
  now.textContent = new Date().toLocaleTimeString();
  kind.textContent = message.type ?? (message.jsonrpc ? "JSON-RPC" : "data");
  code.textContent = text;
  item.append(now, kind, code);
  part("messages").prepend(item);
  while (part("messages").children.length > MESSAGES_MAX) part("messages").lastChild.remove();
  part("count").textContent = ++count;
}

function connect() {
  if (source) return;
  source = new EventSource("/sse");
  source.onopen = () => {
    since = Date.now();
    state("connected");
  };
  source.onmessage = (event) => show(event.data);
  // The browser comes back by itself, unless the server refused.
  source.onerror = () => {
    since = 0;
    if (source.readyState === EventSource.CLOSED) disconnect();
    else state("connecting");
  };
  state("connecting");
}

function disconnect() {
  source?.close();
  source = null;
  since = 0;
  state("disconnected");
}

part("connect").addEventListener("click", connect);
part("disconnect").addEventListener("click", disconnect);
setInterval(() => {
  part("time").textContent = `${since ? Math.floor((Date.now() - since) / 1000) : 0} s`;
}, 1000);
connect();
