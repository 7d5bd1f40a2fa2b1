//! Streams of mounts from the request to the bytes, without sockets.

mod processes;

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use futures_util::StreamExt;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tidemill_event::{Attributes, Data, Event};
use tidemill_plugin::Directory;
use tokio::sync::Notify;
use uuid::Uuid;

use super::*;
use crate::clock;
use crate::config::{Config, Flags};
use crate::mount::Profile;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

struct Bench {
    app: Arc<App>,
    _directory: Directory,
    _folder: TempDir,
}

/// What came of a stream so far.
struct Client {
    body: futures_util::stream::BoxStream<'static, Bytes>,
    text: String,
}

impl Bench {
    async fn new() -> Self {
        Self::with("").await
    }

    /// With more keys.
    async fn with(keys: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| Some(folder.path().join(name).to_string_lossy().into_owned());
        let flags = Flags { listen: None, plugins: path("plugins"), data: path("data") };
        let text = format!("[log]\nstore = 'memory'\n{keys}");
        let config = Config::from_sources(Some(("t", &text)), std::iter::empty(), &flags).unwrap();
        let built = tokio::task::spawn_blocking(move || crate::app::build(config, None));
        let (app, directory) = built.await.unwrap().unwrap();
        Self { app, _directory: directory, _folder: folder }
    }

    async fn open(&self, mount: &Arc<StreamMount>, query: &str, last: Option<&str>) -> Client {
        let peer = Peer {
            address: "127.0.0.1:7".parse().unwrap(),
            forwarded: false,
            close: Arc::new(Notify::new()),
            evictable: Arc::default(),
        };
        let mut headers = HeaderMap::new();
        last.map(|last| headers.insert("last-event-id", last.parse().unwrap()));
        let uri = format!("{}?{query}", mount.path()).parse().unwrap();
        let who = Arc::new(Principal::anonymous());
        // A private one is carried by hyper even if the lane could have it.
        let handover = mount.profile().private.then(Handover::default);
        let answer = stream(&self.app, mount, peer, who, handover, &uri, &headers).await;
        assert_eq!(answer.status(), 200, "{:?}", answer.into_body());
        let body: Body = answer.into_body();
        Client { body: body.into_data_stream().map(Result::unwrap).boxed(), text: String::new() }
    }

    async fn publish(&self, event_type: &str, data: Value) {
        let id = Uuid::new_v4().to_string();
        let attributes = Attributes {
            id: &id,
            source: "/s",
            event_type,
            subject: None,
            content_type: None,
            data_schema: None,
            extensions: &Map::new(),
        };
        let data = Data::Json(tidemill_event::JsonText::from(&data));
        self.app.bus.announce(Event::new(&attributes, clock::now(), data).unwrap());
        self.app.bus.settle().await;
    }
}

impl Client {
    /// Reads until the text has so many frames; what came, with the place of each cut out.
    async fn frames(&mut self, count: usize) -> Vec<String> {
        while self.text.matches("\n\n").count() < count {
            let more = tokio::time::timeout(PATIENCE, self.body.next()).await.expect("nothing came");
            let more = more.unwrap_or_else(|| panic!("it ended after {:?}", self.text));
            self.text.push_str(std::str::from_utf8(&more).unwrap());
        }
        self.text.split_terminator("\n\n").map(str::to_owned).collect()
    }

    /// Reads to the end.
    async fn rest(&mut self) -> String {
        while let Some(more) = tokio::time::timeout(PATIENCE, self.body.next()).await.expect("it goes on") {
            self.text.push_str(std::str::from_utf8(&more).unwrap());
        }
        self.text.clone()
    }
}

fn mount(path: &str, profile: &str) -> Arc<StreamMount> {
    Arc::new(StreamMount::new(path, Profile::take(&mut profile.parse().unwrap()).unwrap()))
}

/// The JSON of a frame, whose only data line it is.
fn data(frame: &str) -> Value {
    let lines: Vec<&str> = frame.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(lines.len(), 1, "{frame}");
    serde_json::from_str(lines[0]).unwrap()
}

/// Only messages, each line of data one JSON text: what line readers count on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_messages_begins_with_its_hello_and_beats_with_data() {
    let bench = Bench::new().await;
    let lines = mount(
        "/lines",
        r#"
        framing = "message"
        projection = '{type, value: .data}'
        hello = [{ data = '{type: "connection", status: "connected", timestamp: .now}' }]
        heartbeat = { form = "message", every = "1s", data = '{type: "heartbeat", timestamp: .now}' }
        "#,
    );
    let mut client = bench.open(&lines, "", None).await;
    let first = client.frames(2).await;
    assert!(first[0].starts_with("retry: ") && first[0].contains("\nid: ") && !first[0].contains("data:"));
    assert_eq!((&data(&first[1])["type"], &data(&first[1])["status"]), (&json!("connection"), &json!("connected")));
    let timestamp = data(&first[1])["timestamp"].as_str().unwrap().to_owned();
    assert!(timestamp.len() == 24 && timestamp.ends_with('Z'), "{timestamp}");
    bench.publish("a", json!({"n": 1})).await;
    let all = client.frames(4).await;
    let types: Vec<Value> = all[1..].iter().map(|frame| data(frame)["type"].clone()).collect();
    assert_eq!(types.iter().filter(|kind| **kind == "a").count(), 1);
    assert!(types.contains(&json!("heartbeat")) && !client.text.contains("event:"), "{}", client.text);
    assert!(all[2].contains("id: ") && !all[1].contains("id: "), "hellos move no place");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_names_knows_its_connection() {
    let bench = Bench::new().await;
    let named = mount(
        "/named",
        r#"
        hello = [
            { name = "connection-status", data = '{type: "connection-status", result: {connectionId: .connection.id}}' },
            { name = "welcome", data = '{result: {clients: .connections, server: .server, who: .connection.principal}}' },
        ]
        heartbeat = { form = "named", every = "1s", data = '{type: "heartbeat"}' }
        ids = "none"
        "#,
    );
    let mut client = bench.open(&named, "", Some("not of here")).await;
    let frames = client.frames(4).await;
    assert!(frames[1].starts_with("event: connection-status\n") && frames[2].starts_with("event: welcome\n"));
    assert!(frames[3].starts_with("event: heartbeat\ndata: {\"type\":\"heartbeat\"}"), "{frames:?}");
    assert!(!client.text.contains("id: "), "{}", client.text);
    let id: Uuid = data(&frames[1])["result"]["connectionId"].as_str().unwrap().parse().unwrap();
    let welcome = &data(&frames[2])["result"];
    assert_eq!((&welcome["clients"], &welcome["server"]["name"]), (&json!(1), &json!("tidemill")));
    assert_eq!(welcome["who"]["name"], "anonymous");
    let mut other = bench.open(&named, "", None).await;
    assert_ne!(data(&other.frames(2).await[1])["result"]["connectionId"], json!(id.to_string()));
    assert_eq!(bench.app.connections.streams_at("/named"), 2);
    let listed = bench.app.connections.list(0, 9);
    assert_eq!((listed[0].uuid(), listed[0].terms.mount.path()), (id, "/named"));
    drop((client, other));
    assert_eq!(bench.app.connections.streams_at("/named"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_framings_carry_hellos_events_and_gaps() {
    let bench = Bench::new().await;
    let both = mount(
        "/both",
        r#"
        framing = "both"
        hello = [{ name = "connection_established", data = '{}' }]
        gap = '{type: "gap", reason}'
        "#,
    );
    let mut client = bench.open(&both, "", Some("4294967295.1")).await;
    let frames = client.frames(5).await;
    assert_eq!(frames[1..3], ["event: connection_established\ndata: {}", "data: {}"]);
    let gap = "data: {\"type\":\"gap\",\"reason\":\"epoch\"}";
    assert_eq!(frames[3], format!("event: tidemill.gap\n{gap}"));
    assert!(frames[4].starts_with("id: ") && frames[4].ends_with(gap), "{frames:?}");
    bench.publish("a", json!(1)).await;
    let frames = client.frames(7).await;
    assert_eq!(frames[5], "event: a\ndata: 1");
    assert!(frames[6].starts_with("id: ") && frames[6].ends_with("\ndata: 1"));
    // Whoever asks for another form of events gets it.
    let plain = bench.open(&both, "since=earliest&framing=named&envelope=cloudevents", None).await.frames(3).await;
    assert!(plain[2].contains("\nevent: a\ndata: {\"specversion\""), "{plain:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_clients_see_what_was_before_and_others_where_they_were() {
    let bench = Bench::new().await;
    for n in 1..=5 {
        bench.publish("a", json!(n)).await;
        bench.publish("b", json!(n)).await;
    }
    let history = mount("/history", "history = 2\ntypes = 'a'\nprojection = 'select(.data != 4) | {n: .data}'");
    let frames = bench.open(&history, "", None).await.frames(3).await;
    assert_eq!([data(&frames[1]), data(&frames[2])], [json!({"n": 3}), json!({"n": 5})]);
    let id = frames[1].lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
    let frames = bench.open(&history, "", Some(id)).await.frames(2).await;
    assert_eq!(data(&frames[1]), json!({"n": 5}));
    let frames = bench.open(&history, "types=b&since=earliest", None).await.frames(2).await;
    assert_eq!(data(&frames[1]), json!({"n": 1}));
    let live = mount("/live", "replay = false\ntypes = 'a'");
    let mut client = bench.open(&live, "since=earliest", Some(id)).await;
    client.frames(1).await;
    bench.publish("a", json!(6)).await;
    assert_eq!(data(&client.frames(2).await[1]), json!(6), "nothing before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_stream_has_messages_for_its_client_alone() {
    let bench = Bench::new().await;
    let private = mount("/private", "private = true\nhello = [{ data = '{id: .connection.id}' }]");
    let mut client = bench.open(&private, "", None).await;
    let mut other = bench.open(&private, "", None).await;
    let id: Uuid = data(&client.frames(2).await[1])["id"].as_str().unwrap().parse().unwrap();
    other.frames(2).await;
    let find = |at| bench.app.connections.addressee(id, Some(at), &Principal::anonymous());
    assert!(find("/elsewhere").is_err());
    let mailbox = find("/private").unwrap().mailbox;
    mailbox.post(Some("tool-result"), b"{\"n\":1}").unwrap();
    assert_eq!(client.frames(3).await[2], "event: tool-result\ndata: {\"n\":1}");
    // Events and messages get their turns, however many there are of either.
    (0..200).for_each(|_| mailbox.post(None, b"{\"m\":1}").unwrap());
    bench.publish("a", json!({"e": 1})).await;
    while !client.text.contains("{\"e\":1}") {
        let count = client.text.matches("\n\n").count();
        client.frames(count + 1).await;
    }
    assert!(client.text.matches("{\"m\":1}").count() < 200, "the event waited for all messages");
    mailbox.post(None, b"{\"type\":\"close\"}").unwrap();
    mailbox.close();
    let all = client.rest().await;
    assert_eq!(all.matches("{\"m\":1}").count(), 200);
    let last: Vec<&str> = all.trim_end().rsplit("\n\n").take(2).collect();
    assert!(last[0].starts_with("retry: ") && last[1] == "data: {\"type\":\"close\"}", "{last:?}");
    assert!(!other.text.contains("close") && !other.text.contains("tool-result"));
    drop(client);
    assert!(find("/private").is_err());
    assert_eq!(mailbox.post(None, b"1"), Err(mailbox::NotPosted::Closed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_programs_fail_on_is_left_out_and_counted() {
    let bench = Bench::new().await;
    let failing = mount("/failing", "projection = '.data.a.b'\nhello = [{ data = 'error(\"no\")' }, { data = '1' }]");
    let mut client = bench.open(&failing, "", None).await;
    assert_eq!(data(&client.frames(2).await[1]), json!(1));
    bench.publish("t", json!({"a": 7})).await;
    bench.publish("t", json!({"a": {"b": 8}})).await;
    assert_eq!(data(&client.frames(3).await[2]), json!(8));
    assert!(bench.app.connections.mounts().contains(&("/failing".into(), 1, 2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_are_told_who_comes_and_goes_where_that_is_wanted() {
    let bench = Bench::new().await;
    let told =
        mount("/told", "types = 'clients'\non-change = { type = 'clients', data = '{change, count: .connections}' }");
    let mut first = bench.open(&told, "", None).await;
    first.frames(2).await;
    let second = bench.open(&told, "", None).await;
    let frames = first.frames(3).await;
    drop(second);
    let last = &first.frames(4).await[3];
    let expected = |change: &str, count: u32| json!({"change": change, "count": count});
    let seen = [data(&frames[1]), data(&frames[2]), data(last)];
    assert_eq!(seen, [expected("connected", 1), expected("connected", 2), expected("disconnected", 1)]);
    // However fast they come and go, it is told in this order.
    for _ in 0..50 {
        drop(bench.open(&told, "", None).await);
    }
    let frames = first.frames(4 + 100).await;
    for pair in frames[4..].chunks(2) {
        assert_eq!([data(&pair[0]), data(&pair[1])], [expected("connected", 2), expected("disconnected", 1)]);
    }
}
