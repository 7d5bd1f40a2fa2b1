//! Owns which members of a delivery are noise to a reader. Knows nothing about events.
use tidemill_sdk::rewrite::{Action, Edit};

/// Removes the members by which API clients find their way: a subscriber has `html_url` and the ids.
pub(crate) struct Hypermedia;

impl Edit for Hypermedia {
    fn member(&mut self, name: &str) -> Action {
        match name {
            "html_url" => Action::Keep,
            "_links" | "node_id" | "url" => Action::Remove,
            _ if name.ends_with("_url") => Action::Remove,
            _ => Action::Enter,
        }
    }
}

#[cfg(test)]
mod tests {
    use tidemill_sdk::rewrite::rewrite;

    use super::*;

    #[test]
    fn links_go_and_the_rest_stays() {
        let data = br#"{"url":"u","issue":{"html_url":"h","events_url":"e","id":1.0,"_links":{"a":1},"node_id":"n"}}"#;
        let trimmed = rewrite(data, &mut Hypermedia).expect("JSON").expect("changed");
        assert_eq!(String::from_utf8_lossy(&trimmed), r#"{"issue":{"html_url":"h","id":1.0}}"#);
    }
}
