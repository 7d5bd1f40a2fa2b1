//! A server, as the client commands see it: its address, its answers, and what to say if it cannot be reached.

mod exchange;

use std::env;
use std::fmt;
use std::path::PathBuf;

use clap::Args;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, USER_AGENT};
use serde::Deserialize;
use tidemill_plugin::TrustedRoots;
use url::Url;

use super::{Exit, Failure, printable};
use exchange::Exchange;
pub(super) use exchange::{Lost, Patience, Request, Response};

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
    #[command(flatten)]
    pub(super) trust: TrustArgs,
    /// The option that names the address
    #[arg(skip = "--url")]
    pub(super) option: &'static str,
}

/// Whom to take for the server.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct TrustArgs {
    // Not by `env`: the variable is for all servers, and says nothing of one without TLS, as the option does.
    /// PEM file with certificates to trust at https:// addresses, beside those that browsers do [env: TIDEMILL_CA]
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

const CA: &str = "TIDEMILL_CA";

/// One server.
pub(super) struct Server {
    base: Url,
    option: &'static str,
    pub(super) http: Exchange,
}

/// The problem of who sent no token.
const TOKEN_MISSING: &str = "urn:tidemill:problem:token-missing";

/// An error document (RFC 9457) or the outcome of one event: their members overlap, and all are optional to a reader.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    #[serde(rename = "type")]
    kind: Option<String>,
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
    /// Reads the address; nothing is sent yet.
    pub(super) fn new(args: &ServerArgs, patience: Patience) -> Result<Self, Failure> {
        let (text, option) = (&*args.url, args.option);
        let usage = |detail: &str| {
            let hint = "write it like http://127.0.0.1:3000 or https://events.example.com";
            Failure::new(Exit::Usage, format!("{option} {text}: {detail}; {hint}"))
        };
        // `127.0.0.1:3000` is what the server's own --listen takes.
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let base: Url = text.parse().map_err(|error| usage(&format!("not an address ({error})")))?;
        let is_secure = match base.scheme() {
            "http" => false,
            "https" => true,
            other => return Err(usage(&format!("no server speaks {other}"))),
        };
        if !base.username().is_empty() || base.password().is_some() {
            let told = "there is a name or a password in the address, which a server does not ask for; give a token in TIDEMILL_TOKEN";
            return Err(Failure::new(Exit::Usage, format!("{option}: {told}")));
        }
        if !base.has_host() {
            return Err(usage("there is no host in it"));
        }
        let (by, ca) = match &args.trust.ca {
            Some(_) if !is_secure => {
                return Err(usage("there is no TLS without https://, and so nobody that --ca could name"));
            }
            Some(file) => ("--ca", Some(file.clone())),
            None => (CA, env::var_os(CA).filter(|file| is_secure && !file.is_empty()).map(PathBuf::from)),
        };
        let roots = TrustedRoots::public_and(ca.as_deref());
        let roots = roots.map_err(|error| Failure::new(Exit::Usage, format!("{by}: {error}")))?;
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("tidemill/", env!("CARGO_PKG_VERSION"))));
        if let Some(token) = args.token.as_deref().filter(|token| !token.is_empty()) {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| Failure::new(Exit::Usage, "--token: a token has no line ends or control characters"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(Self { base, option, http: Exchange::new(roots.client_config(), headers, patience) })
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

    /// What to say if there is no answer, or not all of it, and what follows from that if a server was reached.
    pub(super) fn unanswered(&self, lost: &Lost, then: Option<&str>) -> Failure {
        let (base, option) = (self.base.as_str().trim_end_matches('/'), self.option);
        if !lost.is_connect() {
            let then = then.map(|then| format!("; {then}")).unwrap_or_default();
            return Failure::new(Exit::Failed, format!("no answer from {base}: {lost}{then}"));
        }
        let message = match lost.hint {
            Some(hint) => format!("cannot connect to {base}: {lost}; {hint}"),
            None => format!(
                "cannot connect to {base}: {lost}; start a server with `tidemill serve`, or name another with {option}"
            ),
        };
        Failure::new(Exit::Unreachable, message)
    }
}

impl Answer {
    /// Reads what the server said. Whatever is not one of our documents (a proxy's page, say) is quoted.
    pub(super) async fn read(response: Response) -> Result<Self, Lost> {
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
        // What the server says to this is for those who write requests.
        if self.kind.as_deref() == Some(TOKEN_MISSING) {
            return "there is no token; give one that the server accepts with --token, or in TIDEMILL_TOKEN".into();
        }
        let mut reasons: Vec<String> = self.problems.iter().map(AnswerProblem::to_line).collect();
        if reasons.is_empty() {
            let detail = self.detail.clone().filter(|detail| !detail.is_empty());
            let detail = detail.or_else(|| self.title.clone()).unwrap_or_else(|| "no reason given".into());
            let at = self.at.as_deref().filter(|at| !at.is_empty());
            reasons.push(at.map_or_else(|| detail.clone(), |at| format!("{at}: {detail}")));
        }
        printable::line(&reasons.join("; "))
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
