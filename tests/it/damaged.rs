//! Files that are not what the server left: it says so, and never hands out something else than what was published.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Message, Server, Subscriber};

/// Publishes events `from..to` with ids of their own, one request each; their positions.
async fn publish_numbered(server: &Server, numbers: std::ops::Range<u64>) -> Vec<String> {
    let mut positions = Vec::new();
    for n in numbers {
        let data = json!({"n": n, "text": text(n)});
        let event = json!({"type": "n", "id": format!("id-{n}"), "source": "/s", "data": data});
        let (status, answer) = server.post("application/json", event.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        positions.push(answer["position"].as_str().unwrap().to_owned());
    }
    positions
}

/// A text that stands in the file as it is, and nowhere else.
fn text(n: u64) -> String {
    format!("<<{n:04}>>").repeat(40)
}

fn is_unchanged(message: &Message) -> bool {
    let data = message.json();
    data["text"] == text(data["n"].as_u64().unwrap())
}

/// Flips one bit in the middle of each of these events.
fn flip(file: &Path, events: &[u64]) {
    let mut bytes = fs::read(file).unwrap();
    for n in events {
        let wanted = text(*n).into_bytes();
        let mut found = (0..bytes.len() - wanted.len()).filter(|at| bytes[*at..].starts_with(&wanted));
        let at = found.next().unwrap_or_else(|| panic!("event {n} is not in {}", file.display()));
        bytes[at + 100] ^= 1;
    }
    fs::write(file, bytes).unwrap();
}

fn cut(file: &Path, length: impl FnOnce(u64) -> u64) {
    let before = fs::metadata(file).unwrap().len();
    let length = length(before);
    assert!(length < before, "{} has {before} bytes only", file.display());
    fs::File::options().write(true).open(file).unwrap().set_len(length).unwrap();
}

#[tokio::test]
async fn damaged_events_are_told_and_never_handed_out() {
    let mut server = Server::start("", &[]).await;
    let begin = Subscriber::open(&server, "").await.begins_after;
    let positions = publish_numbered(&server, 0..500).await;
    server.stop();
    // One in the middle, two in a row, the newest.
    let damaged = [120, 300, 301, 499];
    flip(&server.data("log.db"), &damaged);
    server.start_again();
    let next = publish_numbered(&server, 500..501).await;
    assert_eq!(epoch(&next[0]), epoch(&begin), "nothing that was acknowledged is missing at the end");

    let mut stream = Subscriber::resume(&server, "types=n", Some(&begin)).await;
    let (mut seen, mut covered) = (Vec::new(), Vec::new());
    while seen.last() != Some(&500) {
        let message = stream.next().await;
        if message.event == "tidemill.gap" {
            let gap = message.json();
            assert_eq!(gap["reason"], "damaged", "{gap}");
            let (from, to) = (sequence(&gap["from"]), sequence(&gap["to"]));
            covered.extend(from + 1..=to);
            assert_eq!(Value::from(message.id), gap["to"], "whoever is cut off here is not told again");
            continue;
        }
        assert!(is_unchanged(&message), "{}", message.data);
        seen.push(message.json()["n"].as_u64().unwrap());
    }
    let others: Vec<u64> = (0..=500).filter(|n| !damaged.contains(n)).collect();
    assert_eq!(seen, others);
    let gone: Vec<u64> = damaged.iter().map(|n| sequence(&json!(positions[usize::try_from(*n).unwrap()]))).collect();
    assert_eq!(covered, gone);

    // One who polls is told the same, and one that asks for the event itself gets none.
    let after = &positions[119];
    let (_, page) = server.get(&format!("/events/poll?after={after}&limit=2&wait=50s")).await;
    assert_eq!(
        (page["gaps"][0]["reason"].as_str(), &page["gaps"][0]["from"]),
        (Some("damaged"), &json!(after)),
        "{page}"
    );
    assert_eq!(server.get(&format!("/events/{}", positions[120])).await.0, 404);
    assert_eq!(server.get(&format!("/events/{}", positions[121])).await.1["event"]["data"]["n"], 121);
}

#[tokio::test]
async fn a_log_that_was_cut_off_is_refused_and_left_as_it_is() {
    let mut server = Server::start("", &[]).await;
    publish_numbered(&server, 0..300).await;
    server.stop();
    let file = server.data("log.db");
    // In the middle, in its header, and to nothing.
    for length in [fs::metadata(&file).unwrap().len() / 2, 50, 0] {
        cut(&file, |_| length);
        let before = fs::read(&file).unwrap();
        let refused = server.try_start_again().unwrap_err();
        assert_eq!(refused.code, Some(1), "{}", refused.told);
        let told = refused.told.lines().last().unwrap();
        for part in ["log.db is damaged", "Nothing was changed", "tidemill log export", "tidemill log import"] {
            assert!(told.contains(part), "{length} bytes: `{part}` is missing: {told}");
        }
        assert_eq!(fs::read(&file).unwrap(), before, "{length} bytes: it was changed");
    }
    fs::write(&file, "this is not a database, whatever its name says").unwrap();
    let refused = server.try_start_again().unwrap_err();
    assert_eq!(refused.code, Some(1), "{}", refused.told);
    assert!(refused.told.lines().last().unwrap().contains("is not a log"), "{}", refused.told);
    assert_eq!(fs::read_to_string(&file).unwrap(), "this is not a database, whatever its name says");
}

/// What a file system loses when it loses power despite its promises: the newest part of the write-ahead log.
#[tokio::test]
async fn a_log_that_lost_its_end_goes_on_with_a_new_epoch_and_says_so() {
    const EVENTS: u64 = 200;
    let mut server = Server::start("", &[]).await;
    let positions = publish_numbered(&server, 0..EVENTS).await;
    let last = positions.last().unwrap();
    server.kill();
    cut(&server.data("log.db-wal"), |length| length * 3 / 5);
    server.start_again();

    let (_, stats) = server.get("/events/stats").await;
    let left = stats["log"]["events"].as_u64().unwrap();
    assert!(0 < left && left < EVENTS, "{left} of {EVENTS} events are left: this tests nothing");
    assert!(stats["log"]["epoch"].as_u64() > epoch(last).parse().ok(), "{stats}");

    let mut stream = Subscriber::resume(&server, "types=n", Some(last)).await;
    let gap = stream.next().await;
    assert_eq!(gap.event, "tidemill.gap");
    assert_eq!((&gap.json()["reason"], &gap.json()["from"]), (&json!("epoch"), &json!(last)));
    let prefix = stream.take(usize::try_from(left).unwrap()).await;
    assert!(prefix.iter().all(is_unchanged));
    let numbers: Vec<u64> = prefix.iter().map(|message| message.json()["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..left).collect::<Vec<u64>>(), "what was stored first, without a hole");

    // A publisher that sends all of it again repairs what was lost, and repeats nothing.
    let again = publish_numbered(&server, 0..EVENTS).await;
    let repaired: Vec<u64> = stream
        .take(usize::try_from(EVENTS - left).unwrap())
        .await
        .iter()
        .map(|message| message.json()["n"].as_u64().unwrap())
        .collect();
    assert_eq!(repaired, (left..EVENTS).collect::<Vec<u64>>());
    assert!(again.iter().all(|position| epoch(position) != epoch(last)), "positions of old are not given out again");
    assert_eq!(server.get("/events/stats").await.1["log"]["events"], EVENTS);
    assert!(server.log().contains("new epoch"), "{}", server.log());
}

fn epoch(position: &str) -> &str {
    position.split_once('.').unwrap().0
}

fn sequence(position: &Value) -> u64 {
    position.as_str().unwrap().split_once('.').unwrap().1.parse().unwrap()
}
