//! Traces of events, as a collector of OpenTelemetry gets them.

use std::collections::HashMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};

use crate::support::{Canned, Lane, Server, Subscriber, eventually, guest};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn parent(trace: &str, flags: &str) -> String {
    format!("00-{trace}-{CALLER}-{flags}")
}

fn config(collector: &Canned, sample: &str) -> String {
    let address = &collector.address;
    format!("[telemetry]\notlp-endpoint = 'http://{address}'\ntrace-sample = '{sample}'\n")
}

/// All spans that a collector was sent, by trace.
fn spans(collector: &Canned) -> HashMap<String, Vec<Span>> {
    let mut traces: HashMap<String, Vec<Span>> = HashMap::new();
    for body in collector.sent("/v1/traces") {
        for resource in ExportTraceServiceRequest::decode(body).unwrap().resource_spans {
            let about = format!("{:?}", resource.resource);
            assert!(about.contains("service.name") && about.contains("tidemill"), "{about}");
            for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                traces.entry(hex(&span.trace_id)).or_default().push(span);
            }
        }
    }
    traces
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn publish(server: &Server, body: &Value, traceparent: Option<&str>) {
    let mut request = server.http.post(server.url("/events")).header("content-type", "application/json");
    if let Some(traceparent) = traceparent {
        request = request.header("traceparent", traceparent).header("tracestate", "vendor=1");
    }
    let answer = request.body(body.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
}

/// The one span of a name, and that it is within another.
fn find<'s>(spans: &'s [Span], name: &str, within: Option<&Span>) -> &'s Span {
    let found: Vec<&Span> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(found.len(), 1, "{name}: {:?}", spans.iter().map(|span| &span.name).collect::<Vec<_>>());
    let span = found[0];
    assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "{span:?}");
    if let Some(within) = within {
        assert_eq!(hex(&span.parent_span_id), hex(&within.span_id), "{name}");
    }
    span
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_traced_from_its_publisher_to_the_first_who_gets_it() {
    for lane in Lane::BOTH {
        let collector = Canned::start().await;
        collector.answer("/v1/traces", 200, "");
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("plugins")).unwrap();
        std::fs::copy(guest("stamp_v1"), directory.path().join("plugins/stamp.wasm")).unwrap();
        let server = lane.server_in(directory, &config(&collector, "0")).await;
        let mut subscriber = Subscriber::open(&server, "types=order.created&envelope=cloudevents").await;
        let header = parent(TRACE, "01");
        publish(&server, &json!({"type": "order.created", "data": {}}), Some(&header)).await;
        let event = subscriber.next().await.json();
        assert_eq!((&event["traceparent"], &event["tracestate"]), (&json!(header), &json!("vendor=1")), "{event}");

        eventually("the spans are there", async || spans(&collector).get(TRACE).is_some_and(|own| own.len() >= 5))
            .await;
        let spans = spans(&collector).remove(TRACE).unwrap();
        let root = find(&spans, "publish", None);
        assert_eq!(hex(&root.parent_span_id), CALLER);
        let pipeline = find(&spans, "pipeline", Some(root));
        let plugin = find(&spans, "plugin stamp", Some(pipeline));
        let append = find(&spans, "log.append", Some(root));
        find(&spans, "first delivery", Some(root));
        assert_eq!(spans.len(), 5);
        let about = format!("{:?}{:?}", root.attributes, plugin.attributes);
        assert!(about.contains("order.created") && about.contains("stored") && about.contains("changed"), "{about}");
        assert!(pipeline.start_time_unix_nano >= root.start_time_unix_nano, "{spans:?}");
        assert!(append.end_time_unix_nano <= root.end_time_unix_nano, "{spans:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_made_the_event_decides_whether_it_is_traced() {
    let collector = Canned::start().await;
    collector.answer("/v1/traces", 200, "");
    let server = Server::start(&config(&collector, "0"), &[]).await;
    let mut subscriber = Subscriber::open(&server, "envelope=cloudevents").await;
    let other = "0af7651916cd43dd8448eb211c80319c";
    let of_event = parent(other, "01");
    let event = |extensions: Value| json!({"type": "a", "extensions": extensions});
    publish(&server, &event(json!({})), None).await;
    publish(&server, &event(json!({})), Some(&parent(TRACE, "00"))).await;
    publish(&server, &event(json!({})), Some("00-nothing-at-all")).await;
    publish(&server, &event(json!({ "traceparent": of_event })), Some(&parent(TRACE, "01"))).await;
    let seen: Vec<Value> =
        subscriber.take(4).await.iter().map(|message| message.json()["traceparent"].clone()).collect();
    assert_eq!(seen, [Value::Null, json!(parent(TRACE, "00")), Value::Null, json!(of_event)]);
    eventually("the spans are there", async || spans(&collector).contains_key(other)).await;
    assert_eq!(spans(&collector).len(), 1, "the others are not traced");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_collector_costs_nothing_but_spans_which_are_counted() {
    let collector = Canned::start().await;
    collector.answer("/v1/traces", 500, "");
    let mut server = Server::start(&config(&collector, "1"), &[]).await;
    for number in 0..20 {
        publish(&server, &json!({"type": "a", "data": number}), None).await;
    }
    let figure = async |name: &str| {
        let text = server.http.get(server.url("/metrics")).send().await.unwrap().text().await.unwrap();
        let line =
            text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name}: {text}")).to_owned();
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    eventually("spans are dropped", async || figure("tidemill_trace_spans_dropped_total").await >= 60.0).await;
    assert!(figure("tidemill_trace_spans_sent_total").await == 0.0);
    assert_eq!(server.log().matches("traces are not taken by their collector").count(), 1, "{}", server.log());
    // What is there when the server stops is sent.
    collector.answer("/v1/traces", 200, "");
    publish(&server, &json!({"type": "last"}), Some(&parent(TRACE, "01"))).await;
    server.stop();
    assert!(spans(&collector).contains_key(TRACE));
}
