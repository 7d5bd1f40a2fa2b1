//! The ready-made plugins in a real host, on real GitHub deliveries and as their READMEs configure them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Server, Subscriber, publish_lines, ready_made};

fn deliveries() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/github/deliveries.ndjson");
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn github_accepts_real_deliveries_and_names_what_they_are_about() {
    let server = Server::start("", &[("github", &ready_made("github"))]).await;
    let mut stream = Subscriber::open(&server, "types=github.*&envelope=cloudevents").await;
    let lines = deliveries();
    assert!(lines.len() >= 50);
    for (line, result) in lines.iter().zip(publish_lines(&server, &lines).await) {
        assert_eq!(result["outcome"], "stored", "{result}: {}", &line[..200.min(line.len())]);
    }
    // Order is kept per source, and every repository is one.
    let mut all: HashMap<String, Value> = HashMap::new();
    let mut shown_position = String::new();
    for message in stream.take(lines.len()).await {
        let event = message.json();
        if event["type"] == "github.push" {
            shown_position.clone_from(&message.id);
        }
        all.insert(event["id"].as_str().unwrap().to_owned(), event);
    }
    for line in &lines {
        let sent: Value = serde_json::from_str(line).unwrap();
        let seen = &all[sent["id"].as_str().unwrap()];
        assert_eq!(seen["type"], sent["type"]);
        assert_eq!(seen["data"], sent["data"]);
        if let Some(name) = sent["data"]["repository"]["full_name"].as_str() {
            assert_eq!(seen["subject"], name);
        }
    }
    let (_, shown) = server.get(&format!("/events/{shown_position}")).await;
    assert!(shown["text"].as_str().unwrap().contains("Codertocat"), "{shown}");
    let mut push: Value = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .find(|v: &Value| v["type"] == "github.push")
        .unwrap();
    push["id"] = json!("another");
    push["data"]["repository"]["full_name"] = json!(7);
    let (status, problem) = server.post("application/json", push.to_string()).await;
    assert_eq!((status, &problem["by"]), (422, &json!("github")));
    assert_eq!(problem["problems"][0]["at"], "/repository/full_name", "{problem}");
    let (status, info) = server.get("/event-types/github.push").await;
    assert_eq!((status, &info["owner"]["plugin"]), (200, &json!("github")));
    assert!(info["schema"]["properties"]["commits"].is_object(), "{info}");
}

#[tokio::test]
async fn a_team_declares_a_type_by_json_schema() {
    let config = r#"
[plugins.json-schema.config.types."order.created"]
version = "1.0.0"
summary = "Somebody ordered"
schema = { type = "object", required = ["total"], properties = { total = { type = "number", minimum = 0 } } }
examples = [{ total = 1 }]
"#;
    let server = Server::start(config, &[("json-schema", &ready_made("json-schema"))]).await;
    assert_eq!(server.publish("order.created", json!({"total": 12.5})).await.0, 200);
    let (status, problem) = server.publish("order.created", json!({"total": -1})).await;
    assert_eq!((status, &problem["problems"][0]["at"]), (422, &json!("/total")));
    assert_eq!(server.get("/event-types").await.1["event_types"][0]["examples"], json!([{"total": 1}]));
}

#[tokio::test]
async fn cel_drops_what_its_expression_says() {
    let config = "[plugins.cel]\nsubscribes = ['order.*']\n[plugins.cel.config]\nexpression = \"data.total > 100\"\n";
    let server = Server::start(config, &[("cel", &ready_made("cel"))]).await;
    assert_eq!(server.publish("order.a", json!({"total": 101})).await.1["outcome"], "stored");
    let (_, dropped) = server.publish("order.a", json!({"total": 100})).await;
    assert_eq!((&dropped["outcome"], &dropped["by"]), (&json!("dropped"), &json!("cel")));
    assert_eq!(server.publish("other", json!({"total": 1})).await.1["outcome"], "stored");
}

#[tokio::test]
async fn cel_without_or_with_a_wrong_expression_says_so() {
    let server = Server::start("", &[("cel", &ready_made("cel"))]).await;
    let error = server.get("/plugins/cel").await.1["error"].as_str().unwrap().to_owned();
    assert!(error.contains("expression"), "{error}");
    fs::write(server.plugins_dir().join("cel.toml"), "[config]\nexpression = 'type =='\n").unwrap();
    let report = server.plugin_until("cel", |plugin| plugin["error"] != json!(error)).await;
    assert!(report["error"].as_str().unwrap().contains("refuses its configuration"), "{report}");
}

#[tokio::test]
async fn cel_view_shows_each_subscriber_what_its_expression_says() {
    let server = Server::start("", &[("cel-view", &ready_made("cel-view"))]).await;
    let encoded = |expression: &str| -> String {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("view.where", expression).finish();
        format!("view=cel-view&{query}")
    };
    let wants = async |expression: &str| Subscriber::open(&server, &encoded(expression)).await;
    let mut large = wants("data.total > 100").await;
    let mut anns = wants("type == 'order.created' && subject == 'ann'").await;
    let mut none = wants("data.missing > 1").await;
    for (total, subject) in [(50, "ann"), (150, "bob"), (200, "ann")] {
        let event = json!({"type": "order.created", "subject": subject, "data": {"total": total}});
        assert_eq!(server.post("application/json", event.to_string()).await.0, 200);
    }
    let totals = async |stream: &mut Subscriber| -> Vec<Value> {
        stream.take(2).await.iter().map(|message| message.json()["total"].clone()).collect()
    };
    assert_eq!(totals(&mut large).await, [150, 200]);
    assert_eq!(totals(&mut anns).await, [50, 200]);
    none.expect_silence().await;
    let polled =
        server.get(&format!("/events/poll?since=earliest&types=order.*&{}", encoded("data.total > 100"))).await;
    assert_eq!(polled.1["events"].as_array().unwrap().len(), 2, "{}", polled.1);
    let (status, problem) = server.get(&format!("/events?{}", encoded("dta.total > 100"))).await;
    assert_eq!((status, &problem["type"]), (403, &json!("urn:tidemill:problem:view-refused")));
    assert_eq!(
        problem["detail"],
        "view.where: line 1, column 1: unknown variable `dta`; there are id, source, type, subject, time, extensions, data"
    );
    let deep = format!("/events?{}", encoded(&"(".repeat(1000)));
    assert!([403, 500].contains(&server.get(&deep).await.0), "an expression may be nonsense");
    assert_eq!(server.get("/plugins/cel-view").await.1["breaker"]["state"], "closed");
}

#[tokio::test]
async fn jq_changes_splits_and_drops() {
    let config = "[plugins.jq.config]\nprogram = '.items[]? // empty'\n";
    let server = Server::start(config, &[("jq", &ready_made("jq"))]).await;
    let mut stream = Subscriber::open(&server, "").await;
    let (_, split) = server.publish("cart", json!({"items": [{"n": 1}, {"n": 2}]})).await;
    assert_eq!(split["positions"].as_array().unwrap().len(), 2, "{split}");
    assert_eq!(server.publish("cart", json!({"items": []})).await.1["outcome"], "dropped");
    let seen: Vec<String> = stream.take(2).await.into_iter().map(|message| message.data).collect();
    assert_eq!(seen, [r#"{"n":1}"#, r#"{"n":2}"#]);
}

#[tokio::test]
async fn redact_masks_paths_and_secrets() {
    let config = "[plugins.redact.config]\npaths = ['/password']\n";
    let server = Server::start(config, &[("redact", &ready_made("redact"))]).await;
    let mut stream = Subscriber::open(&server, "").await;
    let token = format!("ghp_{}", "a1B2".repeat(9));
    server.publish("a", json!({"password": "x", "note": format!("my {token} leaked"), "n": 1.50})).await;
    server.publish("a", json!({"harmless": true})).await;
    let seen = stream.take(2).await;
    assert!(!seen[0].data.contains(&token) && !seen[0].data.contains("\"x\""), "{}", seen[0].data);
    assert!(seen[0].data.contains("leaked") && seen[0].data.contains("[redacted]"), "{}", seen[0].data);
    assert_eq!(seen[1].data, r#"{"harmless":true}"#);
}
