//! SIGHUP: the configuration is read again while the server runs.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Lane, Server, Wire, eventually, guest, hang_up};

pub(crate) fn token(name: &str, rest: &str) -> String {
    let hash: String = Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("[[auth.tokens]]\nname = '{name}'\nsha256 = '{hash}'\n{rest}\n")
}

fn config(tokens: &[(&str, &str)], rest: &str) -> String {
    let tokens: String = tokens.iter().map(|(name, rest)| token(name, rest)).collect();
    format!("[auth]\nallow-anonymous = 'never'\n{tokens}{rest}")
}

async fn status(server: &Server, name: &str) -> u16 {
    server.http.get(server.url("/plugins")).bearer_auth(name).send().await.unwrap().status().as_u16()
}

async fn listen(server: &Server, name: &str) -> Wire {
    let mut wire = Wire::open(server.address()).await;
    wire.send(format!("GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {name}\r\n\r\n")).await;
    wire.greeting().await;
    wire
}

async fn publish(server: &Server, data: &str) -> u16 {
    let request = server.http.post(server.url("/events")).header("content-type", "application/json");
    let body = json!({"type": "order.created", "data": data}).to_string();
    request.bearer_auth("master").body(body).send().await.unwrap().status().as_u16()
}

/// Has it read its configuration again, and waits until it has said what came of it.
pub(crate) async fn reread(server: &Server, config: &str) -> String {
    let before = server.log().len();
    server.configure(config);
    hang_up(server);
    let said = || server.log()[before..].to_owned();
    eventually("it is read again", async || {
        said().contains("the configuration was read again") || said().contains("the configuration is not taken")
    })
    .await;
    // The last line may be on its way.
    eventually("the last line is whole", async || said().ends_with('\n')).await;
    said()
}

const MASTER: (&str, &str) = ("master", "type = 'master'");
const TEAM: &str = "type = 'team'\nsubscribe = ['*']";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_come_and_go_with_their_streams_and_without_a_restart() {
    for lane in Lane::BOTH {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("plugins")).unwrap();
        let before = [MASTER, ("stays", TEAM), ("goes", TEAM), ("shrinks", TEAM)];
        let server = lane.server_in(directory, &config(&before, "")).await;
        assert_eq!(status(&server, "comes").await, 401);
        let (mut stays, goes, shrinks) =
            (listen(&server, "stays").await, listen(&server, "goes").await, listen(&server, "shrinks").await);
        let after = [MASTER, ("comes", TEAM), ("stays", TEAM), ("shrinks", "type = 'team'\nsubscribe = ['a']")];
        let said = reread(&server, &lane.configure(&config(&after, "[subscribe]\nretry = '7s'\n"))).await;
        assert!(said.contains("taken in: subscribe.retry, auth.tokens"), "{said}");
        assert!(!said.contains("need a restart"), "{said}");
        for mut stream in [goes, shrinks] {
            while stream.some().await.is_some() {}
        }
        assert_eq!(publish(&server, "after").await, 200);
        stays.until("after").await;
        assert_eq!(status(&server, "goes").await, 401);
        for name in ["comes", "stays", "shrinks"] {
            assert_eq!(status(&server, name).await, 200, "{name}");
        }
        let mut new = Wire::open(server.address()).await;
        new.send("GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer comes\r\n\r\n").await;
        new.until("retry: 7000").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_changes_nothing_and_what_needs_a_restart_is_named() {
    let good = config(&[MASTER], "");
    let server = Server::start(&good, &[("stamp", &guest("stamp_v1"))]).await;
    let half = |rest: &str| config(&[MASTER, ("new", TEAM)], rest);
    for (bad, reason) in [
        (half("[publish]\nbody-mux = 1\n"), "did you mean `publish.body-max`"),
        (half("[publish]\nbody-max = 'much'\n"), "publish.body-max"),
        (half("[plugins.stamp]\nodrer = 1\n"), "odrer"),
        (
            half("[[auth.issuers]]\nissuer = 'x'\naudience = 'x'\nalgorithms = ['HS256']\nsecret-file = 'none'\n"),
            "cannot read none",
        ),
        ("[".into(), "tidemill.toml"),
    ] {
        let said = reread(&server, &bad).await;
        assert!(said.contains("not taken, the one before stays") && said.contains(reason), "{reason}: {said}");
        assert_eq!((status(&server, "new").await, status(&server, "master").await), (401, 200), "{reason}");
    }
    let long = "x".repeat(2000);
    assert_eq!(publish(&server, &long).await, 200);
    let rest = "[publish]\nbody-max = '1KiB'\n[pipeline]\nworkers = 3\n[plugins.stamp]\nenabled = false\n";
    let said = reread(&server, &half(rest)).await;
    assert!(said.contains("changes need a restart: pipeline.workers"), "{said}");
    assert!(said.contains("taken in: publish.body-max, auth.tokens, plugins.stamp"), "{said}");
    assert_eq!((status(&server, "new").await, publish(&server, &long).await), (200, 413));
    let stamp = server.http.get(server.url("/plugins/stamp")).bearer_auth("master").send().await.unwrap();
    let stamp: Value = stamp.json().await.unwrap();
    assert_eq!(stamp["state"], "disabled", "{stamp}");
    let said = reread(&server, &good).await;
    assert!(!said.contains("need a restart"), "{said}");
    assert_eq!((status(&server, "new").await, publish(&server, &long).await), (401, 200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_and_sites_change_without_a_restart() {
    const SITE: &str = "https://dashboard.example";
    let server = Server::start(&config(&[MASTER, ("team", TEAM)], ""), &[]).await;
    let asks = async || {
        let request = server.http.request(reqwest::Method::OPTIONS, server.url("/events")).header("origin", SITE);
        let answer = request.header("access-control-request-method", "GET").send().await.unwrap();
        answer.headers().get("access-control-allow-origin").map(|site| site.to_str().unwrap().to_owned())
    };
    let mut first = listen(&server, "team").await;
    assert_eq!((asks().await, publish(&server, "1").await, publish(&server, "2").await), (None, 200, 200));

    let rest = format!(
        "[cors]\norigins = ['{SITE}']\n[publish]\nevents-per-second = 1\n[subscribe]\nconnections-per-principal = 1\n"
    );
    let said = reread(&server, &config(&[MASTER, ("team", TEAM)], &rest)).await;
    assert!(!said.contains("need a restart"), "{said}");
    for key in ["cors.origins", "publish.events-per-second", "subscribe.connections-per-principal"] {
        assert!(said.contains(key), "{key}: {said}");
    }
    assert_eq!(asks().await.as_deref(), Some(SITE));
    let mut sent = Vec::new();
    for number in 0..5 {
        sent.push(publish(&server, &number.to_string()).await);
    }
    assert!(sent[0] == 200 && sent.contains(&429), "{sent:?}");
    // Who was here before is not counted; the next one is, and the one after is one too many.
    let second = listen(&server, "team").await;
    let mut third = Wire::open(server.address()).await;
    third.send("GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer team\r\n\r\n").await;
    assert_eq!(third.head().await.unwrap().status, 503);
    first.until("\"2\"").await;

    let said = reread(&server, &config(&[MASTER, ("team", TEAM)], "")).await;
    assert!(!said.contains("need a restart"), "{said}");
    assert_eq!((asks().await, publish(&server, "3").await, publish(&server, "4").await), (None, 200, 200));
    drop((second, listen(&server, "team").await));
}
