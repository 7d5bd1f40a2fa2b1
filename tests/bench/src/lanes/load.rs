//! One load of a case, as data, and what its subscribers ask for. Must not know who is measured.

use std::time::Duration;

use crate::load::{Pace, Subscription};

use super::access::Access;

/// Types that nobody publishes, several ways to say them: what those who are held idle ask for.
const IDLE: [&str; 6] = [
    "order.*,github.push",
    "invoice.paid,invoice.failed",
    "chat.*",
    "sensor.temperature",
    "github.release.*,github.issues.opened",
    "deploy.*,alert.raised,github.pull_request.*",
];

/// What is published, and what is not.
const PUBLISHED: &str = "github.ping";
const OTHERS: &str = "other.*";

/// How many different lists of types there are where each subscriber has its own.
const OWN: usize = 1_000;

/// What subscribers and publishers do.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Its name beside others of the same case.
    pub name: &'static str,
    /// Bytes of an event's data.
    pub bytes: usize,
    /// Connections that subscribe and read.
    pub subscribers: usize,
    /// What they ask for, of hubs that know filters.
    pub filters: Filters,
    /// Connections beside them that never read after the head.
    pub stuck: usize,
    /// What happens then.
    pub deed: Deed,
    /// For how long.
    pub duration: Duration,
    /// The generator's rest between two sweeps over its sockets.
    pub read_rest: Duration,
    /// Connections that publish, each with one request under way: how many events a server can get at once.
    pub publishers: usize,
    /// Who subscribers and publishers are.
    pub access: Access,
    /// Whether everything goes over TLS.
    pub tls: bool,
    /// The server's cores.
    pub server_cores: usize,
}

/// What happens to connected subscribers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Deed {
    /// Events are published.
    Publish(Pace),
    /// They are held.
    Hold,
}

/// What subscribers ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filters {
    /// Everything.
    None,
    /// Some types, not all the same ones, none of which is published.
    Idle,
    /// One in so many asks for the type that is published, the others for another.
    OneIn(usize),
    /// Each asks for the type that is published and for so many others, which nobody else asks for.
    Own(usize),
}

impl Load {
    /// The same with a tenth of the subscribers, for a second: enough to see that everything works.
    #[must_use]
    pub fn quick(self) -> Self {
        Self { subscribers: self.subscribers / 10, duration: Duration::from_secs(1), ..self }
    }
}

impl Filters {
    /// The subscriptions, to be given out in turn.
    pub(super) fn subscriptions(self, path: &str) -> Vec<Subscription> {
        let ask = |types: &str, wants| Subscription { wants, ..Subscription::to(format!("{path}?types={types}")) };
        match self {
            Self::None => vec![Subscription::to(path)],
            Self::Idle => IDLE.map(|types| ask(types, false)).to_vec(),
            Self::OneIn(many) => {
                (0..many).map(|turn| if turn == 0 { ask(PUBLISHED, true) } else { ask(OTHERS, false) }).collect()
            }
            Self::Own(others) => (0..OWN)
                .map(|one| {
                    let types = (0..others).map(|other| format!("own{one}.t{other}.*"));
                    ask(&std::iter::once(PUBLISHED.to_owned()).chain(types).collect::<Vec<_>>().join(","), true)
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Payload;

    #[test]
    fn one_in_so_many_wants_what_is_published() {
        let subscriptions = Filters::OneIn(100).subscriptions("/events");
        assert_eq!((subscriptions.len(), subscriptions.iter().filter(|one| one.wants).count()), (100, 1));
        assert_eq!(subscriptions[0].path, format!("/events?types={}", Payload::ping(0).event_type));
        assert_eq!(subscriptions[99].path, "/events?types=other.*");
        let own = Filters::Own(2).subscriptions("/e");
        assert_eq!(own[7].path, "/e?types=github.ping,own7.t0.*,own7.t1.*");
        assert!(own.len() == OWN && own.iter().all(|one| one.wants));
        assert!(Filters::OneIn(1).subscriptions("/events").iter().all(|one| one.wants));
    }

    #[test]
    fn idle_subscribers_ask_for_different_types_but_not_for_what_is_published() {
        let mut paths: Vec<_> = Filters::Idle.subscriptions("/e").into_iter().map(|one| one.path).collect();
        assert!(paths.iter().all(|path| path.starts_with("/e?types=") && !path.contains(PUBLISHED)));
        paths.dedup();
        assert_eq!(paths.len(), IDLE.len());
        assert_eq!(Filters::None.subscriptions("/e")[0].path, "/e");
    }
}
