//! What is measured, under which names, and what has to be reached. Must not know how it is measured.

use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;

use super::{Plan, Ready, calls, chain, crowd, loading};
use crate::unit::Bar;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// A filter that looks at the type alone.
    FilterType,
    /// A filter that looks at one member of the data.
    FilterField,
    /// A transform that adds a member to the data.
    Transform,
    /// One event through three plugins.
    Chain,
    /// Plugins that want other types are loaded as well.
    Others,
    /// A plugin is replaced.
    Swap,
    /// A component that was compiled before is loaded.
    Load,
    /// A plugin never comes back.
    Runaway,
}

/// What a figure has to reach: its median, or its multiple of the median of another under the same load.
#[derive(Debug, Clone, Copy)]
pub struct Judged {
    /// Under which load.
    pub load: &'static str,
    /// Which figure.
    pub who: &'static str,
    /// Of whom it is a multiple.
    pub than: Option<&'static str>,
    /// What it has to reach.
    pub bar: Bar,
}

pub(super) const PLUGIN: &str = "plugin";
pub(super) const SET: &str = "plugin, by json::set of the SDK";
pub(super) const FIND: &str = "plugin, by json::find of the SDK";
pub(super) const COUNTS: &str = "plugin that counts in its state, a turn each";
pub(super) const WITHOUT_DATA: &str = "plugin that needs no data";
pub(super) const NATIVE: &str = "native";
pub(super) const NATIVE_TREE: &str = "native, into a tree";
pub(super) const APPLIED: &str = "plugin, and the new event";
pub(super) const NATIVE_APPLIED: &str = "native, and the new event";

pub(super) const THREE: &str = "filter on type, filter on field, transform";
pub(super) const READY_MADE: &str = "github, cel, redact";
pub(super) const MEDIAN: &str = "p50";
pub(super) const LATE: &str = "p99";
pub(super) const BUS_MEDIAN: &str = "through the bus, p50";

pub(super) const ALONE: &str = "alone";
pub(super) const AMONG: &str = "with 100 others";
pub(super) const ROUTING: &str = "routing alone";
pub(super) const ROUTING_NAMED: &str = "routing alone, to one that names its types";
pub(super) const ROUTED_ONE: &str = "routing and one filter on type, one event";
pub(super) const ROUTED: &str = "routing and one filter on type, batch 64";
pub(super) const BUS: &str = "the whole way through the bus, 64 at once";

pub(super) const FEW: &str = "3 plugins";
pub(super) const MANY: &str = "101 plugins";
pub(super) const PUT: &str = "put, without compiling";
pub(super) const SWAP: &str = "remove: the swap alone";
pub(super) const FIRST: &str = "first call on the new version";

pub(super) const CACHED: &str = "put, compiled before";
pub(super) const READ: &str = "of which reading the code";
pub(super) const COMPILED: &str = "put, compiled now (once)";
pub(super) const SIZE: &str = "size of the component";

pub(super) const LIMIT: &str = "limit of 50 ms";
pub(super) const OVER: &str = "over the limit, worst of three";

/// A load as it is called everywhere.
pub(super) fn load(size: &str, batch: usize) -> String {
    if batch == 1 { format!("{size}, one event") } else { format!("{size}, batch {batch}") }
}

impl Case {
    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FilterType => "filter-type",
            Self::FilterField => "filter-field",
            Self::Transform => "transform",
            Self::Chain => "chain",
            Self::Others => "others",
            Self::Swap => "swap",
            Self::Load => "load",
            Self::Runaway => "runaway",
        }
    }

    /// What it is, in a line.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::FilterType => "Filter on the type, per event",
            Self::FilterField => "Filter on one member of the data, per event",
            Self::Transform => "Transform that adds a member to the data, per event",
            Self::Chain => "One event of 1 KB through three plugins",
            Self::Others => "100 plugins that want other types, per event of 1 KB",
            Self::Swap => "Replacing a plugin",
            Self::Load => "Loading a component",
            Self::Runaway => "A plugin that never comes back",
        }
    }

    /// Whom the others are compared with.
    #[must_use]
    pub fn reference(self) -> Option<&'static str> {
        match self {
            Self::FilterType | Self::FilterField | Self::Transform => Some(NATIVE),
            Self::Others => Some(ALONE),
            Self::Chain | Self::Swap | Self::Load | Self::Runaway => None,
        }
    }

    /// What has to be reached.
    #[must_use]
    pub fn bars(self) -> &'static [Judged] {
        const fn most(load: &'static str, who: &'static str, than: Option<&'static str>, most: f64) -> Judged {
            Judged { load, who, than, bar: Bar::AtMost(most) }
        }
        const FILTER: &[Judged] =
            &[most("1 KB, batch 64", WITHOUT_DATA, None, 200.0), most("1 KB, batch 64", PLUGIN, None, 200.0)];
        const TRANSFORM: &[Judged] =
            &[most("1 KB, batch 64", SET, Some(NATIVE), 1.8), most("1 KB, batch 64", PLUGIN, Some(NATIVE), 1.8)];
        const CHAIN: &[Judged] = &[most(THREE, MEDIAN, None, 10.0)];
        const OTHERS: &[Judged] = &[
            most(ROUTING_NAMED, AMONG, Some(ALONE), 1.05),
            most(ROUTING, AMONG, Some(ALONE), 1.05),
            most(ROUTED_ONE, AMONG, Some(ALONE), 1.05),
            most(ROUTED, AMONG, Some(ALONE), 1.05),
        ];
        const SWAPS: &[Judged] = &[most(FEW, PUT, None, 1_000.0), most(MANY, SWAP, None, 1_000.0)];
        const LOAD: &[Judged] = &[most("jq", CACHED, None, 10.0)];
        const RUNAWAY: &[Judged] = &[most(LIMIT, OVER, None, 2.0)];
        match self {
            Self::FilterType => FILTER,
            Self::FilterField => &[],
            Self::Transform => TRANSFORM,
            Self::Chain => CHAIN,
            Self::Others => OTHERS,
            Self::Swap => SWAPS,
            Self::Load => LOAD,
            Self::Runaway => RUNAWAY,
        }
    }

    /// Loads everything that it needs.
    pub(super) fn prepare(self, plan: &Plan) -> Result<Box<dyn Ready>> {
        Ok(match self {
            Self::FilterType | Self::FilterField | Self::Transform => Box::new(calls::prepare(self, plan)?),
            Self::Chain => Box::new(chain::prepare(plan)?),
            Self::Others => Box::new(crowd::prepare(plan)?),
            Self::Swap => Box::new(loading::Swap::prepare(plan)?),
            Self::Load => Box::new(loading::Load::prepare(plan)?),
            Self::Runaway => Box::new(loading::Runaway::prepare(plan)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_command_line() {
        for case in Case::value_variants() {
            assert_eq!(case.to_possible_value().unwrap().get_name(), case.name());
            assert_eq!(serde_json::to_value(case).unwrap(), case.name());
        }
    }
}
