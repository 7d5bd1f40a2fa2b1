//! What a plugin wants of the host beyond what every plugin has, and what its operator grants it. What is not granted is
//! not there (invariant I5).

use std::fmt;

use ipnet::IpNet;
use tidemill_event::TypePattern;

use crate::Destination;

/// Something that is only there when it is granted. A plugin's imports say that it wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Durable keys of its own: it imports `tidemill:plugin/state`.
    State,
    /// Publishing events beside those that pass through it: it imports `tidemill:plugin/bus`.
    Publish,
    /// Figures of the host: it imports `tidemill:plugin/server`.
    Figures,
    /// Sending HTTP requests: it imports `wasi:http/outgoing-handler`.
    Http,
}

impl Capability {
    /// The name used in settings and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Publish => "publish",
            Self::Figures => "figures",
            Self::Http => "http",
        }
    }
}

/// What one plugin is granted. Nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// Whether it has durable keys of its own.
    pub state: bool,
    /// Whether it is told figures of the host.
    pub figures: bool,
    /// Types of events that it may publish.
    pub publish: Vec<TypePattern>,
    /// Where it may send requests.
    pub http: Vec<Destination>,
    /// Networks that are not public and that these may lead to.
    pub private_networks: Vec<IpNet>,
}

impl Grants {
    /// Whether something is granted at all.
    pub fn has(&self, capability: Capability) -> bool {
        match capability {
            Capability::State => self.state,
            Capability::Publish => !self.publish.is_empty(),
            Capability::Figures => self.figures,
            Capability::Http => !self.http.is_empty(),
        }
    }

    /// What of this is wanted and not granted, each in one line that says what to write. HTTP is not asked for by an
    /// import: interpreters import it without need.
    pub(crate) fn missing(&self, wanted: &[Capability]) -> Vec<String> {
        let missing = wanted.iter().filter(|capability| !self.has(**capability));
        let told = missing.filter_map(|capability| match capability {
            Capability::State => Some("state — not granted (`state = true`)"),
            Capability::Figures => Some("figures — not granted (`figures = true`)"),
            Capability::Publish => Some("publish — not granted (`publish = [\"<types that it may publish>\"]`)"),
            Capability::Http => None,
        });
        told.map(str::to_owned).collect()
    }

    /// What of these hosts is not granted, in the same way.
    pub(crate) fn missing_hosts(&self, wanted: &[Destination]) -> Vec<String> {
        let missing = wanted.iter().filter(|wanted| !self.http.iter().any(|granted| granted.covers(wanted)));
        missing.map(|host| format!("http: {host} — not granted (`http = [\"{host}\"]`)")).collect()
    }
}

/// In one line, as it is written in settings; empty without any.
impl fmt::Display for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        if self.state {
            write!(f, "state")?;
            gap = "; ";
        }
        if self.figures {
            write!(f, "{gap}figures")?;
            gap = "; ";
        }
        list(f, &mut gap, "publish", &self.publish)?;
        list(f, &mut gap, "http", &self.http)?;
        list(f, &mut gap, "private-networks", &self.private_networks)
    }
}

fn list(f: &mut fmt::Formatter<'_>, gap: &mut &str, name: &str, granted: &[impl fmt::Display]) -> fmt::Result {
    let mut before = format!("{gap}{name}: ");
    for one in granted {
        write!(f, "{before}{one}")?;
        (before, *gap) = (", ".to_owned(), "; ");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_told_in_one_line() {
        assert_eq!(Grants::default().to_string(), "");
        let grants = Grants {
            state: true,
            http: ["a.example", "http://127.0.0.1:90"].map(|text| text.parse().unwrap()).to_vec(),
            private_networks: vec!["127.0.0.0/8".parse().unwrap()],
            ..Grants::default()
        };
        assert_eq!(grants.to_string(), "state; http: a.example, http://127.0.0.1:90; private-networks: 127.0.0.0/8");
    }

    #[test]
    fn only_hosts_that_are_named_are_missed() {
        let grants = Grants { http: vec!["*.example.org".parse().unwrap()], ..Grants::default() };
        assert!(Grants::default().missing(&[Capability::Http]).is_empty());
        let wanted = ["a.example.org", "api.example.com"].map(|text| text.parse().unwrap());
        assert_eq!(
            grants.missing_hosts(&wanted),
            ["http: api.example.com — not granted (`http = [\"api.example.com\"]`)"]
        );
    }
}
