//! Everything below a path: routes, streams on both lanes, and what the dashboard loads.

use serde_json::json;

use crate::lanes::on_both_lanes;
use crate::support::{Lane, Wire, sleeps};

async fn everything_is_below_the_path_and_nothing_beside_it(lane: Lane) {
    let server = lane.server("[server]\nbase-path = \"/tide/mill\"\n").await;
    let get = async |path: &str| server.http.get(server.url(path)).send().await.unwrap();
    for path in ["/livez", "/readyz", "/plugins", "/metrics", "/principal"] {
        assert_eq!(get(&format!("/tide/mill{path}")).await.status(), 200, "{path}");
        assert_eq!(get(path).await.status(), 404, "{path}");
    }
    // What needs an administrator does so there, too: the routes are the same.
    let deleted = server.http.delete(server.url("/tide/mill/connections/77")).send().await.unwrap();
    assert_eq!(deleted.json::<serde_json::Value>().await.unwrap()["type"], "urn:tidemill:problem:not-found");
    assert!(server.log().contains("connection.close"), "{}", server.log());

    let mut wire = Wire::open(server.address()).await;
    wire.send("GET /tide/mill/events?types=a HTTP/1.1\r\nHost: x\r\n\r\n").await;
    wire.greeting().await;
    let body = json!({"type": "a", "data": 1}).to_string();
    let request = server.http.post(server.url("/tide/mill/events")).header("content-type", "application/json");
    assert_eq!(request.body(body).send().await.unwrap().status(), 200);
    assert_eq!(wire.data().await, "1");
    let carried = server.log().contains("lane=\"light\"");
    assert_eq!((carried, sleeps(server.pid(), "tidemill-sse").is_some()), (lane == Lane::Auto, lane == Lane::Auto));

    // As a browser resolves what the page names; without the last slash it is sent there.
    let page = get("/tide/mill").await;
    assert_eq!(page.url().path(), "/tide/mill/");
    let base = page.url().clone();
    let html = page.text().await.unwrap();
    let links: Vec<&str> =
        html.split(['"', ' ']).filter(|part| part.ends_with(".js") || part.ends_with(".css")).collect();
    assert!(links.len() >= 2, "{html}");
    for link in links {
        assert_eq!(server.http.get(base.join(link).unwrap()).send().await.unwrap().status(), 200, "{link}");
    }
    for file in ["dashboard.js", "session.js"] {
        let script = get(&format!("/tide/mill/dashboard/{file}")).await.text().await.unwrap();
        for absolute in ["\"/", "'/", "`/"] {
            assert!(!script.contains(absolute), "{file} has an address that begins with a slash");
        }
    }
}

on_both_lanes! { everything_is_below_the_path_and_nothing_beside_it }
