//! Signatures: made by `push --sign`, asked for by `pull --key` and by the configuration.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::super::Author;
use super::{done, refused, typed, with_component};
use crate::support::Registry;

/// Makes a pair of keys without a password: the public one.
fn key(author: &Author, name: &str) -> String {
    done(author, &["key", &format!("{name}.key"), "--no-password"])
}

#[tokio::test]
async fn only_what_a_trusted_key_signed_is_pulled() {
    let Some(registry) = Registry::start().await else { return };
    let author = with_component("stamp_v1", "one.wasm");
    let (ours, _) = (key(&author, "ours"), key(&author, "theirs"));
    let place = |tag: &str| format!("{}/acme/stamp:{tag}", registry.address);
    let pinned = done(&author, &["push", &place("signed"), "one.wasm", "--sign", "ours.key"]);
    done(&author, &["push", &place("bare"), "one.wasm"]);
    done(&author, &["push", &place("foreign"), "one.wasm", "--sign", "theirs.key"]);
    for (tag, told) in [("bare", "it is not signed, and a key is configured"), ("foreign", "it is signed with the key")]
    {
        let error = refused(&author, 1, &["pull", &place(tag), "--key", "ours.pub"]);
        assert!(error.contains(told), "{error}");
    }
    assert!(!author.has("stamp.wasm"));
    // By a key, its file, one of several, in the configuration and in the environment; by digest, too.
    for arguments in [
        &["pull", &place("signed"), "--key", &ours][..],
        &["pull", &place("signed"), "--key", "theirs.pub", "--key", "ours.pub"],
        &["pull", &pinned, "--key", "ours.pub"],
    ] {
        assert_eq!(done(&author, arguments), pinned);
    }
    fs::write(author.at("tidemill.toml"), format!("[registry]\nkeys = [\"{ours}\"]")).unwrap();
    let about: Value = serde_json::from_str(&done(&author, &["pull", &place("signed"), "--json"])).unwrap();
    let public = fs::read_to_string(author.at("ours.pub")).unwrap();
    let id = about["signed_by"].as_str().unwrap();
    assert!(id.len() == 16 && public.contains(id), "{id}: {public}");
    assert!(refused(&author, 1, &["pull", &place("bare")]).contains("not signed"));
    // A secret that is not set makes an empty variable, which must not switch it off.
    for empty in ["", ","] {
        let said = typed(&author, &[("TIDEMILL_REGISTRY_KEYS", empty)], &["pull", &place("bare")]);
        assert!(said.code == 2 && said.err.contains("TIDEMILL_REGISTRY_KEYS"), "{}", said.err);
        assert!(said.err.contains("or [] for none"), "{}", said.err);
    }
    fs::remove_file(author.at("tidemill.toml")).unwrap();
    let said = typed(&author, &[("TIDEMILL_REGISTRY_KEYS", &ours)], &["pull", &place("foreign")]);
    assert!(said.code == 1 && said.err.contains("is trusted"), "{}", said.err);
    // A file that cannot be read must not count as one without keys.
    fs::write(author.at("tidemill.toml"), "[registry]\nkey = [\"RWQ\"]").unwrap();
    let error = typed(&author, &[], &["pull", &place("bare")]);
    assert!(error.code == 2 && error.err.contains("did you mean `registry.keys`"), "{}", error.err);
}

#[tokio::test]
async fn a_signature_counts_for_its_bytes_and_its_name_alone() {
    let Some(registry) = Registry::start().await else { return };
    let author = with_component("stamp_v1", "one.wasm");
    fs::copy(crate::support::guest("stamp_v2"), author.at("v2.wasm")).unwrap();
    key(&author, "ours");
    let place = |name: &str| format!("{}/acme/{name}:1", registry.address);
    done(&author, &["push", &place("stamp"), "one.wasm", "--sign", "ours.key"]);
    done(&author, &["push", &place("redact"), "one.wasm"]);
    done(&author, &["push", &place("two"), "v2.wasm"]);
    let http = reqwest::Client::new();
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = async |name: &str| -> Value {
        let asked = http.get(registry.url(&format!("acme/{name}/manifests/1"))).header("accept", media_type);
        asked.send().await.unwrap().json().await.unwrap()
    };
    let put = async |name: &str, manifest: &Value| {
        let put = http.put(registry.url(&format!("acme/{name}/manifests/1"))).header("content-type", media_type);
        assert_eq!(put.body(manifest.to_string()).send().await.unwrap().status(), 201);
    };
    let signed = manifest("stamp").await;
    // Whoever has the registry hands out one plugin for another, or other bytes under a good signature.
    put("redact", &signed).await;
    let told = refused(&author, 1, &["pull", &place("redact"), "--key", "ours.pub"]);
    assert!(told.contains("its signature is for the plugin `stamp` and not for `redact`"), "{told}");
    let mut other = manifest("two").await;
    other["annotations"] = signed["annotations"].clone();
    put("two", &other).await;
    let told = refused(&author, 1, &["pull", &place("two"), "--key", "ours.pub"]);
    assert!(told.contains("its signature is wrong"), "{told}");
    assert!(!author.has("redact.wasm") && !author.has("two.wasm"));
}

#[test]
fn keys_are_made_once_and_the_secret_one_is_for_its_owner() {
    let author = with_component("stamp_v1", "one.wasm");
    let line = key(&author, "ours");
    let public = fs::read_to_string(author.at("ours.pub")).unwrap();
    assert!(line.starts_with("RW") && line.len() == 56 && public.ends_with(&format!("{line}\n")), "{public}");
    assert_eq!(fs::metadata(author.at("ours.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let told = refused(&author, 2, &["key", "ours.key", "--no-password"]);
    assert!(told.contains("ours.key is there already"), "{told}");
    assert!(refused(&author, 2, &["key", "other.pub", "--no-password"]).contains("does not end in .pub"));
    // Without a terminal there is nobody to type one.
    let told = refused(&author, 2, &["key", "other.key"]);
    assert!(told.contains("TIDEMILL_SIGN_PASSWORD") && !author.has("other.key"), "{told}");
    let password = [("TIDEMILL_SIGN_PASSWORD", "open sesame")];
    assert_eq!(typed(&author, &password, &["key", "other.key"]).code, 0);
    let sign = ["push", "127.0.0.1:1/x:1", "one.wasm", "--sign", "other.key"];
    assert!(refused(&author, 2, &sign).contains("other.key: the secret key has a password"));
    let said = typed(&author, &[("TIDEMILL_SIGN_PASSWORD", "hunter2")], &sign);
    assert!(said.code == 2 && said.err.contains("not the password"), "{}", said.err);
    // Nobody listens there: the key was read.
    assert_eq!(typed(&author, &password, &sign).code, 3);
}
