//! Every kind of principal on every kind of route.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{refusal, request, server};

/// What each of these gets: nobody, a token that is not known, readonly, team, team with `admin`, master.
const WHO: [Option<&str>; 6] = [None, Some("wrong"), Some("readonly"), Some("team"), Some("admin"), Some("master")];

#[tokio::test]
async fn everybody_gets_what_is_theirs_on_every_route() {
    let server = server().await;
    let (open, read, admin) =
        ([200; 6], [401, 401, 200, 200, 200, 200], |found: u16| [401, 401, 403, 403, found, found]);
    for (method, path, expected) in [
        ("GET", "/livez", open),
        ("GET", "/readyz", open),
        ("GET", "/", open),
        ("GET", "/dashboard/dashboard.js", open),
        // Nobody asked for a token: there is no such plugin.
        ("POST", "/hooks/none", [404; 6]),
        ("GET", "/metrics", read),
        ("GET", "/plugins", read),
        ("GET", "/event-types", read),
        ("GET", "/connections", read),
        ("GET", "/dead-letters", read),
        ("GET", "/events/stats", read),
        ("GET", "/principal", read),
        ("GET", "/nowhere", [401, 401, 404, 404, 404, 404]),
        ("POST", "/tickets", [401, 401, 201, 201, 201, 201]),
        // The one with `admin` has no types at all.
        ("GET", "/events/poll", [401, 401, 200, 200, 403, 200]),
        ("GET", "/events/poll?types=invoice.paid", [401, 401, 200, 200, 403, 200]),
        ("GET", "/events/poll?types=invoice.*", [401, 401, 200, 403, 403, 200]),
        ("POST", "/plugins/none/disable", admin(404)),
        ("POST", "/plugins/none/enable", admin(404)),
        ("POST", "/plugins/none/rollback", admin(404)),
        ("DELETE", "/plugins/none/state", admin(404)),
        ("DELETE", "/connections/9", admin(404)),
        ("DELETE", "/dead-letters/9", admin(404)),
        ("POST", "/dead-letters/9/replay", admin(404)),
        ("PUT", "/plugins/none", admin(415)),
        ("DELETE", "/plugins/none", admin(404)),
        ("PUT", "/plugins", admin(405)),
    ] {
        for (who, expected) in WHO.into_iter().zip(expected) {
            let (status, kind, _) = refusal(by(request(&server, method, path), who)).await;
            assert_eq!(status, expected, "{method} {path} by {who:?}: {kind}");
        }
    }
}

fn by(request: RequestBuilder, who: Option<&str>) -> RequestBuilder {
    match who {
        Some(token) => request.bearer_auth(token),
        None => request,
    }
}

#[tokio::test]
async fn publishers_publish_their_types() {
    let server = server().await;
    let publish = async |who: Option<&str>, content_type: &str, body: &str| {
        let request = request(&server, "POST", "/events").header("content-type", content_type).body(body.to_owned());
        let answer = by(request, who).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    for (event_type, expected) in
        [("order.created", [401, 401, 403, 200, 403, 200]), ("user.created", [401, 401, 403, 403, 403, 200])]
    {
        for (who, expected) in WHO.into_iter().zip(expected) {
            let (status, answer) = publish(who, "application/json", &json!({"type": event_type}).to_string()).await;
            assert_eq!(status, expected, "{event_type} by {who:?}: {answer}");
        }
    }
    let (_, answer) = publish(Some("team"), "application/json", r#"{"type":"user.created"}"#).await;
    assert_eq!((&answer["permission"], &answer["outcome"]), (&json!("publish:user.created"), &Value::Null));

    let two = "{\"type\":\"user.created\"}\n{\"type\":\"order.created\"}";
    let (status, answer) = publish(Some("team"), "application/x-ndjson", two).await;
    assert_eq!((status, &answer["stored"], &answer["rejected"]), (200, &json!(1), &json!(1)), "{answer}");
    assert_eq!(answer["results"][0]["problems"][0]["at"], "type");
    let none = "{\"type\":\"user.created\"}\n{\"type\":\"a\"}";
    assert_eq!(publish(Some("team"), "application/x-ndjson", none).await.0, 403);
    // What is no event at all is said as before.
    assert_eq!(publish(Some("team"), "application/x-ndjson", "{}\n{}").await.0, 200);
    assert_eq!(publish(Some("team"), "application/x-ndjson", "").await.0, 400);

    // Nobody reads one by one what they may not subscribe to.
    let (_, stored) = publish(Some("master"), "application/json", r#"{"type":"user.created"}"#).await;
    let path = format!("/events/{}", stored["position"].as_str().unwrap());
    assert_eq!(refusal(request(&server, "GET", &path).bearer_auth("team")).await.0, 404);
    assert_eq!(refusal(request(&server, "GET", &path).bearer_auth("readonly")).await.0, 200);
}
