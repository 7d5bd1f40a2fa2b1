//! What is measured: each case with its loads, whom it compares, the columns of its table, and the bars.
//! Plain data; must not know how hubs are started or figures collected.

use std::time::Duration;

use anyhow::Result;

use crate::cases::pick;
use crate::load::Pace;

use super::access::Access;
use super::column::{Column, Figure, Wanted};
use super::load::{Deed, Filters, Load};
use super::who::Who::{self, Auto, AxumSse, Floor, Hyper, Nchan};

/// One kind of load, or the same with and without what is tested.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in a line.
    pub title: &'static str,
    /// Whom it compares.
    pub hubs: &'static [Who],
    /// Its loads: one, or first the one that the other is compared with.
    pub loads: Vec<Load>,
    /// The columns of its table.
    pub columns: Vec<Column>,
    /// What the host has to reach on the lane `auto`.
    pub bars: Vec<Wanted>,
}

const EVERYBODY: &[Who] = &[Floor, AxumSse, Nchan, Hyper, Auto];
const LANES: &[Who] = &[Hyper, Auto];

/// Every case there is, in the order of the report.
#[must_use]
pub fn all() -> Vec<Case> {
    vec![
        fan_200(),
        fan_1k(),
        rate(),
        idle(),
        stuck(),
        matching(),
        cores(),
        access(),
        patterns(),
        mounts(),
        tls_fan(),
        tls_idle(),
    ]
}

/// The cases with these names; a name that ends in `*` means all that begin like it.
///
/// # Errors
///
/// When there is no such case.
pub fn named(names: &[String]) -> Result<Vec<Case>> {
    pick(all(), |case| case.name, names)
}

impl Case {
    /// The same in a second or so: enough to see that everything works, not to compare.
    #[must_use]
    pub fn quick(self) -> Self {
        Self { loads: self.loads.into_iter().map(Load::quick).collect(), ..self }
    }

    /// The most cores that the server has in one of its loads.
    #[must_use]
    pub fn server_cores(&self) -> usize {
        self.loads.iter().map(|load| load.server_cores).max().unwrap_or(1)
    }
}

const LOAD: Load = Load {
    name: "",
    bytes: 200,
    subscribers: 1_000,
    filters: Filters::None,
    stuck: 0,
    deed: Deed::Publish(Pace::Window(64)),
    duration: Duration::from_secs(3),
    read_rest: Duration::from_millis(2),
    publishers: 8,
    access: Access::Open,
    tls: false,
    server_cores: 1,
};

fn fan_200() -> Case {
    Case {
        name: "fan-200",
        title: "Fan-out: 200 B to 1,000 subscribers, at most 64 events on their way",
        hubs: EVERYBODY,
        loads: vec![LOAD],
        columns: vec![
            Figure::Delivered.alone(),
            Figure::Delivered.times(Floor),
            Figure::Delivered.times(Hyper),
            Figure::Delivered.times(AxumSse),
            Figure::Delivered.times(Nchan),
            Figure::CpuPerDelivery.alone(),
            Figure::ServerCores.alone(),
            Figure::GeneratorCores.alone(),
        ],
        bars: vec![Figure::Delivered.times(Floor).at_least(1.5)],
    }
}

fn fan_1k() -> Case {
    Case {
        name: "fan-1k",
        title: "Fan-out: 1 KB to 5,000 subscribers, at most 64 events on their way",
        loads: vec![Load { bytes: 1_000, subscribers: 5_000, ..LOAD }],
        bars: vec![Figure::Delivered.times(Floor).at_least(1.4)],
        ..fan_200()
    }
}

fn rate() -> Case {
    Case {
        name: "rate",
        title: "Latency: 100 events/s of 200 B to 1,000 subscribers",
        hubs: EVERYBODY,
        loads: vec![Load {
            deed: Deed::Publish(Pace::Rate(100.0)),
            duration: Duration::from_secs(6),
            read_rest: Duration::ZERO,
            ..LOAD
        }],
        columns: vec![
            Figure::P50.alone(),
            Figure::P50.over(Floor),
            Figure::P99.alone(),
            Figure::P99.over(Floor),
            Figure::CpuPerDelivery.alone(),
            Figure::ServerCores.alone(),
            Figure::GeneratorCores.alone(),
        ],
        bars: vec![Figure::P50.over(Floor).at_most(0.4), Figure::P99.over(Floor).at_most(1.0)],
    }
}

fn idle() -> Case {
    Case {
        name: "idle",
        title: "Idle: 10,000 connections held, each with a filter where the hub knows filters",
        hubs: EVERYBODY,
        loads: vec![Load {
            subscribers: 10_000,
            filters: Filters::Idle,
            deed: Deed::Hold,
            duration: Duration::from_secs(5),
            ..LOAD
        }],
        columns: vec![
            Figure::BytesEach.alone(),
            Figure::BytesEach.times(Hyper),
            Figure::BytesEach.times(AxumSse),
            Figure::BytesEach.times(Nchan),
            Figure::Resident.alone(),
            Figure::IdleCores.alone(),
        ],
        bars: vec![Figure::BytesEach.alone().at_most(256.0)],
    }
}

fn stuck() -> Case {
    let free = Load { name: "all read", bytes: 4_096, subscribers: 490, duration: Duration::from_secs(5), ..LOAD };
    Case {
        name: "stuck",
        title: "Stuck subscribers: 4 KB to 490 that read, without and with 10 that never do",
        hubs: &[Floor, AxumSse, Hyper, Auto],
        loads: vec![free, Load { name: "10 stuck", stuck: 10, ..free }],
        columns: vec![
            Figure::Delivered.alone(),
            Figure::Delivered.times_first(),
            Figure::Growth.alone(),
            Figure::Growth.over_first(),
            Figure::CpuPerDelivery.alone(),
            Figure::ServerCores.alone(),
            Figure::GeneratorCores.alone(),
        ],
        bars: vec![Figure::Delivered.times_first().at_least(0.95), Figure::Growth.over_first().at_most(32.0)],
    }
}

fn matching() -> Case {
    let few =
        Load { name: "100 alone", subscribers: 100, filters: Filters::OneIn(1), read_rest: Duration::ZERO, ..LOAD };
    Case {
        name: "match",
        title: "Matching: 200 B to 100 subscribers that want it, alone and among 9,900 that want another type",
        hubs: LANES,
        loads: vec![few, Load { name: "100 of 10,000", subscribers: 10_000, filters: Filters::OneIn(100), ..few }],
        columns: vec![
            Figure::Published.alone(),
            Figure::Published.times_first(),
            Figure::CpuPerEvent.alone(),
            Figure::CpuPerEvent.times_first(),
            Figure::ServerCores.alone(),
            Figure::GeneratorCores.alone(),
        ],
        bars: vec![Figure::CpuPerEvent.times_first().at_most(1.3)],
    }
}

fn cores() -> Case {
    // Wide enough to keep two cores busy: with 64 on their way, more speed would only mean fewer events in each write.
    let deed = Deed::Publish(Pace::Window(1_024));
    let one = Load { name: "1 core", deed, publishers: 32, ..LOAD };
    Case {
        name: "cores",
        title: "More cores: 200 B to 1,000 subscribers, at most 1,024 events on their way, the server on one core and on two",
        hubs: LANES,
        loads: vec![one, Load { name: "2 cores", server_cores: 2, ..one }],
        columns: vec![
            Figure::Delivered.alone(),
            Figure::Delivered.times_first(),
            Figure::CpuPerDelivery.alone(),
            Figure::ServerCores.alone(),
            Figure::GeneratorCores.alone(),
        ],
        bars: vec![Figure::Delivered.times_first().at_least(1.6)],
    }
}

fn access() -> Case {
    let open = Load { name: "open", ..LOAD };
    Case {
        name: "access",
        title: "Access: 200 B to 1,000 subscribers, open to all; each with a token of its own; and for a group that all are in",
        hubs: LANES,
        loads: vec![
            open,
            Load { name: "tokens", access: Access::Tokens, ..open },
            Load { name: "audience", access: Access::Audience, ..open },
        ],
        columns: vec![
            Figure::Delivered.alone(),
            Figure::Delivered.times_first(),
            Figure::CpuPerDelivery.alone(),
            Figure::CpuPerDelivery.times_first(),
            Figure::ServerCores.alone(),
            Figure::GeneratorCores.alone(),
        ],
        bars: vec![Figure::CpuPerDelivery.times_first().at_most(1.05)],
    }
}

fn patterns() -> Case {
    let same = Load { name: "the same", filters: Filters::OneIn(1), ..LOAD };
    Case {
        name: "patterns",
        title: "Patterns: 200 B to 1,000 subscribers that ask for the same type, and for one of their own besides",
        loads: vec![same, Load { name: "1,000 others", filters: Filters::Own(1), ..same }],
        bars: vec![Figure::CpuPerDelivery.times_first().at_most(1.1)],
        ..access()
    }
}

fn mounts() -> Case {
    let one = Load { name: "one mount", access: Access::Mounts(1), ..LOAD };
    Case {
        name: "mounts",
        title: "Mounts: 200 B to 1,000 subscribers, of one mount and of three with a shape of their own each",
        loads: vec![one, Load { name: "three mounts", access: Access::Mounts(3), ..one }],
        bars: vec![Figure::CpuPerDelivery.times_first().at_most(1.3)],
        ..access()
    }
}

fn tls_fan() -> Case {
    Case {
        name: "tls-fan",
        title: "Fan-out over TLS: 200 B to 1,000 subscribers, at most 64 events on their way",
        hubs: LANES,
        loads: vec![Load { tls: true, ..LOAD }],
        columns: vec![
            Figure::Delivered.alone(),
            Figure::Delivered.times(Hyper),
            Figure::CpuPerDelivery.alone(),
            Figure::ServerCores.alone(),
            Figure::GeneratorCores.alone(),
        ],
        bars: vec![],
    }
}

fn tls_idle() -> Case {
    let Case { loads, .. } = idle();
    Case {
        name: "tls-idle",
        title: "Idle over TLS: 10,000 connections held, each with a filter",
        hubs: LANES,
        loads: loads.into_iter().map(|load| Load { tls: true, ..load }).collect(),
        columns: vec![
            Figure::BytesEach.alone(),
            Figure::BytesEach.times(Hyper),
            Figure::Resident.alone(),
            Figure::IdleCores.alone(),
        ],
        bars: vec![Figure::BytesEach.times(Hyper).at_most(0.5)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bar_stands_in_the_table_and_has_its_reference() {
        for case in all() {
            assert!(case.hubs.contains(&Auto) && !case.loads.is_empty(), "{}", case.name);
            for wanted in &case.bars {
                assert!(case.columns.contains(&wanted.column), "{}: {:?}", case.name, wanted.column);
            }
        }
    }

    #[test]
    fn quick_cases_keep_what_they_compare() {
        let matching = named(&["match".to_owned()]).unwrap().remove(0).quick();
        assert_eq!(matching.loads.iter().map(|load| load.subscribers).collect::<Vec<_>>(), [10, 1_000]);
        assert_eq!((matching.server_cores(), cores().server_cores()), (1, 2));
        assert_eq!(named(&["fan*".to_owned()]).unwrap().len(), 2);
    }
}
