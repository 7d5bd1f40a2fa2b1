//! What plugins offer, and calls that go well.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tidemill_plugin::{
    CallContext, CallFailure, Content, Listing, PromptCall, PromptOutcome, Question, ResourceBody, Subject, ToolCall,
    ToolOutcome,
};

use super::{Around, call, failure, result, text};

#[tokio::test]
async fn what_a_plugin_offers_is_known_when_it_is_loaded() {
    let around = Around::new();
    let plugin = around.load("mcp_conformance", "");
    let offer = plugin.offer();
    let names: Vec<&str> = offer.tools.iter().map(|tool| tool.info.name.as_str()).collect();
    assert!(names.is_sorted() && names.contains(&"test_simple_text"), "{names:?}");
    let schema = &offer.tool("json_schema_2020_12_tool").unwrap().info.input_schema;
    let keys: Vec<&str> = schema.keys().map(String::as_str).collect();
    let expected = ["$schema", "type", "$defs", "properties", "allOf", "if", "then", "else", "additionalProperties"];
    assert_eq!(keys, expected, "a schema stays as its author wrote it");
    assert_eq!(schema["$defs"]["address"]["$anchor"], "addressDef");
    assert!(offer.resource("test://template/7/data").is_some() && offer.resource("test://template/7").is_none());
    assert_eq!(offer.prompt("test_prompt_with_arguments").unwrap().arguments.len(), 2);
}

#[tokio::test]
async fn results_have_parts_of_every_kind() {
    let around = Around::new();
    let plugin = around.load("mcp_conformance", "");
    let mixed = result(&plugin, "test_multiple_content_types", &json!({})).await;
    let [Content::Text(_), Content::Image { data, media_type }, Content::Resource(resource)] = &mixed.content[..]
    else {
        panic!("{mixed:?}")
    };
    assert!(data.starts_with(b"\x89PNG") && media_type == "image/png");
    assert_eq!(resource.body, ResourceBody::Text(r#"{"test":"data","value":123}"#.into()));
    let error = result(&plugin, "test_error_handling", &json!({})).await;
    assert!(error.is_error, "{error:?}");
    assert_eq!(failure(&plugin, "no-such-tool", CallContext::default()).await, CallFailure::Unknown);
}

#[tokio::test]
async fn progress_and_logs_go_to_whoever_called() {
    let around = Around::new();
    let plugin = around.load("mcp_conformance", "");
    let (reports, lines) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let (to_reports, to_lines) = (Arc::clone(&reports), Arc::clone(&lines));
    let context = CallContext {
        progress: Some(Arc::new(move |report| to_reports.lock().unwrap().push((report.done, report.total)))),
        logs: Some(Arc::new(move |line| to_lines.lock().unwrap().push(line.message))),
        ..CallContext::default()
    };
    for name in ["test_tool_with_progress", "test_tool_with_logging"] {
        plugin.call_tool(call(name, &json!({})), context.clone()).await.unwrap();
    }
    assert_eq!(*reports.lock().unwrap(), [(0.0, Some(100.0)), (50.0, Some(100.0)), (100.0, Some(100.0))]);
    let expected = ["Tool execution started", "Tool processing data", "Tool execution completed"];
    assert_eq!(*lines.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_call_that_asks_goes_on_with_the_answers_and_its_state() {
    let around = Around::new();
    let plugin = around.load("mcp_conformance", "");
    let name = "test_input_required_result_request_state";
    let asked = plugin.call_tool(call(name, &json!({})), CallContext::default()).await.unwrap();
    let ToolOutcome::InputRequired { requests, state } = asked else { panic!("{asked:?}") };
    assert_eq!(requests["confirm"].method, "elicitation/create");
    let responses = BTreeMap::from([("confirm".to_owned(), json!({"action": "accept", "content": {"ok": true}}))]);
    let again = ToolCall { responses, state, ..call(name, &json!({})) };
    let ToolOutcome::Complete(done) = plugin.call_tool(again, CallContext::default()).await.unwrap() else {
        panic!("it is answered")
    };
    assert_eq!(text(&done), "state-ok");
}

#[tokio::test]
async fn prompts_resources_and_suggestions_are_there() {
    let around = Around::new();
    let plugin = around.load("mcp_conformance", "");
    let context = CallContext::default;
    let missing = PromptCall { name: "test_prompt_with_arguments".into(), ..PromptCall::default() };
    let refused = plugin.get_prompt(missing.clone(), context()).await.unwrap_err();
    assert_eq!(refused, CallFailure::Invalid("the argument `arg1` is missing".into()));
    let arguments = [("arg1", "hello"), ("arg2", "world")].map(|(name, value)| (name.into(), value.into())).to_vec();
    let filled = plugin.get_prompt(PromptCall { arguments, ..missing }, context()).await.unwrap();
    let PromptOutcome::Complete { messages, .. } = filled else { panic!("{filled:?}") };
    assert_eq!(messages[0].content, Content::Text("Prompt with arguments: arg1='hello', arg2='world'".into()));

    let read = plugin.read_resource("test://template/123/data".into(), context()).await.unwrap();
    let ResourceBody::Text(data) = &read[0].body else { panic!("{read:?}") };
    assert!(data.contains("Data for ID: 123"), "{data}");
    assert_eq!(plugin.read_resource("test://nothing".into(), context()).await, Err(CallFailure::Unknown));

    let question = Question {
        subject: Subject::Prompt("test_prompt_with_arguments".into()),
        argument: "arg1".into(),
        value: "part".into(),
        others: Vec::new(),
    };
    assert_eq!(plugin.complete(question, context()).await.unwrap().values, ["party"]);
}

#[tokio::test]
async fn what_changes_is_told() {
    let around = Around::new();
    let plugin = around.load("mcp_conformance", "");
    for name in ["test_trigger_tool_change", "test_trigger_prompt_change", "test_trigger_resource_change"] {
        result(&plugin, name, &json!({})).await;
    }
    assert_eq!(*around.seen.changed.lock().unwrap(), [Listing::Tools, Listing::Prompts]);
    assert_eq!(*around.seen.updated.lock().unwrap(), ["test://watched-resource"]);
}
