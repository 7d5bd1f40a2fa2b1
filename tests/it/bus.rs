//! Events that plugins publish beside those that pass through them: when, on whose account, and that it comes to an end.

use serde_json::{Value, json};

use crate::support::{Server, Subscriber, eventually, guest, publish_lines};

/// A plugin that says `say` for every `on`.
fn answers(name: &str, on: &str, say: &str, more: &str) -> String {
    format!(
        "[plugins.{name}.grants]\npublish = [\"{say}\"]\n[plugins.{name}.config]\non = \"{on}\"\nsay = \"{say}\"\n{more}\n"
    )
}

async fn stored(server: &Server, types: &str) -> usize {
    let page = server.get(&format!("/events/poll?types={types}&since=earliest&limit=1000")).await.1;
    page["events"].as_array().unwrap().len()
}

async fn figures(server: &Server, name: &str) -> Value {
    server.get(&format!("/plugins/{name}")).await.1["figures"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_plugin_publishes_goes_through_all_plugins() {
    let config = answers("alarm", "order.late", "alert.raised", "") + "[plugins.order]\norder = 1\n";
    let plugins = [("alarm", guest("answerer")), ("stamp", guest("stamp_v1"))];
    let server = Server::start(&config, &plugins.each_ref().map(|(name, path)| (*name, &**path))).await;
    let mut stream = Subscriber::open(&server, "envelope=cloudevents").await;
    server.publish("order.late", json!({"n": 1})).await;
    let (first, second) = (stream.next().await.json(), stream.next().await.json());
    assert_eq!((&first["type"], &second["type"]), (&json!("order.late"), &json!("alert.raised")));
    assert_eq!((&second["source"], &second["subject"]), (&json!("/plugins/alarm"), &first["id"]));
    assert_eq!((&second["data"], &second["stamp"]), (&json!({"n": 1}), &json!("v1")), "{second}");
    assert_eq!(figures(&server, "alarm").await["published"], 1);
    assert_eq!(server.get("/plugins/alarm").await.1["grants"]["publish"], json!(["alert.raised"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plugins_that_answer_each_other_come_to_an_end() {
    let config = answers("ping", "ping", "pong", "times = 3") + &answers("pong", "pong", "ping", "times = 3");
    let component = guest("answerer");
    let server = Server::start(&config, &[("ping", &component), ("pong", &component)]).await;
    assert_eq!(server.publish("ping", json!(0)).await.0, 200);
    // One, and 3, 9, 27 and 81 on its account: after four hops nothing more.
    let unpublished = async || {
        let (ping, pong) = (figures(&server, "ping").await, figures(&server, "pong").await);
        ping["unpublished"].as_u64().unwrap() + pong["unpublished"].as_u64().unwrap()
    };
    eventually("the last was refused", async || unpublished().await == 81 * 3).await;
    let published = [figures(&server, "ping").await, figures(&server, "pong").await];
    assert_eq!(published.map(|figures| figures["published"].as_u64().unwrap()), [3 + 27, 9 + 81]);
    assert_eq!(stored(&server, "ping,pong").await, 1 + 3 + 9 + 27 + 81);
    // Nobody else had to wait for that.
    assert_eq!(server.publish("other", json!(0)).await.1["outcome"], "stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_was_granted_and_only_in_its_own_name() {
    let component = guest("answerer");
    let other_source = answers("forger", "a", "alert.x", "source = \"/plugins/other\"");
    let other_type = answers("greedy", "a", "alert.x", "").replace("publish = [\"alert.x\"]", "publish = [\"b.*\"]");
    let host_type = answers("host", "a", "tidemill.plugin.failed", "")
        .replace("publish = [\"tidemill.plugin.failed\"]", "publish = [\"*\"]");
    let below = answers("modest", "a", "alert.x", "source = \"/plugins/modest/sensor/7\"");
    let config = other_source + &other_type + &host_type + &below;
    let names = ["forger", "greedy", "host", "modest"].map(|name| (name, &*component));
    let server = Server::start(&config, &names).await;
    let mut stream = Subscriber::open(&server, "envelope=cloudevents&types=alert.*").await;
    server.publish("a", json!(1)).await;
    assert_eq!(stream.next().await.json()["source"], "/plugins/modest/sensor/7");
    for name in ["forger", "greedy", "host"] {
        let figures = figures(&server, name).await;
        assert_eq!((&figures["published"], &figures["unpublished"]), (&json!(0), &json!(1)), "{name}");
    }
    let log = server.log();
    assert!(log.contains("is not its own source") && log.contains("none of the types that it may publish"), "{log}");
    assert!(log.contains("made by the host alone"), "{log}");
    drop(server);
    // Without any grant it does not even run.
    let server = Server::start("[plugins.alarm.config]\non = \"a\"\nsay = \"b\"\n", &[("alarm", &component)]).await;
    let error = server.get("/plugins/alarm").await.1["error"].clone();
    assert!(error.as_str().unwrap().contains("publish — not granted"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_fails_publishes_nothing() {
    let config = answers("alarm", "order.late", "alert.raised", "drop = true");
    let server = Server::start(&config, &[("alarm", &guest("answerer"))]).await;
    let mut stream = Subscriber::open(&server, "types=alert.*").await;
    let event = |data: &str| json!({"source": "/s", "type": "order.late", "data": data}).to_string();
    let lines: Vec<String> = ["a", "b", "trap", "c"].map(event).into();
    let outcomes = publish_lines(&server, &lines).await;
    let outcomes: Vec<&str> = outcomes.iter().map(|answer| answer["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["dropped", "dropped", "failed", "dropped"]);
    let seen: Vec<Value> = stream.take(3).await.iter().map(|message| message.json()).collect();
    // For those that it dropped: each once, although the batch was called again in halves.
    assert_eq!(seen, [json!("a"), json!("b"), json!("c")]);
    assert_eq!(figures(&server, "alarm").await["published"], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_finishes_what_plugins_published() {
    let config = answers("ping", "ping", "pong", "times = 40") + &answers("pong", "pong", "done", "");
    let component = guest("answerer");
    let mut server = Server::start(&config, &[("ping", &component), ("pong", &component)]).await;
    assert_eq!(server.publish("ping", json!(0)).await.0, 200);
    server.stop();
    server.start_again();
    assert_eq!(stored(&server, "ping,pong,done").await, 1 + 40 + 40);
}
