//! Stopping: what was taken is finished, subscribers are told to come back, the process ends with 0.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::support::{Server, Subscriber, terminate, tidemill};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_answers_what_it_took_and_ends_the_streams() {
    let mut server = Server::start("", &[]).await;
    let mut stream = Subscriber::open(&server, "types=n").await;
    let (url, http) = (server.url("/events"), server.http.clone());
    let stored = Arc::new(AtomicU64::new(0));
    let publisher = {
        let stored = Arc::clone(&stored);
        tokio::spawn(async move {
            for n in 0.. {
                let body = json!({"type": "n", "data": n}).to_string();
                let request = http.post(&url).header("content-type", "application/json").body(body);
                match request.send().await {
                    Ok(answer) if answer.status() == 200 => stored.fetch_add(1, Ordering::SeqCst),
                    Ok(answer) => return assert_eq!(answer.status(), 503),
                    Err(_) => return,
                };
            }
        })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    terminate(&server);
    publisher.await.unwrap();
    let status = tokio::task::spawn_blocking(move || (server.wait(), server)).await.unwrap();
    assert!(status.0.success(), "{:?}: {}", status.0, status.1.log());
    let mut seen = 0;
    while let Some(message) = stream.next_or_end().await {
        assert_eq!(message.data, seen.to_string());
        seen += 1;
    }
    assert!(seen > 0 && seen <= stored.load(Ordering::SeqCst), "{seen} of {}", stored.load(Ordering::SeqCst));
}

#[tokio::test]
async fn subscribers_are_told_when_to_come_back() {
    let mut server = Server::start("", &[]).await;
    let mut stream = server.http.get(server.url("/events")).send().await.unwrap();
    let mut text = String::new();
    while !text.contains("id: ") {
        text += std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap();
    }
    terminate(&server);
    while let Some(chunk) = stream.chunk().await.unwrap() {
        text += std::str::from_utf8(&chunk).unwrap();
    }
    let retries: Vec<u64> = text.lines().filter_map(|line| line.strip_prefix("retry: ")?.parse().ok()).collect();
    assert!(retries.len() == 2 && retries[1] >= retries[0], "{text}");
    assert!(server.wait().success());
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_with_its_address() {
    let server = Server::start("", &[]).await;
    let directory = tempfile::tempdir().unwrap();
    let second = tidemill(directory.path()).args(["serve", "--listen", server.address()]).output().unwrap();
    let told = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success() && told.contains(server.address()) && told.contains("another server"), "{told}");
}
