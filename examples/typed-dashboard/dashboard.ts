// A page that shows orders. Everything it knows of their data comes from `events.ts`, which `tidemill types` makes.
import { type EventData, Events } from "./events";

const open = new Map<number, EventData["order.created"]>();

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

function show(): void {
  const worth = [...open.values()].reduce((sum, order) => sum + order.total, 0);
  element("open").textContent = String(open.size);
  element("worth").textContent = worth.toFixed(2);
}

const events = new Events("/events", { types: ["order.created", "order.shipped"], since: "earliest" });

events.on("order.created", (order) => {
  open.set(order.order, order);
  show();
});

events.on("order.shipped", ({ order, carrier }) => {
  const line = document.createElement("li");
  line.textContent = `${open.get(order)?.customer ?? "somebody"}, by ${carrier === "bike" ? "bicycle" : "van"}`;
  element("shipped").append(line);
  open.delete(order);
  show();
});
