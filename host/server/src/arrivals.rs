//! How many connections come in a second: all together wait for their turn in the kernel's queue, and of one address those
//! that are too many are closed. Must not know what comes over them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Server;
use crate::connections::{Full, Place, Places, sender};
use crate::limits::QUOTA_KEYS_MAX;

/// Who may come in.
pub(crate) struct Arrivals {
    all: Option<DefaultDirectRateLimiter>,
    each: Option<DefaultKeyedRateLimiter<IpAddr>>,
    clock: DefaultClock,
}

impl Arrivals {
    pub(crate) fn new(server: &Server) -> Self {
        let quota = |rate| NonZeroU32::new(rate).map(Quota::per_second);
        Self {
            all: quota(server.accept_rate).map(RateLimiter::direct),
            each: quota(server.accept_rate_per_address).map(RateLimiter::dashmap),
            clock: DefaultClock::default(),
        }
    }

    /// Waits until one more may be accepted.
    pub(crate) async fn turn(&self) {
        let Some(all) = &self.all else { return };
        while let Err(not_until) = all.check() {
            tokio::time::sleep(not_until.wait_time_from(self.clock.now())).await;
        }
    }

    /// A place for one more of this address, or why there is none.
    pub(crate) fn admit(&self, address: IpAddr, places: &Arc<Places>) -> Result<Place, Full> {
        if !self.welcomes(address) {
            return Err(Full("server.accept-rate-per-address"));
        }
        places.enter(address)
    }

    fn welcomes(&self, address: IpAddr) -> bool {
        self.each.as_ref().is_none_or(|each| {
            // There is only so much room: those of further addresses share one count.
            let full = each.len() >= QUOTA_KEYS_MAX;
            let key = if full { Ipv4Addr::UNSPECIFIED.into() } else { sender(address) };
            each.check_key(&key).is_ok()
        })
    }

    /// Forgets addresses that none came from for a while. Call it once a second.
    pub(crate) fn tidy(&self) {
        self.each.iter().for_each(RateLimiter::retain_recent);
    }
}

impl fmt::Debug for Arrivals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrivals").finish_non_exhaustive()
    }
}
