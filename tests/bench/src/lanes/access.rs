//! Who subscribers and publishers are in a load, and where subscribers read: the host's configuration for it, the tokens they
//! show, and whom events are for. Must not know what is measured.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::load::{PublishSpec, Subscription};

/// How many principals read; subscribers have them in turn. With the publisher as many as the host takes.
const PRINCIPALS: usize = 999;

const PUBLISHER: &str = "publisher";
const GROUP: &str = "readers";

/// Who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nobody in particular.
    Open,
    /// Each subscriber has a token of its own, for the types that there are.
    Tokens,
    /// The same, and each event is for a group that all are in.
    Audience,
    /// Nobody in particular, in turn at so many mounts, each of which shows events in a shape of its own.
    Mounts(usize),
}

impl Access {
    /// What the host has to be told.
    pub(super) fn configuration(self) -> String {
        let mut text = String::new();
        match self {
            Self::Open => return text,
            Self::Mounts(count) => return (1..=count).map(mount).collect(),
            Self::Tokens | Self::Audience => {}
        }
        let mut token = |name: &str, rest: &str| {
            let hash = Sha256::digest(name).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
            // Writing to a string cannot fail.
            writeln!(text, "[[auth.tokens]]\nname = \"{name}\"\nsha256 = \"{hash}\"\n{rest}").ok();
        };
        token(PUBLISHER, "type = \"master\"");
        let reader = format!("type = \"readonly\"\ngroups = [\"{GROUP}\"]\nsubscribe = [\"github.*\", \"order.*\"]");
        (0..PRINCIPALS).for_each(|one| token(&name(one), &reader));
        text
    }

    /// The same subscriptions by their principals.
    pub(super) fn subscriptions(self, open: Vec<Subscription>) -> Vec<Subscription> {
        match self {
            Self::Open => return open,
            Self::Mounts(count) => return (1..=count).map(|number| Subscription::to(path(number))).collect(),
            Self::Tokens | Self::Audience => {}
        }
        let own = open.into_iter().cycle().take(PRINCIPALS).enumerate();
        own.map(|(one, open)| Subscription { headers: authorization(&name(one)), ..open }).collect()
    }

    /// The same events by their publisher, for whom they are for.
    ///
    /// # Errors
    ///
    /// When the item is no JSON.
    pub(super) fn publish(self, open: PublishSpec) -> Result<PublishSpec> {
        if matches!(self, Self::Open | Self::Mounts(_)) {
            return Ok(open);
        }
        let mut item = open.item;
        if self == Self::Audience {
            let mut event: Value = serde_json::from_str(&item).context("an event is no JSON")?;
            event["audience"] = json!({"groups": [GROUP]});
            item = event.to_string();
        }
        Ok(PublishSpec { headers: authorization(PUBLISHER), item, ..open })
    }
}

fn path(number: usize) -> String {
    format!("/mount{number}")
}

/// A mount whose frames are nobody else's.
fn mount(number: usize) -> String {
    let path = path(number);
    format!("[[mount]]\npath = \"{path}\"\nprojection = '{{mount: {number}, id, type, timestamp: .time, data}}'\n")
}

fn name(one: usize) -> String {
    format!("reader{one}")
}

fn authorization(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subscriber_has_a_token_that_the_host_knows() {
        let subscriptions = Access::Tokens.subscriptions(vec![Subscription::to("/events")]);
        assert_eq!(subscriptions.len(), PRINCIPALS);
        assert_eq!(subscriptions[7].headers, "Authorization: Bearer reader7\r\n");
        let configuration = Access::Tokens.configuration();
        let hash = Sha256::digest("reader7").iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert!(configuration.contains(&hash) && configuration.matches("[[auth.tokens]]").count() == PRINCIPALS + 1);
        assert_eq!(Access::Open.subscriptions(vec![Subscription::to("/e")]).len(), 1);
    }

    #[test]
    fn each_mount_has_its_part_of_the_subscribers() {
        let subscriptions = Access::Mounts(3).subscriptions(vec![Subscription::to("/events")]);
        let paths: Vec<_> = subscriptions.iter().map(|one| &*one.path).collect();
        assert_eq!(paths, ["/mount1", "/mount2", "/mount3"]);
        let configuration = Access::Mounts(3).configuration();
        assert!(configuration.matches("[[mount]]").count() == 3 && configuration.contains("path = \"/mount3\""));
    }

    #[test]
    fn events_for_a_group_say_so() {
        let open = PublishSpec { item: r#"{"type":"a"}"#.to_owned(), ..PublishSpec::default() };
        let publish = Access::Audience.publish(open.clone()).unwrap();
        assert_eq!(publish.item, r#"{"type":"a","audience":{"groups":["readers"]}}"#);
        assert_eq!(Access::Tokens.publish(open).unwrap().item, r#"{"type":"a"}"#);
    }
}
