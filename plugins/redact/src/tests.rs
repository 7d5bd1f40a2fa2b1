//! What is masked, what stays byte for byte, and that the quick scan never hides anything.
use serde_json::json;
use tidemill_sdk::testing;

use super::*;

fn redact(config: &serde_json::Value, data: &str) -> Option<String> {
    let mut plugin: Redact = testing::configured(&config.to_string()).expect("a good configuration");
    match plugin.apply(&testing::event("a").data(data).event()).expect("no failure") {
        Outcome::Keep => None,
        Outcome::Emit(outputs) => {
            assert_eq!(outputs.len(), 1);
            String::from_utf8(outputs[0].data.clone().expect("data")).ok()
        }
        other => panic!("{other:?}"),
    }
}

fn token() -> String {
    format!("ghp_{}", "A1b2".repeat(9))
}

#[test]
fn paths_are_masked_whatever_stands_there() {
    let config = json!({ "paths": ["/password", "/users/*/email", "/list/1"] });
    let data =
        r#"{"password":{"a":[1]},"users":[{"email":"a@b","n":1.50},{"email":null}],"list":[1,2,3],"email":"stays"}"#;
    let expected = r#"{"password":"[redacted]","users":[{"email":"[redacted]","n":1.50},{"email":"[redacted]"}],"list":[1,"[redacted]",3],"email":"stays"}"#;
    assert_eq!(redact(&config, data).as_deref(), Some(expected));
    let data = r#"{"users":{"alice":{"email":"a@b"}}}"#;
    assert_eq!(redact(&config, data).as_deref(), Some(r#"{"users":{"alice":{"email":"[redacted]"}}}"#));
}

#[test]
fn names_and_texts_in_disguise_are_found() {
    let config = json!({ "paths": ["/password"], "mask": "*\"*" });
    assert_eq!(redact(&config, r#"{"p\u0061ssword":1}"#).as_deref(), Some(r#"{"p\u0061ssword":"*\"*"}"#));
    let disguised = token().replacen('g', r"\u0067", 1);
    assert_eq!(redact(&json!({}), &format!("[\"{disguised}\"]")).as_deref(), Some("[\"[redacted]\"]"));
    for name in ["größe", "a\"b", "a/b", "字"] {
        let pointer = format!("/{}", name.replace('/', "~1"));
        let data = json!({ name: 1 }).to_string();
        assert!(redact(&json!({ "paths": [pointer] }), &data).is_some(), "{name}");
    }
}

#[test]
fn secrets_are_masked_anywhere_and_digits_stay() {
    let data = format!(r#"{{"a":[{{"text":"key: {}\n"}}],"n":1.0e5,"m":12345678901234567890123}}"#, token());
    let expected = r#"{"a":[{"text":"key: [redacted]\n"}],"n":1.0e5,"m":12345678901234567890123}"#;
    assert_eq!(redact(&json!({}), &data).as_deref(), Some(expected));
    assert_eq!(redact(&json!({ "secrets": false }), &data), None);
}

#[test]
fn events_without_anything_to_mask_are_kept() {
    let config = json!({ "paths": ["/password"] });
    assert_eq!(redact(&config, r#"{"a":"ghp_short","b":{"password":"elsewhere"}}"#), None);
    assert_eq!(redact(&config, r#"{"a":1}"#), None);
    assert_eq!(redact(&config, ""), None);
}

#[test]
fn plain_text_is_searched_too() {
    let mut plugin: Redact = testing::configured("{}").expect("good");
    let event = testing::event("a").content_type("text/plain").data(format!("see {}", token()));
    let Ok(Outcome::Emit(outputs)) = plugin.apply(&event.event()) else { panic!("kept") };
    assert_eq!(outputs[0].data.as_deref(), Some(&b"see [redacted]"[..]));
    let bytes = testing::event("a").content_type("image/png").data(vec![0xff]);
    assert_eq!(plugin.apply(&bytes.event()), Ok(Outcome::Keep));
}

#[test]
fn what_cannot_be_looked_into_does_not_pass() {
    let mut plugin: Redact = testing::configured("{}").expect("good");
    let deep = format!("{}\"{}\"{}", "[".repeat(1000), token(), "]".repeat(1000));
    assert!(matches!(plugin.apply(&testing::event("a").data(deep).event()), Err(Failure::Problems(_))));
}

#[test]
fn a_wrong_setting_is_named() {
    let error = testing::configured::<Redact>(r#"{"paths":["password"]}"#).expect_err("no slash");
    assert_eq!(error, "config.paths[0]: `password` is no JSON Pointer: it must begin with `/`");
}
