//! References: where in which registry something is.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::Digest;
use crate::connect::is_loopback;

/// Bytes of a repository's name, with which all registries get along.
const REPOSITORY_BYTES_MAX: usize = 255;
const TAG_BYTES_MAX: usize = 128;

/// `registry/repository`, with a tag, a digest, both, or neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// A reference that is none: the part of it that is wrong, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}`: {detail}; write a reference like ghcr.io/acme/order-rules:1.2.0")]
pub struct ReferenceError {
    text: String,
    detail: String,
}

impl Reference {
    /// The registry's host, with its port if it has one.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path in the registry, such as `acme/order-rules`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The last part of the repository's path, which a plugin is named by.
    pub fn name(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or(&self.repository)
    }

    /// The tag.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest of the manifest.
    pub const fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// The same with a tag.
    ///
    /// # Errors
    ///
    /// It cannot be a tag.
    pub fn with_tag(&self, tag: &str) -> Result<Self, ReferenceError> {
        check_tag(tag).map_err(|detail| ReferenceError { text: format!("{self}:{tag}"), detail })?;
        Ok(Self { tag: Some(tag.to_owned()), ..self.clone() })
    }

    /// What to pin: the repository with a digest, without a tag.
    pub fn pinned(&self, digest: Digest) -> Self {
        Self { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// Whether the registry is on this machine.
    pub fn is_loopback(&self) -> bool {
        let url = Url::parse(&format!("http://{}", self.registry)).ok();
        url.as_ref().and_then(Url::host_str).is_some_and(is_loopback)
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        read(text).map_err(|detail| ReferenceError { text: text.to_owned(), detail })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

fn read(text: &str) -> Result<Reference, String> {
    if text.contains("://") {
        return Err("a reference has no scheme such as https://".to_owned());
    }
    let (path, digest) = match text.split_once('@') {
        Some((path, digest)) => (path, Some(digest)),
        None => (text, None),
    };
    let digest = digest.map(str::parse).transpose().map_err(|error| format!("the digest is wrong: {error}"))?;
    let Some((registry, path)) = path.split_once('/').filter(|(registry, _)| is_host(registry)) else {
        return Err("it does not begin with the name of a registry".to_owned());
    };
    let (repository, tag) = match path.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag)),
        None => (path, None),
    };
    check_repository(repository)?;
    tag.map_or(Ok(()), check_tag)?;
    let registry = registry.to_ascii_lowercase();
    Ok(Reference { registry, repository: repository.to_owned(), tag: tag.map(str::to_owned), digest })
}

/// Whether it names a host: with a dot or a port, which first parts of a repository do not have, or this machine.
fn is_host(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    (text.contains(['.', ':']) || text.eq_ignore_ascii_case("localhost"))
        && text.bytes().all(plain)
        && Url::parse(&format!("http://{text}")).is_ok_and(|url| url.host().is_some() && url.path() == "/")
}

/// Parts of small letters and digits, which one point, one or two underscores, or hyphens may divide.
fn check_repository(text: &str) -> Result<(), String> {
    let fits = |part: &str| {
        let words: Vec<&str> = part.split(['.', '_', '-']).collect();
        let divided = !["..", "._", ".-", "_.", "_-", "-.", "-_", "___"].iter().any(|two| part.contains(two));
        let ends =
            words.first().is_some_and(|word| !word.is_empty()) && words.last().is_some_and(|word| !word.is_empty());
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        ends && divided && words.iter().all(|word| word.bytes().all(plain))
    };
    if text.len() <= REPOSITORY_BYTES_MAX && text.split('/').all(fits) {
        return Ok(());
    }
    Err(format!(
        "the repository `{text}` has other characters than small letters and digits, divided by `/`, `.`, `_` or `-`, or is \
         longer than {REPOSITORY_BYTES_MAX}"
    ))
}

fn check_tag(text: &str) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if (1..=TAG_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with(['.', '-']) {
        return Ok(());
    }
    Err(format!(
        "the tag `{text}` is none: it has 1 to {TAG_BYTES_MAX} letters, digits, `.`, `_` or `-`, and does not begin with `.` or `-`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Reference, String> {
        text.parse::<Reference>().map_err(|error| error.to_string())
    }

    #[test]
    fn a_reference_is_read_as_it_is_written() {
        let digest = Digest::of(b"");
        for (text, registry, repository, tag, pinned) in [
            ("ghcr.io/acme/order-rules:1.2.0", "ghcr.io", "acme/order-rules", Some("1.2.0"), None),
            ("localhost:5000/x", "localhost:5000", "x", None, None),
            ("localhost/a__b/c--d", "localhost", "a__b/c--d", None, None),
            ("[::1]:5000/a.b_c", "[::1]:5000", "a.b_c", None, None),
            (&format!("127.0.0.1:5000/a/b:Latest@{digest}"), "127.0.0.1:5000", "a/b", Some("Latest"), Some(digest)),
            (&format!("registry.example/a@{digest}"), "registry.example", "a", None, Some(digest)),
        ] {
            let found = read(text).unwrap();
            assert_eq!((found.registry(), found.repository()), (registry, repository));
            assert_eq!((found.tag(), found.digest(), found.to_string()), (tag, pinned, text.to_owned()));
        }
        let found = read("ghcr.io/acme/order-rules:1.2.0").unwrap();
        assert_eq!((found.name(), found.is_loopback()), ("order-rules", false));
        assert_eq!(found.pinned(digest).to_string(), format!("ghcr.io/acme/order-rules@{digest}"));
        assert!(["localhost/a", "127.0.0.2:1/a", "[::1]/a"].iter().all(|text| read(text).unwrap().is_loopback()));
    }

    #[test]
    fn what_is_wrong_in_a_reference_is_named() {
        for (text, part) in [
            ("https://ghcr.io/acme/x:1", "scheme"),
            ("acme/x:1", "does not begin with the name of a registry"),
            ("x", "does not begin with the name of a registry"),
            ("me@ghcr.io/acme/x", "the digest is wrong"),
            ("ghcr.io/x@sha256:12", "the digest is wrong"),
            ("ghcr.io/Acme/x:1", "the repository `Acme/x`"),
            ("ghcr.io/acme/../x:1", "the repository `acme/../x`"),
            ("ghcr.io/acme//x", "the repository"),
            ("ghcr.io/", "the repository"),
            ("ghcr.io/a_-b", "the repository"),
            ("ghcr.io/-a", "the repository"),
            ("ghcr.io/a?b", "the repository"),
            ("ghcr.io/a:", "the tag ``"),
            ("ghcr.io/a:1:2", "the tag `1:2`"),
            ("ghcr.io/a:1.0+x", "the tag `1.0+x`"),
            ("ghcr.io:x/a", "does not begin with the name of a registry"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(&format!("`{text}`: ")) && error.contains(part), "{error}");
        }
        let error = read("ghcr.io/a").unwrap().with_tag("1.0+x").unwrap_err().to_string();
        assert!(error.contains("the tag `1.0+x`"), "{error}");
    }
}
