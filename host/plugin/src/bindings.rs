//! Host bindings generated from `wit/`. The world here names every kind; plugins export some of them, and each
//! interface is looked up by itself.

wasmtime::component::bindgen!({
    inline: "
        package tidemill:host;
        world host {
            import tidemill:plugin/log@0.1.0;
            import tidemill:plugin/meter@0.1.0;
            import tidemill:plugin/state@0.1.0;
            import tidemill:plugin/bus@0.1.0;
            import tidemill:plugin/call@0.1.0;
            import tidemill:plugin/server@0.1.0;
            export tidemill:plugin/manifest@0.1.0;
            export tidemill:plugin/filter@0.1.0;
            export tidemill:plugin/transform@0.1.0;
            export tidemill:plugin/event-types@0.1.0;
            export tidemill:plugin/webhook@0.1.0;
            export tidemill:plugin/wants@0.1.0;
            export tidemill:plugin/view@0.1.0;
            export tidemill:plugin/tools@0.1.0;
            export tidemill:plugin/prompts@0.1.0;
            export tidemill:plugin/resources@0.1.0;
            export tidemill:plugin/completions@0.1.0;
        }
    ",
    path: "../../wit/v0.1",
    imports: { "tidemill:plugin/state": trappable, "tidemill:plugin/bus": trappable },
});

pub(crate) use exports::tidemill::plugin::{
    completions, event_types, filter, manifest, prompts, resources, tools, transform, view, wants, webhook,
};
pub(crate) use tidemill::plugin::{bus, call, content, log, meter, server, state, types};
