//! Who may use a mount, and that a token in its address is seen by nobody else.

use serde_json::json;

use super::{answer, json_of, post};
use crate::lanes::on_both_lanes;
use crate::reconfigured::token;
use crate::support::{Http2, Lane, Server, Wire, eventually};

const SECRET: &str = "s3cret-of-master";

/// A server at which nobody may do anything without a token.
fn config(rest: &str) -> String {
    let master = token(SECRET, "type = 'master'").replace(&format!("name = '{SECRET}'"), "name = 'boss'");
    let team = token("team", "type = 'team'\npermissions = ['write']\nsubscribe = ['*']");
    let readonly = token("readonly", "type = 'readonly'\nsubscribe = ['*']");
    format!("[auth]\nallow-anonymous = 'never'\n{master}{team}{readonly}{rest}")
}

const SSE: &str = "[[mount]]\npath = '/mcp/sse'\nauth = 'token'\ntoken-in-query = true\nproblem = '{error: .detail}'\n";

async fn a_token_in_the_address_is_taken_and_nobody_else_sees_it(lane: Lane) {
    let server = lane.server(&config(SSE)).await;
    let mut wire = Wire::open(server.address()).await;
    wire.send(format!("GET /mcp/sse?types=a&token={SECRET} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    let head = wire.head().await.unwrap();
    assert_eq!((head.status, head.get("referrer-policy")), (200, Some("no-referrer")), "{head:?}");
    wire.until("retry:").await;
    let event = json!({"type": "a", "data": "seen"}).to_string();
    let sent = post(&server, "/events", &event).bearer_auth(SECRET);
    assert_eq!(answer(sent).await.0, 200);
    wire.until("seen").await;
    let get = async |path: &str| answer(server.http.get(server.url(path)).bearer_auth(SECRET)).await.2;
    let listed = get("/connections").await;
    assert!(listed.contains("types=a") && listed.contains("boss"), "{listed}");
    assert_eq!(server.log().contains("lane=\"light\""), lane == Lane::Auto);
    // Also where it is wrong, where it is there twice, and where another protocol brings it.
    for query in ["token=s3cret-unknown".to_owned(), format!("token={SECRET}&t%6fken={SECRET}")] {
        let mut http2 = Http2::open(server.address()).await;
        assert!([400, 401].contains(&http2.get(&format!("/mcp/sse?{query}")).await.status), "{query}");
    }
    let mut http2 = Http2::open(server.address()).await;
    let mut stream = http2.get(&format!("/mcp/sse?token={SECRET}")).await;
    assert_eq!(stream.status, 200);
    stream.until("retry:").await;
    drop((wire, stream, http2));
    eventually("streams have ended", async || server.log().matches("SSE Connection Removed").count() >= 2).await;
    for (what, text) in [("log", server.log()), ("connections", listed), ("metrics", get("/metrics").await)] {
        assert!(!text.contains("s3cret"), "{what}: {text}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_told_apart_and_shaped() {
    let server = Server::start(&config(SSE), &[]).await;
    let url = server.url("/mcp/sse");
    let get = || server.http.get(&url);
    let with = |query: &str| server.http.get(format!("{url}?{query}"));
    for (request, status, says) in [
        (get(), 401, "there is no token"),
        (get().header("authorization", "Basic x"), 401, "not of the form"),
        (get().bearer_auth("other"), 401, "no token like this"),
        (with("token=team").bearer_auth(SECRET), 401, "different tokens"),
        (with("token="), 401, "empty"),
        (with("token=a&token=a"), 400, "twice"),
        (with("access_token=x"), 400, "does not belong into the address"),
        (with("nonsense=1").bearer_auth(SECRET), 400, "nonsense"),
    ] {
        let (found, headers, body) = answer(request).await;
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((found, body.as_object().unwrap().len()), (status, 1), "{says}: {body}");
        assert!(body["error"].as_str().unwrap().contains(says), "{says}: {body}");
        assert_eq!((&headers["content-type"], &headers["referrer-policy"]), ("application/json", "no-referrer"));
        assert_eq!(headers.has("www-authenticate"), status == 401);
    }
    // Elsewhere a token in the address is refused, as ever.
    let (status, problem) = json_of(server.http.get(server.url(&format!("/events?token={SECRET}")))).await;
    assert_eq!((status, &problem["at"]), (400, &json!("token")));
}

#[tokio::test]
async fn types_of_tokens_and_permissions_are_asked_for() {
    let server = Server::start(
        &config(
            "[[mount]]\npath = '/boss'\nkind = 'figures'\nanswer = '{status}'\ntoken-types = ['master']\n\
             [[mount]]\npath = '/write'\nkind = 'figures'\nanswer = '{status}'\npermissions = 'write'\n\
             [[mount]]\npath = '/any'\nkind = 'figures'\nanswer = '{status}'\n\
             [[mount]]\npath = '/post'\nkind = 'publish'\nevent = '{type: \"x\", data: .body}'\n\
             [[mount]]\npath = '/readers'\nkind = 'publish'\nevent = '{type: \"x\", data: .principal.type}'\n\
             token-types = ['readonly']\n",
        ),
        &[],
    )
    .await;
    for (path, statuses) in [("/boss", [200, 403, 403]), ("/write", [200, 200, 403]), ("/any", [200, 200, 200])] {
        for (token, status) in [SECRET, "team", "readonly"].into_iter().zip(statuses) {
            let (found, answer) = json_of(server.http.get(server.url(path)).bearer_auth(token)).await;
            assert_eq!(found, status, "{path} {token}: {answer}");
        }
        assert_eq!(json_of(server.http.get(server.url(path))).await.0, 401);
    }
    let (_, problem) = json_of(server.http.get(server.url("/boss")).bearer_auth("team")).await;
    assert!(problem["detail"].as_str().unwrap().contains("one of type master"), "{problem}");
    let (_, problem) = json_of(server.http.get(server.url("/write")).bearer_auth("readonly")).await;
    assert_eq!(problem["permission"], "write");
    // What a token may publish counts, unless the mount says itself who may.
    for (path, token, status) in [
        ("/post", SECRET, 200),
        ("/post", "team", 403),
        ("/post", "readonly", 403),
        ("/readers", "readonly", 200),
        ("/readers", "team", 403),
    ] {
        assert_eq!(json_of(post(&server, path, "1").bearer_auth(token)).await.0, status, "{path} {token}");
    }
    assert!(server.log().contains("action=\"publish\" object=\"/readers\""), "{}", server.log());
}

#[tokio::test]
async fn of_the_types_of_a_mount_a_token_gets_its_own() {
    let narrow = token("narrow", "type = 'readonly'\nsubscribe = ['a.b', 'c.*']");
    let mount = "[[mount]]\npath = '/sse'\ntypes = ['a.*', 'c.d', 'e']\n";
    let server = Server::start(&config(&format!("{narrow}{mount}")), &[]).await;
    let mut wire = Wire::open(server.address()).await;
    wire.send("GET /sse HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer narrow\r\n\r\n").await;
    assert_eq!(wire.head().await.unwrap().status, 200);
    wire.until("retry:").await;
    for name in ["a.x", "c.x", "e", "a.b", "c.d"] {
        let body = json!({"type": name, "data": name}).to_string();
        assert_eq!(answer(post(&server, "/events", &body).bearer_auth(SECRET)).await.0, 200);
    }
    let seen = wire.until("c.d").await;
    assert!(seen.contains("a.b"), "{seen}");
    assert!(["a.x", "c.x", "event: e\n"].iter().all(|other| !seen.contains(other)), "{seen}");
    // Nothing in common, and types that somebody asked for, are told.
    let none = token("none", "type = 'readonly'\nsubscribe = ['x']");
    let server = Server::start(&config(&format!("{none}{mount}")), &[]).await;
    for (query, says) in [("", "a.*,c.d,e"), ("?types=e", "beyond")] {
        let (status, problem) = json_of(server.http.get(server.url(&format!("/sse{query}"))).bearer_auth("none")).await;
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
        assert_eq!((status, &problem["at"]), (403, &json!("types")));
    }
}

#[tokio::test]
async fn polls_are_for_those_who_may_stream() {
    // Anonymous may do all but what the mount says.
    let tokens = token("reader", "type = 'readonly'\nsubscribe = ['*']") + &token("boss", "type = 'master'");
    let mount = "[[mount]]\npath = '/events'\nauth = 'token'\ntoken-types = ['master']\n";
    let server = Server::start(&format!("{tokens}{mount}"), &[]).await;
    let (_, stored) = server.publish("a", json!("secret")).await;
    let one = format!("/events/{}", stored["position"].as_str().unwrap());
    for path in ["/events", "/events/poll?since=earliest", &*one] {
        let get = || server.http.get(server.url(path));
        let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status().as_u16();
        assert_eq!(status(get()).await, 401, "{path}");
        assert_eq!(status(get().bearer_auth("reader")).await, 403, "{path}");
        assert_eq!(status(get().bearer_auth("boss")).await, 200, "{path}");
    }
    assert_eq!(json_of(server.http.get(server.url("/events/stats"))).await.0, 200);
}

#[tokio::test]
async fn visitors_cannot_take_the_projection_off() {
    let mount =
        "[[mount]]\npath = '/sse'\nauth = 'none'\ntypes = ['a']\nsources = ['/s', '/t']\nprojection = '.data.shown'\n";
    let server = Server::start(&config(mount), &[]).await;
    for (query, at) in
        [("envelope=data", "envelope"), ("envelope=cloudevents", "envelope"), ("sources=/s,/u", "sources")]
    {
        let get = || server.http.get(server.url(&format!("/sse?{query}")));
        let (status, problem) = json_of(get()).await;
        assert_eq!((status, &problem["at"]), (400, &json!(at)), "{problem}");
        assert_eq!(get().bearer_auth("team").send().await.unwrap().status(), 200, "{query}");
    }
    let fewer = server.http.get(server.url("/sse?sources=/t&framing=message")).send().await.unwrap();
    assert_eq!(fewer.status(), 200);
}

async fn an_open_mount_shows_what_it_is_for_and_no_more(lane: Lane) {
    let server = lane
        .server(&config(
            "[[mount]]\npath = '/sse'\nauth = 'none'\ntypes = ['public.*', 'notice']\nframing = 'message'\n",
        ))
        .await;
    let mut wire = Wire::open(server.address()).await;
    wire.send("GET /sse HTTP/1.1\r\nHost: x\r\n\r\n").await;
    wire.until("retry:").await;
    for (name, data) in [("secret", "hidden"), ("public.a", "shown")] {
        let body = json!({"type": name, "data": data}).to_string();
        assert_eq!(answer(post(&server, "/events", &body).bearer_auth(SECRET)).await.0, 200);
    }
    let seen = wire.until("shown").await;
    assert!(!seen.contains("hidden") && !seen.contains("event:"), "{seen}");
    let asked = async |types: &str| answer(server.http.get(server.url(&format!("/sse?types={types}")))).await;
    for types in ["*", "secret", "public"] {
        assert_eq!(asked(types).await.0, 403, "{types}");
    }
    // Whoever has a token is who they are, and a wrong one is wrong everywhere.
    assert_eq!(answer(server.http.get(server.url("/sse?nonsense")).bearer_auth(SECRET)).await.0, 400);
    assert_eq!(answer(server.http.get(server.url("/sse")).bearer_auth("wrong")).await.0, 401);
    assert_eq!(answer(server.http.get(server.url("/events"))).await.0, 401);
}

on_both_lanes!(a_token_in_the_address_is_taken_and_nobody_else_sees_it, an_open_mount_shows_what_it_is_for_and_no_more);
