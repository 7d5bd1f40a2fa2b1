//! The kinds of plugin that `plugin new` begins, and the interfaces that they export.

use serde::{Deserialize, Serialize};

use crate::Named;

/// What a plugin is for. One plugin may have several kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Decides which events go on.
    Filter,
    /// Changes events.
    Transform,
    /// Declares and owns event types.
    EventTypes,
    /// Decides who sees which events.
    View,
    /// Makes events of what other systems deliver.
    Webhook,
    /// Has tools that clients call.
    Tools,
}

impl Named for Kind {
    const WHAT: &'static str = "kind of plugin";
    const ALL: &'static [Self] =
        &[Self::Filter, Self::Transform, Self::EventTypes, Self::View, Self::Webhook, Self::Tools];

    /// The interface's name, which is the kind's name everywhere.
    fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Transform => "transform",
            Self::EventTypes => "event-types",
            Self::View => "view",
            Self::Webhook => "webhook",
            Self::Tools => "tools",
        }
    }

    fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::EventTypes => &["event-type", "types"],
            Self::Tools => &["tool"],
            Self::Filter => &["filters"],
            Self::Transform => &["transforms"],
            Self::View => &["views"],
            Self::Webhook => &["webhooks"],
        }
    }
}
