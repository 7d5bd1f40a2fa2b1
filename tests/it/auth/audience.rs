//! Who sees which event: every principal, every audience, every way to read, on both lanes.

use serde_json::{Value, json};

use super::{directory, request, sha256, signed};
use crate::support::{Lane, Server, Wire, guest};

/// Who reads, by name. `signed` comes with a JWT, the others with static tokens, `nobody` without one.
const WHO: [&str; 7] = ["nobody", "ann", "bob", "reader", "narrow", "master", "signed"];

/// Events by their data: their type, their audience, and who sees them where events are read.
fn events() -> Vec<(&'static str, Option<Value>, &'static [&'static str])> {
    vec![
        ("a.x", None, &["nobody", "ann", "bob", "reader", "narrow", "master", "signed"]),
        ("b", None, &["nobody", "ann", "bob", "reader", "master", "signed"]),
        ("a.x", Some(json!({"clients": ["ann"]})), &["ann"]),
        ("a.x", Some(json!({"clients": ["bob", "narrow"]})), &["bob", "narrow"]),
        ("b", Some(json!({"clients": ["narrow"]})), &[]),
        ("a.x", Some(json!({"groups": ["ops"]})), &["ann", "narrow", "signed"]),
        ("a.x", Some(json!({"tokenTypes": ["readonly"]})), &["reader"]),
        ("a.x", Some(json!({"tokenTypes": ["master"], "clients": ["bob"]})), &["bob", "master"]),
        ("a.x", Some(json!({"permissions": ["orders"]})), &["bob", "signed"]),
        ("a.x", Some(json!({"groups": ["ops"], "permissions": ["orders"]})), &["signed"]),
        ("a.x", Some(json!({"clients": ["anonymous"]})), &[]),
        ("a.x", None, &["nobody", "ann", "bob", "reader", "narrow", "master", "signed"]),
    ]
}

fn config() -> String {
    let mut config = String::from(
        "[auth]\n[[auth.issuers]]\nissuer = 'dev'\naudience = ['tidemill']\nalgorithms = ['HS256']\nsecret-file = 'secret.txt'\n",
    );
    for (name, rest) in [
        ("ann", "type = 'team'\ngroups = ['ops']\nsubscribe = ['*']"),
        ("bob", "type = 'team'\npermissions = ['orders', 'admin']\nsubscribe = ['*']"),
        ("reader", "type = 'readonly'\ngroups = ['orders']\nsubscribe = ['*']"),
        ("narrow", "type = 'team'\ngroups = ['ops']\nsubscribe = ['a.*', 'bad.*']"),
        ("master", "type = 'master'"),
    ] {
        config += &format!("[[auth.tokens]]\nname = '{name}'\nsha256 = '{}'\n{rest}\n", sha256(name));
    }
    config
}

fn token(who: &str) -> Option<String> {
    match who {
        "nobody" => None,
        "signed" => Some(signed(&json!({"groups": ["ops"], "permissions": ["orders"], "subscribe": ["*"]}))),
        name => Some(name.to_owned()),
    }
}

/// A GET on behalf of somebody.
async fn get(server: &Server, path: &str, who: &str) -> (u16, Value) {
    let mut asked = request(server, "GET", path);
    if let Some(token) = token(who) {
        asked = asked.bearer_auth(token);
    }
    let answer = asked.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// A stream of somebody, with which it begins; on a plain connection, which either lane may carry.
async fn stream(server: &Server, query: &str, who: &str) -> Wire {
    let mut wire = Wire::open(server.address()).await;
    let token = token(who).map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    wire.send(format!("GET /events?{query} HTTP/1.1\r\nHost: x\r\n{token}\r\n")).await;
    wire.greeting().await;
    wire
}

async fn publish(server: &Server) -> Vec<String> {
    let mut positions = Vec::new();
    for (number, (event_type, audience, _)) in events().into_iter().enumerate() {
        let mut event = json!({"type": event_type, "subject": "s", "data": number});
        if let Some(audience) = audience {
            event["audience"] = audience;
        }
        let (status, answer) = server.post("application/json", event.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        positions.push(answer["position"].as_str().unwrap().to_owned());
    }
    positions
}

/// The numbers of events that somebody may see.
fn theirs(who: &str) -> Vec<usize> {
    let events = events();
    (0..events.len()).filter(|number| events[*number].2.contains(&who)).collect()
}

/// The numbers that a stream has from here on, up to its end.
async fn rest(mut wire: Wire) -> Vec<usize> {
    let (text, _) = wire.rest().await;
    text.lines().filter_map(|line| line.strip_prefix("data: ")?.parse().ok()).collect()
}

#[tokio::test]
async fn nobody_sees_what_is_not_theirs() {
    for lane in Lane::BOTH {
        let server = lane.server_in(directory(), &config()).await;
        let mut live = Vec::new();
        for who in WHO {
            live.push((who, stream(&server, &format!("limit={}", theirs(who).len()), who).await));
        }
        let positions = publish(&server).await;
        for (who, wire) in live {
            assert_eq!(rest(wire).await, theirs(who), "{lane:?}: live, {who}");
        }
        for who in WHO {
            let own = theirs(who);
            let count = own.len();
            for query in ["since=earliest", "since=earliest&slow=sample", "since=earliest&subjects=s&framing=message"] {
                let replayed = stream(&server, &format!("{query}&limit={count}"), who).await;
                assert_eq!(rest(replayed).await, own, "{lane:?}: {query}, {who}");
            }
            // From a place where the next event is for others.
            let resumed = stream(&server, &format!("since={}&limit=1", positions[9]), who).await;
            assert_eq!(rest(resumed).await, [11], "{lane:?}: resumed, {who}");

            let (_, polled) = get(&server, "/events/poll?since=earliest", who).await;
            let polled = polled["events"].as_array().unwrap();
            let polled: Vec<_> = polled.iter().map(|item| item["event"]["data"].as_u64().unwrap() as usize).collect();
            assert_eq!(polled, own, "{lane:?}: polled, {who}");
            for (number, position) in positions.iter().enumerate() {
                let (status, answer) = get(&server, &format!("/events/{position}"), who).await;
                assert_eq!(status, if own.contains(&number) { 200 } else { 404 }, "{number} by {who}: {answer}");
                assert!(!answer.to_string().contains("audience"), "{answer}");
            }
        }
    }
}

/// Whoever looks after the server sees all dead letters of the types that they may see, others those that are theirs.
#[tokio::test]
async fn dead_letters_are_for_their_audience_and_for_administrators() {
    let directory = directory();
    std::fs::copy(guest("faulty"), directory.path().join("plugins/faulty.wasm")).unwrap();
    let server = Server::start_in(directory, &config()).await;
    for audience in [json!({"clients": ["ann"]}), json!({"groups": ["ops"]})] {
        let event = json!({"type": "bad.trap", "data": "secret", "audience": audience}).to_string();
        assert_eq!(server.post("application/json", event).await.0, 500);
    }
    for (who, expected) in
        [("nobody", 2), ("ann", 2), ("bob", 2), ("reader", 0), ("narrow", 1), ("master", 2), ("signed", 1)]
    {
        let (_, listed) = get(&server, "/dead-letters", who).await;
        assert_eq!(listed["deadLetters"].as_array().unwrap().len(), expected, "{who}: {listed}");
        assert_eq!(get(&server, "/dead-letters/1", who).await.0 == 200, !["reader", "narrow", "signed"].contains(&who));
    }
}
