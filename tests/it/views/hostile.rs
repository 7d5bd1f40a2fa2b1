//! Views that fail, and never end: they cost their own subscribers something, and nobody else.

use serde_json::json;

use super::{figures, numbers, publish, server, server_on};
use crate::lanes::{did_not_panic, on_both_lanes, serves_others};
use crate::support::{Lane, Server, Subscriber, eventually, guest, publish_lines};

async fn an_event_on_which_a_view_fails_is_hidden_and_nothing_else(lane: Lane) {
    let server = server_on(lane, "").await;
    let mut red = Subscriber::open(&server, "view=teams&view.team=red").await;
    let mut all = Vec::new();
    for (n, bad) in (0..).step_by(10).zip(["bad.trap", "bad.length", "bad.trap", "bad.later"]) {
        let lines: Vec<String> = (n..n + 9)
            .map(|n| {
                let event_type = if n % 10 == 4 { bad } else { "good" };
                json!({"type": event_type, "subject": "red", "data": n}).to_string()
            })
            .collect();
        publish_lines(&server, &lines).await;
        let expected: Vec<u64> = (n..n + 9).filter(|n| bad == "bad.later" || n % 10 != 4).collect();
        assert_eq!(numbers(&mut red, expected.len()).await, expected, "{bad}");
        all.extend(expected);
    }
    // Later, too.
    let mut again = Subscriber::open(&server, "view=teams&view.team=red&since=earliest").await;
    assert_eq!(numbers(&mut again, all.len()).await, all);
    let figures = figures(&server, "teams").await;
    assert_eq!((&figures["faults"]["trap"], &figures["faults"]["bad-output"]), (&json!(2), &json!(1)), "{figures}");
    assert!(figures["retried"].as_u64() > Some(0), "{figures}");
}

/// Invariants I4 and I6.
async fn i4_a_view_that_never_ends_stalls_only_its_own_subscribers(lane: Lane) {
    let server = server_on(lane, "[plugins.teams.limits]\ntime = \"2s\"\n[plugins.teams.breaker]\nfaults = 0\n").await;
    std::fs::copy(guest("team_view"), server.plugins_dir().join("others.wasm")).unwrap();
    server.plugin_until("others", |plugin| plugin["state"] == "running").await;
    let mut plain = Subscriber::open(&server, "types=n,bad.loop").await;
    let mut other = Subscriber::open(&server, "view=others&view.team=loops").await;
    let mut looping = Subscriber::open(&server, "view=teams&view.team=loop").await;
    publish(&server, "bad.loop", [(1, "loop")].into_iter()).await;
    publish(&server, "n", [(2, "loop"), (3, "loops")].into_iter()).await;
    assert_eq!(numbers(&mut plain, 3).await, [1, 2, 3]);
    assert_eq!(numbers(&mut other, 1).await, [3]);
    serves_others(&server).await;
    // All of that while the view was at its first event, which it has two seconds for.
    assert_eq!(figures(&server, "teams").await["faults"]["timeout"], 0);
    assert_eq!(numbers(&mut looping, 1).await, [2], "its subscriber gets what follows");
    eventually("it is counted", async || figures(&server, "teams").await["faults"]["timeout"] == 1).await;
    did_not_panic(&server);
}

on_both_lanes! {
    an_event_on_which_a_view_fails_is_hidden_and_nothing_else,
    i4_a_view_that_never_ends_stalls_only_its_own_subscribers,
}

const BREAKER: &str = "[plugins.teams]\nbreaker = { faults = 3, rate = 0.1, rest = \"2s\", then = \"bypass\" }\n";

/// A subscriber may ask for a class that a view fails on: it is out for that class, and goes on for others.
#[tokio::test]
async fn a_class_that_is_out_is_shown_nothing_and_loses_nothing() {
    let server = Server::start(BREAKER, &[("teams", &guest("team_view"))]).await;
    let mut red = Subscriber::open(&server, "view=teams&view.team=red").await;
    publish(&server, "good", [(1, "red")].into_iter()).await;
    publish(&server, "bad.trap", [(2, "red"), (3, "red"), (4, "red")].into_iter()).await;
    assert_eq!(numbers(&mut red, 1).await, [1]);
    // Whoever is of another class sees what comes from now on.
    let mut blue = Subscriber::open(&server, "view=teams&view.team=blue").await;
    publish(&server, "good", [(5, "red"), (6, "blue")].into_iter()).await;
    let end = red.next().await;
    assert_eq!((end.event.as_str(), &end.json()["reason"]), ("tidemill.disconnected", &json!("view-unavailable")));
    assert_eq!((red.next_or_end().await, numbers(&mut blue, 1).await), (None, vec![6]));
    let teams = server.get("/plugins/teams").await.1;
    assert_eq!((&teams["breaker"]["state"], &teams["figures"]["opened"]), (&json!("closed"), &json!(0)));
    // It is tried again after a while.
    eventually("it has come back", async || {
        let mut again = Subscriber::resume(&server, "view=teams&view.team=red", Some(&end.id)).await;
        again.next_or_end().await.is_some_and(|message| message.event == "good")
    })
    .await;
}

/// Nobody but the plugin shows an event, whatever the breaker is to do.
#[tokio::test]
async fn a_view_that_fails_on_many_classes_is_out() {
    let server = Server::start(BREAKER, &[("teams", &guest("team_view"))]).await;
    let mut streams = Vec::new();
    for team in ["red", "blue", "green"] {
        streams.push(Subscriber::open(&server, &format!("view=teams&view.team={team}")).await);
    }
    publish(&server, "bad.trap", (2..6).map(|n| (n, "red"))).await;
    eventually("it is out", async || figures(&server, "teams").await["opened"] == 1).await;
    publish(&server, "good", [(7, "red"), (8, "blue")].into_iter()).await;
    for stream in &mut streams {
        let end = stream.next().await;
        assert_eq!((end.event.as_str(), &end.json()["reason"]), ("tidemill.disconnected", &json!("view-unavailable")));
    }
    let (status, problem) = server.get("/events?view=teams&view.team=red").await;
    assert_eq!((status, &problem["at"]), (503, &json!("view")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("kept failing"), "{problem}");
    eventually("it is tried again", async || server.get("/events/poll?view=teams&view.team=red").await.0 == 200).await;
}

/// What is judged together is judged once, for each class.
#[tokio::test]
async fn a_class_is_asked_once_for_each_batch() {
    let server = server("").await;
    let mut all = Vec::new();
    for n in 0..30 {
        // Some of them want less, which makes no difference.
        let types = if n % 3 == 0 { "n,m" } else { "n" };
        let query = format!("view=teams&view.team=t{}&types={types}", n % 5);
        all.push(Subscriber::open(&server, &query).await);
    }
    let before = figures(&server, "teams").await;
    publish(&server, "n", (0..60).map(|n| (n, ["t0", "t1", "t2", "t3", "t4"][n as usize % 5]))).await;
    for (n, stream) in (0..).zip(&mut all) {
        let expected: Vec<u64> = (0..60).filter(|event| event % 5 == n % 5).collect();
        assert_eq!(numbers(stream, 12).await, expected);
    }
    let after = figures(&server, "teams").await;
    let more = |name: &str| after[name].as_u64().unwrap() - before[name].as_u64().unwrap();
    assert_eq!((more("calls"), more("events_in"), more("events_out")), (5, 300, 60), "{after}");
}
