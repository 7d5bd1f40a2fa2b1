//! Behind a proxy: whose address is shown, logged and written down, and that nobody else can choose it.

use crate::lanes::on_both_lanes;
use crate::support::{Lane, Server, Wire};

const TRUSTING: &str = "[proxy]\ntrusted = [\"127.0.0.0/8\"]\n";

/// Opens a stream with headers; as whom it is listed.
async fn listed_as(server: &Server, headers: &str) -> String {
    let mut wire = Wire::open(server.address()).await;
    wire.send(format!("GET /events HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n")).await;
    wire.greeting().await;
    let listed = server.get("/connections").await.1;
    let last = listed["connections"].as_array().unwrap().last().unwrap();
    last["remote"].as_str().unwrap().rsplit_once(':').unwrap().0.to_owned()
}

async fn clients_of_a_trusted_proxy_have_their_own_address(lane: Lane) {
    let server = lane.server(TRUSTING).await;
    for (headers, shown) in [
        ("X-Forwarded-For: 203.0.113.7", "203.0.113.7"),
        // What a client sent itself stands before what the proxy added.
        ("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.8", "203.0.113.8"),
        ("Forwarded: for=6.6.6.6, for=\"[2001:db8::1]:4711\"", "[2001:db8::1]"),
        ("Accept: */*", "127.0.0.1"),
    ] {
        assert_eq!(listed_as(&server, headers).await, shown, "{headers}");
    }
    assert!(server.log().contains("clientIP=\"203.0.113.7\""), "{}", server.log());
    let close = server.http.delete(server.url("/connections/1")).header("x-forwarded-for", "203.0.113.9");
    close.send().await.unwrap();
    assert!(server.log().contains("remote=203.0.113.9:0"), "{}", server.log());
    let garbage = server.http.get(server.url("/livez")).header("x-forwarded-for", "garbage").send().await.unwrap();
    assert_eq!(garbage.status(), 400);
}

async fn nobody_else_can_say_who_he_is(lane: Lane) {
    for config in ["", "[proxy]\ntrusted = [\"10.0.0.0/8\"]\n"] {
        let server = lane.server(config).await;
        for headers in ["X-Forwarded-For: 203.0.113.7", "Forwarded: for=203.0.113.7", "X-Forwarded-For: garbage"] {
            assert_eq!(listed_as(&server, headers).await, "127.0.0.1", "{headers}");
        }
    }
}

/// A cookie counts for pages of the server itself, by the name that the browser knows it by.
async fn the_name_of_the_server_is_the_one_that_the_proxy_was_asked_for(lane: Lane) {
    let token = "a-token-of-thirty-two-bytes-or-so";
    let hash: String = <sha2::Sha256 as sha2::Digest>::digest(token).iter().map(|byte| format!("{byte:02x}")).collect();
    let auth = format!("[[auth.tokens]]\nname = \"ops\"\nsha256 = \"{hash}\"\ntype = \"master\"\n");
    for (config, status) in [(TRUSTING, 404), ("", 403)] {
        let server = lane.server(&format!("{config}{auth}")).await;
        let request =
            server.http.delete(server.url("/connections/77")).header("cookie", format!("tidemill_token={token}"));
        let request = request.header("origin", "https://tide.example");
        let answer = request.header("forwarded", "for=203.0.113.7;host=tide.example").send().await.unwrap();
        assert_eq!(answer.status(), status, "{config}");
    }
}

on_both_lanes! {
    clients_of_a_trusted_proxy_have_their_own_address,
    nobody_else_can_say_who_he_is,
    the_name_of_the_server_is_the_one_that_the_proxy_was_asked_for,
}
