//! A connection that messages can be sent for, found by its name, by the one whose it is. Must not know what is sent.

use std::sync::Arc;

use tokio::sync::Semaphore;
use uuid::Uuid;

use super::Connections;
use crate::auth::Principal;
use crate::mount::StreamMount;
use crate::problem::{Kind, Problem};
use crate::source::Input;
use crate::sse::Mailbox;

/// A connection with a mailbox.
#[derive(Debug, Clone)]
pub(crate) struct Addressee {
    /// Where its stream is.
    pub(crate) mount: Arc<StreamMount>,
    pub(crate) mailbox: Arc<Mailbox>,
    /// Of its process, if it has one.
    pub(crate) input: Option<Input>,
    /// Places for answers that it waits for.
    pub(crate) asks: Arc<Semaphore>,
    pub(crate) whose: Arc<Principal>,
}

impl Connections {
    /// The connection of a name, at a path if that matters, for the one whose it is.
    pub(crate) fn addressee(&self, name: Uuid, at: Option<&str>, who: &Principal) -> Result<Addressee, Problem> {
        let found = self.lock().mounted.addressee(name);
        let Some(found) = found.filter(|found| at.is_none_or(|at| at == found.mount.path())) else {
            let place = at.map(|at| format!(" at {at}")).unwrap_or_default();
            let detail =
                format!("there is no connection {name}{place} that messages can be sent for; it may have ended");
            return Err(Problem::new(Kind::NotFound, detail));
        };
        // All who come without a token are one and the same.
        let both_anonymous = found.whose.kind().is_none() && who.kind().is_none();
        if !both_anonymous && !found.whose.is(who) {
            return Err(Problem::new(Kind::NotPermitted, format!("the connection {name} is somebody else's")));
        }
        Ok(found)
    }
}
