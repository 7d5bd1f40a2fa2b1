//! The form of a component in a registry: a manifest, a configuration, one layer. It is that of the CNCF's guidance for WebAssembly
//! artifacts, so that other tools push and pull the same.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::error::shown;
use crate::{Digest, RegistryError};

pub(crate) const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE: &str = "application/vnd.wasm.config.v0+json";
const LAYER_TYPE: &str = "application/wasm";
/// All that are asked for: what is no component is then named instead of not being found.
pub(crate) const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                                   application/vnd.docker.distribution.manifest.v2+json, \
                                   application/vnd.docker.distribution.manifest.list.v2+json";
/// The annotation with the signature. It is part of the manifest, so that it goes where the artifact goes, whatever copies it.
const SIGNATURE: &str = "dev.tidemill.plugin.signature";

/// What an artifact says of its component beside the bytes.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The author's version, if there is one.
    pub version: Option<String>,
    /// What it does, in a line.
    pub summary: Option<String>,
    /// What the component imports, by name.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
    /// When it was made, in the form of RFC 3339.
    pub created: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    schema_version: u8,
    media_type: &'a str,
    config: Descriptor,
    layers: [Descriptor; 1],
    annotations: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    created: &'a str,
    architecture: &'a str,
    os: &'a str,
    layer_digests: [String; 1],
    component: Component<'a>,
}

#[derive(Serialize)]
struct Component<'a> {
    exports: &'a [String],
    imports: &'a [String],
}

/// What stands in a manifest, as far as it matters here; of any kind of artifact.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyManifest {
    media_type: Option<String>,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

/// The three parts of an artifact that is to be pushed.
pub(crate) struct Parts {
    pub(crate) manifest: Bytes,
    pub(crate) config: Bytes,
    pub(crate) component: Bytes,
}

/// What a manifest leads to.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) config: Descriptor,
    pub(crate) component: Descriptor,
    pub(crate) signature: Option<String>,
}

impl Parts {
    /// Puts them together. The same arguments make the same bytes.
    pub(crate) fn new(
        name: &str,
        component: Bytes,
        about: &About,
        signature: Option<&str>,
    ) -> Result<Self, RegistryError> {
        let inner = |error: serde_json::Error| RegistryError::Unusable(error.to_string());
        let config = Config {
            created: &about.created,
            architecture: "wasm",
            os: "wasip2",
            layer_digests: [Digest::of(&component).to_string()],
            component: Component { exports: &about.exports, imports: &about.imports },
        };
        let config = Bytes::from(serde_json::to_vec(&config).map_err(inner)?);
        let mut annotations = BTreeMap::from([("org.opencontainers.image.title", name)]);
        let said = [
            ("org.opencontainers.image.version", about.version.as_deref()),
            ("org.opencontainers.image.description", about.summary.as_deref()),
            (SIGNATURE, signature),
        ];
        annotations
            .extend(said.into_iter().filter_map(|(key, value)| Some((key, value.filter(|text| !text.is_empty())?))));
        let manifest = Manifest {
            schema_version: 2,
            media_type: MANIFEST_TYPE,
            config: describe(CONFIG_TYPE, &config),
            layers: [describe(LAYER_TYPE, &component)],
            annotations,
        };
        Ok(Self { manifest: serde_json::to_vec(&manifest).map_err(inner)?.into(), config, component })
    }
}

impl Contents {
    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// It is none, or not that of a component; what it is instead is named.
    pub(crate) fn read(manifest: &[u8]) -> Result<Self, RegistryError> {
        let read: AnyManifest = serde_json::from_slice(manifest).map_err(|error| {
            RegistryError::Unusable(format!("its manifest cannot be read: {}", shown(&error.to_string())))
        })?;
        let not_wasm = |found: &str| RegistryError::NotWasm(shown(found));
        let Some(config) = read.config else {
            return Err(not_wasm(read.media_type.as_deref().unwrap_or("a manifest without `config`")));
        };
        let [layer] = read.layers.as_slice() else {
            let several = format!("{} with {} layers", config.media_type, read.layers.len());
            return Err(not_wasm(&several));
        };
        if config.media_type != CONFIG_TYPE {
            return Err(not_wasm(&config.media_type));
        }
        if layer.media_type != LAYER_TYPE {
            return Err(not_wasm(&format!("a layer of type {}", layer.media_type)));
        }
        let signature = read.annotations.and_then(|mut all| all.remove(SIGNATURE));
        Ok(Self { config, component: layer.clone(), signature })
    }
}

fn describe(media_type: &str, bytes: &[u8]) -> Descriptor {
    Descriptor { media_type: media_type.to_owned(), digest: Digest::of(bytes).to_string(), size: bytes.len() as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        let about = About { version: Some("1.0.0".into()), summary: Some(String::new()), ..About::default() };
        let parts = Parts::new("rules", Bytes::from_static(b"wasm"), &about, Some("signed")).unwrap();
        let contents = Contents::read(&parts.manifest).unwrap();
        assert_eq!(contents.component.digest, Digest::of(b"wasm").to_string());
        assert_eq!((contents.component.size, contents.config.size), (4, parts.config.len() as u64));
        assert_eq!(contents.signature.as_deref(), Some("signed"));
        let manifest: serde_json::Value = serde_json::from_slice(&parts.manifest).unwrap();
        let annotations = manifest["annotations"].as_object().unwrap();
        assert_eq!(annotations["org.opencontainers.image.title"], "rules");
        assert!(!annotations.contains_key("org.opencontainers.image.description"), "it is empty");
        let config: serde_json::Value = serde_json::from_slice(&parts.config).unwrap();
        assert_eq!(config["layerDigests"][0], contents.component.digest);
        assert_eq!((&config["os"], &config["architecture"]), (&"wasip2".into(), &"wasm".into()));
    }

    #[test]
    fn what_is_no_component_is_named() {
        let layer = |kind: &str| format!(r#"{{"mediaType":"{kind}","digest":"sha256:0","size":1}}"#);
        let manifest = |config: &str, layers: &str| {
            format!(r#"{{"schemaVersion":2,"config":{},"layers":[{layers}]}}"#, layer(config))
        };
        for (text, told) in [
            (
                manifest("application/vnd.oci.image.config.v1+json", &layer("x")),
                "application/vnd.oci.image.config.v1+json",
            ),
            (manifest(CONFIG_TYPE, &layer("application/x-tar")), "a layer of type application/x-tar"),
            (manifest(CONFIG_TYPE, ""), "with 0 layers"),
            (r#"{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#.to_owned(), "image.index"),
            (r#"{"mediaType":"a\u001b[31mb"}"#.to_owned(), "a\u{fffd}[31mb"),
            ("{}".to_owned(), "without `config`"),
            ("no json".to_owned(), "its manifest cannot be read"),
            (
                format!(r#"{{"config":"a\u001b{}"}}"#, "b".repeat(10_000)),
                "its manifest cannot be read: invalid type: string",
            ),
        ] {
            let error = Contents::read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(told) && error.len() < 400 && !error.contains('\u{1b}'), "{error}");
        }
    }
}
