//! What is loaded: `GET /plugins`, `GET /event-types`, `GET /asyncapi.json`.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use tidemill_plugin::{EventTypeInfo, Figures, Generation, Grants, Histogram, Meter, Plugin, PluginReport, Reading};
use tidemill_types::EventType;

use crate::app::App;
use crate::auth::{Principal, Who};
use crate::http::extract::Path;
use crate::problem::{Kind, Problem};
use crate::tools::may;

/// Every plugin with its state.
pub(crate) async fn plugins(State(app): State<Arc<App>>, who: Who) -> Json<Value> {
    Json(plugins_json(&app, &who))
}

/// The same for others than HTTP.
pub(crate) fn plugins_json(app: &App, who: &Principal) -> Value {
    let generation = app.plugins.current();
    let plugins: Vec<Value> =
        app.plugins.reports().iter().map(|report| plugin_json(app, who, &generation, report)).collect();
    json!({"generation": generation.number(), "plugins": plugins})
}

/// One plugin with its state.
pub(crate) async fn plugin(
    State(app): State<Arc<App>>,
    who: Who,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(plugin_json(&app, &who, &app.plugins.current(), &find(&app, &name)?)))
}

/// What is known of a plugin, or that there is none.
pub(super) fn find(app: &App, name: &str) -> Result<PluginReport, Problem> {
    app.plugins.report(name).ok_or_else(|| {
        let known: Vec<String> = app.plugins.reports().into_iter().map(|report| report.name).collect();
        let config = app.config();
        let dir = config.plugins_dir.display();
        let detail = if known.is_empty() {
            format!("there is no plugin `{name}`, nor any other; copy {name}.wasm into {dir}")
        } else {
            format!("there is no plugin `{name}`; there are {}; copy {name}.wasm into {dir}", known.join(", "))
        };
        Problem::new(Kind::NotFound, detail)
    })
}

/// Every event type that a plugin owns.
pub(crate) async fn event_types(State(app): State<Arc<App>>) -> Json<Value> {
    Json(event_types_json(&app))
}

/// The same for others than HTTP.
pub(crate) fn event_types_json(app: &App) -> Value {
    let generation = app.plugins.current();
    let mut types: Vec<(&Arc<Plugin>, &EventTypeInfo)> = generation.event_types().collect();
    types.sort_by(|a, b| a.1.name.cmp(&b.1.name));
    let types: Vec<Value> = types.into_iter().map(|(owner, info)| type_json(owner, info)).collect();
    json!({"event_types": types})
}

/// All of them as an AsyncAPI document.
pub(crate) async fn asyncapi(State(app): State<Arc<App>>) -> Json<Value> {
    let generation = app.plugins.current();
    let own = |info: &EventTypeInfo| EventType {
        name: info.name.clone(),
        version: info.version.clone(),
        summary: info.summary.clone(),
        schema: info.schema.clone(),
        examples: info.examples.clone(),
    };
    let mut types: Vec<EventType> = generation.event_types().map(|(_, info)| own(info)).collect();
    types.sort_by(|a, b| a.name.cmp(&b.name));
    let address = format!("{}{}", app.config().server.base_path, crate::sse::PATH);
    Json(tidemill_types::asyncapi(&types, &address, env!("CARGO_PKG_VERSION")))
}

/// One event type.
pub(crate) async fn event_type(State(app): State<Arc<App>>, Path(name): Path<String>) -> Result<Json<Value>, Problem> {
    let generation = app.plugins.current();
    let found = generation.event_types().find(|(_, info)| info.name == name);
    found.map(|(owner, info)| Json(type_json(owner, info))).ok_or_else(|| {
        let detail = format!("no plugin owns the event type `{name}`; events of it are accepted unchecked. GET /event-types lists the owned ones");
        Problem::new(Kind::NotFound, detail)
    })
}

fn plugin_json(app: &App, who: &Principal, generation: &Generation, report: &PluginReport) -> Value {
    let mut value = json!({"name": report.name, "state": report.state.name()});
    if let Some(error) = &report.error {
        value["error"] = json!(error);
    }
    if let Some(version) = report.set_aside {
        value["set_aside"] = json!(version.to_string());
    }
    value["figures"] = figures_json(&report.figures);
    let usage = app.bus.state_usage(&report.name);
    value["state_usage"] = json!({"keys": usage.keys, "bytes": usage.bytes});
    if let Some(plugin) = &report.running {
        let (title, author_version) = plugin.title();
        let place = generation.plugins().iter().position(|other| Arc::ptr_eq(other, plugin));
        let mut owned: Vec<&str> = plugin.event_types().map(|info| info.name.as_str()).collect();
        owned.sort_unstable();
        value["version"] = json!(plugin.version().to_string());
        value["title"] = json!(title);
        value["author_version"] = json!(author_version);
        value["summary"] = json!(plugin.summary());
        value["kinds"] = plugin.kinds().iter().map(|kind| kind.name()).collect();
        value["wants"] = plugin.wants().iter().map(|capability| capability.name()).collect();
        value["grants"] = grants_json(plugin.grants());
        value["subscribes"] = plugin.subscribes().iter().map(ToString::to_string).collect();
        value["event_types"] = json!(owned);
        let offer = plugin.offer();
        // Of what needs a permission, whoever has it not does not know that it is there.
        let tools = offer.tools.iter().map(|tool| &*tool.info).filter(|tool| may(who, tool.permission.as_ref()));
        let prompts = offer.prompts.iter().filter(|prompt| may(who, prompt.permission.as_ref()));
        let resources = offer.resources.iter().filter(|own| may(who, own.about.permission.as_ref()));
        let templates = offer.templates.iter().filter(|own| may(who, own.about.permission.as_ref()));
        value["tools"] = tools.map(|tool| &*tool.name).collect();
        value["prompts"] = prompts.map(|prompt| &*prompt.name).collect();
        value["resources"] = resources.map(|resource| &*resource.uri).collect();
        value["resource_templates"] = templates.map(|template| &*template.uri_template).collect();
        value["wants"] = json!(plugin.wanted());
        value["grants"] = grants_json(plugin.grants());
        let warnings: Vec<String> = plugin.warnings().into_iter().chain(app.tools.shadowed(plugin.name())).collect();
        value["warnings"] = json!(warnings);
        value["order"] = json!(plugin.order());
        value["place"] = json!(place);
        value["bytes"] = json!(plugin.size());
        value["on_fault"] = json!(plugin.on_fault().name());
        let limits = plugin.limits();
        let breaker = plugin.breaker_settings();
        value["breaker"] = json!({
            "state": plugin.breaker_state().name(),
            "calls": plugin.calls_breaker_state().name(),
            "window_ms": breaker.window.as_millis() as u64,
            "faults": breaker.faults,
            "rate": breaker.rate,
            "rest_ms": breaker.rest.as_millis() as u64,
            "then": breaker.then.name(),
        });
        value["compile_ms"] = json!(plugin.compile_time().as_millis() as u64);
        value["limits"] = json!({
            "time_ms": limits.time.as_millis() as u64,
            "event_time_ms": limits.event_time.as_millis() as u64,
            "memory_bytes": limits.memory,
            "table_elements": limits.table_elements,
            "instances": limits.instances,
            "output_bytes": limits.output_bytes,
            "output_events": limits.output_events,
            "log_lines_per_second": limits.log_lines,
            "recycle_calls": limits.recycle_calls,
            "recycle_memory_bytes": limits.recycle_memory,
            "state_bytes": limits.state,
            "hops": limits.hops,
            "http_time_ms": limits.http_time.as_millis() as u64,
            "http_bytes": limits.http_bytes,
            "http_concurrency": limits.http_concurrency,
            "clock_ms": limits.clock.as_millis() as u64,
            "tool_time_ms": limits.tool_time.as_millis() as u64,
            "tool_compute_ms": limits.tool_compute.as_millis() as u64,
            "tool_concurrency": limits.tool_concurrency,
        });
    }
    value
}

/// What a plugin is granted.
fn grants_json(grants: &Grants) -> Value {
    let texts = |list: &mut dyn Iterator<Item = String>| list.collect::<Vec<_>>();
    json!({
        "state": grants.state,
        "figures": grants.figures,
        "publish": texts(&mut grants.publish.iter().map(ToString::to_string)),
        "http": texts(&mut grants.http.iter().map(ToString::to_string)),
        "private_networks": texts(&mut grants.private_networks.iter().map(ToString::to_string)),
    })
}

/// Has a plugin keep nothing any more.
pub(super) async fn clear_state(State(app): State<Arc<App>>, Path(name): Path<String>) -> Result<Json<Value>, Problem> {
    // Also of plugins that are not there any more.
    if app.bus.state_usage(&name).keys == 0 {
        find(&app, &name)?;
    }
    let cleared = tokio::task::spawn_blocking(move || app.bus.clear_state(&name)).await;
    let gone = |error: &dyn std::fmt::Display| Problem::new(Kind::Unavailable, error.to_string());
    let keys = cleared.map_err(|error| gone(&error))?.map_err(|error| gone(&error))?;
    Ok(Json(json!({"keys": keys})))
}

/// What a plugin did since the host started, in all its versions. Times are upper bounds, at most twice the true ones.
fn figures_json(figures: &Figures) -> Value {
    let time = |histogram: &Histogram| {
        let read = histogram.read();
        let micros = |share| read.quantile(share).map(|seconds| seconds * 1e6);
        json!({"total_s": read.sum, "p50_us": micros(0.5), "p99_us": micros(0.99), "max_us": micros(1.0)})
    };
    let faults: serde_json::Map<String, Value> =
        figures.faults().map(|(kind, count)| (kind.name().to_owned(), json!(count))).collect();
    let http: serde_json::Map<String, Value> =
        figures.http.read().map(|(outcome, count)| (outcome.name().to_owned(), json!(count))).collect();
    let client_calls: serde_json::Map<String, Value> =
        figures.client_calls().map(|(end, count)| (end.name().to_owned(), json!(count))).collect();
    json!({
        "calls": figures.calls.load(Relaxed),
        "events_in": figures.events_in.load(Relaxed),
        "events_out": figures.events_out.load(Relaxed),
        "dropped": figures.dropped.load(Relaxed),
        "rejected": figures.rejected.load(Relaxed),
        "retried": figures.retried.load(Relaxed),
        "faults": faults,
        "passed_over": figures.passed_over.load(Relaxed),
        "published": figures.published.load(Relaxed),
        "unpublished": figures.unpublished.load(Relaxed),
        "opened": figures.opened.load(Relaxed),
        "recycled": figures.recycled.load(Relaxed),
        "instances": figures.instances.load(Relaxed),
        "memory_bytes": figures.memory.load(Relaxed),
        "http": http,
        "own": own_json(&figures.own),
        "own_lost": figures.own.lost(),
        "call_time": time(&figures.call_time),
        "event_time": time(&figures.event_time),
        "client_calls": client_calls,
        "client_calls_running": figures.client_calls_running.load(Relaxed),
        "client_call_time": time(&figures.client_call_time),
    })
}

/// Counters as numbers, histograms as objects.
fn own_json(meter: &Meter) -> Value {
    let read = |(name, reading)| {
        let value = match reading {
            Reading::Counter(count) => json!(count),
            Reading::Histogram(read) => {
                json!({"count": read.count, "sum": read.sum, "p50": read.quantile(0.5), "p99": read.quantile(0.99)})
            }
        };
        (name, value)
    };
    Value::Object(meter.read().into_iter().map(read).collect())
}

fn type_json(owner: &Plugin, info: &EventTypeInfo) -> Value {
    json!({
        "name": info.name,
        "version": info.version,
        "summary": info.summary,
        "owner": {"plugin": &**owner.name(), "version": owner.version().to_string()},
        "schema": info.schema,
        "examples": info.examples,
    })
}
