//! SIGHUP: mounts come, go and change while streams are open, on both lanes and below a base path.

use crate::lanes::on_both_lanes;
use crate::reconfigured::reread;
use crate::support::{Lane, Server, Wire};

async fn listen(server: &Server, path: &str) -> Wire {
    let mut wire = Wire::open(server.address()).await;
    wire.send(format!("GET /base{path} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    wire.until("retry:").await;
    wire
}

fn mount(path: &str, rest: &str) -> String {
    format!("[[mount]]\npath = '{path}'\n{rest}\n")
}

async fn mounts_change_and_only_their_own_streams_end(lane: Lane) {
    let server = "[server]\nbase-path = '/base'\n";
    let config = |mounts: &[String]| lane.configure(&format!("{server}{}", mounts.concat()));
    let same = mount("/same", "types = 'a'\nrequests = { most = 2, window = '24h' }");
    let running =
        lane.server(&format!("{server}{}", [same.clone(), mount("/other", ""), mount("/gone", "")].concat())).await;
    let (mut stays, plain) = (listen(&running, "/same").await, listen(&running, "/events").await);
    let ends = [listen(&running, "/other").await, listen(&running, "/gone").await];
    let status = async |path: &str| {
        running.http.get(running.url(&format!("/base{path}"))).send().await.unwrap().status().as_u16()
    };
    assert_eq!(status("/new?x").await, 404);
    let new = [same.clone(), mount("/other", "framing = 'message'\ncors = { origins = '*' }"), mount("/new", "")];
    let said = reread(&running, &config(&new)).await;
    assert!(said.contains("taken in: mount") && !said.contains("need a restart"), "{said}");
    for mut stream in ends {
        while stream.some().await.is_some() {}
    }
    assert_eq!((status("/gone").await, status("/new?x=1").await), (404, 400));
    drop(listen(&running, "/new").await);
    let (_, headers, _) =
        super::answer(running.http.get(running.url("/base/other?x=1")).header("origin", "https://a.example")).await;
    assert_eq!(&headers["access-control-allow-origin"], "*");
    let event = || super::post(&running, "/base/events", "{\"type\":\"a\",\"data\":\"after\"}");
    assert_eq!(super::answer(event()).await.0, 200);
    stays.until("after").await;
    // Who sent how many is still known, where that is as before.
    assert_eq!((status("/same?x=1").await, status("/same").await), (400, 429));

    // The stream that nobody configured is one like the others.
    let own = mount("/events", "types = 'b'\nframing = 'message'");
    reread(&running, &config(&[same, own])).await;
    let mut plain = plain;
    while plain.some().await.is_some() {}
    let mut own = listen(&running, "/events").await;
    for name in ["a", "b"] {
        let body = format!("{{\"type\":\"{name}\",\"data\":\"of {name}\"}}");
        assert_eq!(super::answer(super::post(&running, "/base/events", &body)).await.0, 200);
    }
    let seen = own.until("of b").await;
    assert!(!seen.contains("of a") && !seen.contains("event: b"), "{seen}");

    // What is wrong changes nothing.
    let said = reread(&running, &config(&[mount("/x", "kind = 'figures'\nanswer = '{'")])).await;
    assert!(said.contains("not taken") && said.contains("`mount.answer` is no program of jq"), "{said}");
    assert_eq!(status("/events?x=1").await, 400);
}

on_both_lanes!(mounts_change_and_only_their_own_streams_end);
