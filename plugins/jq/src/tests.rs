//! Programs do what jq does, and mistakes are told with their place.
use serde_json::json;
use tidemill_sdk::testing;

use super::*;

fn configured(program: &str) -> Result<Jq, String> {
    testing::configured(&json!({ "program": program }).to_string())
}

fn run(program: &str, data: &str) -> Result<Outcome, Failure> {
    let event = testing::event("order.created").subject("alice").time_ms(1_767_225_600_000).extension("tenant", "acme");
    configured(program).expect("a good program").apply(&event.data(data).event())
}

fn texts(program: &str, data: &str) -> Vec<String> {
    let Ok(Outcome::Emit(outputs)) = run(program, data) else { panic!("{program}: nothing emitted") };
    outputs.into_iter().map(|output| String::from_utf8(output.data.expect("data")).expect("UTF-8")).collect()
}

#[test]
fn one_output_changes_none_drops_and_several_split() {
    let data = r#"{"a":{"b":"x"},"items":[1,{"c":2}]}"#;
    assert_eq!(texts("{b: .a.b, n: (.items | length)}", data), [r#"{"b":"x","n":2}"#]);
    assert_eq!(texts(".items[]", data), ["1", r#"{"c":2}"#]);
    assert_eq!(run("empty", data), Ok(Outcome::Drop));
    assert_eq!(run("select(.a.b == \"y\")", data), Ok(Outcome::Drop));
    assert_eq!(run("select(.a.b == \"x\")", data), Ok(Outcome::Keep));
    assert_eq!(run(".", data), Ok(Outcome::Keep));
}

#[test]
fn numbers_keep_their_digits() {
    let data = r#"{"a":12345678901234567890123,"b":1.50,"c":4294967296}"#;
    assert_eq!(texts(".d = 1", data), [r#"{"a":12345678901234567890123,"b":1.50,"c":4294967296,"d":1}"#]);
}

#[test]
fn the_attributes_are_at_hand() {
    let program = "[$event.id, $event.type, $event.subject, $event.time, $event.extensions.tenant]";
    assert_eq!(texts(program, "1"), [r#"["1","order.created","alice",1767225600000,"acme"]"#]);
    let bare = testing::event("a").data("1");
    let mut plugin = configured("$event | [.subject, .extensions]").expect("good");
    let Ok(Outcome::Emit(outputs)) = plugin.apply(&bare.event()) else { panic!("nothing emitted") };
    assert_eq!(outputs[0].data.as_deref(), Some(&b"[null,{}]"[..]));
}

#[test]
fn texts_stay_json() {
    assert_eq!(
        texts(".b = 1", r#"{"a":"\u0000\u001f\u007f\"\\ä\ud83d\ude00"}"#),
        ["{\"a\":\"\\u0000\\u001f\\u007f\\\"\\\\ä😀\",\"b\":1}"]
    );
    for program in ["nan", "infinite", "{a: [nan]}", "{(1, 2 | tojson): infinite}"] {
        assert!(
            matches!(run(program, "0"), Err(Failure::Problems(problems)) if problems[0].detail.contains("JSON cannot say")),
            "{program}"
        );
    }
}

#[test]
fn what_is_not_json_passes() {
    let text = testing::event("a").content_type("text/plain").data("hello");
    assert_eq!(configured("empty").expect("good").apply(&text.event()), Ok(Outcome::Keep));
    assert_eq!(configured("empty").expect("good").apply(&testing::event("a").event()), Ok(Outcome::Keep));
}

#[test]
fn what_fails_is_handled_as_configured() {
    let apply = |on_error: &str| {
        let config = json!({ "program": ".a | error(\"no \\(.)\")", "on-error": on_error }).to_string();
        testing::configured::<Jq>(&config).expect("good").apply(&testing::event("a").data(r#"{"a":"b"}"#).event())
    };
    assert_eq!(apply("keep"), Ok(Outcome::Keep));
    assert_eq!(apply("drop"), Ok(Outcome::Drop));
    let Err(Failure::Problems(problems)) = apply("reject") else { panic!("accepted") };
    assert_eq!(problems[0].detail, "the jq program failed: no b");
    assert!(matches!(run(".a.b.c", r#"{"a":[]}"#), Err(Failure::Problems(_))));
    assert!(
        matches!(run("range(65)", "0"), Err(Failure::Problems(problems)) if problems[0].detail.contains("more than 64"))
    );
    assert!(matches!(run("halt", "0"), Err(Failure::Problems(_))), "the plugin goes on");
}

#[test]
fn mistakes_are_told_with_their_place() {
    let error = |program: &str| configured(program).expect_err("a mistake");
    assert_eq!(error(".a |\n foo(1)"), "config.program: line 2, column 2: undefined filter `foo`");
    assert_eq!(error("$evnt"), "config.program: line 1, column 1: undefined variable `$evnt`");
    assert!(
        error("{a: (1}").starts_with("config.program: line 1, column 7: expected closing parenthesis"),
        "{}",
        error("{a: (1}")
    );
    assert!(error(".a +").starts_with("config.program: line 1, column "), "{}", error(".a +"));
    assert!(error("import \"x\" as x; 1").starts_with("config.program: "), "{}", error("import \"x\" as x; 1"));
}
