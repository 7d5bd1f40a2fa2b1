//! What is not pushed or pulled: references that are none, what is not there or something else, damage, and who may not.

use std::fs;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::super::Author;
use super::{done, refused, typed, with_component};
use crate::support::{Registry, guest};

#[tokio::test]
async fn only_who_is_known_gets_in() {
    let Some(registry) = Registry::with_password().await else { return };
    let author = with_component("stamp_v1", "one.wasm");
    let place = format!("{}/acme/stamp:1", registry.address);
    let told = refused(&author, 1, &["push", &place, "one.wasm"]);
    assert!(told.contains("wants credentials for acme/stamp;") && told.contains("docker login"), "{told}");
    let known = [("TIDEMILL_REGISTRY_USER", "me"), ("TIDEMILL_REGISTRY_PASSWORD", "open sesame")];
    let said = typed(&author, &known, &["push", &place, "one.wasm"]);
    assert!(said.code == 0 && !format!("{}{}", said.out, said.err).contains("sesame"), "{}", said.err);
    let said = typed(&author, &[known[0], ("TIDEMILL_REGISTRY_PASSWORD", "hunter2")], &["pull", &place]);
    assert!(said.code == 1 && said.err.contains("does not accept those that it was given"), "{}", said.err);
    assert!(!said.err.contains("hunter2"), "{}", said.err);
    let said = typed(&author, &known[..1], &["pull", &place]);
    assert!(said.code == 2 && said.err.contains("go together"), "{}", said.err);
    // As `docker login` keeps it.
    fs::create_dir(author.at("docker")).unwrap();
    let auth = BASE64_STANDARD.encode("me:open sesame");
    let config = json!({"auths": {&registry.address: {"auth": auth}}});
    fs::write(author.at("docker/config.json"), config.to_string()).unwrap();
    done(&author, &["pull", &place]);
    assert!(author.has("stamp.wasm"));
}

#[tokio::test]
async fn a_helper_is_asked_for_dockers_own_registry_by_the_name_that_docker_has_for_it() {
    use std::os::unix::fs::PermissionsExt;
    let author = Author::new();
    for (place, text) in [
        ("docker/config.json", r#"{"credsStore": "ours"}"#),
        (
            "bin/docker-credential-ours",
            "#!/bin/sh\ncat >> asked\necho >> asked\necho '{\"Username\":\"me\",\"Secret\":\"s\"}'\n",
        ),
    ] {
        fs::create_dir_all(author.at(place).parent().unwrap()).unwrap();
        fs::write(author.at(place), text).unwrap();
        fs::set_permissions(author.at(place), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", author.at("bin").display(), std::env::var("PATH").unwrap());
    // Nobody listens there, so that nothing is sent.
    let variables = [("PATH", &*path), ("HTTPS_PROXY", "http://127.0.0.1:1")];
    for place in ["docker.io/acme/x:1", "registry.example/acme/x:1"] {
        let said = typed(&author, &variables, &["pull", place]);
        assert_eq!(said.code, 3, "{}", said.err);
    }
    let asked = fs::read_to_string(author.at("asked")).unwrap();
    assert_eq!(asked, "https://index.docker.io/v1/\nregistry.example\n");
}

#[tokio::test]
async fn what_is_not_there_is_named_with_what_is_near() {
    let Some(registry) = Registry::start().await else { return };
    let author = with_component("stamp_v1", "one.wasm");
    let place = format!("{}/acme/stamp", registry.address);
    for tag in ["1.0.0", "1.1.0", "latest"] {
        done(&author, &["push", &format!("{place}:{tag}"), "one.wasm"]);
    }
    let told = refused(&author, 1, &["pull", &format!("{place}:1.1")]);
    assert!(
        told.contains(&format!("there is no tag 1.1 in {place}; there are the tags 1.1.0, 1.0.0, latest")),
        "{told}"
    );
    let digest = format!("sha256:{}", "0".repeat(64));
    let told = refused(&author, 1, &["pull", &format!("{place}@{digest}")]);
    assert!(told.contains(&format!("there is no manifest {digest}")), "{told}");
    let told = refused(&author, 1, &["pull", &format!("{}/acme/nothing:1", registry.address)]);
    assert!(told.contains("there is no repository acme/nothing"), "{told}");
    assert!(!author.has("stamp.wasm") && !author.has("nothing.wasm"));
}

#[tokio::test]
async fn a_command_that_is_wrong_says_where() {
    let author = with_component("stamp_v1", "one.wasm");
    for (arguments, told) in [
        (&["pull", "ghcr.io/Acme/x:1"][..], "the repository `Acme/x`"),
        (&["pull", "ghcr.io/acme/x"], "names neither a tag nor a digest"),
        (&["pull", "127.0.0.1:1/x:1", "--output", "."], "is a folder"),
        (&["pull", "127.0.0.1:1/x:1", "--key", "RWQ"], "--key RWQ: this is no public key"),
        (&["pull", "127.0.0.1:1/x:1", "--key", "acme.pub"], "and there is no file of that name"),
        (&["pull", &format!("127.0.0.1:1/{}:1", "x".repeat(65))], "at most 64; name the file with --output"),
        (&["pull", "127.0.0.1:1/x:1", "--ca", "one.wasm"], "--ca: one.wasm"),
        (&["push", "order-rules:1", "one.wasm"], "does not begin with the name of a registry"),
        (&["push", "127.0.0.1:1/x:1", "none.wasm"], "there is no none.wasm"),
        (&["push", "127.0.0.1:1/x:1"], "tidemill plugin new"),
        (&["push", "127.0.0.1:1/x:1", "one.wasm", "--sign", "none.key"], "cannot read none.key"),
        (&["push", "127.0.0.1:1/x:1", "one.wasm", "--sign", "one.wasm"], "one.wasm"),
    ] {
        let error = refused(&author, 2, arguments);
        assert!(error.contains(told), "{arguments:?}: {error}");
    }
    for epoch in ["soon", "-1", "253402300800"] {
        let said = typed(&author, &[("SOURCE_DATE_EPOCH", epoch)], &["push", "127.0.0.1:1/x:1", "one.wasm"]);
        let told = format!("SOURCE_DATE_EPOCH is `{epoch}`; set it to seconds since 1970");
        assert!(said.code == 2 && said.err.contains(&told), "{}", said.err);
    }
    let said = typed(&author, &[("TIDEMILL_REGISTRY_CA", "one.wasm")], &["pull", "127.0.0.1:1/x:1"]);
    assert!(said.code == 2 && said.err.contains("TIDEMILL_REGISTRY_CA: one.wasm"), "{}", said.err);
    let digest = format!("127.0.0.1:1/x@sha256:{}", "0".repeat(64));
    assert!(refused(&author, 2, &["push", &digest, "one.wasm"]).contains("name a tag"));
}

#[tokio::test]
async fn who_is_not_reached_is_named() {
    let author = with_component("stamp_v1", "one.wasm");
    // Nobody listens on port 1.
    for arguments in [&["push", "127.0.0.1:1/x:1", "one.wasm"][..], &["pull", "127.0.0.1:1/x:1"]] {
        let told = refused(&author, 3, arguments);
        assert!(told.contains("cannot reach the registry 127.0.0.1:1: Connection refused"), "{told}");
    }
}

#[tokio::test]
async fn damage_in_the_registry_is_noticed() {
    let Some(registry) = Registry::start().await else { return };
    let author = with_component("stamp_v1", "one.wasm");
    let tagged = format!("{}/acme/stamp:1", registry.address);
    let pinned = done(&author, &["push", &tagged, "one.wasm"]);
    let component = fs::read(author.at("one.wasm")).unwrap();
    let manifest = pinned.split_once('@').unwrap().1;
    let text: serde_json::Value = serde_json::from_slice(&fs::read(registry.stored(manifest)).unwrap()).unwrap();
    let config = text["config"]["digest"].as_str().unwrap();
    let digest = format!("sha256:{}", hex(&Sha256::digest(&component)));
    for (stored, what) in [(&*digest, "the component"), (config, "its configuration")] {
        let path = registry.stored(stored);
        let whole = fs::read(&path).unwrap();
        let mut damaged = whole.clone();
        damaged[whole.len() / 2] ^= 1;
        fs::write(&path, damaged).unwrap();
        for place in [&tagged, &pinned] {
            let told = refused(&author, 1, &["pull", place]);
            assert!(told.contains(&format!("{what} has the digest")) && told.contains(stored), "{told}");
        }
        fs::write(&path, whole).unwrap();
    }
    assert!(!author.has("stamp.wasm"));
    done(&author, &["pull", &pinned]);
}

#[tokio::test]
async fn an_artifact_that_is_no_plugin_is_named() {
    let Some(registry) = Registry::start().await else { return };
    let author = with_component("stamp_v1", "one.wasm");
    let wasi = wat::parse_str(r#"(component (instance $i) (export "wasi:http/incoming-handler@0.2.3" (instance $i)))"#);
    let image = "application/vnd.oci.image.config.v1+json";
    let wasm = "application/vnd.wasm.config.v0+json";
    for (tag, config, layer, bytes, told) in [
        (
            "image",
            image,
            "application/vnd.oci.image.layer.v1.tar",
            b"tar".to_vec(),
            "no WebAssembly component but application/vnd.oci.image",
        ),
        ("layer", wasm, "application/x-tar", b"tar".to_vec(), "a layer of type application/x-tar"),
        ("text", wasm, "application/wasm", b"text".to_vec(), "not a WebAssembly file"),
        ("other", wasm, "application/wasm", wasi.unwrap(), "not a Tidemill plugin"),
    ] {
        by_hand(&registry, tag, config, layer, &bytes).await;
        let told_now = refused(&author, 1, &["pull", &format!("{}/acme/x:{tag}", registry.address)]);
        assert!(told_now.contains(told), "{told_now}");
    }
    // What others push in this form is taken.
    by_hand(&registry, "good", wasm, "application/wasm", &fs::read(guest("stamp_v1")).unwrap()).await;
    assert!(!author.has("x.wasm"));
    done(&author, &["pull", &format!("{}/acme/x:good", registry.address)]);
    // Neither is it pushed.
    fs::write(author.at("text.wasm"), "text").unwrap();
    let told = refused(&author, 1, &["push", &format!("{}/acme/x:bad", registry.address), "text.wasm"]);
    assert!(told.contains("text.wasm: this is not a WebAssembly file"), "{told}");
}

#[tokio::test]
async fn what_is_too_large_is_not_pushed() {
    let author = with_component("stamp_v1", "one.wasm");
    fs::File::create(author.at("large.wasm")).unwrap().set_len((64 << 20) + 1).unwrap();
    let told = refused(&author, 1, &["push", "127.0.0.1:1/x:1", "large.wasm"]);
    assert!(told.contains("the file has 67108865 bytes, at most 67108864 are possible"), "{told}");
}

/// Pushes what is asked for, with plain requests.
async fn by_hand(registry: &Registry, tag: &str, config_type: &str, layer_type: &str, layer: &[u8]) {
    let http = reqwest::Client::new();
    let mut described = Vec::new();
    for (media_type, bytes) in [(config_type, &b"{}"[..]), (layer_type, layer)] {
        let digest = format!("sha256:{}", hex(&Sha256::digest(bytes)));
        let begun = http.post(registry.url("acme/x/blobs/uploads/")).send().await.unwrap();
        let place = begun.headers()["location"].to_str().unwrap().to_owned();
        let ended = http.put(format!("{place}&digest={digest}")).body(bytes.to_vec()).send().await.unwrap();
        assert_eq!(ended.status(), 201);
        described.push(json!({"mediaType": media_type, "digest": digest, "size": bytes.len()}));
    }
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest =
        json!({"schemaVersion": 2, "mediaType": media_type, "config": described[0], "layers": [described[1]]});
    let put = http.put(registry.url(&format!("acme/x/manifests/{tag}"))).header("content-type", media_type);
    let ended = put.body(manifest.to_string()).send().await.unwrap();
    assert_eq!(ended.status(), 201, "{}", ended.text().await.unwrap());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
