//! Subscribers and what they see, as an author sees them: who asks, which class that is, which events the class sees.
//!
//! ```
//! use tidemill_sdk::view::{Subscriber, View};
//! use tidemill_sdk::{Event, Failure};
//! # use tidemill_sdk::{Manifest, NoConfig, Plugin, manifest};
//! # struct Tenants;
//! # impl Plugin for Tenants {
//! #     type Config = NoConfig;
//! #     fn manifest() -> Manifest { manifest! { summary: "Tenants" } }
//! #     fn configure(_: NoConfig) -> Result<Self, String> { Ok(Self) }
//! # }
//!
//! impl View for Tenants {
//!     fn classify(&mut self, who: &Subscriber) -> Result<String, String> {
//!         let tenant = who.parameter("tenant").ok_or("view.tenant is missing: name yours")?;
//!         Ok(tenant.to_owned())
//!     }
//!
//!     fn visible(&mut self, class: &str, event: &Event<'_>) -> Result<bool, Failure> {
//!         Ok(event.subject() == Some(class))
//!     }
//! }
//! ```

use crate::{Batch, Event, Failure, Fault, Plugin, log};

pub use crate::bindings::view::exports::tidemill::plugin::view::Subscriber;

/// Decides who sees which events. Subscribers are sorted into classes; each class is asked about an event once, however
/// many are in it.
pub trait View: Plugin {
    /// The class of a subscriber, at most 1 KiB. Whoever is in the same one sees the same, so everything that
    /// [`visible`](Self::visible) needs to know has to be in it.
    ///
    /// # Errors
    ///
    /// Why the subscriber is refused, and what to do; it is told so.
    fn classify(&mut self, who: &Subscriber) -> Result<String, String>;

    /// Whether somebody in this class sees the event. The answer may depend on the class, the event and the
    /// configuration only.
    ///
    /// # Errors
    ///
    /// Problems hide the event (they are logged at debug); a fault ends the batch.
    fn visible(&mut self, class: &str, event: &Event<'_>) -> Result<bool, Failure>;

    /// The same for a batch: one answer per event, in order.
    ///
    /// # Errors
    ///
    /// A fault of the plugin as a whole.
    fn visible_batch(&mut self, class: &str, batch: &Batch<'_>) -> Result<Vec<bool>, Fault> {
        let seen = batch.iter().map(|event| match self.visible(class, &event) {
            Ok(seen) => Ok(seen),
            Err(Failure::Problems(problems)) => {
                for problem in problems {
                    log::debug!("hidden: {}", problem.detail; "at" => problem.at);
                }
                Ok(false)
            }
            Err(Failure::Fault(fault)) => Err(fault),
        });
        seen.collect()
    }
}

impl Subscriber {
    /// The value of the parameter `view.<name>`; of several, the first.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        first(&self.parameters, name)
    }

    /// The value of a claim; of several, the first.
    pub fn claim(&self, name: &str) -> Option<&str> {
        first(&self.claims, name)
    }
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Manifest, NoConfig, Problem, testing};

    struct Team;

    impl Plugin for Team {
        type Config = NoConfig;
        fn manifest() -> Manifest {
            crate::manifest! { summary: "test" }
        }
        fn configure(_: NoConfig) -> Result<Self, String> {
            Ok(Self)
        }
    }

    impl View for Team {
        fn classify(&mut self, who: &Subscriber) -> Result<String, String> {
            let team = who.claim("team").or_else(|| who.parameter("team"));
            team.map(str::to_owned).ok_or_else(|| format!("`{}` is in no team", who.principal))
        }

        fn visible(&mut self, class: &str, event: &Event<'_>) -> Result<bool, Failure> {
            match event.kind() {
                "wrong" => Err(Problem::new("", "no such thing").into()),
                "broken" => Err(Fault::broken("out of order").into()),
                _ => Ok(event.subject() == Some(class)),
            }
        }
    }

    #[test]
    fn subscribers_are_classified_by_what_they_bring() {
        let classify = |who: &Subscriber| Team.classify(who);
        let someone = testing::subscriber().principal("ann").parameter("team", "red").parameter("team", "blue");
        assert_eq!(classify(&someone.clone().who()), Ok("red".into()));
        assert_eq!(classify(&someone.claim("team", "green").who()), Ok("green".into()));
        assert_eq!(classify(&testing::subscriber().principal("bob").who()), Err("`bob` is in no team".into()));
    }

    #[test]
    fn what_is_wrong_with_one_event_hides_it_and_a_fault_ends_the_batch() {
        let visible = |kinds: &[&str]| {
            let samples: Vec<_> = kinds.iter().map(|kind| testing::event(*kind).subject("red")).collect();
            let (rows, arena) = testing::encode(&samples);
            Team.visible_batch("red", &Batch::decode(&rows, &arena).expect("well formed"))
        };
        assert_eq!(visible(&["a", "wrong", "b"]), Ok(vec![true, false, true]));
        assert!(testing::logged()[0].message.contains("no such thing"));
        assert_eq!(visible(&["a", "broken"]), Err(Fault::Broken("out of order".into())));
    }
}
