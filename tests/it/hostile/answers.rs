//! Answers that make no sense, or too much of it.

use serde_json::json;

use super::assembled::{Parts, filter};
use super::harm::{largest_resident_bytes, only_the_bad_event_fails, poison, start, start_with};
use crate::support::guest;

/// Answers of `decide` that are wrong, and what is said of them. Byte 512 tells success from failure; then come a list
/// or what failed.
#[tokio::test]
async fn wrong_answers_are_the_fault_of_the_one_event() {
    let list = |at: i64, length: i64| {
        format!(
            "(i32.store (i32.const 516) (i32.const {at})) (i32.store (i32.const 520) (i32.const {length})) (return (i32.const 512))"
        )
    };
    let retry = |at: i64, length: i64| {
        format!(
            "(i32.store8 (i32.const 512) (i32.const 1)) (i32.store8 (i32.const 516) (i32.const 0)) \
             (i32.store (i32.const 520) (i32.const {at})) (i32.store (i32.const 524) (i32.const {length})) (return (i32.const 512))"
        )
    };
    let text = |bytes: &str| format!("(data (i32.const 3000) \"{bytes}\")");
    let none = String::new();
    let cases = [
        ("a list that ends behind the memory", none.clone(), list(1024, i64::from(i32::MAX)), "out of bounds"),
        ("a list of all lengths", none.clone(), list(1024, -1), "out of bounds"),
        ("a list behind the memory", none.clone(), list(-64, 1), "out of bounds"),
        ("no verdicts", none.clone(), list(1024, 0), "bad-output"),
        ("an answer behind the memory", none.clone(), "(return (i32.const -4))".into(), "out of bounds"),
        ("an answer at an odd place", none.clone(), "(return (i32.const 513))".into(), "aligned"),
        ("a verdict that is none", none.clone(), "(i32.store8 (i32.const 1024) (i32.const 99))".into(), "discriminant"),
        (
            "an answer that is neither",
            none.clone(),
            "(i32.store8 (i32.const 512) (i32.const 7))".into(),
            "discriminant",
        ),
        ("a text that is no UTF-8", text("ok \\ff\\fe"), retry(3000, 5), "utf-8"),
        ("half a character", text("\\f0\\9f\\98"), retry(3000, 3), "utf-8"),
        ("a text behind the memory", none, retry(-16, 64), "out of bounds"),
    ];
    for (what, module, poisoned, reason) in &cases {
        println!("{what}");
        let server = start("", &filter(Parts { module, poisoned, ..Parts::default() })).await;
        only_the_bad_event_fails(&server, poison(), reason).await;
    }
}

/// Ten million verdicts fit into what an answer may have, in the guest's form. They must not become something larger.
#[tokio::test]
async fn ten_million_verdicts_are_counted_before_they_are_looked_at() {
    let poisoned = "(drop (memory.grow (i32.const 200)))
        (i32.store (i32.const 516) (i32.const 2097152)) (i32.store (i32.const 520) (i32.const 10000000))
        (return (i32.const 512))";
    let server = start("[limits]\ntime = \"2s\"\n", &filter(Parts { poisoned, ..Parts::default() })).await;
    only_the_bad_event_fails(&server, poison(), "10000000 verdicts").await;
    let taken = largest_resident_bytes(&server);
    assert!(taken < 400 << 20, "the host took {taken} bytes");
}

/// One mebibyte of memory, named again and again in one answer: 64 GiB if somebody took it for what it says.
#[tokio::test]
async fn an_answer_that_names_the_same_bytes_over_and_over_is_cut_off() {
    let server = start_with("[limits]\ntime = \"5s\"\n", &guest("forger")).await;
    for bad in ["forge.gigabytes", "forge.outputs"] {
        only_the_bad_event_fails(&server, (bad, json!({})), "bad-output").await;
    }
    let taken = largest_resident_bytes(&server);
    assert!(taken < 700 << 20, "the host took {taken} bytes");
}

/// After an answer the guest is called once more, to free what it answered with. The answer was given, and is not used.
#[tokio::test]
async fn failing_after_the_answer_is_failing() {
    let module = "(global $poisoned (mut i32) (i32.const 0))";
    let poisoned = "(global.set $poisoned (i32.const 1))";
    for (after, reason) in [
        ("(if (global.get $poisoned) (then unreachable))", "trap"),
        ("(if (global.get $poisoned) (then (loop $on (br $on))))", "timeout"),
    ] {
        let server = start("", &filter(Parts { module, poisoned, after, ..Parts::default() })).await;
        only_the_bad_event_fails(&server, poison(), reason).await;
    }
}

/// A thing of the guest's own, thrown away in the middle of a call: its destructor is the guest's code as well. One that
/// is still there when the instance goes is never asked.
#[tokio::test]
async fn failing_in_a_destructor_is_failing() {
    let discard = "(call $discard (call $new (i32.const 1)))";
    let keep = "(drop (call $new (i32.const 1)))";
    let forever = "(loop $again (br $again))";
    for (poisoned, destructor, reason) in [(discard, "unreachable", "unreachable"), (discard, forever, "timeout")] {
        let server = start("", &filter(Parts { decide: keep, poisoned, destructor, ..Parts::default() })).await;
        only_the_bad_event_fails(&server, poison(), reason).await;
    }
}
