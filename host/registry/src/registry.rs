//! A registry, as the distribution specification has it: blobs, manifests, tags. Must not know how one is let in.

mod answer;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, LOCATION};
use http::{HeaderValue, Method, StatusCode};
use rustls::ClientConfig;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use crate::artifact::{ACCEPTED, Descriptor, MANIFEST_TYPE};
use crate::error::shown;
use crate::exchange::{Ask, Exchange, Plain, Told};
use crate::limits::{ANSWER_BYTES_MAX, MANIFEST_BYTES_MAX, TAGS_BYTES_MAX, TAGS_NAMED_MAX};
use crate::{Credentials, Digest, Reference, RegistryError};

/// Docker's own registry is not where its name says.
const DOCKER: (&str, &str) = ("docker.io", "registry-1.docker.io");

/// How a registry is talked to.
#[derive(Debug)]
pub struct Access {
    /// Whether to talk without encryption, and to whom.
    pub plain: Plain,
    /// Whom to trust, with encryption.
    pub tls: ClientConfig,
    /// Who asks.
    pub credentials: Credentials,
    /// The program that asks, such as `tidemill/0.1.0`.
    pub agent: String,
}

/// One repository of a registry.
pub struct Registry {
    pub(crate) reference: Reference,
    exchange: Exchange,
    base: Url,
    credentials: Credentials,
    known: Mutex<Known>,
}

/// What is known of how to be let in.
#[derive(Default)]
struct Known {
    /// What the last request that was let in had to show.
    shown: Option<HeaderValue>,
    /// Whether something is to be pushed.
    pushes: bool,
}

#[derive(Deserialize)]
struct Tags {
    tags: Option<Vec<String>>,
}

impl Registry {
    /// The repository that a reference names; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// The registry's name is no address.
    pub fn new(reference: &Reference, access: Access) -> Result<Self, RegistryError> {
        let wrong =
            |error: &dyn std::fmt::Display| RegistryError::Unusable(format!("{}: {error}", reference.registry()));
        let host = if reference.registry() == DOCKER.0 { DOCKER.1 } else { reference.registry() };
        let scheme = if access.plain == Plain::Never { "https" } else { "http" };
        let base =
            Url::parse(&format!("{scheme}://{host}/v2/{}/", reference.repository())).map_err(|error| wrong(&error))?;
        let agent = HeaderValue::try_from(access.agent).map_err(|error| wrong(&error))?;
        Ok(Self {
            reference: reference.clone(),
            exchange: Exchange::new(access.tls, access.plain, agent),
            base,
            credentials: access.credentials,
            known: Mutex::default(),
        })
    }

    /// From now on issuers of tokens are asked for one that is good for pushing: some registries say what they want of the first
    /// request alone, which only reads, and refuse what comes then.
    pub(crate) async fn will_push(&self) {
        self.known.lock().await.pushes = true;
    }

    /// A manifest by tag or digest, if there is one. Its digest is not checked yet.
    pub(crate) async fn manifest(&self, which: &str) -> Result<Option<Bytes>, RegistryError> {
        let mut ask = self.ask(Method::GET, &format!("manifests/{which}"))?;
        (ask.accept, ask.max) = (Some(ACCEPTED), MANIFEST_BYTES_MAX);
        let answer = self.answer(ask, "its manifest").await?;
        match answer.status {
            StatusCode::OK => Ok(Some(answer.body)),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(self.refused(&answer)),
        }
    }

    /// What a tag stands for, if that can be found out.
    pub(crate) async fn digest_of(&self, tag: &str) -> Result<Option<Digest>, RegistryError> {
        let mut ask = self.ask(Method::HEAD, &format!("manifests/{tag}"))?;
        ask.accept = Some(ACCEPTED);
        let answer = self.answer(ask, "its answer").await?;
        let digest = answer.headers.get("docker-content-digest").filter(|_| answer.status == StatusCode::OK);
        Ok(digest.and_then(|value| value.to_str().ok()?.parse().ok()))
    }

    /// Stores a manifest under a tag.
    pub(crate) async fn put_manifest(&self, tag: &str, manifest: Bytes) -> Result<(), RegistryError> {
        let mut ask = self.ask(Method::PUT, &format!("manifests/{tag}"))?;
        (ask.content_type, ask.body) = (Some(MANIFEST_TYPE), manifest);
        let answer = self.answer(ask, "its answer").await?;
        if answer.status.is_success() { Ok(()) } else { Err(self.refused(&answer)) }
    }

    /// A blob with exactly the bytes that its descriptor says.
    pub(crate) async fn blob(
        &self,
        what: &'static str,
        blob: &Descriptor,
        max: u64,
        told: Option<Told>,
    ) -> Result<Bytes, RegistryError> {
        let unusable = |detail: String| RegistryError::Unusable(format!("{what}: {detail}"));
        let wanted: Digest =
            blob.digest.parse().map_err(|_| unusable(format!("`{}` is no SHA-256 digest", shown(&blob.digest))))?;
        if blob.size > max {
            return Err(RegistryError::TooLarge { what, max });
        }
        let mut ask = self.ask(Method::GET, &format!("blobs/{wanted}"))?;
        (ask.max, ask.told) = (blob.size, told);
        let answer = match self.answer(ask, what).await {
            Err(RegistryError::TooLarge { what, max }) => {
                return Err(unusable(format!(
                    "the registry sends more than the {max} bytes that the manifest says of {what}"
                )));
            }
            answer => answer?,
        };
        match answer.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => {
                return Err(RegistryError::Missing {
                    what: format!("blob {wanted}, which is {what}"),
                    tags: Vec::new(),
                });
            }
            _ => return Err(self.refused(&answer)),
        }
        let found = Digest::of(&answer.body);
        if found != wanted {
            return Err(RegistryError::Digest { what, wanted, found });
        }
        Ok(answer.body)
    }

    /// Stores a blob, unless it is there.
    pub(crate) async fn put_blob(&self, bytes: &Bytes, told: Option<Told>) -> Result<(), RegistryError> {
        let digest = Digest::of(bytes).to_string();
        let found = self.answer(self.ask(Method::HEAD, &format!("blobs/{digest}"))?, "its answer").await?;
        let length = found.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if found.status == StatusCode::OK && length == Some(bytes.len()) {
            return Ok(());
        }
        let begin = self.ask(Method::POST, "blobs/uploads/")?;
        let begun = self.answer(begin.clone(), "its answer").await?;
        if begun.status != StatusCode::ACCEPTED {
            return Err(self.refused(&begun));
        }
        let place = begun.headers.get(LOCATION).and_then(|value| begin.url.join(value.to_str().ok()?).ok());
        let mut place =
            place.ok_or_else(|| RegistryError::Unusable("the registry does not say where to upload".to_owned()))?;
        place.query_pairs_mut().append_pair("digest", &digest);
        let ask = Ask {
            method: Method::PUT,
            url: place,
            content_type: Some("application/octet-stream"),
            body: bytes.clone(),
            told,
            ..begin
        };
        let answer = self.answer(ask, "its answer").await?;
        if answer.status.is_success() { Ok(()) } else { Err(self.refused(&answer)) }
    }

    /// What to say of a tag or a digest that is not there.
    pub(crate) async fn missing(&self, which: &str) -> RegistryError {
        let (registry, repository) = (self.reference.registry(), self.reference.repository());
        let named = |what: String, tags: Vec<String>| RegistryError::Missing { what, tags };
        let Some(tags) = self.tags().await else {
            return named(format!("repository {repository} at {registry}"), Vec::new());
        };
        let kind = if self.reference.digest().is_some() { "manifest" } else { "tag" };
        let mut near: Vec<(f64, String)> =
            tags.into_iter().map(|tag| (strsim::jaro_winkler(&tag, which), shown(&tag))).collect();
        near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        let near = near.into_iter().take(TAGS_NAMED_MAX).map(|(_, tag)| tag).collect();
        named(format!("{kind} {which} in {registry}/{repository}"), near)
    }

    /// The tags that there are; not one if the registry does not tell; none at all if it says that there is no such repository.
    async fn tags(&self) -> Option<Vec<String>> {
        let Ok(mut ask) = self.ask(Method::GET, "tags/list?n=1000") else { return Some(Vec::new()) };
        ask.max = TAGS_BYTES_MAX;
        let Ok(answer) = self.answer(ask, "its list of tags").await else { return Some(Vec::new()) };
        if answer.status == StatusCode::NOT_FOUND {
            return None;
        }
        let read = serde_json::from_slice(&answer.body).ok().and_then(|Tags { tags }| tags);
        Some(read.unwrap_or_default())
    }

    fn ask(&self, method: Method, path: &str) -> Result<Ask, RegistryError> {
        // Not joined as it is: the colon of a digest would make a scheme of what is before it.
        let url = Url::parse(&format!("{}{path}", self.base));
        let url = url.map_err(|error| RegistryError::Unusable(format!("{}{path}: {error}", self.base)))?;
        Ok(Ask {
            method,
            url,
            accept: None,
            content_type: None,
            authorization: None,
            body: Bytes::new(),
            max: ANSWER_BYTES_MAX,
            told: None,
        })
    }

    pub(crate) fn untagged(&self) -> RegistryError {
        RegistryError::Unusable("the reference names no tag; write one, such as :1.2.0".to_owned())
    }
}
