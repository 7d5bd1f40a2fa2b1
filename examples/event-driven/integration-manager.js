// `integrationManager.addEventListener((event) => …)` over a stream of events: one callback hears all of them. For browsers,
// and for Node.js with the class `EventSource` of the package `eventsource`.
"use strict";

class IntegrationManager {
  #listeners = new Set();
  #source;

  constructor(url = "http://localhost:3001/events", Source = globalThis.EventSource) {
    this.#source = new Source(url);
    // Every event comes as a message, with its `id:`: after a cut the next is the one that was missed.
    this.#source.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      for (const listener of this.#listeners) listener(event);
    };
  }

  addEventListener(listener) {
    this.#listeners.add(listener);
  }

  removeEventListener(listener) {
    this.#listeners.delete(listener);
  }

  close() {
    this.#source.close();
  }
}

globalThis.IntegrationManager = IntegrationManager;
