//! `explain=true`: which plugin did what with an event, for its publisher.

use serde_json::{Value, json};

use crate::support::{Server, guest, tidemill};

async fn server() -> Server {
    let plugins = [("faulty", guest("faulty")), ("outputs", guest("outputs")), ("stamp", guest("stamp_v1"))];
    Server::start("", &plugins.each_ref().map(|(name, path)| (*name, path.as_path()))).await
}

async fn publish(server: &Server, query: &str, content_type: &str, body: String) -> (u16, Value) {
    let request = server.http.post(server.url(&format!("/events{query}"))).header("content-type", content_type);
    let answer = request.body(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Who did what, without the times, which are there.
fn steps(explain: &Value) -> Vec<(&str, &str)> {
    let steps = explain.as_array().unwrap_or_else(|| panic!("{explain}")).iter();
    let told = steps.map(|step| {
        assert!(step["us"].as_f64() > Some(0.0) && step["batch"].as_u64() > Some(0), "{step}");
        (step["plugin"].as_str().unwrap(), step["did"].as_str().unwrap())
    });
    told.collect()
}

#[tokio::test]
async fn each_step_of_an_event_is_told_to_whoever_asks() {
    let server = server().await;
    let event = |event_type: &str| json!({"type": event_type}).to_string();
    let one = async |event_type: &str| publish(&server, "?explain=true", "application/json", event(event_type)).await.1;
    assert_eq!(steps(&one("good").await["explain"]), [("faulty", "kept"), ("outputs", "kept"), ("stamp", "changed")]);
    assert_eq!(steps(&one("bad.drop").await["explain"]), [("faulty", "dropped")]);
    assert_eq!(steps(&one("bad.reject").await["explain"]), [("faulty", "rejected")]);
    assert_eq!(steps(&one("bad.trap").await["explain"]), [("faulty", "failed")]);
    let split = one("out.split").await;
    let parts = [("stamp", "changed"); 3];
    assert_eq!(steps(&split["explain"]), [&[("faulty", "kept"), ("outputs", "split")][..], &parts].concat());
    assert_eq!(split["explain"][1]["parts"], 3);

    let lines = ["good", "bad.drop", "no type", "good"].map(event).join("\n");
    let (_, several) = publish(&server, "?explain=true", "application/x-ndjson", lines).await;
    let told: Vec<usize> = several["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["explain"].as_array().map_or(0, Vec::len))
        .collect();
    assert_eq!(told, [3, 1, 0, 3], "{several}");
    for query in ["", "?explain=false"] {
        assert_eq!(publish(&server, query, "application/json", event("good")).await.1["explain"], Value::Null);
    }
    let (status, wrong) = publish(&server, "?explain=maybe", "application/json", event("good")).await;
    assert_eq!((status, &wrong["at"]), (400, &json!("explain")));
}

#[tokio::test]
async fn the_command_line_prints_the_steps() {
    let server = server().await;
    let url = server.url("");
    let mut command = tidemill(server.directory());
    let output = command.args(["publish", "good", "1", "--explain", "--url", &url]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("stored at ") && lines.len() == 4, "{text}");
    assert!(lines[3].starts_with("  stamp (transform): changed, ") && lines[3].ends_with(" µs"), "{text}");
}
