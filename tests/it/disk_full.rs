//! A disk that is full: publishers are told, readers go on, and nothing has to be restarted once there is room again.
//!
//! The disk is a small tmpfs in a mount namespace of its own, which needs no privilege on most machines. Where it cannot
//! be had, this fails; `TIDEMILL_SKIP_MOUNT=1` skips it.

mod small_disk;

use serde_json::{Value, json};

use crate::support::{Server, Subscriber, eventually};
use small_disk::SmallDisk;

/// Large enough to fill the disk soon, too large for the last free page.
const FILLER: usize = 20_000;

async fn publish(server: &Server, n: u64) -> (u16, Value) {
    let data = json!({"n": n, "filler": "x".repeat(FILLER)});
    server.post("application/json", json!({"type": "n", "id": n.to_string(), "data": data}).to_string()).await
}

/// Publishes until there is no room; the number that was refused first, and the answer.
async fn fill(server: &Server, mut n: u64) -> (u64, Value) {
    loop {
        let (status, answer) = publish(server, n).await;
        if status != 200 {
            assert_eq!(status, 507, "{answer}");
            return (n, answer);
        }
        n += 1;
        assert!(n < 10_000, "the disk is never full");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_publishers_spares_readers_and_recovers_by_itself() {
    let Some(disk) = SmallDisk::mount() else { return };
    let mut server = Server::start("", &[]).await;
    server.stop();
    // The same again, with its data on the small disk.
    server.start_again_with(&mut disk.serve(server.directory())).unwrap();
    disk.occupy();
    let mut live = Subscriber::open(&server, "types=n").await;
    let begin = live.begins_after.clone();

    let (refused, problem) = fill(&server, 0).await;
    assert!(refused > 10, "almost nothing fitted: {problem}");
    assert_eq!(problem["type"], "urn:tidemill:problem:log-full");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("not stored") && detail.contains("no room") && detail.contains("max-bytes"), "{detail}");
    // Several at once are refused in the same way.
    let lines: Vec<String> = (0..3).map(|_| json!({"type": "n", "data": "x".repeat(FILLER)}).to_string()).collect();
    let answer = server.http.post(server.url("/events")).header("content-type", "application/x-ndjson");
    let answer = answer.body(lines.join("\n")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (507, true));
    let several: Value = answer.json().await.unwrap();
    assert_eq!((&several["type"], &several["results"][2]["outcome"]), (&problem["type"], &json!("retry")), "{several}");

    let (status, ready) = server.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(ready["detail"].as_str().unwrap().contains("no room"), "{ready}");
    assert!(server.get("/events/stats").await.1["log"]["failing"].as_str().unwrap().contains("no room"));
    assert_eq!(server.get("/livez").await.0, 200, "a restart would not help");

    // Who was there got everything, who comes now does.
    expect(&mut live, 0..refused).await;
    let mut replay = Subscriber::resume(&server, "types=n", Some(&begin)).await;
    expect(&mut replay, 0..refused).await;

    disk.free();
    eventually("publishing works again", async || publish(&server, refused).await.0 == 200).await;
    assert_eq!(server.get("/readyz").await.0, 200);
    assert_eq!(server.get("/events/stats").await.1["log"]["failing"], Value::Null);
    for n in refused + 1..refused + 20 {
        // While the log copies its journal back it may want all of the room for a moment.
        eventually("publishing goes on", async || publish(&server, n).await.0 == 200).await;
    }
    // The same connections: they missed nothing, and nothing that was refused is there.
    expect(&mut live, refused..refused + 20).await;
    expect(&mut replay, refused..refused + 20).await;

    // Full once more, and killed in that state: it starts all the same, and everything can be read.
    let (end, _) = fill(&server, refused + 20).await;
    server.kill();
    server.start_again_with(&mut disk.serve(server.directory())).unwrap();
    let mut again = Subscriber::resume(&server, "types=n", Some(&begin)).await;
    expect(&mut again, 0..end).await;
    disk.free_more();
    eventually("publishing works again", async || publish(&server, end).await.0 == 200).await;
    expect(&mut again, end..end + 1).await;
}

async fn expect(stream: &mut Subscriber, numbers: std::ops::Range<u64>) {
    for n in numbers {
        let message = stream.next().await;
        assert_eq!((message.event.as_str(), &message.json()["n"]), ("n", &json!(n)));
    }
}
