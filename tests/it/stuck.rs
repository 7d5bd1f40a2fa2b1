//! `/readyz` when publishing does not get on: it says why, and comes back by itself. `/livez` has nothing to do with it.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::support::{Server, eventually, guest};

async fn reason(server: &Server) -> Option<String> {
    let (status, answer) = server.get("/readyz").await;
    assert_eq!(server.get("/livez").await.0, 200);
    assert_eq!(status, if answer["status"] == "ready" { 200 } else { 503 }, "{answer}");
    answer["reason"].as_str().map(ToOwned::to_owned)
}

/// A publisher that sends the same again and again, whatever it is answered, until it is dropped.
fn publish_for_ever(server: &Server, body: String) -> tokio::task::JoinSet<()> {
    let mut tasks = tokio::task::JoinSet::new();
    let (http, url) = (server.http.clone(), server.url("/events"));
    tasks.spawn(async move {
        loop {
            let request = http.post(&url).header("content-type", "application/json").body(body.clone());
            // What it is answered is the business of others.
            drop(request.send().await);
        }
    });
    tasks
}

/// A plugin asks for everything later: events fill the queue, and nobody else gets in until they are given up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_stays_full_is_not_ready() {
    let config = "[publish]\nbody-max = \"1MiB\"\nqueue-max = \"1MiB\"\nqueue-wait = \"100ms\"\nstuck-after = \"1s\"\n";
    let server = Server::start(config, &[("faulty", &guest("faulty"))]).await;
    assert_eq!(reason(&server).await, None);
    let event = |n: u32| json!({"type": "bad.retry", "source": format!("/{n}"), "data": "x".repeat(300_000)});
    let publishers: Vec<_> = (0..4).map(|n| publish_for_ever(&server, event(n).to_string())).collect();
    eventually("it is told", async || reason(&server).await.as_deref() == Some("queue-full")).await;
    let (_, answer) = server.get("/readyz").await;
    if answer["reason"] == "queue-full" {
        assert!(answer["forMs"].as_u64() > Some(1_000) && answer["detail"].as_str().unwrap().contains("plugin"));
    }
    drop(publishers);
    eventually("it is ready again", async || reason(&server).await.is_none()).await;
    assert_eq!(server.publish("good", json!(1)).await.0, 200);
}

/// Another program that holds the database's lock for writing.
struct Lock(Child);

impl Lock {
    fn take(server: &Server) -> Self {
        let script = "import sqlite3, sys\n\
            database = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)\n\
            database.execute('BEGIN IMMEDIATE')\n\
            sys.stdin.read()\n";
        let mut command = Command::new("python3");
        let command = command.args(["-c", script]).arg(server.data("log.db")).stdin(Stdio::piped());
        Self(command.spawn().expect("python3 is needed, see .ci/run"))
    }

    fn release(mut self) {
        self.0.stdin.take().unwrap().flush().unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}

/// The log waits for something that does not come, again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_does_not_get_on_is_not_ready() {
    let server = Server::start("[publish]\nstuck-after = \"1s\"\n", &[]).await;
    let lock = Lock::take(&server);
    let publisher = publish_for_ever(&server, json!({"type": "a", "data": 1}).to_string());
    eventually("it is told", async || reason(&server).await.as_deref() == Some("log-stuck")).await;
    lock.release();
    eventually("it is ready again", async || reason(&server).await.is_none()).await;
    drop(publisher);
    assert_eq!(server.publish("a", json!(2)).await.0, 200);
}
