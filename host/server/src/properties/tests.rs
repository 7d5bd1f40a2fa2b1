//! The properties with inputs of many shapes, and with every input that is kept in `fuzz/corpus`.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

/// What breaks things: ends of lines of all kinds, NUL, the separators of Unicode, and what formats are made of.
const NASTY: &str = "[a-z.*,:/@~\" \\\\\r\n\t\u{0}\u{7f}\u{85}\u{2028}\u{2029}\u{feff}é]{0,12}";

fn run(name: &str, input: &[u8]) {
    let (_, check) = PROPERTIES.iter().find(|(own, _)| *own == name).expect("a property of this name");
    check(input);
}

fn corpus(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn every_property_holds_for_what_was_found_once() {
    for (name, check) in PROPERTIES {
        let files = corpus(name);
        assert!(files.len() >= 3, "fuzz/corpus/{name} has {} files", files.len());
        for file in files {
            let input = fs::read(&file).unwrap();
            let held = std::panic::catch_unwind(|| check(&input));
            assert!(held.is_ok(), "{}", file.display());
        }
    }
}

/// JSON of any shape, small.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<i32>().prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("JSON has no others", |n| n.is_finite()).prop_map(|n| n.to_string()),
        NASTY.prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec((NASTY, inner), 0..4).prop_map(|members| object(&members)),
        ]
    })
}

fn object(members: &[(String, String)]) -> String {
    let member = |(name, value): &(String, String)| format!("{}:{value}", serde_json::to_string(name).unwrap());
    format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
}

/// An object with members that are known, most of them with values that fit: the first `sure` nearly always, others
/// sometimes, in that order.
fn members(known: &'static [(&'static str, &'static str)], sure: usize) -> impl Strategy<Value = String> {
    let member = |(index, (name, fitting)): (usize, &(&'static str, &'static str))| {
        let value = prop_oneof![12 => Just((*fitting).to_owned()), 1 => json()];
        let there = if index < sure { 0.97 } else { 0.25 };
        prop::option::weighted(there, (Just((*name).to_owned()), value))
    };
    let own: Vec<_> = known.iter().enumerate().map(member).collect();
    let strange = prop::option::weighted(0.1, (NASTY, json()));
    (own, strange).prop_map(|(own, strange)| object(&own.into_iter().chain([strange]).flatten().collect::<Vec<_>>()))
}

const EVENT: &[(&str, &str)] = &[
    ("specversion", "\"1.0\""),
    ("id", "\"1\""),
    ("source", "\"/s\""),
    ("type", "\"a.b\""),
    ("time", "\"2026-01-02T03:04:05.6Z\""),
    ("subject", "\"x\""),
    ("datacontenttype", "\"text/plain\""),
    ("data", "\"a\\r\\nb\""),
    ("data_base64", "\"/wA=\""),
    ("extensions", "{\"traceid\":\"t\"}"),
];

const CLAIMS: &[(&str, &str)] = &[
    ("iss", "\"secret\""),
    ("aud", "\"tidemill\""),
    ("sub", "\"me\""),
    ("exp", "4102444800"),
    ("iss", "\"rsa\""),
    ("aud", "[\"a\",\"tidemill\"]"),
    ("exp", "1e300"),
    ("nbf", "4102444800"),
    ("type", "\"team\""),
    ("publish", "[\"order.*\"]"),
];

const HEADER: &[(&str, &str)] = &[
    ("alg", "\"HS256\""),
    ("alg", "\"RS256\""),
    ("alg", "\"none\""),
    ("kid", "\"1\""),
    ("crit", "[\"exp\"]"),
    ("jwk", "{\"kty\":\"oct\",\"k\":\"AA\"}"),
];

const LINES: &[&str] = &[
    "[publish]",
    "[auth]",
    "[[auth.tokens]]",
    "[[retention]]",
    "[plugins.a]",
    "[log]",
    "listen = '127.0.0.1:0'",
    "body-max = '2MiB'",
    "queue-max = '32MiB'",
    "max-age = '1h'",
    "types = 'a.*'",
    "name = 'x'",
    "type = 'master'",
    "order = nan",
    "\"\" = 1",
    "a.b.'c' = [1979-05-27]",
];

proptest! {
    #[test]
    fn any_bytes_are_an_answer_and_no_panic(input: Vec<u8>, property in 0..PROPERTIES.len()) {
        PROPERTIES[property].1(&input);
    }

    #[test]
    fn no_event_breaks_its_frames(
        choice in 0..6_u8, id in NASTY, event_type in "[a-z.:/]{1,8}", subject in NASTY, extension in NASTY,
        media in prop_oneof!["text/plain", "application/json", "", "image/png", NASTY],
        data in prop_oneof![NASTY.prop_map(String::into_bytes), json().prop_map(String::into_bytes), any::<Vec<u8>>()],
    ) {
        // Most control characters are refused in attributes: without them there is an event to look at.
        let clean = |text: &str| text.chars().filter(|c| !c.is_ascii_control()).collect::<String>();
        let cleaned = [format!("i{}", clean(&id)), clean(&subject), clean(&extension)];
        for [id, subject, extension] in [[id, subject, extension], cleaned] {
            let head: [&[u8]; 6] = [id.as_bytes(), event_type.as_bytes(), subject.as_bytes(), media.as_bytes(), extension.as_bytes(), &data];
            let mut input = vec![b'0' + choice];
            input.extend(head.join(&0xfe_u8));
            run("sse", &input);
        }
    }

    #[test]
    fn any_event_in_json_is_taken_or_refused_by_name(format in 0..4_u8, events in prop::collection::vec(members(EVENT, 4), 1..4)) {
        let body = match format {
            1 => events.join("\n"),
            3 => format!("[{}]", events.join(",")),
            _ => events[0].clone(),
        };
        run("cloudevents", format!("{format}{body}").as_bytes());
    }

    #[test]
    fn any_query_is_taken_or_refused_by_name(
        form in 0..2_u8,
        parts in prop::collection::vec((
            prop_oneof!["types|sources|subjects|since|after|envelope|framing|heartbeat|limit|wait|slow|conflate|view|view\\.x|lastEventId", NASTY],
            prop_oneof!["a|a\\.\\*|7\\.42|earliest|both|30s|data|keep|/a~1b|[0-9]{1,20}", NASTY],
        ), 0..5),
        header in prop_oneof!["", "7\\.[0-9]{1,20}", NASTY],
    ) {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parts).finish();
        run("query", format!("{form}{query}\n{header}").as_bytes());
    }

    #[test]
    fn nobody_is_let_in_whose_token_is_not_right(mode in 0..6_u8, header in members(HEADER, 1), claims in members(CLAIMS, 4)) {
        run("jwt", format!("{mode}{header}\n{claims}").as_bytes());
        run("jwt", format!("{mode}{{\"alg\":\"HS256\"}}\n{claims}").as_bytes());
    }

    #[test]
    fn any_file_is_a_configuration_or_its_mistakes_have_places(
        lines in prop::collection::vec(prop_oneof![8 => prop::sample::select(LINES).prop_map(str::to_owned), 1 => NASTY.prop_map(String::from)], 0..12),
    ) {
        run("config", lines.join("\n").as_bytes());
    }
}
