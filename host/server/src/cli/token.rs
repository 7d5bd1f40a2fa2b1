//! `tidemill token`: makes tokens for development, and says what is in one and whether a server would take it.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use jsonwebtoken::dangerous::insecure_decode;
use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::config::{DataFlags, describe};
use super::{Exit, Failure, Output};
use crate::auth::{Auth, TokenType, secret};
use crate::limits::TOKEN_BYTES_MAX;
use crate::outbound::Outbound;

/// `tidemill token`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  openssl rand -hex 32 > secret.txt
  tidemill token create --secret-file secret.txt --issuer dev --audience tidemill --subject me \\
      --type team --publish 'order.*' --subscribe '*' --expires 8h
  tidemill token inspect < token.txt                     its claims, and whether ./tidemill.toml accepts it

Exit codes: 0 done, or the token is accepted; 1 the token is refused; 2 the command or the configuration is wrong.")]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Sign a token (HS256) with the secret of an issuer
    Create(CreateArgs),
    /// Print the claims of a token, and say why a server would refuse it
    Inspect(InspectArgs),
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// The `secret-file` of the issuer
    #[arg(long, value_name = "FILE")]
    secret_file: PathBuf,
    /// The `issuer` as the configuration names it, if it does
    #[arg(long, value_name = "NAME")]
    issuer: Option<String>,
    /// One of its `audience`, if it has any
    #[arg(long, value_name = "NAME")]
    audience: Option<String>,
    /// Whom it stands for
    #[arg(long, value_name = "NAME")]
    subject: String,
    /// What kind of token it is
    #[arg(long = "type", value_enum, default_value_t = Kind::Readonly)]
    kind: Kind,
    /// Permissions, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    permissions: Vec<String>,
    /// Groups, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    groups: Vec<String>,
    /// Types of events that it may publish, separated by commas [default: all for master, none for others]
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',')]
    publish: Option<Vec<String>>,
    /// Types of events that it may subscribe to, separated by commas [default: all for master, none for others]
    #[arg(long, value_name = "PATTERNS", value_delimiter = ',')]
    subscribe: Option<Vec<String>>,
    /// A claim of another name, such as one that the issuer's `claims` maps to; may be repeated
    #[arg(long = "claim", value_name = "NAME=TEXT", value_parser = claim)]
    claims: Vec<(String, String)>,
    /// How long it is valid
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = humantime::parse_duration)]
    expires: Duration,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Everything
    Master,
    /// Publish and subscribe
    Team,
    /// Subscribe
    Readonly,
}

#[derive(Debug, Args)]
struct InspectArgs {
    /// The token; read from standard input if it is in neither
    #[arg(value_name = "TOKEN", env = "TIDEMILL_TOKEN", hide_env_values = true)]
    token: Option<String>,
    #[command(flatten)]
    config: DataFlags,
}

pub(super) async fn run(args: &TokenArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    match &args.action {
        Action::Create(args) => create(args, output),
        Action::Inspect(args) => inspect(args, output).await,
    }
}

fn create(args: &CreateArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let usage = |message: String| Failure::new(Exit::Usage, message);
    let secret = secret(&args.secret_file).map_err(|error| usage(format!("--secret-file: {error:#}")))?;
    let kind = match args.kind {
        Kind::Master => TokenType::Master,
        Kind::Team => TokenType::Team,
        Kind::Readonly => TokenType::Readonly,
    };
    // Checked here, so that it is not the server that says so.
    let (permissions, groups) = (args.permissions.clone(), args.groups.clone());
    crate::auth::Rights::new(kind, permissions, groups, args.publish.clone(), args.subscribe.clone()).map_err(usage)?;
    let now = get_current_timestamp();
    let mut claims = json!({
        "sub": args.subject,
        "type": kind.name(),
        "permissions": args.permissions,
        "groups": args.groups,
        "iat": now,
        "exp": now.saturating_add(args.expires.as_secs()),
        "jti": Uuid::new_v4().to_string(),
    });
    for (name, text) in [("iss", &args.issuer), ("aud", &args.audience)] {
        if let Some(text) = text {
            claims[name] = json!(text);
        }
    }
    for (name, text) in &args.claims {
        claims[name] = json!(text);
    }
    for (name, patterns) in [("publish", &args.publish), ("subscribe", &args.subscribe)] {
        if let Some(patterns) = patterns {
            claims[name] = json!(patterns);
        }
    }
    let token = encode(&Header::default(), &claims, &EncodingKey::from_secret(&secret))
        .map_err(|error| Failure::new(Exit::Failed, describe(&error)))?;
    writeln!(output.out, "{token}")?;
    Ok(Exit::Success)
}

/// `NAME=TEXT`, of none of the names that have an option of their own.
fn claim(text: &str) -> Result<(String, String), String> {
    let own = ["iss", "aud", "sub", "type", "permissions", "groups", "publish", "subscribe", "iat", "exp", "jti"];
    match text.split_once('=') {
        Some((name, _)) if own.contains(&name) => Err(format!("`{name}` is made by the options of this command")),
        Some((name, text)) if !name.is_empty() => Ok((name.to_owned(), text.to_owned())),
        _ => Err("expected NAME=TEXT, such as tokenId=t1".to_owned()),
    }
}

async fn inspect(args: &InspectArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let mut token = args.token.clone().unwrap_or_default();
    if token.is_empty() {
        let read = std::io::stdin().lock().take(TOKEN_BYTES_MAX as u64 + 1).read_to_string(&mut token);
        read.map_err(|error| Failure::new(Exit::Usage, format!("standard input: {error}")))?;
    }
    let token = token.trim();
    let config = args.config.load().map_err(|error| Failure::new(Exit::Usage, describe(&error)))?;
    let outbound = Outbound::trusting(config.http_client.roots.as_deref());
    let auth = outbound.and_then(|outbound| Auth::load(&config.auth, config.listen.ip(), &outbound, None));
    let auth = auth.map_err(|error| Failure::new(Exit::Usage, format!("{error:#}")))?;
    if let Ok(decoded) = insecure_decode::<Value>(token) {
        let shown = json!({"header": decoded.header, "claims": decoded.claims});
        writeln!(output.out, "{shown:#}")?;
    }
    match auth.bearer(token).await {
        Ok(principal) => {
            writeln!(output.out, "accepted: {:#}", principal.to_json())?;
            Ok(Exit::Success)
        }
        Err(refusal) => Err(Failure::new(Exit::Failed, format!("refused: {refusal}"))),
    }
}
