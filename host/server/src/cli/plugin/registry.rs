//! What `push` and `pull` have in common: how a registry is reached and who one is to it, how far something is, and how it ends.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tidemill_plugin::TrustedRoots;
use tidemill_registry::{Access, Credentials, Plain, Reference, Registry, RegistryError, Told};

use crate::cli::config::environment;
use crate::cli::{Exit, Failure};

const CA: &str = "TIDEMILL_REGISTRY_CA";

#[derive(Debug, Args)]
pub(super) struct AccessArgs {
    /// Talk without encryption, as is done anyway with a registry on this machine unless --ca is there
    #[arg(long)]
    plain_http: bool,
    /// PEM file with certificates to trust beside those that browsers do [env: TIDEMILL_REGISTRY_CA]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl AccessArgs {
    /// The repository of a reference; nothing is sent yet.
    pub(super) fn open(&self, reference: &Reference) -> Result<Registry, Failure> {
        // The variable is for all registries, and says nothing of one on this machine, as the flag does.
        let (by, ca) = match &self.ca {
            Some(file) => ("--ca", Some(file.clone())),
            None => (CA, env::var_os(CA).filter(|file| !file.is_empty()).map(PathBuf::from)),
        };
        let roots = TrustedRoots::public_and(ca.as_deref());
        let roots = roots.map_err(|error| Failure::new(Exit::Usage, format!("{by}: {error}")))?;
        let access = Access {
            plain: match (self.plain_http, reference.is_loopback() && self.ca.is_none()) {
                (true, _) => Plain::Anywhere,
                (false, true) => Plain::Here,
                (false, false) => Plain::Never,
            },
            tls: roots.client_config(),
            credentials: credentials(reference.registry())?,
            agent: concat!("tidemill/", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        Registry::new(reference, access).map_err(|error| failure(reference, &error))
    }
}

/// Those of the environment, else what Docker keeps.
fn credentials(registry: &str) -> Result<Credentials, Failure> {
    let mut variables: BTreeMap<String, String> = environment().filter(|(_, value)| !value.is_empty()).collect();
    match (variables.remove("TIDEMILL_REGISTRY_USER"), variables.remove("TIDEMILL_REGISTRY_PASSWORD")) {
        (Some(user), Some(password)) => return Ok(Credentials::Password { user, password }),
        (None, None) => {}
        _ => {
            let told = "TIDEMILL_REGISTRY_USER and TIDEMILL_REGISTRY_PASSWORD go together; set both, or neither";
            return Err(Failure::new(Exit::Usage, told));
        }
    }
    let folder = variables.remove("DOCKER_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| Some(PathBuf::from(variables.remove("HOME")?).join(".docker")));
    let Some(folder) = folder else { return Ok(Credentials::None) };
    Credentials::of_docker(&folder.join("config.json"), registry)
        .map_err(|error| Failure::new(Exit::Usage, error.to_string()))
}

/// Reads a reference.
pub(super) fn reference(text: &str) -> Result<Reference, Failure> {
    text.parse().map_err(|error: tidemill_registry::ReferenceError| Failure::new(Exit::Usage, error.to_string()))
}

/// What to say, and how to end, if a registry gave or took nothing.
pub(super) fn failure(reference: &Reference, error: &RegistryError) -> Failure {
    match error {
        RegistryError::Unreachable { .. } => Failure::new(Exit::Unreachable, error.to_string()),
        // These name the place themselves.
        RegistryError::Unauthorized { .. }
        | RegistryError::Forbidden { .. }
        | RegistryError::Missing { .. }
        | RegistryError::Refused { .. } => Failure::new(Exit::Failed, error.to_string()),
        _ => Failure::new(Exit::Failed, format!("{reference}: {error}")),
    }
}

/// A bar on a terminal that goes away with it; nothing elsewhere.
pub(super) struct Bar(Option<ProgressBar>);

impl Bar {
    pub(super) fn new(what: &'static str, wanted: bool) -> Self {
        Self((wanted && io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{prefix} {bar:30} {bytes} of {total_bytes} ({bytes_per_sec})");
            let bar = ProgressBar::new(0).with_prefix(what);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        }))
    }

    /// Moves it.
    pub(super) fn told(&self) -> Option<Told> {
        let bar = self.0.clone()?;
        Some(Arc::new(move |done, whole| {
            bar.set_length(whole);
            bar.set_position(done);
        }))
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
