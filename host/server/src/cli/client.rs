//! A server, as the client commands see it: its address, its answers, and what to say if it cannot be reached.

use std::{fmt, net::IpAddr, time::Duration};

use clap::Args;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, ClientBuilder, Response, Url};
use serde::Deserialize;

use super::config::describe;
use super::{Exit, Failure};

/// How long a connection may take. Longer than a lost packet and its repetition, short enough to wait for.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Which server.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServerArgs {
    /// The server's address
    #[arg(
        long,
        value_name = "URL",
        env = "TIDEMILL_URL",
        default_value = "http://127.0.0.1:3000",
        hide_env_values = true
    )]
    pub(super) url: String,
    /// A token that the server accepts; in the variable others on this machine do not see it
    #[arg(long, value_name = "TOKEN", env = "TIDEMILL_TOKEN", hide_env_values = true)]
    pub(super) token: Option<String>,
}

/// One server.
pub(super) struct Server {
    base: Url,
    pub(super) http: Client,
}

/// An error document (RFC 9457) or the outcome of one event: their members overlap, and all are optional to a reader.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    pub(super) title: Option<String>,
    pub(super) detail: Option<String>,
    pub(super) at: Option<String>,
    pub(super) outcome: Option<String>,
    pub(super) index: Option<usize>,
    pub(super) id: Option<String>,
    pub(super) by: Option<String>,
    pub(super) position: Option<String>,
    pub(super) positions: Vec<String>,
    pub(super) problems: Vec<AnswerProblem>,
    pub(super) results: Option<Vec<Answer>>,
    pub(super) explain: Option<Vec<AnswerStep>>,
}

/// What one plugin did with an event.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AnswerStep {
    plugin: String,
    kind: String,
    did: String,
    us: f64,
    batch: usize,
}

/// One of the reasons of a rejection.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AnswerProblem {
    at: String,
    detail: String,
}

impl Server {
    /// Reads the address; nothing is sent yet. The command adds its timeouts.
    pub(super) fn new(
        args: &ServerArgs,
        timeouts: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Self, Failure> {
        let text = &*args.url;
        let usage = |detail: &str| {
            let hint = "write it like http://127.0.0.1:3000";
            Failure::new(Exit::Usage, format!("--url {}: {detail}; {hint}", args.url))
        };
        // `127.0.0.1:3000` is what the server's own --listen takes.
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let base: Url = text.parse().map_err(|error| usage(&format!("not an address ({error})")))?;
        if base.scheme() != "http" {
            return Err(usage("this command speaks plain http only, without encryption"));
        }
        let Some(host) = base.host_str() else {
            return Err(usage("there is no host in it"));
        };
        let mut client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("tidemill/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = args.token.as_deref().filter(|token| !token.is_empty()) {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| Failure::new(Exit::Usage, "--token: a token has no line ends or control characters"))?;
            value.set_sensitive(true);
            client = client.default_headers(HeaderMap::from_iter([(AUTHORIZATION, value)]));
        }
        let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
        if host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback()) {
            // A proxy that the environment names does not know our loopback.
            client = client.no_proxy();
        }
        let http = timeouts(client).build().map_err(|error| Failure::new(Exit::Failed, describe(&error)))?;
        Ok(Self { base, http })
    }

    /// Where events are published and read.
    pub(super) fn events(&self) -> Url {
        self.at(&["events"])
    }

    /// A place below the server's address.
    pub(super) fn at(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// What to say if no server was reached.
    pub(super) fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let reason = self.reason(error);
        let base = self.base.as_str().trim_end_matches('/');
        Failure::new(
            Exit::Unreachable,
            format!(
                "cannot connect to {base}: {reason}; start a server with `tidemill serve`, or name another with --url"
            ),
        )
    }

    /// The innermost cause of an error; what is around it names the URL again and again.
    pub(super) fn reason(&self, error: &reqwest::Error) -> String {
        if error.is_timeout() {
            return "no answer in time".into();
        }
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        cause.to_string()
    }
}

impl Answer {
    /// Reads what the server said. Whatever is not one of our documents (a proxy's page, say) is quoted.
    pub(super) async fn read(response: Response) -> Result<Self, reqwest::Error> {
        let status = response.status();
        let body = response.bytes().await?;
        Ok(serde_json::from_slice(&body).unwrap_or_else(|_| Self {
            title: Some(format!("the server answered {status}")),
            detail: Some(String::from_utf8_lossy(&body).trim().chars().take(200).collect()),
            ..Self::default()
        }))
    }

    /// Why it went wrong, on one line.
    pub(super) fn reasons(&self) -> String {
        let mut reasons: Vec<String> = self.problems.iter().map(AnswerProblem::to_line).collect();
        if reasons.is_empty() {
            let detail = self.detail.clone().filter(|detail| !detail.is_empty());
            let detail = detail.or_else(|| self.title.clone()).unwrap_or_else(|| "no reason given".into());
            let at = self.at.as_deref().filter(|at| !at.is_empty());
            reasons.push(at.map_or_else(|| detail.clone(), |at| format!("{at}: {detail}")));
        }
        reasons.join("; ")
    }

    /// Where the event, or what became of it, is stored.
    pub(super) fn all_positions(&self) -> String {
        let all: Vec<&str> = self.position.iter().chain(&self.positions).map(String::as_str).collect();
        all.join(", ")
    }
}

impl fmt::Display for AnswerStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plugin, kind, did, us, batch } = self;
        write!(f, "  {plugin} ({kind}): {did}, {us:.1} µs")?;
        if *batch > 1 { write!(f, ", in a call with {batch} events") } else { Ok(()) }
    }
}

impl AnswerProblem {
    fn to_line(&self) -> String {
        if self.at.is_empty() { self.detail.clone() } else { format!("{}: {}", self.at, self.detail) }
    }
}
