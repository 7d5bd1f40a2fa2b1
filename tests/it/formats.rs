//! What can be published, and how it looks to a subscriber.

use serde_json::{Value, json};

use crate::support::{Server, Subscriber, publish_lines};

#[tokio::test]
async fn the_simple_form_is_stored_and_streamed() {
    let server = Server::start("", &[]).await;
    let mut stream = Subscriber::open(&server, "").await;
    let (status, answer) = server.publish("order.created", json!({"total": 1.50})).await;
    assert_eq!((status, &answer["outcome"]), (200, &json!("stored")));
    let message = stream.next().await;
    assert_eq!((&*message.event, &*message.data), ("order.created", r#"{"total":1.5}"#));
    assert_eq!(answer["position"], message.id);
}

#[tokio::test]
async fn every_format_of_cloudevents_gives_the_same_event() {
    let server = Server::start("", &[]).await;
    let mut stream = Subscriber::open(&server, "envelope=cloudevents").await;
    // The same event with the same id would be stored once.
    let event = |id: &str| {
        json!({
            "specversion": "1.0", "id": id, "source": "/shop", "type": "order.created", "subject": "7",
            "time": "2026-11-20T09:30:00.000Z", "datacontenttype": "application/json", "traceid": "t", "data": {"n": 1},
        })
    };
    server.post("application/cloudevents+json", event("1").to_string()).await;
    server.post("application/cloudevents-batch+json", json!([event("2")]).to_string()).await;
    let binary = [
        ("ce-specversion", "1.0"),
        ("ce-id", "3"),
        ("ce-source", "/shop"),
        ("ce-type", "order.created"),
        ("ce-subject", "7"),
        ("ce-time", "2026-11-20T09:30:00Z"),
        ("ce-traceid", "t"),
        ("content-type", "application/json"),
    ];
    let request = server.http.post(server.url("/events")).body(r#"{ "n": 1 }"#);
    let request = binary.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    assert_eq!(request.send().await.unwrap().status(), 200);
    for id in ["1", "2", "3"] {
        assert_eq!(stream.next().await.json(), event(id));
    }
}

#[tokio::test]
async fn each_event_of_a_request_has_its_own_outcome() {
    let server = Server::start("", &[]).await;
    let lines = [r#"{"type":"a","id":"one"}"#, r#"{"type":"bad type"}"#, "{", r#"{"type":"tidemill.fake"}"#];
    let results = publish_lines(&server, &lines.map(str::to_owned)).await;
    let outcomes: Vec<&Value> = results.iter().map(|result| &result["outcome"]).collect();
    assert_eq!(outcomes, ["stored", "rejected", "rejected", "rejected"]);
    assert_eq!(results[0]["id"], "one");
    assert_eq!(results[1]["problems"][0]["at"], "type");
    assert_eq!(results[2]["index"], 2);
    assert!(results[3]["problems"][0]["detail"].as_str().unwrap().contains("host alone"));
}

#[tokio::test]
async fn text_and_binary_data_reach_subscribers() {
    let server = Server::start("", &[]).await;
    let mut data = Subscriber::open(&server, "framing=message").await;
    let mut whole = Subscriber::open(&server, "envelope=cloudevents").await;
    let text = json!({"type": "a", "datacontenttype": "text/plain", "data": "one\ntwo\u{2028}é"});
    server.post("application/json", text.to_string()).await;
    server.post("application/json", r#"{"type":"a","datacontenttype":"image/png","data_base64":"/wA="}"#).await;
    server.post("application/json", r#"{"type":"a"}"#).await;
    let shown: Vec<String> = data.take(3).await.into_iter().map(|message| message.data).collect();
    assert_eq!(shown, ["one\ntwo\u{2028}é", "/wA=", "null"]);
    let shown: Vec<Value> = whole.take(3).await.iter().map(|message| message.json()).collect();
    assert_eq!((&shown[0]["data"], &shown[1]["data_base64"]), (&json!("one\ntwo\u{2028}é"), &json!("/wA=")));
    assert_eq!(shown[2].get("data"), None);
}

#[tokio::test]
async fn framings() {
    let server = Server::start("", &[]).await;
    let mut named = Subscriber::open(&server, "framing=named").await;
    let mut message = Subscriber::open(&server, "framing=message").await;
    let mut both = Subscriber::open(&server, "framing=both").await;
    server.publish("a.b", json!(1)).await;
    assert_eq!(named.next().await.event, "a.b");
    assert_eq!(message.next().await.event, "message");
    let both: Vec<(String, bool)> = both.take(2).await.into_iter().map(|m| (m.event, m.id.is_empty())).collect();
    assert_eq!(both, [("a.b".to_owned(), true), ("message".to_owned(), false)]);
}
