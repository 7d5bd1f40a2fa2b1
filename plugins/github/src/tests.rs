//! Real deliveries go through, wrong ones do not. The deliveries stand in `examples/github`.
use serde::Deserialize;
use serde_json::{Value, json};
use tidemill_sdk::testing::{self, Sample};

use super::*;

#[derive(Deserialize)]
struct Delivery {
    #[serde(rename = "type")]
    kind: String,
    data: Value,
}

fn deliveries() -> impl Iterator<Item = Delivery> {
    let lines = include_str!("../../../examples/github/deliveries.ndjson").lines();
    lines.map(|line| serde_json::from_str(line).expect("a delivery"))
}

fn delivery(kind: &str) -> Delivery {
    deliveries().find(|delivery| delivery.kind == kind).expect("there is one of each kind that is asked for")
}

fn plugin(config: &str) -> GitHub {
    testing::configured(config).expect("a good configuration")
}

fn sample(kind: &str, data: &Value) -> Sample {
    testing::event(kind).data(data.to_string())
}

fn problems(kind: &str, data: &Value) -> Vec<Problem> {
    match plugin("{}").validate(&sample(kind, data).event()) {
        Err(Failure::Problems(problems)) => problems,
        other => panic!("expected problems, got {other:?}"),
    }
}

#[test]
fn real_deliveries_are_accepted_and_told_in_a_line() {
    let mut plugin = plugin("{}");
    for delivery in deliveries() {
        let base = delivery.kind.split('.').take(2).collect::<Vec<_>>().join(".");
        for kind in [&delivery.kind, &base] {
            let sample = sample(kind, &delivery.data);
            let validity = plugin.validate(&sample.event());
            assert!(matches!(validity, Ok(Validity::Normalised(_) | Validity::Valid)), "{kind}: {validity:?}");
            let line = plugin.render(&sample.event(), Target::Text);
            assert!(!line.is_empty() && !line.contains('\n') && !line.starts_with("github."), "{kind}: {line}");
        }
    }
}

#[test]
fn the_subject_is_the_repository_else_the_organization_else_the_sender() {
    let mut plugin = plugin("{}");
    let mut subject = |kind: &str, data: &Value| match plugin.validate(&sample(kind, data).event()) {
        Ok(Validity::Normalised(output)) => output.subject.expect("a subject"),
        other => panic!("{other:?}"),
    };
    assert_eq!(subject("github.push", &delivery("github.push").data), "Codertocat/Hello-World");
    let sender = json!({"login": "al", "id": 1});
    let blocked = json!({"action": "blocked", "blocked_user": sender, "organization": {"login": "octo", "id": 2}, "sender": sender});
    assert_eq!(subject("github.org_block", &blocked), "octo");
    assert_eq!(subject("github.github_app_authorization", &json!({"action": "revoked", "sender": sender})), "al");
}

#[test]
fn an_event_with_a_subject_is_valid_as_it_is() {
    let delivery = delivery("github.push");
    let validity = plugin("{}").validate(&sample("github.push", &delivery.data).subject("mine").event());
    assert_eq!(validity, Ok(Validity::Valid));
}

#[test]
fn a_delivery_without_the_name_of_its_repository_is_rejected() {
    let mut data = delivery("github.push").data;
    data["repository"].as_object_mut().expect("an object").remove("full_name");
    data["commits"] = json!("none");
    let mut found = problems("github.push", &data);
    found.sort_by(|a, b| a.at.cmp(&b.at));
    let found: Vec<_> = found.iter().map(|problem| (problem.at.as_str(), problem.detail.as_str())).collect();
    let expected =
        [("/commits", "expected an array, found \"none\""), ("/repository", "expected a member \"full_name\"")];
    assert_eq!(found, expected);
}

#[test]
fn wrong_kinds_are_rejected_deep_inside() {
    let mut data = delivery("github.push").data;
    data["commits"] = json!([{"id": "a", "message": "m"}, {"id": 7, "message": "m"}]);
    data["repository"]["full_name"] = json!("");
    let mut places: Vec<_> = problems("github.push", &data).into_iter().map(|problem| problem.at).collect();
    places.sort();
    assert_eq!(places, ["/commits/1/id", "/repository/full_name"]);
}

#[test]
fn the_action_must_be_that_of_the_type() {
    let mut data = delivery("github.issues.opened").data;
    assert!(problems("github.issues.closed", &data)[0].at == "/action");
    data["action"] = json!("transmogrified");
    assert!(plugin("{}").validate(&sample("github.issues", &data).event()).is_ok(), "GitHub may add actions");
    assert_eq!(problems("github.issues.opened", &data)[0].at, "/action");
}

#[test]
fn what_is_no_json_is_rejected() {
    let event = testing::event("github.push").content_type("application/x-www-form-urlencoded").data("payload=%7B%7D");
    let Err(Failure::Problems(found)) = plugin("{}").validate(&event.event()) else { panic!("accepted") };
    assert_eq!(found[0].at, "datacontenttype");
}

#[test]
fn trimming_removes_links_and_keeps_it_valid() {
    let mut plugin = plugin(r#"{"trim":true}"#);
    for delivery in deliveries() {
        let sample = sample(&delivery.kind, &delivery.data);
        let Ok(Validity::Normalised(output)) = plugin.validate(&sample.event()) else { panic!("{}", delivery.kind) };
        let data = output.data.expect("every delivery has links");
        assert!(data.len() < sample.event().data().len());
        let again = testing::event(&*delivery.kind).subject("s").data(data);
        assert_eq!(plugin.validate(&again.event()), Ok(Validity::Valid), "{}", delivery.kind);
    }
}

#[test]
fn lines_for_people() {
    let plugin = plugin("{}");
    let data = json!({
        "ref": "refs/heads/main", "forced": false, "deleted": false, "created": false,
        "commits": [{"id": "1"}, {"id": "2"}, {"id": "3"}], "compare": "https://github.com/octo/hello/compare/a...b",
        "repository": {"full_name": "octo/hello"}, "sender": {"login": "octocat"},
    });
    let event = sample("github.push", &data);
    assert_eq!(plugin.render(&event.event(), Target::Text), "octocat pushed 3 commits to main in octo/hello");
    let html =
        "<a href=\"https://github.com/octo/hello/compare/a...b\">octocat pushed 3 commits to main in octo/hello</a>";
    assert_eq!(plugin.render(&event.event(), Target::Html), html);

    let hostile = json!({"action": "review_requested", "number": 1, "pull_request": {"title": "<script>\n"},
        "repository": {"full_name": "a/b"}, "sender": {"login": "x"}});
    let event = sample("github.pull_request", &hostile);
    let html = "x review requested pull request #1 “&lt;script&gt; ” in a/b";
    assert_eq!(plugin.render(&event.event(), Target::Html), html);
}

#[test]
fn an_unknown_setting_is_named() {
    let error = testing::configured::<GitHub>(r#"{"trimm":true}"#).expect_err("a typing mistake");
    assert!(error.contains("unknown field `trimm`, expected `trim`"), "{error}");
}
