//! Attempts that docs/security.md lists and that have no place of their own: forged frames, paths in names, bodies that
//! grow when they are unpacked, places in the log that were never given out.

use serde_json::{Value, json};

use crate::support::{Server, Subscriber};

#[tokio::test]
async fn no_field_of_an_event_forges_another() {
    let server = Server::start("", &[]).await;
    let mut subscriber = Subscriber::open(&server, "types=a,forged").await;
    let forged = "x\r\n\r\nid: 9.9\revent: forged\ndata: y\n\n";
    for member in ["id", "source", "type", "subject", "dataschema", "datacontenttype"] {
        let mut event = json!({"type": "a", "id": "1"});
        event[member] = forged.into();
        let (status, answer) = server.post("application/json", event.to_string()).await;
        assert_eq!((status, &answer["problems"][0]["at"]), (422, &Value::from(member)), "{answer}");
    }
    let (status, _) =
        server.post("application/json", json!({"type": "a", "extensions": {"x": forged}}).to_string()).await;
    assert_eq!(status, 422);
    for (content_type, data) in
        [("text/plain", forged), ("application/json", forged), ("text/plain", "\u{2028}\0\u{85}")]
    {
        let event = json!({"type": "a", "datacontenttype": content_type, "data": data});
        let (status, answer) = server.post("application/json", event.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        let message = subscriber.next().await;
        assert_eq!((&message.event, &Value::from(message.id.as_str())), (&"a".to_owned(), &answer["position"]));
    }
    server.publish("a", json!("last")).await;
    assert_eq!(subscriber.next().await.json(), "last", "nothing in between");
}

#[tokio::test]
async fn names_in_addresses_are_never_paths() {
    let server = Server::start("", &[]).await;
    for name in ["..%2F..%2Fetc%2Fpasswd", "%2e%2e%2ftidemill.toml", "..", "%2Fetc%2Fpasswd", "a%00b", "..%5C..%5Cx"] {
        for (method, address) in [
            ("GET", format!("/plugins/{name}")),
            ("POST", format!("/plugins/{name}/disable")),
            ("POST", format!("/plugins/{name}/rollback")),
            ("DELETE", format!("/plugins/{name}/state")),
            ("DELETE", format!("/plugins/{name}")),
            ("POST", format!("/hooks/{name}")),
            ("GET", format!("/dashboard/{name}")),
            ("GET", format!("/event-types/{name}")),
            ("GET", format!("/events?view={name}&limit=1")),
        ] {
            let request = server.http.request(method.parse().unwrap(), server.url(&address));
            let status = request.send().await.unwrap().status().as_u16();
            // Clients take `..` out of addresses before they send them.
            assert!([404, 405].contains(&status) || name == "..", "{method} {address}: {status}");
        }
    }
    let names: Vec<_> = std::fs::read_dir(server.plugins_dir()).unwrap().collect();
    assert!(names.is_empty(), "{names:?}");
}

#[tokio::test]
async fn a_body_that_is_compressed_is_not_unpacked() {
    let server = Server::start("", &[]).await;
    for (encoding, expected) in [("gzip", 415), ("zstd", 415), ("gzip, gzip", 415), ("identity", 200)] {
        let request = server.http.post(server.url("/events")).header("content-type", "application/json");
        let answer = request.header("content-encoding", encoding).body(r#"{"type":"a"}"#).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected, "{encoding}");
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["at"].as_str(), (expected == 415).then_some("content-encoding"));
    }
}

#[tokio::test]
async fn a_place_in_the_far_future_is_told_and_the_next_event_follows() {
    let server = Server::start("", &[]).await;
    let (_, stored) = server.publish("a", json!(1)).await;
    let epoch = stored["position"].as_str().unwrap().split_once('.').unwrap().0.to_owned();
    for (place, reason) in
        [(format!("{epoch}.18446744073709551615"), "unknown-position"), ("4294967295.1".into(), "epoch")]
    {
        let mut subscriber = Subscriber::resume(&server, "types=a", Some(&place)).await;
        let gap = subscriber.next().await;
        assert_eq!((gap.event.as_str(), &gap.json()["reason"]), ("tidemill.gap", &Value::from(reason)));
        if reason == "unknown-position" {
            server.publish("a", json!(2)).await;
            assert_eq!(subscriber.next().await.json(), 2, "only what is new");
        } else {
            assert_eq!(subscriber.next().await.json(), 1, "all there is");
        }
    }
}
