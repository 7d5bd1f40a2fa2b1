//! A certificate that is replaced while streams are open: the streams go on, and whoever comes next sees the new one.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::read_until;
use crate::figures::Figures;
use crate::lanes::{did_not_panic, on_both_lanes};
use crate::support::{Lane, Secure, certificate, eventually, trusts};

async fn a_new_certificate_is_shown_and_streams_go_on(lane: Lane) {
    let secure = Secure::start(lane, "").await;
    let mut stream = secure.connect().await;
    stream.write_all(b"GET /events?types=a HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    read_until(&mut stream, "\nid: ").await;

    let directory = secure.server.directory();
    let trust = certificate(directory, "next");
    assert!(!trusts(&secure.address, &trust).await, "it cannot be known yet");
    // As certbot and others do it: one file after the other, each at once.
    for kind in ["pem", "key"] {
        fs::rename(directory.join(format!("next.{kind}")), directory.join(format!("server.{kind}"))).unwrap();
    }
    eventually("the new certificate is shown", async || trusts(&secure.address, &trust).await).await;
    assert!(!secure.is_trusted().await, "the old one is shown no more");

    assert_eq!(secure.publish_by(&trust, json!({"type": "a", "data": "after"})).await, 200);
    read_until(&mut stream, "after").await;
    assert!(secure.server.log().contains("a new certificate is shown from now on"), "{}", secure.server.log());
    did_not_panic(&secure.server);
}

async fn a_pair_that_does_not_fit_changes_nothing(lane: Lane) {
    let secure = Secure::start(lane, "").await;
    let directory = secure.server.directory();
    certificate(directory, "other");
    fs::copy(directory.join("other.key"), directory.join("server.key")).unwrap();
    eventually("it is said", async || secure.server.log().contains("the one before is still shown")).await;
    assert!(secure.server.log().contains("do not fit each other"), "{}", secure.server.log());
    assert!(secure.is_trusted().await);
    let figures = Figures::read(&secure.server).await;
    assert_eq!(figures.get("tidemill_tls_reloads_total", &[("outcome", "refused")]), 1.0);
    assert!(figures.get("tidemill_tls_certificate_not_after_seconds", &[]) > 1e9);
    // Garbage, and then nothing at all.
    fs::write(directory.join("server.pem"), "garbage").unwrap();
    eventually("it is said", async || secure.server.log().contains("server.pem has no certificate in PEM")).await;
    fs::remove_file(directory.join("server.pem")).unwrap();
    eventually("it is said", async || secure.server.log().contains("cannot read server.pem")).await;
    assert!(secure.is_trusted().await);
}

on_both_lanes! {
    a_new_certificate_is_shown_and_streams_go_on,
    a_pair_that_does_not_fit_changes_nothing,
}

/// As Kubernetes mounts secrets: files are links through a directory that is itself a link, which is turned.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_is_turned_is_a_new_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let at = |path: &str| directory.path().join(path);
    let version = |name: &str| {
        fs::create_dir_all(at(&format!("mount/{name}"))).unwrap();
        certificate(&at(&format!("mount/{name}")), "tls")
    };
    let (first, second) = (version("..1"), version("..2"));
    symlink("..1", at("mount/..data")).unwrap();
    for file in ["tls.pem", "tls.key"] {
        symlink(Path::new("..data").join(file), at("mount").join(file)).unwrap();
    }
    fs::create_dir(at("plugins")).unwrap();
    let config = "[tls]\ncertificate = \"mount/tls.pem\"\nkey = \"mount/tls.key\"\n";
    let server = Lane::Auto.server_in(directory, config).await;
    assert!(trusts(server.address(), &first).await);
    let mount = server.directory().join("mount");
    symlink("..2", mount.join("..data_tmp")).unwrap();
    fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    eventually("the other is shown", async || trusts(server.address(), &second).await).await;
    assert!(!trusts(server.address(), &first).await);
}
