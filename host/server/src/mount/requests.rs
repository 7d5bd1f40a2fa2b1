//! How many requests one address may send to a mount, and what it is told of that. A stream counts once, when it is opened.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::Quota;
use governor::clock::Clock;

use crate::connections::sender;
use crate::keyed::{self, Limiter};
use crate::limits::QUOTA_KEYS_MAX;
use crate::problem::{Kind, Problem};

/// `requests`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) most: NonZeroU32,
    pub(crate) window: Duration,
}

/// Who sent how many.
pub(crate) struct Requests {
    bound: Bound,
    limiter: Limiter<Option<IpAddr>>,
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests").field("bound", &self.bound).finish_non_exhaustive()
    }
}

/// What an address has left, for the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    bound: Bound,
    left: u32,
    /// Seconds until there is more.
    wait: u64,
}

impl Requests {
    pub(crate) fn new(bound: Bound) -> Self {
        // One comes back after each part of the window.
        let each = (bound.window / bound.most.get()).max(Duration::from_nanos(1));
        let quota = Quota::with_period(each).unwrap_or_else(|| Quota::per_second(bound.most)).allow_burst(bound.most);
        Self { bound, limiter: keyed::limiter(quota) }
    }

    /// Counts a request.
    pub(crate) fn count(&self, address: IpAddr) -> Result<Left, (Left, Problem)> {
        let bound = self.bound;
        match self.limiter.check_key(&Some(sender(address))) {
            Ok(state) => {
                let left = state.remaining_burst_capacity();
                let wait = if left < bound.most.get() { bound.window / bound.most.get() } else { Duration::ZERO };
                Ok(Left { bound, left, wait: seconds(wait) })
            }
            Err(until) => {
                let wait = seconds(until.wait_time_from(self.limiter.clock().now())).max(1);
                let window = humantime::format_duration(bound.window);
                let detail = format!("there were {} requests from this address in {window}; wait {wait} s", bound.most);
                let problem = Problem::new(Kind::RateLimited, detail).with("violated-policies", vec!["requests"]);
                Err((Left { bound, left: 0, wait }, problem.retry_after(wait)))
            }
        }
    }

    /// Forgets those who have all of theirs again.
    pub(crate) fn tidy(&self) {
        self.limiter.retain_recent();
    }
}

/// Many addresses must not take the memory: those for whom there is no room share what one has.
impl keyed::Key for Option<IpAddr> {
    fn room(&self) -> usize {
        QUOTA_KEYS_MAX
    }

    fn others(&self) -> Self {
        None
    }
}

impl Left {
    /// Says it in the headers `RateLimit` and `RateLimit-Policy`.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        let Self { bound, left, wait } = self;
        let texts = [
            ("ratelimit-policy", format!("\"requests\";q={};w={}", bound.most, seconds(bound.window))),
            ("ratelimit", format!("\"requests\";r={left};t={wait}")),
        ];
        for (name, text) in texts {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
