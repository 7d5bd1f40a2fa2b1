//! Uploads that are not taken, or never end: nothing is left of them, and what runs goes on.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{answer, bytes, files, put, upload};
use crate::support::{Server, eventually, guest};

/// How many there may be at once.
const UPLOADS_MAX: usize = 4;

/// What has to stay as it is.
async fn seen(server: &Server) -> (Value, Value, Vec<String>) {
    let plugins = server.get("/plugins").await.1;
    let versions = plugins["plugins"].as_array().unwrap().iter().map(|plugin| plugin["version"].clone()).collect();
    (plugins["generation"].clone(), versions, files(&server.plugins_dir()).into_keys().collect())
}

#[tokio::test]
async fn a_candidate_that_would_not_run_changes_nothing() {
    let server = Server::start("[reload]\nupload-max = \"4MiB\"\n", &[("stamp", &guest("stamp_v1"))]).await;
    let before = seen(&server).await;
    let whole = bytes("stamp_v2");
    let candidates: [(&str, Vec<u8>, &str); 7] = [
        ("stamp", Vec::new(), "empty"),
        ("stamp", b"#!/bin/sh".to_vec(), "not a WebAssembly file"),
        ("stamp", b"\0asm\x01\0\0\0".to_vec(), "core WebAssembly module"),
        ("stamp", whole[..whole.len() / 2].to_vec(), "not complete"),
        ("new", bytes("keeper"), "state = true"),
        ("new", bytes("describe_trap"), "`describe` failed"),
        ("stamp", bytes("configure_error"), "the colour must be set"),
    ];
    for (name, candidate, why) in candidates {
        for query in ["", "?dry-run=true"] {
            let (status, refused) = answer(put(&server, &format!("{name}{query}"), candidate.clone())).await;
            assert_eq!((status, &refused["type"]), (422, &json!("urn:tidemill:problem:plugin-refused")), "{refused}");
            let detail = refused["detail"].as_str().unwrap();
            assert!(detail.contains(why), "{why}: {detail}");
            assert!(server.log().contains(&format!("upload refused: {detail}")), "{detail}\n{}", server.log());
        }
    }
    assert_eq!(seen(&server).await, before);
    // Of a type that has an owner there is no second.
    assert_eq!(upload(&server, "owner", "owner").await.0, 201);
    let (status, refused) = upload(&server, "again", "owner_again").await;
    assert!(status == 422 && refused["detail"].as_str().unwrap().contains("plugin `owner` owns"), "{refused}");
}

#[tokio::test]
async fn a_check_alone_changes_nothing() {
    let server = Server::start("", &[("stamp", &guest("stamp_v1"))]).await;
    let before = seen(&server).await;
    for (name, lies) in [("stamp", true), ("new", false)] {
        let (status, checked) = answer(put(&server, &format!("{name}?dry-run=true"), bytes("stamp_v2"))).await;
        assert_eq!((status, &checked["outcome"]), (200, &json!("checked")), "{checked}");
        assert_eq!((checked["before"].is_string(), checked["state"].is_string()), (lies, lies), "{checked}");
    }
    for misspelt in ["dryrun=true", "dry-run=yes", "dry_run=true"] {
        let (status, refused) = answer(put(&server, &format!("stamp?{misspelt}"), bytes("stamp_v2"))).await;
        assert_eq!((status, &refused["at"]), (400, &json!("query")), "{refused}");
    }
    assert_eq!(seen(&server).await, before);
}

#[tokio::test]
async fn a_body_that_is_too_large_or_no_component_is_not_read() {
    let server = Server::start("[reload]\nupload-max = \"64KiB\"\n", &[]).await;
    let large = vec![0_u8; (64 << 10) + 1];
    let (status, refused) = answer(put(&server, "a", large.clone())).await;
    assert_eq!((status, &refused["type"]), (413, &json!("urn:tidemill:problem:too-large")));
    assert!(refused["detail"].as_str().unwrap().contains("reload.upload-max"), "{refused}");
    // The same of one that does not say how long it is.
    let pieces = futures_util::stream::iter(
        large.chunks(1000).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>(),
    );
    assert_eq!(answer(put(&server, "a", reqwest::Body::wrap_stream(pieces))).await.0, 413);
    assert_eq!(answer(put(&server, "a", large[1..].to_vec())).await.0, 422);
    let encoded = put(&server, "a", "x").header("content-encoding", "gzip");
    assert_eq!(answer(encoded).await.1["at"], "content-encoding");
    let other = server.http.put(server.url("/plugins/a")).header("content-type", "text/plain").body("x");
    assert_eq!(answer(other).await.1["at"], "content-type");
    assert!(files(&server.plugins_dir()).is_empty());
}

#[tokio::test]
async fn names_of_uploads_are_never_paths() {
    let server = Server::start("", &[]).await;
    let all = || files(server.directory()).into_keys().collect::<Vec<_>>();
    let before = all();
    let component = bytes("stamp_v1");
    let long = "a".repeat(65);
    for name in [
        "..%2F..%2Fx",
        "%2e%2e%2Fx",
        "%2Ftmp%2Fx",
        "..%5C..%5Cx",
        "a%00b",
        "a%2Fb",
        ".hidden",
        "a.",
        "a..",
        "A",
        "-a",
        "a%20b",
        "a%0Ab",
        "%C3%A4",
        "a.wasm%00",
        &long,
    ] {
        for query in ["", "?dry-run=true"] {
            let (status, refused) = answer(put(&server, &format!("{name}{query}"), component.clone())).await;
            assert_eq!((status, &refused["at"]), (400, &json!("name")), "{name}: {refused}");
        }
    }
    // Clients take `..` out of addresses before they send them.
    for path in ["/plugins/..", "/plugins/%2e%2e", "/plugins/.", "/plugins/../x"] {
        let mut raw = TcpStream::connect(server.address()).await.unwrap();
        let head = format!(
            "PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/wasm\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"
        );
        raw.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        raw.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 40"), "{path}: {answer}");
    }
    assert!(files(&server.plugins_dir()).is_empty());
    assert_eq!(all(), before);
}

#[tokio::test]
async fn a_link_is_replaced_and_not_written_through() {
    let server = Server::start("", &[]).await;
    let (target, link) = (server.directory().join("release.bin"), server.plugins_dir().join("stamp.wasm"));
    fs::copy(guest("stamp_v1"), &target).unwrap();
    symlink(&target, &link).unwrap();
    server.plugin_until("stamp", |plugin| plugin["state"] == "running").await;
    assert_eq!(upload(&server, "stamp", "stamp_v2").await.1["outcome"], "replaced");
    assert!(!fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&target).unwrap(), bytes("stamp_v1"));

    fs::remove_file(&link).unwrap();
    symlink(&target, &link).unwrap();
    server.plugin_until("stamp", |plugin| plugin["state"] == "running").await;
    assert_eq!(answer(server.http.delete(server.url("/plugins/stamp"))).await.0, 200);
    assert!(fs::symlink_metadata(&link).is_err() && target.exists());

    // What is in the way and no file is said with its path, and so is a directory that is not there.
    fs::create_dir(server.plugins_dir().join("folder.wasm")).unwrap();
    let (status, refused) = upload(&server, "folder", "stamp_v1").await;
    assert_eq!((status, &refused["type"]), (500, &json!("urn:tidemill:problem:not-writable")), "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("folder.wasm"), "{refused}");
    fs::remove_dir_all(server.plugins_dir()).unwrap();
    let (status, refused) = upload(&server, "stamp", "stamp_v1").await;
    assert!(status == 500 && refused["detail"].as_str().unwrap().contains("plugins"), "{refused}");
}

/// Sends the beginning of an upload.
async fn begin(server: &Server, name: &str) -> TcpStream {
    let mut raw = TcpStream::connect(server.address()).await.unwrap();
    let head = format!(
        "PUT /plugins/{name} HTTP/1.1\r\nHost: x\r\nContent-Type: application/wasm\r\nContent-Length: 1000\r\n\r\n"
    );
    raw.write_all(head.as_bytes()).await.unwrap();
    raw.write_all(&bytes("stamp_v1")[..500]).await.unwrap();
    raw
}

#[tokio::test]
async fn uploads_at_once_are_bounded_and_a_lost_connection_leaves_nothing() {
    let server = Server::start("", &[]).await;
    let parts = || files(&server.plugins_dir()).len();
    let mut open = Vec::new();
    for number in 0..UPLOADS_MAX {
        open.push(begin(&server, &format!("stamp{number}")).await);
    }
    eventually("all have begun", async || parts() == UPLOADS_MAX).await;
    assert_eq!(upload(&server, "stamp0", "stamp_v1").await.0, 409);
    assert_eq!(upload(&server, "other", "stamp_v1").await.0, 503);
    assert_eq!(server.get("/plugins").await.1["plugins"], json!([]), "a part is no plugin");
    drop(open);
    eventually("nothing is left", async || parts() == 0).await;
    assert_eq!(upload(&server, "stamp0", "stamp_v1").await.0, 201);
}

/// Waits for ten seconds.
#[tokio::test]
async fn an_upload_that_stops_in_the_middle_is_given_up() {
    let server = Server::start("", &[]).await;
    let mut raw = begin(&server, "stamp").await;
    let mut answer = vec![0; 4096];
    let length = raw.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    eventually("nothing is left", async || files(&server.plugins_dir()).is_empty()).await;
}
