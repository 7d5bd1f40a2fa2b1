//! Tools that misbehave: their call fails and says why, and nothing else notices.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tidemill_plugin::{BreakerState, CallContext, CallFailure, Plugin, Question, Subject};
use tokio_util::sync::CancellationToken;

use super::{Around, call, failure, result, text};
use crate::support::eventually;

const GRANTS: &str = "[grants]\nstate = true\npublish = [\"flood\"]\n[breaker]\nfaults = 0\n";

fn hostile(around: &Around, limits: &str) -> Arc<Plugin> {
    around.load("hostile_tools", &format!("{GRANTS}[limits]\n{limits}"))
}

async fn failed(plugin: &Arc<Plugin>, name: &str) -> String {
    match failure(plugin, name, CallContext::default()).await {
        CallFailure::Failed(reason) => {
            assert!(reason.contains("hostile_tools") && reason.contains(name), "it names plugin and tool: {reason}");
            reason
        }
        other => panic!("{name}: {other:?}"),
    }
}

#[tokio::test]
async fn a_call_that_fails_says_why_and_the_next_one_works() {
    let around = Around::new();
    let plugin = hostile(&around, "tool-time = \"200ms\"\ntool-compute = \"100ms\"\nmemory = \"8MiB\"\n");
    for (name, why) in [
        ("trap", "unreachable"),
        ("spin", "`tool-compute`"),
        ("stubborn", "`tool-compute`"),
        ("sleep", "`tool-time`"),
        ("grow", "bytes of memory"),
        ("flood-output", "memory"),
        ("nonsense", "asks for no input"),
        ("wrong-result", "n: 61 is greater than the maximum of 60"),
        ("state", "`state`"),
    ] {
        let reason = failed(&plugin, name).await;
        assert!(reason.contains(why), "{name}: {reason}");
        assert!(!text(&result(&plugin, "count", &json!({})).await).is_empty());
    }
    let trapped = failed(&plugin, "trap").await;
    assert!(trapped.contains("hostile_tools.rs:"), "where in its source: {trapped}");
    let figures = plugin.figures();
    assert_eq!(figures.client_calls_running.load(Relaxed), 0);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused_within_the_host() {
    let around = Around::new();
    let plugin = hostile(&around, "output-bytes = \"1MiB\"\nmemory = \"128MiB\"\n");
    let reason = failed(&plugin, "flood-output").await;
    assert!(reason.contains("more than 1048576 bytes"), "{reason}");
}

#[tokio::test]
async fn floods_are_thinned_and_the_call_goes_on() {
    let around = Around::new();
    let plugin = hostile(&around, "log-lines = 10\n");
    let (lines, reports) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (to_lines, to_reports) = (Arc::clone(&lines), Arc::clone(&reports));
    let context = CallContext {
        progress: Some(Arc::new(move |report| to_reports.lock().unwrap().push(report.done))),
        logs: Some(Arc::new(move |_| {
            to_lines.fetch_add(1, Relaxed);
        })),
        ..CallContext::default()
    };
    for name in ["flood-logs", "flood-progress"] {
        plugin.call_tool(call(name, &json!({})), context.clone()).await.unwrap();
    }
    assert!(lines.load(Relaxed) < 1_000, "{lines:?}");
    let reports = std::mem::take(&mut *reports.lock().unwrap());
    assert!(reports.len() < 2_000 && reports.is_sorted(), "{}", reports.len());
    assert_eq!(reports.last(), Some(&99_999.0), "the newest one is told");
    let flooded = result(&plugin, "flood-events", &json!({})).await;
    assert!(flooded.is_error && text(&flooded).contains("events"), "{flooded:?}");
    assert!(around.seen.published.lock().unwrap().len() <= 10_000);
}

#[tokio::test]
async fn nothing_is_published_where_values_are_suggested() {
    let around = Around::new();
    let plugin = hostile(&around, "");
    let question = Question {
        subject: Subject::Prompt("any".into()),
        argument: "any".into(),
        value: String::new(),
        others: Vec::new(),
    };
    let suggested = plugin.complete(question, CallContext::default()).await.unwrap().values;
    assert!(suggested[0].contains("`completions.complete`"), "{suggested:?}");
    assert!(around.seen.published.lock().unwrap().is_empty());
}

#[tokio::test]
async fn arguments_are_checked_before_the_plugin_sees_them() {
    let around = Around::new();
    let plugin = hostile(&around, "");
    let refused = result(&plugin, "echo", &json!({"n": 61})).await;
    assert!(refused.is_error);
    assert_eq!(text(&refused), "n: 61 is greater than the maximum of 60");
    let context = CallContext { caller: Some("ann".into()), ..CallContext::default() };
    let echoed = plugin.call_tool(call("echo", &json!({"n": 3})), context).await.unwrap();
    assert!(format!("{echoed:?}").contains(r#"ann: {\"n\":3}"#), "{echoed:?}");
}

#[tokio::test]
async fn cancelling_ends_a_call_whatever_it_does() {
    let around = Around::new();
    let plugin = hostile(&around, "tool-compute = \"5m\"\n");
    for name in ["spin", "sleep", "stubborn", "tidy"] {
        let (cancel, said) = (CancellationToken::new(), Arc::new(Mutex::new(Vec::new())));
        let to_said = Arc::clone(&said);
        let logs: Arc<dyn Fn(tidemill_plugin::CallLog) + Send + Sync> =
            Arc::new(move |line| to_said.lock().unwrap().push(line.message));
        let context = CallContext { cancel: cancel.clone(), logs: Some(logs), ..CallContext::default() };
        let calling = tokio::spawn({
            let plugin = Arc::clone(&plugin);
            async move { failure(&plugin, name, context).await }
        });
        eventually("it runs", async || plugin.figures().client_calls_running.load(Relaxed) == 1).await;
        cancel.cancel();
        assert_eq!(calling.await.unwrap(), CallFailure::Cancelled);
        eventually("its thread is free", async || plugin.figures().client_calls_running.load(Relaxed) == 0).await;
        assert_eq!(said.lock().unwrap().contains(&"tidied up".to_owned()), name == "tidy", "{name}");
    }
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_is_cancelled() {
    let around = Around::new();
    let plugin = hostile(&around, "");
    let waiting = plugin.call_tool(call("sleep", &json!({})), CallContext::default());
    assert!(tokio::time::timeout(Duration::from_millis(200), waiting).await.is_err());
    eventually("its thread is free", async || plugin.figures().client_calls_running.load(Relaxed) == 0).await;
}

#[tokio::test]
async fn calls_beyond_the_limit_wait_for_their_turn() {
    let around = Around::new();
    let plugin = hostile(&around, "tool-concurrency = 2\n");
    let most = Arc::new(AtomicUsize::new(0));
    let calls = (0..6).map(|_| {
        let (plugin, most) = (Arc::clone(&plugin), Arc::clone(&most));
        tokio::spawn(async move {
            result(&plugin, "nap", &json!({})).await;
            most.fetch_max(plugin.figures().client_calls_running.load(Relaxed).unsigned_abs() as usize, Relaxed);
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert!(most.load(Relaxed) <= 2, "{most:?}");
}

#[tokio::test]
async fn instances_serve_again_and_each_call_has_its_own() {
    let around = Around::new();
    let plugin = hostile(&around, "");
    for expected in ["1", "2", "3"] {
        assert_eq!(text(&result(&plugin, "count", &json!({})).await), expected, "it is warm");
    }
    failed(&plugin, "trap").await;
    assert_eq!(text(&result(&plugin, "count", &json!({})).await), "1", "one that failed is gone");
}

#[tokio::test]
async fn calls_that_keep_failing_are_refused_for_a_while() {
    let around = Around::new();
    let plugin = around.load("hostile_tools", &GRANTS.replace("faults = 0", "faults = 3"));
    for _ in 0..3 {
        failed(&plugin, "trap").await;
    }
    assert_eq!(plugin.calls_breaker_state(), BreakerState::Open);
    assert_eq!(plugin.breaker_state(), BreakerState::Closed, "clients do not take it out of the pipeline");
    let CallFailure::Busy(reason) = failure(&plugin, "count", CallContext::default()).await else {
        panic!("it is out")
    };
    assert!(reason.contains("kept failing"), "{reason}");
    assert!(result(&plugin, "echo", &json!({"n": 61})).await.is_error, "the host answers that itself");
}

#[tokio::test]
async fn a_call_that_says_nothing_of_the_plugin_is_no_probe() {
    let around = Around::new();
    let breaker = "faults = 3\nrest = \"100ms\"";
    let plugin = around.load("hostile_tools", &GRANTS.replace("faults = 0", breaker));
    for _ in 0..3 {
        failed(&plugin, "trap").await;
    }
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert!(result(&plugin, "echo", &json!({"n": 61})).await.is_error);
    assert_eq!(plugin.calls_breaker_state(), BreakerState::Open, "the plugin was not asked");
    let cancel = CancellationToken::new();
    let context = CallContext { cancel: cancel.clone(), ..CallContext::default() };
    let calling = tokio::spawn({
        let plugin = Arc::clone(&plugin);
        async move { failure(&plugin, "sleep", context).await }
    });
    eventually("it is tried", async || plugin.calls_breaker_state() == BreakerState::HalfOpen).await;
    cancel.cancel();
    assert_eq!(calling.await.unwrap(), CallFailure::Cancelled);
    eventually("its thread is free", async || plugin.calls_breaker_state() == BreakerState::Open).await;
    assert!(!result(&plugin, "count", &json!({})).await.is_error);
    assert_eq!(plugin.calls_breaker_state(), BreakerState::Closed);
}
