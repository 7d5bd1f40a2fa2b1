//! What pages of other sites can do with a server that lets everybody in who reaches it: send (CSRF), read by a name of
//! their own (DNS rebinding), and read where they may (CORS).

use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::tokens;
use crate::lanes::on_both_lanes;
use crate::support::{Lane, Server, Wire};

const PAGE: &str = "https://app.example";
const OTHER: &str = "https://other.example";

async fn send(server: &Server, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = server.http.request(method.clone(), server.url(path));
    if method == Method::POST {
        request = request.json(&json!({"type": "a"}));
    }
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    answer.headers().get(name).map(|value| value.to_str().unwrap())
}

/// What is at fault, of a request that is refused as one of another site.
async fn refused(answer: Response) -> Value {
    assert_eq!(answer.status(), 403);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], "urn:tidemill:problem:cross-site", "{problem}");
    problem["at"].clone()
}

/// What a stream that is asked for by plain bytes is answered.
async fn stream(server: &Server, host: &str) -> u16 {
    let mut wire = Wire::open(server.address()).await;
    wire.send(format!("GET /events HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
    wire.head().await.unwrap().status
}

async fn names_of_others_are_not_served_without_a_token(lane: Lane) {
    let config = format!("{}[server]\nallowed-hosts = [\"events.example\"]\n", tokens());
    let server = lane.server(&config).await;
    let port = server.address().rsplit_once(':').unwrap().1.to_owned();
    for host in ["localhost", "LOCALHOST.", "127.0.0.1", "[::1]", "127.0.0.9", "events.example"] {
        for host in [host.to_owned(), format!("{host}:{port}"), format!("{host}:9")] {
            assert_eq!(stream(&server, &host).await, 200, "{host}");
            assert_eq!(send(&server, "GET", "/plugins", &[("host", &host)]).await.status(), 200, "{host}");
        }
    }
    for host in
        ["evil.example", "evil.example:80", "localhost.evil.example", "xlocalhost", "127.0.0.1.evil.example", "a@b"]
    {
        assert_ne!(stream(&server, host).await, 200, "{host}");
        for (method, path) in [("GET", "/plugins"), ("GET", "/events/poll"), ("POST", "/events")] {
            let answer = send(&server, method, path, &[("host", host)]).await;
            assert_eq!(refused(answer).await, "host", "{host} {method} {path}");
        }
    }
    // What needs nothing tells nothing, and a token shows that it is meant.
    assert_eq!(send(&server, "GET", "/livez", &[("host", "evil.example")]).await.status(), 200);
    let token = [("host", "evil.example"), ("authorization", "Bearer team1")];
    assert_eq!(send(&server, "POST", "/events", &token).await.status(), 200);
    // Two names, of which one is good: in the request's line and beside it.
    let mut wire = Wire::open(server.address()).await;
    wire.send("GET http://evil.example/plugins HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(wire.head().await.unwrap().status, 403);
}

async fn pages_of_other_sites_change_nothing_without_a_token(lane: Lane) {
    let server = lane.server(&format!("{}[cors]\norigins = [\"{PAGE}\"]\n", tokens())).await;
    let own = server.url("");
    for (method, path) in
        [("POST", "/events"), ("DELETE", "/connections/1"), ("POST", "/plugins/x/disable"), ("POST", "/tickets")]
    {
        for headers in [
            vec![("origin", OTHER)],
            vec![("origin", "null")],
            vec![("origin", "https://app.example.evil.example")],
            vec![("origin", "http://localhost:1")],
            vec![("origin", &*own), ("sec-fetch-site", "cross-site")],
            vec![("sec-fetch-site", "same-site")],
            vec![("origin", PAGE), ("origin", OTHER)],
        ] {
            assert_eq!(refused(send(&server, method, path, &headers).await).await, "origin", "{headers:?}");
        }
        for headers in [
            vec![],
            vec![("origin", &*own)],
            vec![("origin", &*own), ("sec-fetch-site", "same-origin")],
            vec![("sec-fetch-site", "none")],
            vec![("origin", PAGE), ("sec-fetch-site", "cross-site")],
            vec![("origin", OTHER), ("authorization", "Bearer master1")],
        ] {
            assert_ne!(send(&server, method, path, &headers).await.status(), 403, "{headers:?}");
        }
    }
    let stored = server.get("/events/stats").await.1["log"]["events"].clone();
    assert_eq!(stored, 6, "only those that may have published");
}

async fn pages_read_where_they_may(lane: Lane) {
    let config = format!("{}[cors]\norigins = [\"{PAGE}\", \"http://a.example\"]\nmax-age = \"1m\"\n", tokens());
    let server = lane.server(&format!("{config}[auth]\nallow-anonymous = \"never\"\n")).await;
    let ask = [
        ("origin", PAGE),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,ce-type"),
    ];
    // Before anybody asks for a token.
    let asked = send(&server, "OPTIONS", "/events", &ask).await;
    assert_eq!((asked.status().as_u16(), header(&asked, "access-control-allow-origin")), (200, Some(PAGE)));
    assert_eq!(header(&asked, "access-control-allow-headers"), Some("authorization,ce-type"));
    assert!(header(&asked, "access-control-allow-methods").unwrap().contains("POST"));
    assert_eq!(
        (header(&asked, "access-control-max-age"), header(&asked, "access-control-allow-credentials")),
        (Some("60"), None)
    );
    // Refusals can be read, too, and answers say that they differ by who asks.
    for (headers, status) in
        [(vec![("origin", PAGE)], 401), (vec![("origin", PAGE), ("authorization", "Bearer team1")], 200)]
    {
        for (method, path) in [("GET", "/events"), ("GET", "/events/poll"), ("POST", "/events"), ("GET", "/plugins")] {
            let answer = send(&server, method, path, &headers).await;
            assert_eq!(
                (answer.status().as_u16(), header(&answer, "access-control-allow-origin")),
                (status, Some(PAGE)),
                "{path}"
            );
            assert!(header(&answer, "vary").unwrap().contains("origin"), "{answer:?}");
            let exposed = header(&answer, "access-control-expose-headers").unwrap();
            for name in ["ratelimit", "ratelimit-policy", "retry-after", "x-request-id", "last-event-id"] {
                assert!(exposed.split(',').any(|one| one == name), "{exposed}");
            }
        }
    }
    for origin in [OTHER, "null", "https://app.example:8443", "http://app.example"] {
        let answer = send(&server, "OPTIONS", "/events", &[("origin", origin), ask[1], ask[2]]).await;
        assert_eq!(header(&answer, "access-control-allow-origin"), None, "{origin}");
        let answer = send(&server, "GET", "/events", &[("origin", origin), ("authorization", "Bearer team1")]).await;
        assert_eq!(header(&answer, "access-control-allow-origin"), None, "{origin}");
        assert!(header(&answer, "vary").unwrap().contains("origin"));
    }
}

async fn cookies_count_for_pages_that_may_use_them(lane: Lane) {
    for (credentials, status) in [(true, 200), (false, 403)] {
        let config = format!("{}[cors]\norigins = [\"{PAGE}\"]\ncredentials = {credentials}\n", tokens());
        let server = lane.server(&config).await;
        let cookie = ("cookie", "tidemill_token=team1");
        let answer = send(&server, "POST", "/events", &[("origin", PAGE), cookie]).await;
        assert_eq!(answer.status(), status);
        assert_eq!(header(&answer, "access-control-allow-credentials"), credentials.then_some("true"));
        assert_eq!(send(&server, "POST", "/events", &[("origin", OTHER), cookie]).await.status(), 403);
    }
}

async fn every_page_reads_what_is_for_all(lane: Lane) {
    let server = lane.server("[cors]\norigins = [\"*\"]\n").await;
    for (method, status) in [("GET", 200), ("POST", 200)] {
        let answer = send(&server, method, "/events", &[("origin", OTHER)]).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "access-control-allow-origin")), (status, Some("*")));
        assert_eq!(header(&answer, "access-control-allow-credentials"), None);
    }
    let server = lane.server("").await;
    let answer = send(&server, "GET", "/events", &[("origin", OTHER)]).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "access-control-allow-origin")), (200, None));
}

on_both_lanes! {
    names_of_others_are_not_served_without_a_token,
    pages_of_other_sites_change_nothing_without_a_token,
    pages_read_where_they_may,
    cookies_count_for_pages_that_may_use_them,
    every_page_reads_what_is_for_all,
}
