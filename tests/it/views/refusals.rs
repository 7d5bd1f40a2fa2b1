//! Who gets no view is told why, and who has one is listed with it.

use serde_json::{Value, json};

use super::server;
use crate::support::{Server, Subscriber, guest};

async fn refused(server: &Server, query: &str) -> (u16, Value) {
    let stream = server.get(&format!("/events?{query}")).await;
    assert_eq!(server.get(&format!("/events/poll?{query}")).await, stream, "polls are answered alike");
    stream
}

#[tokio::test]
async fn mistakes_are_told_apart() {
    let plugins = [("teams", guest("team_view")), ("stamp", guest("stamp_v1"))];
    let server = Server::start("", &plugins.each_ref().map(|(name, path)| (*name, path.as_path()))).await;
    for (query, status, kind, told) in [
        ("view=nobody", 404, "not-found", "there are teams"),
        ("view=stamp", 400, "bad-request", "no view but transform"),
        ("view.team=red", 400, "bad-request", "name the plugin by `view=`"),
        ("view=teams", 403, "view-refused", "view.team is missing: name your team"),
        ("view=teams&view.team=trap", 500, "view-failed", "trap"),
        ("view=teams&view.team=long", 500, "view-failed", "a class of 1025 bytes"),
    ] {
        let (answered, problem) = refused(&server, query).await;
        let expected = json!(format!("urn:tidemill:problem:{kind}"));
        assert_eq!((answered, &problem["type"]), (status, &expected), "{query}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(told), "{query}: {problem}");
        assert!(problem["at"].as_str().unwrap().starts_with("view"), "{query}: {problem}");
    }
    // What subscribers do wrong takes the view away from nobody.
    for _ in 0..30 {
        assert_eq!(server.get("/events?view=teams&view.team=trap").await.0, 500);
    }
    assert_eq!(server.get("/plugins/teams").await.1["breaker"]["state"], "closed");
    Subscriber::open(&server, "view=teams&view.team=red").await;
    let plugin = server.get("/plugins/teams").await.1;
    assert_eq!((&plugin["kinds"], &plugin["subscribes"]), (&json!(["view"]), &json!([])));
    assert!(plugin["figures"]["faults"]["trap"].as_u64() >= Some(31), "{plugin}");
}

#[tokio::test]
async fn subscribers_are_listed_with_their_class() {
    let server = server("").await;
    let _plain = Subscriber::open(&server, "").await;
    let _red = Subscriber::open(&server, "view=teams&view.team=red").await;
    let _echo = Subscriber::open(&server, "view=teams&view.team=echo&view.a%20b=%C3%A4%26&view.a%20b=").await;
    let listed = server.get("/connections").await.1["connections"].clone();
    assert_eq!(listed[0]["view"], Value::Null);
    assert_eq!(listed[1]["view"], json!({"plugin": "teams", "class": "red"}));
    let class = listed[2]["view"]["class"].as_str().unwrap();
    assert!(class.contains(r#"parameters: [("team", "echo"), ("a b", "ä&"), ("a b", "")]"#), "{class}");
    assert!(class.contains(r#"principal: "", claims: []"#), "{class}");
}
