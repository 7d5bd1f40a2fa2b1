//! Owns the component boundary: the contract's calls, answered by an author's plugin.
//!
//! Knows the generated bindings and nothing about what a plugin does.
use std::marker::PhantomData;

use crate::{
    Batch, EventType, EventTypes, Fault, Filter, Outcome, Plugin, Target, Transform, Validity, Verdict, Wants,
    bindings::{
        completions::exports::tidemill::plugin::completions, event_types::exports::tidemill::plugin::event_types,
        filter::exports::tidemill::plugin::filter, imports::tidemill::plugin::types,
        manifest::exports::tidemill::plugin::manifest, prompts::exports::tidemill::plugin::prompts,
        resources::exports::tidemill::plugin::resources, tools::exports::tidemill::plugin::tools,
        transform::exports::tidemill::plugin::transform, view::exports::tidemill::plugin::view,
        wants::exports::tidemill::plugin::wants, webhook::exports::tidemill::plugin::webhook,
    },
    content::ResourceContent,
    json, log,
    prompts::{Prompt, Prompts},
    resources::{Completions, Resources},
    tools::{Tool, Tools},
    view::{Subscriber, View},
    webhook::{Delivery, Draft, Refusal, Webhook},
};

/// Answers the contract's calls with the plugin `P`.
#[derive(Debug)]
pub struct Component<P>(PhantomData<P>);

/// Where the one plugin of an instance is kept; `export!` implements it, since statics cannot be generic.
pub trait Slot: Plugin {
    /// Gives access to the plugin, absent before `configure`.
    fn with<R>(access: impl FnOnce(&mut Option<Self>) -> R) -> R;
}

/// Reads the configuration and makes the plugin; the error names the setting.
///
/// # Errors
///
/// What the author or serde says about the configuration.
pub(crate) fn configure<P: Plugin>(config_json: &str) -> Result<P, String> {
    let config: P::Config = json::from_slice(config_json.as_bytes()).map_err(|error| match error.at.as_str() {
        "" => format!("config: {}", error.detail),
        at => format!("config{}: {}", at.replace('/', "."), error.detail),
    })?;
    P::configure(config)
}

impl<P: Slot> manifest::Guest for Component<P> {
    fn describe() -> manifest::Info {
        log::report_panics();
        let manifest = P::manifest();
        manifest::Info {
            name: manifest.name.into(),
            version: manifest.version.into(),
            summary: manifest.summary.into(),
            subscribes: manifest.subscribes.iter().map(|&pattern| pattern.into()).collect(),
            needs_data: manifest.needs_data,
            config_schema: manifest.config_schema.map(Into::into),
        }
    }

    fn configure(config_json: String) -> Result<(), String> {
        log::report_panics();
        let plugin = configure::<P>(&config_json)?;
        P::with(|slot| *slot = Some(plugin));
        Ok(())
    }
}

impl<P: Slot + Filter> filter::Guest for Component<P> {
    fn decide(events: types::Batch) -> Result<Vec<Verdict>, Fault> {
        let batch = Batch::decode(&events.rows, &events.arena)?;
        configured::<P, _>(|plugin| plugin.decide_batch(&batch))
    }
}

impl<P: Slot + Transform> transform::Guest for Component<P> {
    fn apply(events: types::Batch) -> Result<Vec<Outcome>, Fault> {
        let batch = Batch::decode(&events.rows, &events.arena)?;
        configured::<P, _>(|plugin| plugin.apply_batch(&batch))
    }
}

impl<P: Slot + Webhook> webhook::Guest for Component<P> {
    fn receive(delivered: Delivery) -> Result<Vec<Draft>, Refusal> {
        P::with(|slot| match slot {
            Some(plugin) => plugin.receive(&delivered),
            None => Err(Refusal::new(503, "called before `configure`")),
        })
    }
}

impl<P: Slot + Wants> wants::Guest for Component<P> {
    fn http_hosts() -> Vec<String> {
        P::with(|slot| slot.as_ref().map(Wants::http_hosts)).unwrap_or_default()
    }
}

impl<P: Slot + View> view::Guest for Component<P> {
    fn classify(who: Subscriber) -> Result<String, String> {
        P::with(|slot| match slot {
            Some(plugin) => plugin.classify(&who),
            None => Err("called before `configure`".into()),
        })
    }

    fn visible(class: String, events: types::Batch) -> Result<Vec<bool>, Fault> {
        let batch = Batch::decode(&events.rows, &events.arena)?;
        configured::<P, _>(|plugin| plugin.visible_batch(&class, &batch))
    }
}

impl<P: Slot + Tools> tools::Guest for Component<P> {
    fn tools() -> Vec<Tool> {
        P::with(|slot| slot.as_ref().map(Tools::tools)).unwrap_or_default()
    }

    fn call(invoked: tools::Invocation) -> Result<tools::Outcome, tools::Failure> {
        P::with(|slot| match slot {
            Some(plugin) => plugin.call(&invoked).map(Into::into),
            None => Err(tools::Failure::Failed("called before `configure`".into())),
        })
    }
}

impl<P: Slot + Prompts> prompts::Guest for Component<P> {
    fn prompts() -> Vec<Prompt> {
        P::with(|slot| slot.as_ref().map(Prompts::prompts)).unwrap_or_default()
    }

    fn get(asked: prompts::Request) -> Result<prompts::Outcome, prompts::Failure> {
        P::with(|slot| match slot {
            Some(plugin) => plugin.get(&asked).map(Into::into),
            None => Err(prompts::Failure::Failed("called before `configure`".into())),
        })
    }
}

impl<P: Slot + Resources> resources::Guest for Component<P> {
    fn resources() -> Vec<resources::Entry> {
        P::with(|slot| slot.as_ref().map(Resources::resources)).unwrap_or_default()
    }

    fn templates() -> Vec<resources::Template> {
        P::with(|slot| slot.as_ref().map(Resources::templates)).unwrap_or_default()
    }

    fn read(uri: String, caller: Option<String>) -> Result<Vec<ResourceContent>, resources::Failure> {
        P::with(|slot| match slot {
            Some(plugin) => plugin.read(&uri, caller.as_deref()),
            None => Err(resources::Failure::Failed("called before `configure`".into())),
        })
    }
}

impl<P: Slot + Completions> completions::Guest for Component<P> {
    fn complete(asked: completions::Question) -> Result<completions::Suggestions, String> {
        P::with(|slot| match slot {
            Some(plugin) => plugin.complete(&asked),
            None => Err("called before `configure`".into()),
        })
    }
}

impl<P: Slot + EventTypes> event_types::Guest for Component<P> {
    fn types() -> Vec<EventType> {
        P::with(|slot| slot.as_ref().map(EventTypes::types)).unwrap_or_default()
    }

    fn validate(events: types::Batch) -> Result<Vec<Validity>, Fault> {
        let batch = Batch::decode(&events.rows, &events.arena)?;
        configured::<P, _>(|plugin| plugin.validate_batch(&batch))
    }

    fn render(events: types::Batch, target: String) -> Result<Vec<String>, Fault> {
        let batch = Batch::decode(&events.rows, &events.arena)?;
        let target = Target::from_name(&target);
        configured::<P, _>(|plugin| Ok(batch.iter().map(|event| plugin.render(&event, target)).collect()))
    }
}

fn configured<P: Slot, R>(call: impl FnOnce(&mut P) -> Result<R, Fault>) -> Result<R, Fault> {
    P::with(|slot| match slot {
        Some(plugin) => call(plugin),
        None => Err(Fault::Broken("called before `configure`".into())),
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::Manifest;

    #[derive(Debug)]
    struct Colour;

    #[derive(Deserialize)]
    struct Config {
        _colours: Vec<String>,
    }

    impl Plugin for Colour {
        type Config = Config;
        fn manifest() -> Manifest {
            crate::manifest! { summary: "test" }
        }
        fn configure(_: Config) -> Result<Self, String> {
            Ok(Self)
        }
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let error = configure::<Colour>(r#"{"_colours":["red",7]}"#).expect_err("7 is no text");
        assert!(error.starts_with("config._colours.1: invalid type: integer `7`, expected a string"), "{error}");
        let error = configure::<Colour>("{}").expect_err("a member is missing");
        assert!(error.starts_with("config: missing field `_colours`"), "{error}");
    }
}
