//! Live, from the ring, from the log, in parts, thinned out: a class sees the same.

use super::{number, numbers, publish, server, server_on};
use crate::lanes::{did_not_panic, on_both_lanes};
use crate::support::{Lane, Subscriber};

const EVENTS: u64 = 3_000;
const TEAMS: [&str; 3] = ["red", "green", "blue"];

fn team(n: u64) -> &'static str {
    TEAMS[(n * n % 7 % 3) as usize]
}

fn of(name: &str) -> Vec<u64> {
    (0..EVENTS).filter(|n| team(*n) == name).collect()
}

async fn live_replayed_and_polled_is_the_same(lane: Lane) {
    // With a small ring most of it is read from the log.
    let server = server_on(lane, "[subscribe]\nring-max = \"1MiB\"\n[log]\ndurability = \"os\"\n").await;
    let mut live = Subscriber::open(&server, "view=teams&view.team=red&types=n.*").await;
    let mut all = Subscriber::open(&server, "types=n.*").await;
    for begin in (0..EVENTS).step_by(100) {
        publish(&server, "n.x", (begin..begin + 100).map(|n| (n, team(n)))).await;
    }
    let expected = of("red");
    assert_eq!(numbers(&mut all, EVENTS as usize).await, (0..EVENTS).collect::<Vec<_>>(), "without a view");
    let seen = live.take(expected.len()).await;
    assert_eq!(seen.iter().map(number).collect::<Vec<_>>(), expected);
    for name in TEAMS {
        let query = format!("view=teams&view.team={name}&since=earliest&types=n.*&limit={}", of(name).len());
        assert_eq!(numbers(&mut Subscriber::open(&server, &query).await, of(name).len()).await, of(name), "{name}");
    }
    // Anybody resumes anywhere.
    for at in [0, 1, expected.len() / 2, expected.len() - 2] {
        let query = "view=teams&view.team=red&types=n.*";
        let mut resumed = Subscriber::resume(&server, query, Some(&seen[at].id)).await;
        let rest = &expected[at + 1..];
        assert_eq!(numbers(&mut resumed, rest.len()).await, rest);
    }
    let (mut polled, mut after) = (Vec::new(), "since=earliest".to_owned());
    for _ in 0..1_000 {
        let path = format!("/events/poll?view=teams&view.team=red&types=n.*&limit=70&{after}");
        let (status, answer) = server.get(&path).await;
        assert_eq!(status, 200, "{answer}");
        let events = answer["events"].as_array().unwrap();
        polled.extend(events.iter().map(|event| event["event"]["data"].as_u64().unwrap()));
        after = format!("after={}", answer["next"].as_str().unwrap());
        if events.is_empty() {
            break;
        }
    }
    assert_eq!(polled, expected);
    publish(&server, "n.x", [(EVENTS, "red"), (EVENTS + 1, "blue")].into_iter()).await;
    assert_eq!(numbers(&mut live, 1).await, [EVENTS], "and it goes on");
    live.expect_silence().await;
    did_not_panic(&server);
}

async fn who_is_behind_is_spared_only_what_it_would_see(lane: Lane) {
    let server = server_on(lane, "[subscribe]\nring-max = \"1MiB\"\n[log]\ndurability = \"os\"\n").await;
    for begin in (0..EVENTS).step_by(100) {
        publish(&server, "n", (begin..begin + 100).map(|n| (n, team(n)))).await;
    }
    publish(&server, "n", [(EVENTS, "red")].into_iter()).await;
    let mut seen = Vec::new();
    let mut sampled = Subscriber::open(&server, "view=teams&view.team=red&since=earliest&slow=sample").await;
    while seen.last() != Some(&EVENTS) {
        seen.push(number(&sampled.next().await));
    }
    assert!(seen.is_sorted() && seen[..seen.len() - 1].iter().all(|n| team(*n) == "red"), "{seen:?}");
    // One in twelve of all events, as far as it sees them.
    let red = of("red").len();
    assert!((red / 24..red / 6).contains(&seen.len()), "{} of {red}", seen.len());
    let mut newest = Subscriber::open(&server, "view=teams&view.team=blue&since=earliest&slow=conflate").await;
    let mut last = None;
    while last != of("blue").last().copied() {
        let next = number(&newest.next().await);
        assert!(team(next) == "blue" && last < Some(next), "{next}");
        last = Some(next);
    }
    newest.expect_silence().await;
}

on_both_lanes! { live_replayed_and_polled_is_the_same, who_is_behind_is_spared_only_what_it_would_see }

/// Types, sources and limits choose among what is seen.
#[tokio::test]
async fn a_view_narrows_what_is_wanted() {
    let server = server("").await;
    let mut few = Subscriber::open(&server, "view=teams&view.team=red&types=a,c&limit=3").await;
    for (n, event_type) in (0..).zip(["a", "b", "c", "a", "c"]) {
        publish(&server, event_type, [(n, "red"), (n + 10, "blue")].into_iter()).await;
    }
    assert_eq!(numbers(&mut few, 3).await, [0, 2, 3]);
    assert_eq!(few.next_or_end().await, None);
}
