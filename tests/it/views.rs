//! Subscribers that see events through a view: whatever the way, they get what their class sees, all of it and nothing else.

mod changes;
mod hostile;
mod refusals;
mod same;

use std::fs;

use serde_json::{Value, json};

use crate::support::{Lane, Message, Server, Subscriber, guest, publish_lines};

/// A server of one lane with the view `teams`: a subscriber names its team and sees the events whose subject it is.
async fn server_on(lane: Lane, config: &str) -> Server {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("plugins")).unwrap();
    fs::copy(guest("team_view"), directory.path().join("plugins/teams.wasm")).unwrap();
    lane.server_in(directory, config).await
}

async fn server(config: &str) -> Server {
    Server::start(config, &[("teams", &guest("team_view"))]).await
}

/// Publishes events of a type, each for a team, with a number for its data. As one request they are one batch.
async fn publish(server: &Server, event_type: &str, events: impl Iterator<Item = (u64, &str)>) {
    let line = |(number, team): (u64, &str)| json!({"type": event_type, "subject": team, "data": number}).to_string();
    let lines: Vec<String> = events.map(line).collect();
    let results = publish_lines(server, &lines).await;
    assert!(results.iter().all(|result| result["outcome"] == "stored"), "{results:?}");
}

/// The numbers of the next events.
async fn numbers(stream: &mut Subscriber, count: usize) -> Vec<u64> {
    stream.take(count).await.iter().map(number).collect()
}

fn number(message: &Message) -> u64 {
    message.data.parse().unwrap_or_else(|_| panic!("{message:?}"))
}

async fn figures(server: &Server, view: &str) -> Value {
    server.get(&format!("/plugins/{view}")).await.1["figures"].clone()
}
