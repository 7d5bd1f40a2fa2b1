//! `GET /connections` and `DELETE /connections/{id}`: who listens, and ending one from outside.

use serde_json::{Value, json};

use crate::support::{Server, Subscriber, eventually};

async fn connections(server: &Server, query: &str) -> Vec<Value> {
    server.get(&format!("/connections{query}")).await.1["connections"].as_array().unwrap().clone()
}

async fn delete(server: &Server, path: &str) -> (u16, Value) {
    let answer = server.http.delete(server.url(path)).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
}

#[tokio::test]
async fn connections_say_who_listens_to_what_and_how_far_they_are() {
    let server = Server::start("", &[]).await;
    let mut first = Subscriber::open(&server, "types=n&heartbeat=20s").await;
    let second = server.http.get(server.url("/events?slow=sample&since=earliest")).header("user-agent", "a-name");
    let _second = second.send().await.unwrap();
    let listed = connections(&server, "").await;
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert_eq!(
        (&listed[0]["query"], &listed[0]["use"], &listed[0]["slow"]),
        (&json!("types=n&heartbeat=20s"), &json!("stream"), &json!("keep"))
    );
    assert_eq!((&listed[1]["userAgent"], &listed[1]["slow"]), (&json!("a-name"), &json!("sample")));
    assert!(listed[0]["remote"].as_str().unwrap().starts_with("127.0.0.1:"), "{listed:?}");
    assert!(listed[0]["since"].as_str().unwrap().ends_with('Z'));
    let next = server.get("/connections?limit=1").await.1;
    assert_eq!((&next["next"], next["connections"].as_array().unwrap().len()), (&listed[0]["id"], 1));
    let rest = connections(&server, &format!("?after={}", next["next"])).await;
    assert_eq!((rest.len(), &rest[0]["id"]), (1, &listed[1]["id"]));

    let (_, stored) = server.publish("n", json!(1)).await;
    first.next().await;
    let caught_up = async || {
        let of = &connections(&server, "").await[0];
        of["position"] == stored["position"] && of["lag"] == 0 && of["events"] == 1 && of["skipped"] == json!({})
    };
    eventually("its place moved", caught_up).await;
    let (_, other) = server.publish("other", json!(1)).await;
    let moved = async || connections(&server, "").await[0]["position"] == other["position"];
    eventually("its place moves past what it does not want", moved).await;
    assert_eq!(connections(&server, "").await[0]["events"], 1);
    drop(first);
    eventually("it left", async || connections(&server, "").await.len() == 1).await;
}

/// Invariant I3: whoever is disconnected by an operator resumes where it was.
#[tokio::test]
async fn i3_a_stream_that_is_ended_from_outside_resumes_without_loss() {
    let server = Server::start("", &[]).await;
    let mut stream = Subscriber::open(&server, "types=n").await;
    let mut last = stream.begins_after.clone();
    let (mut seen, mut published) = (0, 0);
    for _ in 0..10 {
        let id = connections(&server, "").await[0]["id"].clone();
        for _ in 0..20 {
            server.publish("n", json!(published)).await;
            published += 1;
        }
        assert_eq!(delete(&server, &format!("/connections/{id}")).await.0, 204);
        server.publish("n", json!(published)).await;
        published += 1;
        while let Some(message) = stream.next_or_end().await {
            assert_eq!(message.data, seen.to_string());
            seen += 1;
            last = message.id;
        }
        eventually("its place is free", async || connections(&server, "").await.is_empty()).await;
        stream = Subscriber::resume(&server, "types=n", Some(&last)).await;
    }
    for n in seen..published {
        assert_eq!(stream.next().await.data, n.to_string());
    }
    let (status, problem) = delete(&server, "/connections/999999").await;
    assert_eq!((status, problem["type"].as_str()), (404, Some("urn:tidemill:problem:not-found")), "{problem}");
}
