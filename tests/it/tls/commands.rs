//! The commands at servers over TLS: everything works with a certificate that is trusted, and nothing is sent without.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::connections;
use crate::support::{Canned, Lane, Secure, Server, certificate, eventually, guest, tidemill};

/// What a command printed, and its exit code.
fn said(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
}

fn publish(directory: &Path, more: &[&str]) -> (Option<i32>, String) {
    said(tidemill(directory).args(["publish", "a", "1", "--token", "secret"]).args(more))
}

#[tokio::test]
async fn commands_work_at_a_server_whose_certificate_is_trusted() {
    let secure = Secure::start(Lane::Auto, "").await;
    let url = format!("https://{}", secure.address);
    let command = |arguments: &[&str]| {
        let mut command = tidemill(secure.server.directory());
        command.args(arguments).env("TIDEMILL_URL", &url).env("TIDEMILL_CA", secure.certificate());
        command
    };
    let tail = command(&["tail", "--types", "a", "--limit", "2"]).stdout(Stdio::piped()).spawn().unwrap();
    eventually("it listens", async || connections(&secure.server).await == 1).await;
    for data in ["1", "2"] {
        let (code, told) = said(&mut command(&["publish", "a", data]));
        assert!(code == Some(0) && told.starts_with("stored at "), "{told}");
    }
    let tail = tokio::task::spawn_blocking(|| tail.wait_with_output().unwrap()).await.unwrap();
    let lines = String::from_utf8(tail.stdout).unwrap();
    assert!(tail.status.success() && lines.lines().count() == 2 && lines.ends_with("\ta\t2\n"), "{lines}");

    let (code, told) = said(&mut command(&["plugin", "upload", guest("stamp_v1").to_str().unwrap(), "--json"]));
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap()["outcome"], "created");
    let (code, told) = said(&mut command(&["plugin", "list"]));
    assert!(code == Some(0) && told.contains("stamp_v1"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_a_server_that_is_not_verified() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["own", "other"] {
        certificate(directory.path(), name);
    }
    let canned = Canned::start_secure(directory.path(), "own").await;
    let url = format!("https://{}", canned.address);
    for more in [&["--url", &url][..], &["--url", &url, "--ca", "other.pem"]] {
        let (code, told) = publish(directory.path(), more);
        assert!(
            code == Some(3) && told.contains("certificate") && told.contains("with --ca or in TIDEMILL_CA"),
            "{told}"
        );
    }
    // The certificate is for 127.0.0.1.
    let elsewhere = url.replace("127.0.0.1", "localhost");
    let (code, told) = publish(directory.path(), &["--url", &elsewhere, "--ca", "own.pem"]);
    assert!(code == Some(3) && told.contains("localhost"), "{told}");
    assert!(canned.sent("/events").is_empty());

    fs::write(directory.path().join("empty.pem"), "").unwrap();
    for file in ["none.pem", "empty.pem"] {
        let (code, told) = publish(directory.path(), &["--url", &url, "--ca", file]);
        assert!(code == Some(2) && told.contains(&format!("--ca: {file}")), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_was_named_is_trusted_though_it_is_an_authoritys() {
    let directory = tempfile::tempdir().unwrap();
    for (name, last_year) in [("own", 2100), ("old", 2020)] {
        let mut made = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        // As `openssl req -x509` does.
        made.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        made.not_after = rcgen::date_time_ymd(last_year, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let write =
            |ending: &str, text: String| fs::write(directory.path().join(format!("{name}.{ending}")), text).unwrap();
        write("pem", made.self_signed(&key).unwrap().pem());
        write("key", key.serialize_pem());
    }
    let canned = Canned::start_secure(directory.path(), "own").await;
    canned.answer("/events", 200, r#"{"outcome":"stored"}"#);
    let url = format!("https://{}", canned.address);
    let (code, told) = publish(directory.path(), &["--url", &url, "--ca", "own.pem"]);
    assert!(code == Some(0) && told.starts_with("stored"), "{told}");
    let elsewhere = url.replace("127.0.0.1", "localhost");
    let old = format!("https://{}", Canned::start_secure(directory.path(), "old").await.address);
    for (url, file, expected) in
        [(&url, "old.pem", "certificate"), (&elsewhere, "own.pem", "localhost"), (&old, "old.pem", "Expired")]
    {
        let (code, told) = publish(directory.path(), &["--url", url, "--ca", file]);
        assert!(code == Some(3) && told.contains(expected), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn options_that_would_do_nothing_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    certificate(directory.path(), "own");
    let refused = |arguments: &[&str]| {
        let (code, told) = said(tidemill(directory.path()).args(arguments));
        assert_eq!(code, Some(2), "{told}");
        told
    };
    let told = refused(&["publish", "a", "1", "--url", "127.0.0.1:1", "--ca", "own.pem"]);
    assert!(told.contains("no TLS without https://"), "{told}");
    let told = refused(&["publish", "a", "1", "--url", "http://me:open-sesame@127.0.0.1:1"]);
    assert!(told.contains("give a token in TIDEMILL_TOKEN") && !told.contains("open-sesame"), "{told}");
    said(tidemill(directory.path()).args(["plugin", "new", "rules"]));
    let told = refused(&["plugin", "dev", "rules", "--ca", "own.pem"]);
    assert!(told.contains("--server names"), "{told}");
    // Of a variable nothing is asked that it is not needed for.
    let canned = Canned::start().await;
    canned.answer("/events", 200, r#"{"outcome":"stored"}"#);
    let url = format!("http://{}", canned.address);
    for ca in ["", "none.pem"] {
        let mut command = tidemill(directory.path());
        let (code, told) = said(command.args(["publish", "a", "1", "--url", &url]).env("TIDEMILL_CA", ca));
        assert_eq!(code, Some(0), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_told_and_takes_nothing_along() {
    let (first, second) = (Canned::start().await, Canned::start().await);
    let place = format!("http://{}/events", second.address);
    first.answer("/events", 307, place.clone());
    let directory = tempfile::tempdir().unwrap();
    let (code, told) = publish(directory.path(), &["--url", &format!("http://{}", first.address)]);
    assert!(code == Some(3) && told.contains(&format!("it sends whoever asks to {place}")), "{told}");
    assert!(second.sent("/events").is_empty());
}

#[tokio::test]
async fn an_address_with_the_other_scheme_is_told() {
    let secure = Secure::start(Lane::Auto, "").await;
    let (code, told) = publish(secure.server.directory(), &["--url", &format!("http://{}", secure.address)]);
    assert!(code.is_some_and(|code| code != 0) && told.contains("name it with https://"), "{told}");
    let plain = Server::start("", &[]).await;
    let (code, told) = publish(plain.directory(), &["--url", &format!("https://{}", plain.address())]);
    assert!(code == Some(3) && told.contains("name it with http://"), "{told}");
}
