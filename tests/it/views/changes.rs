//! The plugin of a view is replaced, configured anew, switched off: its streams end, and go on where they were.

use std::fs;

use serde_json::json;

use super::{number, numbers, publish, server, server_on};
use crate::lanes::{did_not_panic, on_both_lanes};
use crate::support::{Lane, Server, Subscriber};

const RED: &str = "view=teams&view.team=red&types=n";

/// The stream's end: why, and from where to go on.
async fn end(stream: &mut Subscriber, reason: &str) -> String {
    let end = stream.next().await;
    assert_eq!(end.event, "tidemill.disconnected", "{end:?}");
    assert_eq!(end.json(), json!({"reason": reason, "resume": end.id}));
    assert_eq!(stream.next_or_end().await, None);
    end.id
}

async fn i7_a_reload_of_a_view_loses_and_repeats_nothing(lane: Lane) {
    let server = server_on(lane, "[log]\ndurability = \"os\"\n").await;
    const EVENTS: u64 = 2_000;
    let mut red = Subscriber::open(&server, RED).await;
    let publishing = async {
        for begin in (0..EVENTS).step_by(10) {
            publish(&server, "n", (begin..begin + 10).map(|n| (n, if n % 2 == 0 { "red" } else { "blue" }))).await;
            if begin % 200 == 100 {
                // A comment counts: other settings, another version.
                fs::write(server.plugins_dir().join("teams.toml"), format!("order = {begin}\n[config]\n")).unwrap();
                server.plugin_until("teams", |plugin| plugin["order"] == begin).await;
            }
        }
    };
    let following = async {
        let (mut seen, mut ends) = (Vec::new(), 0);
        while seen.len() < EVENTS as usize / 2 {
            let next = red.next().await;
            if next.event == "n" {
                seen.push(number(&next));
                continue;
            }
            assert_eq!(
                (next.event.as_str(), &next.json()["reason"]),
                ("tidemill.disconnected", &json!("view-changed"))
            );
            assert_eq!(red.next_or_end().await, None);
            red = Subscriber::resume(&server, RED, Some(&next.id)).await;
            ends += 1;
        }
        (seen, ends)
    };
    let ((), (seen, ends)) = tokio::join!(publishing, following);
    assert_eq!(seen, (0..EVENTS).filter(|n| n % 2 == 0).collect::<Vec<_>>());
    assert!(ends > 0, "no reload was noticed");
    did_not_panic(&server);
}

on_both_lanes! { i7_a_reload_of_a_view_loses_and_repeats_nothing }

async fn order(server: &Server, what: &str) {
    let answer = server.http.post(server.url(&format!("/plugins/teams/{what}"))).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
}

/// Also of those to whom nothing happens.
#[tokio::test]
async fn streams_are_classified_anew_and_end_with_their_view() {
    let server = server("").await;
    let (mut red, mut plain) = (Subscriber::open(&server, RED).await, Subscriber::open(&server, "types=n").await);
    publish(&server, "n", [(1, "red"), (2, "blue")].into_iter()).await;
    assert_eq!(numbers(&mut red, 1).await, [1]);
    fs::write(server.plugins_dir().join("teams.toml"), "[config]\neverything = true\n").unwrap();
    let at = end(&mut red, "view-changed").await;
    publish(&server, "n", [(3, "blue"), (4, "red")].into_iter()).await;
    let mut red = Subscriber::resume(&server, RED, Some(&at)).await;
    assert_eq!(numbers(&mut red, 2).await, [3, 4], "the new settings show it");

    order(&server, "disable").await;
    let at = end(&mut red, "view-changed").await;
    let (status, problem) = server.get(&format!("/events?{RED}")).await;
    assert_eq!(status, 503);
    assert!(problem["detail"].as_str().unwrap().contains("disabled"), "{problem}");
    order(&server, "enable").await;
    publish(&server, "n", [(5, "blue")].into_iter()).await;
    let mut red = Subscriber::resume(&server, RED, Some(&at)).await;
    assert_eq!(numbers(&mut red, 1).await, [5]);

    fs::remove_file(server.plugins_dir().join("teams.wasm")).unwrap();
    end(&mut red, "view-changed").await;
    assert_eq!(server.get(&format!("/events?{RED}")).await.0, 404);
    assert_eq!(numbers(&mut plain, 5).await, [1, 2, 3, 4, 5], "without a view nothing ends");
    // Nobody needs its thread any more.
    let threads = crate::support::sleeps;
    crate::support::eventually("its thread ends", async || threads(server.pid(), "tidemill-view").is_none()).await;
}
