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
    /// Has prompts that people choose.
    Prompts,
    /// Has resources that clients read.
    Resources,
}

impl Named for Kind {
    const WHAT: &'static str = "kind of plugin";
    const ALL: &'static [Self] = &[
        Self::Filter,
        Self::Transform,
        Self::EventTypes,
        Self::View,
        Self::Webhook,
        Self::Tools,
        Self::Prompts,
        Self::Resources,
    ];

    /// The interface's name, which is the kind's name everywhere.
    fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Transform => "transform",
            Self::EventTypes => "event-types",
            Self::View => "view",
            Self::Webhook => "webhook",
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
        }
    }

    fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::EventTypes => &["event-type", "types"],
            Self::Tools => &["tool"],
            Self::Prompts => &["prompt"],
            Self::Resources => &["resource"],
            Self::Filter => &["filters"],
            Self::Transform => &["transforms"],
            Self::View => &["views"],
            Self::Webhook => &["webhooks"],
        }
    }
}

impl Kind {
    /// Whether values for it can be suggested (`completions`).
    pub(crate) const fn is_completed(self) -> bool {
        matches!(self, Self::Prompts | Self::Resources)
    }
}
