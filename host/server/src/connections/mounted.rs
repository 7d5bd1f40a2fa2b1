//! What streams of a mount have in common, and what some of them have for themselves: counts, and mailboxes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use uuid::Uuid;

use super::{Connection, Terms, Use};
use crate::auth::Principal;
use crate::limits::MOUNTS_SEEN_MAX;
use crate::mount::stream::StreamMount;
use crate::source::Input;
use crate::sse::Mailbox;

/// By mounts, and by those who have mailboxes.
#[derive(Debug, Default)]
pub(super) struct Mounted {
    mounts: BTreeMap<String, Seen>,
    mailboxes: HashMap<Uuid, (Arc<Mailbox>, Arc<Principal>)>,
    /// Of those that have a process.
    inputs: HashMap<Uuid, Input>,
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
            && let Some((mailbox, _)) = self.mailboxes.remove(&connection.uuid())
        {
            mailbox.abandon();
            self.inputs.remove(&connection.uuid());
        }
    }

    pub(super) fn open_mailbox(&mut self, connection: &Connection, input: Option<Input>) -> Arc<Mailbox> {
        let mailbox: Arc<Mailbox> = Arc::default();
        let whose = Arc::clone(&connection.terms.principal);
        self.mailboxes.insert(connection.uuid(), (Arc::clone(&mailbox), whose));
        input.map(|input| self.inputs.insert(connection.uuid(), input));
        mailbox
    }

    pub(super) fn input(&self, connection: Uuid) -> Option<Input> {
        self.inputs.get(&connection).cloned()
    }

    pub(super) fn mailbox(&self, connection: Uuid) -> Option<(Arc<Mailbox>, Arc<Principal>)> {
        self.mailboxes.get(&connection).cloned()
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
