//! Plugins that do not compute but wait: a worker is not theirs to keep.

use serde_json::json;

use super::assembled::{Parts, filter};
use super::harm::{only_the_bad_event_fails, poison, start, start_with};
use crate::support::guest;

/// `std::thread::sleep` for an hour, many short naps, a nap that is short enough.
#[tokio::test]
async fn a_plugin_that_sleeps_is_woken_by_its_time_limit() {
    let server = start_with("", &guest("sleeper")).await;
    for bad in ["sleep.hour", "sleep.naps", "sleep.hour"] {
        only_the_bad_event_fails(&server, (bad, json!({})), "timeout").await;
    }
    let (status, answer) = server.publish("sleep.moment", json!({})).await;
    assert_eq!((status, &answer["outcome"]), (200, &json!("stored")), "a short sleep is nobody's harm: {answer}");
}

#[tokio::test]
async fn waiting_for_ever_in_any_way_ends_with_the_call() {
    let hour = "(call $subscribe (i64.const 3600000000000))";
    let cases = [
        ("block", format!("(call $block {hour})")),
        ("never", "(call $block (call $subscribe (i64.const -1)))".to_owned()),
        (
            "poll",
            format!("(i32.store (i32.const 2048) {hour}) (call $poll (i32.const 2048) (i32.const 1) (i32.const 2056))"),
        ),
        ("ask", format!("(local.set $rows {hour}) (loop $on (drop (call $ready (local.get $rows))) (br $on))")),
    ];
    for (name, poisoned) in cases {
        let server = start("", &filter(Parts { poisoned: &poisoned, ..Parts::default() })).await;
        println!("{name}");
        only_the_bad_event_fails(&server, poison(), "timeout").await;
    }
}

/// What was begun while there was more time is not waited for longer than there is now.
#[tokio::test]
async fn a_wait_begun_in_configure_ends_with_the_call_that_waits() {
    let parts = Parts {
        module: "(global $kept (mut i32) (i32.const 0))",
        configure: "(global.set $kept (call $subscribe (i64.const 3600000000000)))",
        poisoned: "(call $block (global.get $kept))",
        ..Parts::default()
    };
    let server = start("", &filter(parts)).await;
    only_the_bad_event_fails(&server, poison(), "timeout").await;
}
