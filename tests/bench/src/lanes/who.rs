//! Who is compared: the host on either of its lanes, and what it is compared with. Must not know loads or figures.

use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;

use crate::cases::Chain;
use crate::hub::{self, Hub, Running, Setup};

use super::access::Access;

/// What events pass in the host.
const CHAIN: Chain = Chain::GithubRedact;

/// A hub, the host once for each lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// The least a server has to do.
    Floor,
    /// Axum's own `Sse`.
    AxumSse,
    /// nginx with nchan, one worker.
    Nchan,
    /// The host, everything through axum and hyper.
    Hyper,
    /// The host, subscribers on its own reactor: what the bars are for.
    Auto,
}

impl Who {
    /// Its name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::AxumSse => "axum-sse",
            Self::Nchan => "nchan",
            Self::Hyper => "tidemill hyper",
            Self::Auto => "tidemill auto",
        }
    }

    fn hub(self) -> Hub {
        match self {
            Self::Floor => Hub::Floor,
            Self::AxumSse => Hub::AxumSse,
            Self::Nchan => Hub::Nchan,
            Self::Hyper | Self::Auto => Hub::Tidemill,
        }
    }

    /// Whether subscribers can ask for some types only.
    pub(super) fn knows_filters(self) -> bool {
        self.hub() == Hub::Tidemill
    }

    /// Why it cannot be measured here, and what to do about it.
    pub(super) fn obstacle(self, setup: &Setup) -> Option<String> {
        self.hub().obstacle(setup)
    }

    /// Starts it and waits until it is ready.
    pub(super) fn start(self, setup: &Setup, access: Access) -> Result<Running> {
        let chain = setup.chain.unwrap_or(CHAIN);
        match self {
            Self::Floor | Self::AxumSse | Self::Nchan => self.hub().start(setup, chain),
            Self::Hyper => hub::host(setup, chain, &configuration("hyper", access)),
            Self::Auto => hub::host(setup, chain, &configuration("auto", access)),
        }
    }
}

/// The lane, room for as many connections as a generator can have, and who gets in.
fn configuration(lane: &str, access: Access) -> String {
    let rooms = "[subscribe]\nconnections-max = 65000\n";
    format!("[server]\nsse-lane = \"{lane}\"\n\n{rooms}\n{}", access.configuration())
}
