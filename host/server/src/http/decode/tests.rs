//! What each format accepts, and what each mistake is answered with.

use axum::http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
}

fn run(content_type: &str, body: &str) -> Result<Events, Problem> {
    let defaults = Defaults { source: "default", batch_max: 3 };
    decode(&headers(&[("content-type", content_type)]), &Bytes::from(body.to_owned()), defaults)
}

type DecodedEvent = Result<Event, Vec<EventProblem>>;

fn one(content_type: &str, body: &str) -> DecodedEvent {
    match run(content_type, body).unwrap() {
        Events::One(decoded) => decoded.map(|published| published.event),
        Events::Many(_) => panic!("one event expected"),
    }
}

fn many(content_type: &str, body: &str) -> Vec<DecodedEvent> {
    match run(content_type, body).unwrap() {
        Events::Many(decoded) => decoded.into_iter().map(|decoded| decoded.map(|published| published.event)).collect(),
        Events::One(_) => panic!("several events expected"),
    }
}

/// Where the first problem is, and what it says.
fn problem(decoded: DecodedEvent) -> (String, String) {
    let problem = decoded.unwrap_err().remove(0);
    (problem.at, problem.detail)
}

#[test]
fn the_simple_form_needs_a_type_only() {
    let event = one("application/json", r#"{"type":"a.b"}"#).unwrap();
    assert_eq!((event.event_type(), event.source()), ("a.b", "default"));
    assert!(!event.id().is_empty() && event.data().is_empty() && event.time() > Timestamp::default());
}

#[test]
fn it_is_known_who_gave_the_id() {
    let id_given = |body| match run("application/json", body).unwrap() {
        Events::One(decoded) => decoded.unwrap().id_given,
        Events::Many(_) => panic!("one event expected"),
    };
    assert!(id_given(r#"{"type":"a","id":"1"}"#) && !id_given(r#"{"type":"a"}"#));
}

#[test]
fn the_simple_form_may_say_everything() {
    let body = r#"{"type":"a","id":"i\u00e9","source":"/s","subject":"x","time":"2026-01-02T03:04:05Z",
        "dataschema":"urn:s","extensions":{"traceid":"t"},"data":{ "n" : 1.50 }}"#;
    let event = one("application/json; charset=utf-8", body).unwrap();
    assert_eq!((event.id(), event.source(), event.subject()), ("ié", "/s", Some("x")));
    assert_eq!((event.time().to_string().as_str(), event.data_schema()), ("2026-01-02T03:04:05.000Z", Some("urn:s")));
    assert_eq!(
        (event.extensions_json(), event.data().as_ref()),
        (Some(r#"{"traceid":"t"}"#), b"{\"n\":1.50}".as_ref())
    );
}

#[test]
fn data_of_other_types() {
    let text = one("application/json", r#"{"type":"a","datacontenttype":"text/plain","data":"a\nb"}"#).unwrap();
    assert_eq!(text.data().as_ref(), b"a\nb");
    let bytes = one("application/json", r#"{"type":"a","datacontenttype":"image/png","data_base64":"/wA="}"#).unwrap();
    assert_eq!(bytes.data().as_ref(), [0xff, 0]);
    assert_eq!(problem(one("application/json", r#"{"type":"a","datacontenttype":"text/plain","data":{}}"#)).0, "data");
    assert_eq!(problem(one("application/json", r#"{"type":"a","data_base64":"%"}"#)).0, "data_base64");
    assert_eq!(problem(one("application/json", r#"{"type":"a","data":1,"data_base64":""}"#)).0, "data_base64");
}

#[test]
fn mistakes_in_one_event_say_what_was_expected() {
    assert!(problem(one("application/json", r#"{"data":1}"#)).1.contains("missing field `type`"));
    assert!(problem(one("application/json", r#"{"type":"a","dta":1}"#)).1.contains("unknown field `dta`"));
    assert!(problem(one("application/json", r#"{"type":"a","specversion":"1.0"}"#)).1.contains("cloudevents+json"));
    assert!(problem(one("application/json", r#"{"type":7}"#)).1.contains("invalid type"));
    assert!(problem(one("application/json", r#"{"type":"a""#)).1.contains("EOF"));
    assert_eq!(problem(one("application/json", r#"{"type":"a","time":"noon"}"#)).0, "time");
    assert_eq!(problem(one("application/json", r#"{"type":"a b"}"#)).0, "type");
}

#[test]
fn several_events_stand_or_fall_alone() {
    for (content_type, body) in [
        ("application/json", r#"[{"type":"a"},{"type":""},{"type":"c"}]"#),
        ("application/x-ndjson", "{\"type\":\"a\"}\n\n{\"type\":\n{\"type\":\"c\"}\r\n"),
    ] {
        let decoded = many(content_type, body);
        let accepted: Vec<bool> = decoded.iter().map(Result::is_ok).collect();
        assert_eq!(accepted, [true, false, true], "{content_type}");
    }
}

#[test]
fn requests_that_cannot_be_read_at_all() {
    let status = |content_type: &str, body: &[u8]| {
        let defaults = Defaults { source: "default", batch_max: 3 };
        let body = Bytes::copy_from_slice(body);
        let answer = decode(&headers(&[("content-type", content_type)]), &body, defaults).unwrap_err();
        serde_json::to_value(answer).unwrap()["status"].as_u64().unwrap()
    };
    assert_eq!(status("text/plain", b"{}"), 415);
    assert_eq!(status("application/x-www-form-urlencoded", b"{\"type\":\"a\"}"), 415);
    assert_eq!(status("application/json", b""), 400);
    assert_eq!(status("application/json", b"{\"type\":\"\xff\"}"), 400);
    assert_eq!(status("application/json", b"[{\"type\":\"a\"}"), 400);
    assert_eq!(status("application/json", br#"[1,2,3,4]"#), 413);
    assert_eq!(status("application/cloudevents+json", b"nonsense"), 400);
}

#[test]
fn cloudevents_structured_and_batch() {
    let whole =
        r#"{"specversion":"1.0","id":"1","source":"/s","type":"a","subject":null,"traceid":"t","n":3,"data":[ 1 ]}"#;
    let event = one("application/cloudevents+json", whole).unwrap();
    assert_eq!((event.subject(), event.data().as_ref()), (None, b"[1]".as_ref()));
    assert_eq!(event.extensions(), serde_json::json!({"traceid": "t", "n": 3}).as_object().unwrap().clone());
    let lacking = one("application/cloudevents+json", r#"{"specversion":"0.3","id":7}"#).unwrap_err();
    let at: Vec<&str> = lacking.iter().map(|problem| problem.at.as_str()).collect();
    assert_eq!(at, ["id", "specversion", "source", "type"]);
    assert_eq!(many("application/cloudevents-batch+json", &format!("[{whole},{whole}]")).len(), 2);
}

#[test]
fn cloudevents_binary() {
    let pairs = [
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "/s"),
        ("ce-type", "a"),
        ("ce-subject", "caf%C3%A9"),
        ("ce-traceid", "t"),
        ("content-type", "text/plain"),
    ];
    let defaults = Defaults { source: "default", batch_max: 3 };
    let Ok(Events::One(Ok(Published { event, .. }))) =
        decode(&headers(&pairs), &Bytes::from_static(b"hello"), defaults)
    else {
        panic!("one event expected")
    };
    assert_eq!((event.subject(), event.content_type()), (Some("café"), Some("text/plain")));
    assert_eq!((event.extensions_json(), event.data().as_ref()), (Some(r#"{"traceid":"t"}"#), b"hello".as_ref()));
    let Ok(Events::One(lacking)) = decode(&headers(&pairs[3..4]), &Bytes::new(), defaults) else { panic!() };
    assert_eq!(lacking.unwrap_err().len(), 3);
}

#[test]
fn an_event_does_not_keep_its_request_alive() {
    let defaults = Defaults { source: "default", batch_max: 3 };
    let outside = |headers: &HeaderMap, body: &Bytes| {
        let Ok(Events::One(Ok(Published { event, .. }))) = decode(headers, body, defaults) else {
            panic!("one event expected")
        };
        !event.data().is_empty() && !body.as_ptr_range().contains(&event.data().as_ptr())
    };
    let json = Bytes::from_static(b"{\"type\":\"a\",\"data\":{\"n\":1}}");
    assert!(outside(&headers(&[("content-type", "application/json")]), &json));
    let binary = [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "a")];
    assert!(outside(&headers(&binary), &Bytes::from_static(b"{\"n\":1}")));
}

proptest! {
    #[test]
    fn any_body_is_an_answer_not_a_panic(body: Vec<u8>, kind in 0..4_usize) {
        let kinds = ["application/json", "application/x-ndjson", "application/cloudevents+json", "application/cloudevents-batch+json"];
        let defaults = Defaults { source: "default", batch_max: 3 };
        let _ = decode(&headers(&[("content-type", kinds[kind])]), &Bytes::from(body), defaults);
    }
}

/// The audience of the one event of a request; it is in no attribute that is shown.
fn audience(decoded: DecodedEvent) -> Option<String> {
    let event = decoded.unwrap();
    assert_eq!(event.extensions_json(), None);
    event.audience().map(|audience| audience.json())
}

#[test]
fn every_form_takes_an_audience_and_none_keeps_it_among_the_extensions() {
    let given = r#"{"groups":["b","a"],"tokenTypes":["team"]}"#;
    let taken = Some(r#"{"groups":["a","b"],"tokenTypes":["team"]}"#.to_owned());
    assert_eq!(audience(one("application/json", &format!(r#"{{"type":"a","audience":{given}}}"#))), taken);
    assert_eq!(audience(one("application/json", r#"{"type":"a","audience":null}"#)), None);
    let text = serde_json::to_string(given).unwrap();
    let whole = format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"a","tidemillaudience":{text}}}"#);
    assert_eq!(audience(one("application/cloudevents+json", &whole)), taken);
    let batch = many("application/cloudevents-batch+json", &format!("[{whole}]"));
    assert_eq!(batch.into_iter().map(audience).collect::<Vec<_>>(), std::slice::from_ref(&taken));
    let escaped = given.replace('"', "%22");
    for value in [given, &escaped] {
        assert_eq!(audience(binary(value)), taken);
    }
}

fn binary(audience: &str) -> DecodedEvent {
    let given = headers(&[
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "/s"),
        ("ce-type", "a"),
        ("ce-tidemillaudience", audience),
    ]);
    match decode(&given, &Bytes::new(), Defaults { source: "default", batch_max: 3 }).unwrap() {
        Events::One(decoded) => decoded.map(|published| published.event),
        Events::Many(_) => panic!("one event expected"),
    }
}

/// Whatever is wrong with an audience, the event is refused rather than shown to more than were meant.
#[test]
fn a_wrong_audience_is_refused_with_its_field() {
    let simple =
        |audience: &str| problem(one("application/json", &format!(r#"{{"type":"a","audience":{audience}}}"#))).0;
    for wrong in ["{}", "[]", "true", "\"ann\"", r#"{"client":["ann"]}"#, r#"{"clients":"ann"}"#] {
        assert_eq!(simple(wrong), "audience", "{wrong}");
    }
    assert_eq!(simple(r#"{"clients":[],"groups":["a"]}"#), "audience.clients");
    let whole = |audience: &str| {
        let body =
            format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"a","tidemillaudience":{audience}}}"#);
        problem(one("application/cloudevents+json", &body)).0
    };
    for wrong in [r#"{"clients":["ann"]}"#, "7", "\"\"", "\"ann\"", "\"{}\""] {
        assert_eq!(whole(wrong), "tidemillaudience", "{wrong}");
    }
    assert_eq!(problem(binary("ann")).0, "tidemillaudience");
    assert_eq!(problem(binary("")).0, "tidemillaudience");
    let hidden = r#"{"type":"a","extensions":{"tidemillaudience":"{\"clients\":[\"ann\"]}"}}"#;
    assert_eq!(problem(one("application/json", hidden)).0, "tidemillaudience");
}
