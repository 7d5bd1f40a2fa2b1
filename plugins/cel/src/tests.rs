//! Expressions decide as written, and mistakes in them are told before the first event.
use serde_json::json;
use tidemill_sdk::testing::{self, Sample};

use super::*;

fn configured(expression: &str) -> Result<Cel, String> {
    testing::configured(&json!({ "expression": expression }).to_string())
}

fn keeps(expression: &str, sample: &Sample) -> bool {
    let mut plugin = configured(expression).expect("a good expression");
    let verdict = plugin.decide(&sample.event());
    let failed = testing::logged();
    assert!(failed.is_empty(), "{expression}: {failed:?}");
    verdict == Ok(Verdict::Keep)
}

fn order() -> Sample {
    testing::event("order.created")
        .source("/shop")
        .subject("alice")
        .time_ms(1_767_225_600_000)
        .extension("tenant", "acme")
        .extension("priority", 7)
        .data(r#"{"total":150.5,"count":3,"big":18446744073709551615,"items":[{"sku":"a"},{"sku":"b"}],"who":{"name":"Al","vip":true},"a.b":1}"#)
}

#[test]
fn expressions_see_attributes_and_data() {
    for expression in [
        "type == 'order.created' && data.total > 100",
        "data.total > 100.0 && data.count == 3",
        "source == '/shop' && subject.startsWith('al') && id == '1'",
        "data.who.vip",
        "data.who.name + '!' == 'Al!'",
        "has(data.who.name) && !has(data.who.age)",
        "data.items.exists(item, item.sku == 'b')",
        "size(data.items) == 2 && data.items[1].sku == 'b'",
        "data['a.b'] == 1",
        "'total' in data",
        "extensions.tenant == 'acme' && extensions.priority >= 7",
        "time == timestamp('2026-01-01T00:00:00Z')",
        "time.getFullYear() == 2026",
        "type.matches('^order[.]')",
        "data.big > 1u",
        "type(data.count) == int",
    ] {
        assert!(keeps(expression, &order()), "{expression}");
        assert!(!keeps(&format!("!({expression})"), &order()), "{expression}");
    }
}

#[test]
fn absent_things_are_empty() {
    let bare = testing::event("a");
    assert!(keeps("subject == '' && data == null && size(extensions) == 0", &bare));
    let text = testing::event("a").content_type("text/plain").data("hello");
    assert!(keeps("data == 'hello'", &text));
    let bytes = testing::event("a").content_type("application/octet-stream").data(vec![0xff, 1]);
    assert!(keeps("data == b'\\xff\\x01'", &bytes));
}

#[test]
fn the_last_of_equal_names_counts() {
    let twice = testing::event("a").data(r#"{"a":{"b":1},"a":{"b":2}}"#);
    assert!(keeps("data.a.b == 2 && data['a']['b'] == 2", &twice));
}

#[test]
fn what_fails_is_handled_as_configured() {
    let decide = |on_error: &str| {
        let config = json!({ "expression": "data.missing > 1", "on-error": on_error });
        let mut plugin: Cel = testing::configured(&config.to_string()).expect("a good configuration");
        plugin.decide(&order().event())
    };
    assert_eq!(decide("keep"), Ok(Verdict::Keep));
    assert_eq!(decide("drop"), Ok(Verdict::Drop));
    assert!(matches!(decide("reject"), Err(Failure::Problems(_))));
    let lines = testing::logged();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0].level, log::Level::Debug);
    assert!(lines[0].message.contains("missing"), "{}", lines[0].message);
    let not_bool = configured("data.total").expect("unknown before there is an event").decide(&order().event());
    assert_eq!(not_bool, Ok(Verdict::Keep));
    assert!(testing::logged()[0].message.contains("bool"));
}

#[test]
fn mistakes_are_told_with_their_place() {
    let error = |expression| configured(expression).expect_err("a mistake");
    assert!(error("type ==").starts_with("config.expression: line 1, column "), "{}", error("type =="));
    let unknown = error("type == 'a' &&\n  dta.total > 1");
    assert!(
        unknown.starts_with("config.expression: line 2, column 3: unknown variable `dta`; there are id,"),
        "{unknown}"
    );
    assert_eq!(
        error("'a' + type"),
        "config.expression: must be true or false for each event, but this is of type string"
    );
    assert!(error("shout(type) == 'A'").contains("there is no function `shout`"), "{}", error("shout(type) == 'A'"));
    let missing = testing::configured::<Cel>("{}").expect_err("needed");
    assert!(missing.starts_with("config: missing field `expression`"), "{missing}");
}
