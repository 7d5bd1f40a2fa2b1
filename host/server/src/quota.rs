//! How much each publisher may send in a second, and what it is told of that (draft-ietf-httpapi-ratelimit-headers). Must not
//! know what is published.

use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::Quota;
use governor::clock::Clock;

use crate::auth::Principal;
use crate::config::Publish;
use crate::connections::sender;
use crate::figures::Limited;
use crate::keyed::{self, Limiter};
use crate::limits::QUOTA_KEYS_MAX;
use crate::problem::{Kind, Problem};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Bytes are counted by this many, begun ones whole: the library counts to 2^32, and in nanoseconds.
const UNIT: usize = 1 << 10;

/// To whom is counted what is sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Principal(String),
    /// Somebody without a token.
    Address(IpAddr),
    /// All for whom there is no room of their own.
    Others {
        with_token: bool,
    },
}

/// The name that a token gives somebody, if they have one, and where they are.
type By<'a> = (Option<&'a str>, IpAddr);

fn named<'a>((principal, address): (&'a Principal, IpAddr)) -> By<'a> {
    (principal.kind().map(|_| principal.name()), address)
}

/// What publishers may send.
#[derive(Debug)]
pub(crate) struct Quotas {
    events: Option<Bound>,
    bytes: Option<Bound>,
}

/// One bound.
struct Bound {
    name: &'static str,
    setting: &'static str,
    /// What the parts of it are called.
    what: &'static str,
    /// What is counted as one.
    unit: usize,
    /// In a second, and at once.
    most: NonZeroU32,
    limiter: Limiter<Key>,
}

/// What one publisher has left; written to the answer, whatever that is.
#[derive(Debug, Default)]
pub(crate) struct Left(Vec<Told>);

#[derive(Debug)]
struct Told {
    name: &'static str,
    most: usize,
    left: usize,
    /// Until there is more.
    wait: u64,
}

impl Quotas {
    pub(crate) fn new(publish: &Publish) -> Self {
        let bound = |name, setting, what, unit: usize, most: usize| {
            let most = NonZeroU32::new(u32::try_from(most.div_ceil(unit)).unwrap_or(u32::MAX))?;
            let limiter = keyed::limiter(Quota::per_second(most));
            Some(Bound { name, setting, what, unit, most, limiter })
        };
        Self {
            events: bound("events", "publish.events-per-second", "events", 1, publish.events_per_second),
            bytes: bound("bytes", "publish.bytes-per-second", "bytes", UNIT, publish.bytes_per_second),
        }
    }

    /// Counts the bytes of a request.
    pub(crate) fn bytes(
        &self,
        by: (&Principal, IpAddr),
        count: usize,
        limited: &Limited,
        left: &mut Left,
    ) -> Result<(), Problem> {
        self.bytes.as_ref().map_or(Ok(()), |bound| bound.take(named(by), count, limited, left))
    }

    /// Counts the events of a request.
    pub(crate) fn events(
        &self,
        by: (&Principal, IpAddr),
        count: usize,
        limited: &Limited,
        left: &mut Left,
    ) -> Result<(), Problem> {
        self.events.as_ref().map_or(Ok(()), |bound| bound.take(named(by), count, limited, left))
    }

    /// Counts what a plugin publishes while somebody with a token, or somebody without one, calls it: to them, so that tools
    /// are no way around what they may send. All without a token share it, as they do for calls of the server's own tools.
    pub(crate) fn call(
        &self,
        caller: Option<&str>,
        events: usize,
        bytes: usize,
        limited: &Limited,
    ) -> Result<(), Problem> {
        let by = (caller, IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let take = |bound: &Option<Bound>, count| {
            bound.as_ref().map_or(Ok(()), |bound| bound.take(by, count, limited, &mut Left::default()))
        };
        take(&self.bytes, bytes)?;
        take(&self.events, events)
    }

    /// Forgets those who have all of theirs again. Call it once a second: it keeps the number of keys down.
    pub(crate) fn tidy(&self) {
        for bound in self.events.iter().chain(&self.bytes) {
            bound.limiter.retain_recent();
        }
    }
}

impl Bound {
    /// All of it, or nothing.
    fn take(&self, by: By<'_>, count: usize, limited: &Limited, left: &mut Left) -> Result<(), Problem> {
        let Self { name, setting, what, unit, most, .. } = *self;
        let Ok(Some(parts)) = u32::try_from(count.div_ceil(unit)).map(NonZeroU32::new) else { return Ok(()) };
        let most = most.get() as usize * unit;
        let told = |left, wait| Told { name, most, left, wait };
        let refused = |kind, detail| {
            limited.note(setting);
            Problem::new(kind, detail).with("limit", setting).with("violated-policies", vec![name])
        };
        match self.limiter.check_key_n(&Key::of(by), parts) {
            Ok(Ok(state)) => {
                let rest = state.remaining_burst_capacity() as usize * unit;
                left.0.push(told(rest, u64::from(rest < most)));
                Ok(())
            }
            Ok(Err(not_until)) => {
                let wait = seconds(not_until.wait_time_from(self.limiter.clock().now()));
                left.0.push(told(0, wait));
                let detail = format!(
                    "the request has {count} {what}, and with it there would be more than the {most} in a second that \
                     `{setting}` allows; nothing of it was taken, send it again later"
                );
                Err(refused(Kind::RateLimited, detail).retry_after(wait))
            }
            Err(_) => {
                let detail = format!(
                    "the request has {count} {what}, and `{setting}` never allows more than {most} at once; nothing of it \
                     was taken, send it in parts"
                );
                Err(refused(Kind::TooLarge, detail))
            }
        }
    }
}

impl Key {
    fn of((name, address): By<'_>) -> Self {
        name.map_or_else(|| Self::Address(sender(address)), |name| Self::Principal(name.to_owned()))
    }

    const fn with_token(&self) -> bool {
        matches!(self, Self::Principal(_) | Self::Others { with_token: true })
    }
}

impl keyed::Key for Key {
    fn room(&self) -> usize {
        // Many addresses must not take the room of those who have tokens.
        if self.with_token() { 2 * QUOTA_KEYS_MAX } else { QUOTA_KEYS_MAX }
    }

    fn others(&self) -> Self {
        Self::Others { with_token: self.with_token() }
    }
}

impl Left {
    /// Writes `RateLimit` and `RateLimit-Policy`, if anything is bounded.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        let (mut policy, mut state) = (String::new(), String::new());
        for (number, Told { name, most, left, wait }) in self.0.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            let unit = if *name == "bytes" { ";qu=\"content-bytes\"" } else { "" };
            // Writing to a String does not fail.
            let _ = write!(policy, "{comma}\"{name}\";q={most};w=1{unit}");
            let _ = write!(state, "{comma}\"{name}\";r={left};t={wait}");
        }
        for (name, text) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, state)] {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(name, value);
            }
        }
    }
}

/// Whole ones, begun ones too.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound").field("setting", &self.setting).field("most", &self.most).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_addresses_share_what_there_is_no_room_for() {
        let config = crate::config::Config::from_sources(
            Some(("t", "[publish]\nevents-per-second = 2\n")),
            std::iter::empty(),
            &crate::config::Flags::default(),
        );
        let (quotas, limited) = (Quotas::new(&config.unwrap().publish), Limited::default());
        let anonymous = Principal::anonymous();
        let publish = |who: &Principal, number: u32| {
            let address = IpAddr::from(number.to_be_bytes());
            quotas.events((who, address), 1, &limited, &mut Left::default()).is_ok()
        };
        let first = u32::try_from(QUOTA_KEYS_MAX).unwrap();
        assert!((0..first).all(|number| publish(&anonymous, number)));
        assert!(publish(&anonymous, first) && publish(&anonymous, first + 1), "the others share two");
        assert!(!publish(&anonymous, first + 2));
        let rights = crate::auth::Rights::new(crate::auth::TokenType::Team, Vec::new(), Vec::new(), None, None);
        let known = Principal::bearer("shop".into(), rights.unwrap(), None, None);
        assert!(publish(&known, first + 2), "who has a token has room");
    }

    #[test]
    fn what_tools_publish_is_counted_to_whoever_calls_them() {
        let config = crate::config::Config::from_sources(
            Some(("t", "[publish]\nevents-per-second = 2\nbytes-per-second = 4096\n")),
            std::iter::empty(),
            &crate::config::Flags::default(),
        );
        let (quotas, limited) = (Quotas::new(&config.unwrap().publish), Limited::default());
        let rights = crate::auth::Rights::new(crate::auth::TokenType::Team, Vec::new(), Vec::new(), None, None);
        let ann = Principal::bearer("ann".into(), rights.unwrap(), None, None);
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        quotas.events((&ann, here), 2, &limited, &mut Left::default()).unwrap();
        let more = quotas.call(Some("ann"), 1, 10, &limited).unwrap_err();
        assert!(more.to_string().contains("publish.events-per-second"), "{more}");
        quotas.call(Some("bob"), 1, 10, &limited).unwrap();
        quotas.call(None, 2, 10, &limited).unwrap();
        quotas.call(None, 1, 10, &limited).unwrap_err();
        assert!(quotas.call(Some("eve"), 1, 5000, &limited).is_err(), "too many bytes");
    }
}
