//! The async lane: plugins that wait for a host do so beside the pipeline. Nobody waits for them but those whose events
//! they have, and order is kept.

use serde_json::{Value, json};

use super::granted;
use crate::support::{Origin, Server, Subscriber, eventually, guest, publish_lines};

/// One worker, so that it would be seen if it waited.
async fn server(origin: &Origin, more: &str) -> Server {
    let config = format!("[pipeline]\nworkers = 1\n{more}\n{}", granted(&[origin.url("")]));
    let plugins = [("courier", guest("courier")), ("stamp", guest("stamp_v1")), ("keeper", guest("keeper"))];
    Server::start(&config, &plugins.each_ref().map(|(name, path)| (*name, &**path))).await
}

fn errand(source: &str, id: &str, url: &str) -> String {
    json!({"source": source, "id": id, "type": "errand", "data": {"url": url}}).to_string()
}

fn other(source: &str, id: &str) -> String {
    json!({"source": source, "id": id, "type": "other"}).to_string()
}

async fn outcomes(server: &Server, lines: &[String]) -> Vec<Value> {
    publish_lines(server, lines).await.into_iter().map(|answer| answer["outcome"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_waits_holds_up_its_own_source_only() {
    let origin = Origin::start().await;
    let server = server(&origin, "").await;
    let mut stream = Subscriber::open(&server, "envelope=cloudevents&types=errand,other").await;
    let silent = origin.url("/silent");
    let waiting = async { outcomes(&server, &[errand("/a", "1", &silent), other("/a", "2")]).await };
    let meanwhile = async {
        eventually("it is asked", async || origin.requests() == 1).await;
        // Behind those of its source, in a request of its own.
        let behind = async { outcomes(&server, &[other("/a", "3")]).await };
        let passing = async {
            // The same plugin for others, and other types: all go through while the first one waits.
            let hello = origin.url("/hello");
            let lines = [other("/b", "1"), errand("/c", "1", &hello), other("/c", "2"), other("/d", "1")];
            assert_eq!(outcomes(&server, &lines).await, ["stored"; 4]);
            assert_eq!(server.get("/readyz").await.0, 200);
            origin.speak();
        };
        tokio::join!(behind, passing).0
    };
    let (first, behind) = tokio::join!(waiting, meanwhile);
    assert_eq!((&first[..], &behind[..]), (&[json!("stored"), json!("stored")][..], &[json!("stored")][..]));
    let mut seen = Vec::new();
    for message in stream.take(7).await {
        let event = message.json();
        assert_eq!(event["stamp"], "v1", "{event}");
        seen.push(format!("{}{}", event["source"].as_str().unwrap(), event["id"].as_str().unwrap()));
    }
    let of = |source: &str| seen.iter().filter(|id| id.starts_with(source)).map(String::as_str).collect::<Vec<_>>();
    assert_eq!((of("/a"), of("/c")), (vec!["/a1", "/a2", "/a3"], vec!["/c1", "/c2"]), "in order, each once");
    let place = |id: &str| seen.iter().position(|seen| seen == id).unwrap();
    assert!(place("/b1") < place("/a1") && place("/c2") < place("/a1") && place("/d1") < place("/a1"), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sources_wait_side_by_side() {
    let origin = Origin::start().await;
    let server = server(&origin, "").await;
    let silent = origin.url("/silent");
    let lines: Vec<String> = (0..8).map(|n| errand(&format!("/{n}"), "1", &silent)).collect();
    let waiting = async { outcomes(&server, &lines).await };
    let speaking = async {
        eventually("all are asked", async || origin.requests() == 8).await;
        origin.speak();
    };
    let (outcomes, ()) = tokio::join!(waiting, speaking);
    assert_eq!((outcomes, origin.most_at_once()), (vec![json!("stored"); 8], 8));
}

/// What other plugins of the chain keep is counted once, whichever lane the event takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn state_is_exact_on_both_lanes() {
    let origin = Origin::start().await;
    let server = server(
        &origin,
        "[plugins.keeper]\nsubscribes = [\"keep.*\"]\n[plugins.keeper.grants]\nstate = true\n\
         [plugins.courier]\norder = 5\n",
    )
    .await;
    // The keeper's type is not the courier's: a third of the events take the async lane for the courier's sake.
    let count = |source: u64, n: u64| {
        json!({"source": format!("/{source}"), "id": n.to_string(), "type": "keep.it", "data": {"op": "count"}})
            .to_string()
    };
    let hello = origin.url("/hello");
    let publisher = |source: u64| {
        let lines: Vec<String> = (0..60)
            .map(|n| if n % 3 == 0 { errand(&format!("/{source}"), &n.to_string(), &hello) } else { count(source, n) })
            .collect();
        let server = &server;
        async move { outcomes(server, &lines).await }
    };
    let all = futures_util::future::join_all((0..6).map(publisher)).await;
    assert!(all.iter().flatten().all(|outcome| outcome == "stored"), "{all:?}");
    assert_eq!(origin.requests(), 6 * 20);
    let answer = server.publish("keep.it", json!({"op": "count", "by": 0})).await.1;
    let position = answer["position"].as_str().unwrap().to_owned();
    assert_eq!(server.get(&format!("/events/{position}")).await.1["event"]["data"], json!(6 * 40));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_finishes_what_waits() {
    let origin = Origin::start().await;
    let mut server = server(&origin, "").await;
    let publisher = tokio::spawn({
        let (http, url) = (server.http.clone(), server.url("/events"));
        let body = errand("/a", "1", &origin.url("/slow/700"));
        async move { http.post(url).header("content-type", "application/json").body(body).send().await.unwrap() }
    });
    eventually("it is asked", async || origin.requests() == 1).await;
    let stopped = tokio::task::spawn_blocking(move || {
        server.stop();
        server
    });
    let answer = publisher.await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(answer["outcome"], "stored", "{answer}");
    stopped.await.unwrap();
}

/// A plugin of the pipeline makes something of an event that belongs beside it: every plugin sees the event once all the
/// same, also the first one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_turns_out_to_belong_beside_is_counted_once() {
    let origin = Origin::start().await;
    let hello = origin.url("/hello");
    let server = server(
        &origin,
        "[plugins.keeper]\norder = 1\n[plugins.keeper.grants]\nstate = true\n[plugins.courier]\norder = 3\n",
    )
    .await;
    // The keeper counts, and makes an errand of what it counted.
    let count = |n: u64| {
        let (source, data) = (format!("/{}", n % 3), json!({"op": "count", "url": hello}));
        json!({"source": source, "id": n.to_string(), "type": "keep.errand", "data": data}).to_string()
    };
    for n in 0..4 {
        let lines: Vec<String> = (0..10).map(|m| count(n * 10 + m)).collect();
        let answers = publish_lines(&server, &lines).await;
        assert!(answers.iter().all(|answer| answer["outcome"] == "stored"), "{answers:?}");
    }
    assert_eq!(server.get("/plugins/keeper").await.1["state_usage"]["keys"], 1);
    assert_eq!(origin.requests(), 40, "nor are requests sent twice");
    let answer = server.publish("keep.it", json!({"op": "count", "by": 0})).await.1;
    let position = answer["position"].as_str().unwrap().to_owned();
    assert_eq!(server.get(&format!("/events/{position}")).await.1["event"]["data"], json!(40));
}
