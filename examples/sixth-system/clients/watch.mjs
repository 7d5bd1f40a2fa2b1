import { EventSource } from "eventsource";

const feed = new EventSource("http://127.0.0.1:4280/api/builds/live");

feed.addEventListener("ready", ({ data }) => console.log("watchers", JSON.parse(data).watchers));
feed.addEventListener("line", ({ data }) => {
  const { b, ln, txt, lvl } = JSON.parse(data);
  console.log(lvl, `${b}:${ln}`, txt);
});
feed.addEventListener("verdict", ({ data }) => {
  const { b, ok, secs } = JSON.parse(data);
  console.log(ok ? "passed" : "failed", b, secs);
});
feed.addEventListener("tick", ({ data }) => console.log("tick", JSON.parse(data).watchers));
