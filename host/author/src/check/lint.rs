//! What a plugin says about itself, looked at for what its users would stumble over: schemas, examples, texts, subscriptions.

use tidemill_plugin::{EventTypeInfo, Kind, Plugin};

use super::{Finding, Level, shortened};
use crate::{Named, Target};

/// Bytes above which a component is large for what it does: those of interpreters are 2 to 19 MB.
const LARGE: usize = 24 << 20;

pub(super) fn look(plugin: &Plugin, target: &Target, findings: &mut Vec<Finding>) {
    let mut found = |level: Level, detail: String| findings.push(Finding { level, detail });
    let has = |kind: Kind| plugin.kinds().contains(&kind);
    if target.is_stale() {
        let detail =
            "its sources are newer than the component that was checked; build it again with `tidemill plugin build`";
        found(Level::Warning, detail.to_owned());
    }
    if plugin.summary().trim().is_empty() {
        found(Level::Warning, "its `summary` is empty; say in one line what it does".to_owned());
    }
    if plugin.title().0.trim().is_empty() {
        found(Level::Warning, "its `name` is empty; give it a short one".to_owned());
    }
    if plugin.subscribes().is_empty() && (has(Kind::Filter) || has(Kind::Transform)) {
        let detail = "it subscribes to nothing, so that its filter or transform is never called; name event types in \
                      `subscribes`, such as `order.*`";
        found(Level::Warning, detail.to_owned());
    }
    if has(Kind::EventTypes) && plugin.event_types().next().is_none() {
        found(Level::Warning, "it exports `event-types` and declares none; declare one in `types`".to_owned());
    }
    for owned in plugin.event_types() {
        look_at_type(owned, &mut found);
    }
    for warning in plugin.warnings() {
        found(Level::Warning, warning);
    }
    if plugin.size() > LARGE {
        let detail = format!(
            "it has {} MiB, which takes long to compile; build it with `tidemill plugin build --release`",
            plugin.size() >> 20
        );
        found(Level::Warning, detail);
    }
    let said = target.project().map(crate::Project::kinds).unwrap_or_default();
    let missing: Vec<&str> = said
        .iter()
        .map(|kind| kind.name())
        .filter(|name| !plugin.kinds().iter().any(|kind| kind.name() == *name))
        .collect();
    if !missing.is_empty() {
        let detail = format!(
            "tidemill-plugin.toml says that it is {}, but the component does not export that; build it again, or correct `kinds`",
            missing.join(" and ")
        );
        found(Level::Warning, detail);
    }
}

/// Whether a type's schema is one, and its examples are valid.
fn look_at_type(owned: &EventTypeInfo, found: &mut impl FnMut(Level, String)) {
    let name = &owned.name;
    if let Err(error) = jsonschema::meta::validate(&owned.schema) {
        let at = error.instance_path().to_string();
        let place = if at.is_empty() { String::new() } else { format!(" at `{at}`") };
        return found(Level::Error, format!("event type `{name}`: its schema is no JSON Schema{place}: {error}"));
    }
    let validator = match jsonschema::validator_for(&owned.schema) {
        Ok(validator) => validator,
        Err(error) => return found(Level::Error, format!("event type `{name}`: its schema cannot be used: {error}")),
    };
    if owned.examples.is_empty() {
        found(Level::Warning, format!("event type `{name}` has no example; its documentation shows the first one"));
    }
    for example in &owned.examples {
        if let Err(error) = validator.validate(example) {
            let shown = shortened(example);
            found(Level::Error, format!("event type `{name}`: its example {shown} does not fit its schema: {error}"));
        }
    }
    if owned.summary.trim().is_empty() {
        found(Level::Warning, format!("event type `{name}` has no summary; say in one line what happened"));
    }
}
