//! What streams of a mount have in common, and what some of them have for themselves: counts, and mailboxes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{Addressee, Connection, Terms, Use};
use crate::limits::{MOUNTS_SEEN_MAX, SEND_ASKS_MAX};
use crate::mount::stream::StreamMount;
use crate::source::Input;
use crate::sse::Mailbox;

/// By mounts, and by those who have mailboxes.
#[derive(Debug, Default)]
pub(super) struct Mounted {
    mounts: BTreeMap<String, Seen>,
    addressees: HashMap<Uuid, Addressee>,
}

/// A path at which there are or were streams.
#[derive(Debug)]
pub(super) struct Seen {
    streams: usize,
    /// As it was last.
    mount: Arc<StreamMount>,
}

impl Mounted {
    /// Keeps figures of a mount, from now on.
    pub(super) fn know(&mut self, mount: &Arc<StreamMount>) -> &mut Seen {
        if self.mounts.len() >= MOUNTS_SEEN_MAX {
            self.mounts.retain(|path, seen| seen.streams > 0 || path == mount.path());
        }
        let seen = self.mounts.entry(mount.path().to_owned());
        seen.or_insert_with(|| Seen { streams: 0, mount: Arc::clone(mount) })
    }

    pub(super) fn enter(&mut self, terms: &Terms) {
        if terms.usage == Use::Stream {
            let seen = self.know(&terms.mount);
            seen.streams += 1;
            seen.mount = Arc::clone(&terms.mount);
        }
    }

    pub(super) fn leave(&mut self, connection: &Connection) {
        let terms = &connection.terms;
        if terms.usage != Use::Stream {
            return;
        }
        if let Some(seen) = self.mounts.get_mut(terms.mount.path()) {
            seen.streams -= 1;
        }
        if terms.mount.profile().private
            && let Some(addressee) = self.addressees.remove(&connection.uuid())
        {
            addressee.mailbox.abandon();
        }
    }

    pub(super) fn open_mailbox(&mut self, connection: &Connection, input: Option<Input>) -> Arc<Mailbox> {
        let mailbox: Arc<Mailbox> = Arc::default();
        let addressee = Addressee {
            mount: Arc::clone(&connection.terms.mount),
            mailbox: Arc::clone(&mailbox),
            input,
            asks: Arc::new(Semaphore::new(SEND_ASKS_MAX)),
            whose: Arc::clone(&connection.terms.principal),
        };
        self.addressees.insert(connection.uuid(), addressee);
        mailbox
    }

    pub(super) fn addressee(&self, connection: Uuid) -> Option<Addressee> {
        self.addressees.get(&connection).cloned()
    }

    pub(super) fn streams_at(&self, path: &str) -> usize {
        self.mounts.get(path).map_or(0, |seen| seen.streams)
    }

    pub(super) fn figures(&self) -> Vec<(String, usize, u64)> {
        let figures =
            |(path, seen): (&String, &Seen)| (path.clone(), seen.streams, seen.mount.profile().failures.count());
        self.mounts.iter().map(figures).collect()
    }
}
