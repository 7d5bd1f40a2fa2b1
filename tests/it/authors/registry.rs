//! `tidemill plugin push` and `pull` with a real registry: what comes back, for whom, and what is refused.

mod fake;
mod files;
mod hostile;
mod refused;
mod signed;
mod tokens;
mod way;

use std::fs;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Author, Said};
use crate::support::{Registry, Server, guest};

/// Types `tidemill plugin …` with these variables, and with nothing that Docker keeps for whoever runs the tests.
fn typed(author: &Author, variables: &[(&str, &str)], arguments: &[&str]) -> Said {
    let mut command = author.command("", arguments);
    for name in
        ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "SOURCE_DATE_EPOCH"]
    {
        command.env_remove(name);
    }
    let ended = command.env("DOCKER_CONFIG", author.at("docker")).envs(variables.iter().copied()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: ended.status.code().unwrap(), out: text(ended.stdout), err: text(ended.stderr) }
}

/// Types it, and it works: what it prints, without the end of the line.
fn done(author: &Author, arguments: &[&str]) -> String {
    let Said { code, out, err } = typed(author, &[], arguments);
    assert_eq!(code, 0, "{arguments:?}: {out}{err}");
    out.trim_end().to_owned()
}

/// Types it, and it is refused with this exit code: the sentence.
fn refused(author: &Author, code: i32, arguments: &[&str]) -> String {
    let said = typed(author, &[], arguments);
    assert_eq!(said.code, code, "{arguments:?}: {}{}", said.out, said.err);
    assert_eq!((said.err.lines().count(), &*said.out), (1, ""), "one sentence: {}", said.err);
    said.err
}

/// An author with a component in a file.
fn with_component(guest_name: &str, file: &str) -> Author {
    let author = Author::new();
    fs::copy(guest(guest_name), author.at(file)).unwrap();
    author
}

#[tokio::test]
async fn a_component_comes_back_byte_for_byte_by_tag_and_by_digest() {
    let Some(registry) = Registry::start().await else { return };
    let author = with_component("stamp_v1", "stamp.wasm");
    let tagged = format!("{}/acme/stamp:1.0.0", registry.address);
    let pinned = done(&author, &["push", &tagged, "stamp.wasm"]);
    assert!(pinned.starts_with(&format!("{}/acme/stamp@sha256:", registry.address)), "{pinned}");
    assert_eq!(done(&author, &["push", &tagged, "stamp.wasm"]), pinned, "the same file has the same digest");

    fs::rename(author.at("stamp.wasm"), author.at("mine.wasm")).unwrap();
    let mine = fs::read(author.at("mine.wasm")).unwrap();
    assert_eq!(done(&author, &["pull", &tagged]), pinned, "a tag's digest is told");
    assert!(fs::read(author.at("stamp.wasm")).unwrap() == mine);
    let about = done(&author, &["pull", &pinned, "--output", "other.wasm", "--json"]);
    let about: Value = serde_json::from_str(&about).unwrap();
    assert!(fs::read(author.at("other.wasm")).unwrap() == mine);
    let expected = json!({
        "reference": pinned, "pinned": pinned, "digest": pinned.split_once('@').unwrap().1, "file": "other.wasm",
        "size": mine.len(), "kinds": ["transform"], "signed_by": null, "written": true,
    });
    assert_eq!(about, expected);
}

#[tokio::test]
async fn a_pinned_digest_stays_when_its_tag_moves() {
    let Some(registry) = Registry::start().await else { return };
    let author = with_component("stamp_v1", "one.wasm");
    fs::copy(guest("stamp_v2"), author.at("two.wasm")).unwrap();
    let tagged = format!("{}/stamp:1", registry.address);
    let one = done(&author, &["push", &tagged, "one.wasm"]);
    let said = typed(&author, &[], &["push", &tagged, "two.wasm"]);
    let digest = one.split_once('@').unwrap().1;
    assert!(said.code == 0 && said.err.contains(&format!("stood for {digest} before")), "{}", said.err);
    assert_eq!(done(&author, &["pull", &one]), one);
    assert!(fs::read(author.at("stamp.wasm")).unwrap() == fs::read(author.at("one.wasm")).unwrap());
    // With both, the digest counts.
    assert_eq!(done(&author, &["pull", &format!("{tagged}@{digest}")]), one);
}

#[tokio::test]
async fn a_file_with_other_content_is_replaced_only_by_force() {
    let Some(registry) = Registry::start().await else { return };
    let author = with_component("stamp_v1", "one.wasm");
    let tagged = format!("{}/stamp:1", registry.address);
    done(&author, &["push", &tagged, "one.wasm"]);
    fs::write(author.at("stamp.wasm"), "mine").unwrap();
    let told = refused(&author, 1, &["pull", &tagged]);
    assert!(told.contains("stamp.wasm is there with other content; replace it with --force"), "{told}");
    assert_eq!(fs::read(author.at("stamp.wasm")).unwrap(), b"mine");
    done(&author, &["pull", &tagged, "--force"]);
    let said = typed(&author, &[], &["pull", &tagged]);
    assert!(said.code == 0 && said.err.contains("unchanged: stamp.wasm"), "{}", said.err);
    assert!(said.err.contains("no signature was asked for"), "{}", said.err);
    let told = refused(&author, 2, &["pull", &tagged, "--plugins-dir", "nowhere"]);
    assert!(told.contains("there is no folder nowhere"), "{told}");
    let left: Vec<_> = fs::read_dir(author.at("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "nothing half done is left: {left:?}");
}

#[tokio::test]
async fn a_plugins_folder_is_pushed_under_its_own_version() {
    let Some(registry) = Registry::start().await else { return };
    let author = Author::new();
    fs::create_dir_all(author.at("stamp/dist")).unwrap();
    fs::write(author.at("stamp/tidemill-plugin.toml"), "name = 'stamp'\nlanguage = 'rust'").unwrap();
    fs::copy(guest("stamp_v1"), author.at("stamp/dist/stamp.wasm")).unwrap();
    let checked: Value = serde_json::from_str(&author.succeeds("stamp", &["check", "--json"])).unwrap();
    let version = checked["author_version"].as_str().unwrap();
    let place = format!("{}/acme/stamp", registry.address);
    let about = done(&author, &["push", &place, "stamp", "--no-build", "--json"]);
    let about: Value = serde_json::from_str(&about).unwrap();
    assert_eq!(about["reference"], format!("{place}:{version}"));
    assert_eq!((&about["before"], &about["signed"]), (&Value::Null, &json!(false)));
    assert_eq!(done(&author, &["pull", &format!("{place}:{version}")]), about["pinned"]);
    // What would not run with the folder's settings is not given to others.
    fs::copy(guest("keeper"), author.at("stamp/dist/stamp.wasm")).unwrap();
    let told = refused(&author, 1, &["push", &place, "stamp", "--no-build"]);
    assert!(told.contains("state = true") && told.contains("nothing was pushed"), "{told}");
    // Of a component by itself nobody knows that.
    done(&author, &["push", &format!("{place}:keeper"), "stamp/dist/stamp.wasm"]);
    let told = refused(&author, 2, &["push", &place, "stamp/dist/stamp.wasm"]);
    assert!(told.contains("names no tag") && told.contains("does not say its version"), "{told}");
}

#[tokio::test]
async fn what_is_pushed_is_built_for_release() {
    let Some(registry) = Registry::start().await else { return };
    let author = Author::new();
    author.succeeds("", &["new", "rules"]);
    let target = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/authors");
    let variables = [("CARGO_TARGET_DIR", target)];
    let place = format!("{}/rules:1", registry.address);
    let said = typed(&author, &variables, &["push", &place, "rules", "--json"]);
    let about: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.err));
    // With what backtraces need it has three times as much.
    assert!(about["size"].as_u64().unwrap() < 1 << 20, "{about}");
    // What the compiler refuses is the plugin's fault, and not the command's.
    fs::write(author.at("rules/src/lib.rs"), "no Rust").unwrap();
    let said = typed(&author, &variables, &["push", &place, "rules"]);
    assert!(said.code == 1 && said.err.contains("error"), "{}", said.err);
}

#[tokio::test]
async fn a_server_loads_what_is_pulled_into_its_plugins_directory() {
    let Some(registry) = Registry::start().await else { return };
    let author = with_component("stamp_v1", "one.wasm");
    let tagged = format!("{}/acme/stamp:1", registry.address);
    done(&author, &["push", &tagged, "one.wasm"]);
    let server = Server::start("", &[]).await;
    let directory = server.plugins_dir();
    done(&author, &["pull", &tagged, "--plugins-dir", directory.to_str().unwrap()]);
    let plugin = server.plugin_until("stamp", |plugin| plugin["state"] == "running").await;
    assert_eq!(plugin["kinds"], json!(["transform"]));
    // Also for a server of another user, as far as the user's mask lets them.
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(directory.join("stamp.wasm")).unwrap().permissions().mode();
    let made = fs::File::create(author.at("made")).unwrap().metadata().unwrap().permissions().mode();
    assert_eq!(mode, made & 0o100_644);
}

#[tokio::test]
async fn artifacts_have_the_form_that_other_tools_read() {
    let Some(registry) = Registry::start().await else { return };
    let author = with_component("stamp_v1", "one.wasm");
    let pinned = done(&author, &["push", &format!("{}/acme/stamp:1", registry.address), "one.wasm"]);
    let json = async |path: &str| -> Value {
        let accept = "application/vnd.oci.image.manifest.v1+json";
        let answer = reqwest::Client::new().get(registry.url(path)).header("accept", accept).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    };
    let manifest = json(&format!("acme/stamp/manifests/{}", pinned.split_once('@').unwrap().1)).await;
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    let config = json(&format!("acme/stamp/blobs/{}", manifest["config"]["digest"].as_str().unwrap())).await;
    assert_eq!((&config["architecture"], &config["os"]), (&json!("wasm"), &json!("wasip2")));
    assert_eq!(config["layerDigests"], json!([manifest["layers"][0]["digest"]]));
    let exports = config["component"]["exports"].as_array().unwrap();
    assert!(exports.contains(&json!("tidemill:plugin/transform@0.1.0")), "{exports:?}");
    let created = config["created"].as_str().unwrap();
    assert!(created.len() == 20 && created.ends_with('Z'), "{created}");
}
