//! What is read off a run, and what it is compared with: the columns of a table, and the bars on them.
//! Must not know cases or how a table looks.

use crate::runner::Figures;
use crate::unit::{Bar, Unit};

use super::who::Who;

/// A figure of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Deliveries per second.
    Delivered,
    /// Acknowledged events per second.
    Published,
    /// The server's processor time for each delivery.
    CpuPerDelivery,
    /// The server's processor time for each event.
    CpuPerEvent,
    /// The median latency.
    P50,
    /// The 99th percentile of latencies.
    P99,
    /// Cores the server kept busy.
    ServerCores,
    /// Cores the generator kept busy.
    GeneratorCores,
    /// How far the server's memory grew at the highest.
    Growth,
    /// Memory that each held connection added.
    BytesEach,
    /// Memory of the server with all held connections.
    Resident,
    /// Cores the server kept busy while nothing happened.
    IdleCores,
}

/// A figure, and what it is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// What is read off.
    pub figure: Figure,
    /// What it is compared with.
    pub against: Against,
}

/// What a figure is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Against {
    /// It stands alone.
    Nothing,
    /// As a multiple of what another hub reached under the same load.
    Times(Who),
    /// As the difference to that.
    Over(Who),
    /// As a multiple of what the same hub reached under the case's first load.
    TimesFirst,
    /// As the difference to that.
    OverFirst,
}

/// What the host has to reach on the lane `auto`, under the case's last load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// In which column.
    pub column: Column,
    /// How much.
    pub bar: Bar,
}

impl Figure {
    /// Its name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "deliveries/s",
            Self::Published => "published/s",
            Self::CpuPerDelivery => "CPU per delivery, µs",
            Self::CpuPerEvent => "CPU per event, µs",
            Self::P50 => "p50, ms",
            Self::P99 => "p99, ms",
            Self::ServerCores => "server cores",
            Self::GeneratorCores => "generator cores",
            Self::Growth => "memory grew, MiB",
            Self::BytesEach => "memory per connection, B",
            Self::Resident => "memory in all, MiB",
            Self::IdleCores => "cores while idle",
        }
    }

    /// What it counts.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            Self::Delivered | Self::Published => Unit::PerSecond,
            Self::CpuPerDelivery | Self::CpuPerEvent => Unit::Microseconds,
            Self::P50 | Self::P99 => Unit::Milliseconds,
            Self::ServerCores | Self::GeneratorCores | Self::IdleCores => Unit::Cores,
            Self::Growth | Self::Resident => Unit::Mebibytes,
            Self::BytesEach => Unit::Bytes,
        }
    }

    /// The figure of a run that has it.
    pub(crate) fn of(self, figures: &Figures) -> Option<f64> {
        const MIB: f64 = (1 << 20) as f64;
        match figures {
            Figures::Failed(_) => None,
            Figures::Load(load) => match self {
                Self::Delivered => Some(load.delivered_per_s),
                Self::Published => Some(load.published_per_s),
                Self::CpuPerDelivery => Some(load.server_us_per_delivery),
                Self::CpuPerEvent => Some(load.server_us_per_event),
                Self::P50 => Some(load.latency_ms.p50),
                Self::P99 => Some(load.latency_ms.p99),
                Self::ServerCores => Some(load.server_cores),
                Self::GeneratorCores => Some(load.generator_cores),
                Self::Growth => Some(load.server_growth_bytes as f64 / MIB),
                Self::BytesEach | Self::Resident | Self::IdleCores => None,
            },
            Figures::Idle(idle) => match self {
                Self::BytesEach => Some(idle.resident_bytes_per_connection),
                Self::Resident => Some(idle.resident_bytes as f64 / MIB),
                Self::IdleCores => Some(idle.idle_cores),
                _ => None,
            },
        }
    }

    pub(super) fn alone(self) -> Column {
        Column { figure: self, against: Against::Nothing }
    }

    pub(super) fn times(self, who: Who) -> Column {
        Column { figure: self, against: Against::Times(who) }
    }

    pub(super) fn over(self, who: Who) -> Column {
        Column { figure: self, against: Against::Over(who) }
    }

    pub(super) fn times_first(self) -> Column {
        Column { figure: self, against: Against::TimesFirst }
    }

    pub(super) fn over_first(self) -> Column {
        Column { figure: self, against: Against::OverFirst }
    }
}

impl Column {
    /// What its values count.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self.against {
            Against::Times(_) | Against::TimesFirst => Unit::Times,
            Against::Nothing | Against::Over(_) | Against::OverFirst => self.figure.unit(),
        }
    }

    pub(super) fn at_least(self, wanted: f64) -> Wanted {
        Wanted { column: self, bar: Bar::AtLeast(wanted) }
    }

    pub(super) fn at_most(self, wanted: f64) -> Wanted {
        Wanted { column: self, bar: Bar::AtMost(wanted) }
    }
}
