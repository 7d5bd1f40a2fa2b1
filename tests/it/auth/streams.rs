//! Streams on both lanes: who gets one, of what, and for how long.

use serde_json::{Value, json};

use super::{config, directory, now, refusal, request, signed};
use crate::support::{Lane, Server, Wire};

pub(super) async fn publish(server: &Server, event_type: &str) {
    let body = json!({"type": event_type}).to_string();
    let event = request(server, "POST", "/events").header("content-type", "application/json").body(body);
    assert_eq!(event.bearer_auth("master").send().await.unwrap().status(), 200);
}

/// Asks for a stream with a plain request, which either lane may carry.
pub(super) async fn ask(server: &Server, query: &str, token: Option<&str>) -> Wire {
    let mut wire = Wire::open(server.address()).await;
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    wire.send(format!("GET /events?{query} HTTP/1.1\r\nHost: x\r\n{token}\r\n")).await;
    wire
}

#[tokio::test]
async fn streams_need_a_token_and_get_its_types() {
    for lane in Lane::BOTH {
        let server = lane.server_in(directory(), &config()).await;
        for (query, token, status) in [
            ("", None, 401),
            ("", Some("wrong"), 401),
            ("types=user.*", Some("team"), 403),
            ("types=*", Some("team"), 403),
            ("", Some("admin"), 403),
            ("token=team", None, 400),
        ] {
            let head = ask(&server, query, token).await.head().await.unwrap();
            assert_eq!(head.status, status, "{lane:?} {query} {token:?}");
            assert_eq!(head.get("www-authenticate").is_some(), status == 401, "{head:?}");
        }
        let mut stream = ask(&server, "envelope=cloudevents", Some("team")).await;
        stream.greeting().await;
        for event_type in ["user.created", "invoice.sent", "order.created"] {
            publish(&server, event_type).await;
        }
        let text = stream.until("\n\n").await;
        assert!(text.contains("order.created"), "{lane:?}: {text}");

        // Old events as well.
        let mut replayed = ask(&server, "since=earliest&envelope=cloudevents", Some("team")).await;
        replayed.greeting().await;
        assert!(replayed.until("\n\n").await.contains("order.created"), "{lane:?}");
        let listed: Value =
            request(&server, "GET", "/connections").bearer_auth("team").send().await.unwrap().json().await.unwrap();
        assert_eq!(listed["connections"][0]["principal"], "team", "{listed}");
        // The log tells by which token.
        let said = server.log();
        let added = said.lines().filter(|line| line.contains("SSE Connection Added")).collect::<Vec<_>>();
        assert!(added[0].contains("tokenId=\"team\"") && added[0].contains("tokenType=\"team\""), "{added:?}");
        // Who listens beside them is nobody's business but the administrators'.
        for (who, count) in [("team", 2), ("readonly", 0), ("admin", 2), ("master", 2)] {
            let listed = request(&server, "GET", "/connections").bearer_auth(who).send().await.unwrap();
            let listed: Value = listed.json().await.unwrap();
            assert_eq!(listed["connections"].as_array().unwrap().len(), count, "{who}: {listed}");
        }
        let figures = request(&server, "GET", "/metrics").bearer_auth("master").send().await.unwrap();
        let figures = figures.text().await.unwrap();
        assert!(figures.contains("tidemill_connections_by_token{token=\"team\"} 2"), "{figures}");
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    for lane in Lane::BOTH {
        let server = lane.server_in(directory(), &config()).await;
        let token = signed(&json!({"exp": now() + 2}));
        // Nothing happens meanwhile, and no heartbeat is due for long.
        let mut stream = ask(&server, "heartbeat=10m", Some(&token)).await;
        stream.greeting().await;
        let (rest, whole) = stream.rest().await;
        assert!(whole && rest.contains("retry: ") && rest.contains("token-expired"), "{lane:?}: {rest}");
        assert_eq!(ask(&server, "", Some(&token)).await.head().await.unwrap().status, 401);
    }
}

#[tokio::test]
async fn a_ticket_opens_one_stream() {
    for lane in Lane::BOTH {
        let server = lane.server_in(directory(), &config()).await;
        let answer = request(&server, "POST", "/tickets").bearer_auth("team").send().await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.headers()["cache-control"]), (201, &"no-store".parse().unwrap()));
        let ticket: Value = answer.json().await.unwrap();
        let query = format!("types=order.*&ticket={}", ticket["ticket"].as_str().unwrap());
        // Not for anything but a stream.
        assert_eq!(refusal(request(&server, "GET", &format!("/plugins?{query}"))).await.0, 401);
        let mut stream = ask(&server, &query, None).await;
        stream.greeting().await;
        publish(&server, "order.created").await;
        stream.until("\n\n").await;
        let listed: Value =
            request(&server, "GET", "/connections").bearer_auth("team").send().await.unwrap().json().await.unwrap();
        let of = &listed["connections"][0];
        assert_eq!((&of["principal"], &of["query"]), (&json!("team"), &json!("types=order.*")), "{lane:?}");
        for spent in [&*query, "ticket=", "ticket=0123456789abcdef0123456789abcdef"] {
            let found = refusal(request(&server, "GET", &format!("/events?{spent}"))).await;
            assert_eq!((found.0, found.1.as_str()), (401, "ticket-invalid"), "{lane:?} {spent}");
        }
    }
}
