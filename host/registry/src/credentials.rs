//! Who one is to a registry: a name and a password, or what Docker keeps of a login. Never shown.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};

use crate::limits::CREDENTIALS_BYTES_MAX;

/// What Docker's own registry is called there, since its first version.
const DOCKER: (&str, &str) = ("docker.io", "https://index.docker.io/v1/");

/// Who one is.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody.
    None,
    /// A name with a password, or with a token in its place.
    Password {
        /// The name.
        user: String,
        /// The secret.
        password: String,
    },
    /// A token that others are given for.
    Identity(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "Credentials::None",
            Self::Password { .. } => "Credentials::Password",
            Self::Identity(_) => "Credentials::Identity",
        })
    }
}

/// What Docker keeps cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}; log in again with `docker login {registry}`, or set TIDEMILL_REGISTRY_USER and TIDEMILL_REGISTRY_PASSWORD", .path.display())]
pub struct CredentialsError {
    path: PathBuf,
    registry: String,
    reason: &'static str,
}

impl Credentials {
    /// What Docker's `config.json` says of a registry, by itself or through the helper that it names. Nobody if there is no such
    /// file, or nothing in it.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or its helper fails.
    pub fn of_docker(path: &Path, registry: &str) -> Result<Self, CredentialsError> {
        if registry == DOCKER.0 {
            let found = Self::kept(path, registry, DOCKER.1)?;
            if found != Self::None {
                return Ok(found);
            }
        }
        Self::kept(path, registry, registry)
    }

    /// What is kept of a registry under a name.
    fn kept(path: &Path, registry: &str, name: &str) -> Result<Self, CredentialsError> {
        let failed =
            |reason: &'static str| CredentialsError { path: path.to_owned(), registry: registry.to_owned(), reason };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::None),
            Err(_) => return Err(failed("it cannot be opened")),
        };
        // The library's words may hold what a helper printed, which may be a secret.
        match get_credential_from_reader(BufReader::new(file).take(CREDENTIALS_BYTES_MAX), name) {
            Ok(DockerCredential::UsernamePassword(user, password)) => Ok(Self::Password { user, password }),
            Ok(DockerCredential::IdentityToken(token)) => Ok(Self::Identity(token)),
            Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(Self::None),
            // A helper that has nothing of this registry says so by failing; others then ask without, and so does this.
            Err(CredentialRetrievalError::HelperFailure { stdout, .. }) if stdout.contains("credentials not found") => {
                Ok(Self::None)
            }
            Err(CredentialRetrievalError::HelperFailure { .. }) => Err(failed("the helper that it names failed")),
            Err(CredentialRetrievalError::HelperCommunicationError) => {
                Err(failed("the helper that it names does not run"))
            }
            Err(CredentialRetrievalError::MalformedHelperResponse) => {
                Err(failed("the helper that it names answers what nobody understands"))
            }
            Err(_) => Err(failed("it is damaged")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_docker_keeps_is_found_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        assert_eq!(Credentials::of_docker(&path, "r.example").unwrap(), Credentials::None);
        let auths = r#"{"auths": {"r.example": {"auth": "bWU6c2VjcmV0"}, "i.example": {"identitytoken": "secret"}}}"#;
        fs::write(&path, auths).unwrap();
        let found = Credentials::of_docker(&path, "r.example").unwrap();
        assert_eq!(found, Credentials::Password { user: "me".into(), password: "secret".into() });
        assert!(!format!("{found:?}").contains("secret"));
        let found = Credentials::of_docker(&path, "i.example").unwrap();
        assert!(found == Credentials::Identity("secret".into()) && !format!("{found:?}").contains("secret"));
        assert_eq!(Credentials::of_docker(&path, "other.example").unwrap(), Credentials::None);
        fs::write(&path, r#"{"auths": {"r.example": {"auth": "c2VjcmV0"}}"#).unwrap();
        let told = Credentials::of_docker(&path, "r.example").unwrap_err().to_string();
        assert!(told.contains("config.json: it is damaged; log in again with `docker login r.example`"), "{told}");
        fs::write(&path, r#"{"credHelpers": {"r.example": "that-nobody-has"}}"#).unwrap();
        let told = Credentials::of_docker(&path, "r.example").unwrap_err().to_string();
        assert!(told.contains("the helper that it names does not run"), "{told}");
    }
}
