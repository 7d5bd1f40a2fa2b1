//! What is loaded: `GET /plugins`, `GET /event-types`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use tidemill_plugin::{EventTypeInfo, Generation, Plugin, PluginReport};

use crate::app::App;
use crate::problem::{Kind, Problem};

/// Every plugin with its state.
pub(crate) async fn plugins(State(app): State<Arc<App>>) -> Json<Value> {
    let generation = app.plugins.current();
    let plugins: Vec<Value> = app.plugins.reports().iter().map(|report| plugin_json(&generation, report)).collect();
    Json(json!({"generation": generation.number(), "plugins": plugins}))
}

/// One plugin with its state.
pub(crate) async fn plugin(State(app): State<Arc<App>>, Path(name): Path<String>) -> Result<Json<Value>, Problem> {
    let Some(report) = app.plugins.report(&name) else {
        let known: Vec<String> = app.plugins.reports().into_iter().map(|report| report.name).collect();
        let dir = app.config.plugins_dir.display();
        let detail = if known.is_empty() {
            format!("there is no plugin `{name}`, nor any other; copy {name}.wasm into {dir}")
        } else {
            format!("there is no plugin `{name}`; there are {}; copy {name}.wasm into {dir}", known.join(", "))
        };
        return Err(Problem::new(Kind::NotFound, detail));
    };
    Ok(Json(plugin_json(&app.plugins.current(), &report)))
}

/// Every event type that a plugin owns.
pub(crate) async fn event_types(State(app): State<Arc<App>>) -> Json<Value> {
    let generation = app.plugins.current();
    let mut types: Vec<(&Arc<Plugin>, &EventTypeInfo)> = generation.event_types().collect();
    types.sort_by(|a, b| a.1.name.cmp(&b.1.name));
    let types: Vec<Value> = types.into_iter().map(|(owner, info)| type_json(owner, info)).collect();
    Json(json!({"event_types": types}))
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

fn plugin_json(generation: &Generation, report: &PluginReport) -> Value {
    let mut value = json!({"name": report.name, "state": report.state.name()});
    if let Some(error) = &report.error {
        value["error"] = json!(error);
    }
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
        value["subscribes"] = plugin.subscribes().iter().map(ToString::to_string).collect();
        value["event_types"] = json!(owned);
        value["order"] = json!(plugin.order());
        value["place"] = json!(place);
        value["bytes"] = json!(plugin.size());
        value["limits"] = json!({
            "time_ms": plugin.limits().time.as_millis() as u64,
            "memory_bytes": plugin.limits().memory,
            "log_lines_per_second": plugin.limits().log_lines,
        });
    }
    value
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
