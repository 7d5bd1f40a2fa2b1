//! The test vectors that all SDKs share (`tests/vectors`, its README has the format), run against this one.
#![allow(clippy::unwrap_used, reason = "a vector that is not as its README says fails the test")]

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use tidemill_sdk::{
    Batch, Event, EventType, EventTypes, Failure, Fault, Filter, Manifest, NoConfig, Outcome, Output, Plugin, Problem,
    Target, Transform, Validity, Verdict, testing,
};

#[test]
fn rows_are_the_events_that_they_should_be() {
    for case in cases(include_str!("../../../tests/vectors/batches.json")) {
        let name = case["name"].as_str().unwrap();
        let (rows, arena) = (bytes(&case["rows"]), bytes(&case["arena"]));
        match (Batch::decode(&rows, &arena), case.get("fault")) {
            (Ok(batch), None) => {
                let expected = case["events"].as_array().unwrap();
                assert_eq!(batch.len(), expected.len(), "{name}");
                for (number, (event, expected)) in batch.iter().zip(expected).enumerate() {
                    same(&event, expected, &format!("{name}, event {number}"));
                }
            }
            (Err(fault), Some(expected)) => assert_eq!(&fault_value(&fault), expected, "{name}"),
            (decoded, _) => panic!("{name}: {decoded:?}"),
        }
    }
}

#[test]
fn what_is_said_is_what_the_host_gets() {
    for case in cases(include_str!("../../../tests/vectors/answers.json")) {
        let said: VecDeque<Value> = case["say"].as_array().unwrap().iter().cloned().collect();
        let samples: Vec<_> = said.iter().map(|_| testing::event("a")).collect();
        let (rows, arena) = testing::encode(&samples);
        let batch = Batch::decode(&rows, &arena).unwrap();
        let mut speaker = Speaker(said);
        let answer = match case["kind"].as_str().unwrap() {
            "filter" => speaker.decide_batch(&batch).map(|list| list.iter().map(verdict_value).collect()),
            "transform" => speaker.apply_batch(&batch).map(|list| list.iter().map(outcome_value).collect()),
            "event-types" => speaker.validate_batch(&batch).map(|list| list.iter().map(validity_value).collect()),
            kind => panic!("a kind `{kind}`"),
        };
        let (wanted, got) = match answer {
            Ok(list) => ("answer", Value::Array(list)),
            Err(fault) => ("fault", fault_value(&fault)),
        };
        assert_eq!(case.get(wanted), Some(&got), "{} ({})", case["name"], case["kind"]);
    }
}

fn same(event: &Event<'_>, expected: &Value, place: &str) {
    let text = |name: &str| expected[name].as_str();
    assert_eq!(Some(event.id()), text("id"), "{place}");
    assert_eq!(Some(event.source()), text("source"), "{place}");
    assert_eq!(Some(event.kind()), text("type"), "{place}");
    assert_eq!(event.subject(), text("subject"), "{place}");
    assert_eq!(event.content_type(), text("contentType"), "{place}");
    assert_eq!(Some(event.time_ms()), expected["timeMs"].as_u64(), "{place}");
    assert_eq!(Some(event.is_json()), expected["isJson"].as_bool(), "{place}");
    assert!(event.data() == bytes(&expected["data"]), "{place}: data");
    let extensions: BTreeMap<String, Value> = event.extensions().unwrap();
    assert_eq!(json!(extensions), expected["extensions"], "{place}");
    for (name, value) in expected["extensions"].as_object().unwrap() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        assert_eq!(event.extension(name), Some(text), "{place}");
    }
    match &expected["text"] {
        Value::Null => assert_eq!(event.text().unwrap_err().at, "", "{place}"),
        text => assert!(event.text().unwrap() == long_text(text), "{place}: text"),
    }
    if expected["invalidJson"] == true {
        assert!(!event.json::<Value>().unwrap_err().detail.is_empty(), "{place}");
    } else if let Some(text) = expected.get("jsonText") {
        assert!(event.json::<String>().unwrap() == long_text(text), "{place}: JSON");
    } else if let Some(json) = expected.get("json") {
        assert_eq!(&event.json::<Value>().unwrap(), json, "{place}");
    }
}

/// Says what a case has it say, event by event.
struct Speaker(VecDeque<Value>);

impl Speaker {
    fn next(&mut self) -> Result<Value, Failure> {
        let said = self.0.pop_front().expect("one for each event");
        let Some(raised) = said.get("raise") else { return Ok(said) };
        let (how, what) = raised.as_object().unwrap().iter().next().unwrap();
        Err(match how.as_str() {
            "problems" => problems(what).into(),
            "retry" => Fault::retry(what.as_str().unwrap()).into(),
            "broken" => Fault::broken(what.as_str().unwrap()).into(),
            other => panic!("raises `{other}`"),
        })
    }
}

impl Plugin for Speaker {
    type Config = NoConfig;
    fn manifest() -> Manifest {
        tidemill_sdk::manifest! { summary: "says what it is told" }
    }
    fn configure(_: NoConfig) -> Result<Self, String> {
        Ok(Self(VecDeque::new()))
    }
}

impl Filter for Speaker {
    fn decide(&mut self, _: &Event<'_>) -> Result<Verdict, Failure> {
        Ok(match self.next()?.as_str() {
            Some("keep") => Verdict::Keep,
            Some("drop") => Verdict::Drop,
            Some("reject") => Verdict::Reject,
            other => panic!("says {other:?}"),
        })
    }
}

impl Transform for Speaker {
    fn apply(&mut self, _: &Event<'_>) -> Result<Outcome, Failure> {
        let said = self.next()?;
        Ok(match said.as_str() {
            Some("keep") => Outcome::Keep,
            Some("drop") => Outcome::Drop,
            _ if said["emit"].is_array() => {
                Outcome::Emit(said["emit"].as_array().unwrap().iter().map(output).collect())
            }
            _ if said["reject"].is_array() => Outcome::Reject(problems(&said["reject"])),
            _ => Outcome::Retry(said["retry"].as_str().unwrap().into()),
        })
    }
}

impl EventTypes for Speaker {
    fn types(&self) -> Vec<EventType> {
        Vec::new()
    }
    fn validate(&mut self, _: &Event<'_>) -> Result<Validity, Failure> {
        let said = self.next()?;
        Ok(match said.as_str() {
            Some("valid") => Validity::Valid,
            _ if said["normalised"].is_object() => Validity::Normalised(output(&said["normalised"])),
            _ => Validity::Invalid(problems(&said["invalid"])),
        })
    }
    fn render(&self, _: &Event<'_>, _: Target) -> String {
        String::new()
    }
}

fn output(said: &Value) -> Output {
    let mut output = Output::new();
    for (name, value) in said.as_object().unwrap() {
        let text = || value.as_str().unwrap();
        output =
            match name.as_str() {
                "type" => output.kind(text()),
                "subject" => output.subject(text()),
                "contentType" => output.content_type(text()),
                "data" => output.data(bytes(value)),
                "json" => output.json(value).unwrap(),
                "extensions" => value.as_array().unwrap().iter().fold(output, |output, pair| {
                    output.extension(pair[0].as_str().unwrap(), pair[1].as_str().unwrap())
                }),
                other => panic!("an output with `{other}`"),
            };
    }
    output
}

fn problems(said: &Value) -> Vec<Problem> {
    let one = |said: &Value| Problem::new(said["at"].as_str().unwrap(), said["detail"].as_str().unwrap());
    said.as_array().unwrap().iter().map(one).collect()
}

fn verdict_value(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Keep => json!("keep"),
        Verdict::Drop => json!("drop"),
        Verdict::Reject => json!("reject"),
    }
}

fn outcome_value(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Keep => json!("keep"),
        Outcome::Drop => json!("drop"),
        Outcome::Emit(outputs) => json!({"emit": outputs.iter().map(output_value).collect::<Vec<_>>()}),
        Outcome::Reject(problems) => json!({"reject": problem_values(problems)}),
        Outcome::Retry(why) => json!({"retry": why}),
    }
}

fn validity_value(validity: &Validity) -> Value {
    match validity {
        Validity::Valid => json!("valid"),
        Validity::Normalised(output) => json!({"normalised": output_value(output)}),
        Validity::Invalid(problems) => json!({"invalid": problem_values(problems)}),
    }
}

fn output_value(output: &Output) -> Value {
    let hex = |data: &Vec<u8>| data.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    json!({
        "type": output.type_,
        "subject": output.subject,
        "contentType": output.content_type,
        "extensions": output.extensions,
        "data": output.data.as_ref().map(hex),
    })
}

fn problem_values(problems: &[Problem]) -> Vec<Value> {
    problems.iter().map(|problem| json!({"at": problem.at, "detail": problem.detail})).collect()
}

fn fault_value(fault: &Fault) -> Value {
    match fault {
        Fault::Retry(why) => json!({"retry": why}),
        Fault::Broken(why) => json!({"broken": why}),
    }
}

fn cases(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    cases.clone()
}

fn long_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        parts => parts.as_array().unwrap().iter().map(part).collect(),
    }
}

fn part(part: &Value) -> String {
    match part {
        Value::String(text) => text.clone(),
        repeated => repeated[0].as_str().unwrap().repeat(usize::try_from(repeated[1].as_u64().unwrap()).unwrap()),
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    let hex = long_text(value);
    hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
