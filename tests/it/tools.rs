//! Tools of real components, called as the server calls them: what they offer, what they are given, and what becomes of those
//! that misbehave.

mod hostile;
mod offered;
mod ready;
mod served;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Map, Value};
use tidemill_event::Event;
use tidemill_plugin::{
    CallContext, CallFailure, Content, Engine, Limits, Listing, Platform, Plugin, PluginSettings, Plugins, ToolCall,
    ToolOutcome, ToolResult,
};

use crate::support::guest;

/// Plugins with a server around them that writes down what they do to it.
struct Around {
    plugins: Plugins,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    published: Mutex<Vec<Event>>,
    changed: Mutex<Vec<Listing>>,
    updated: Mutex<Vec<String>>,
}

#[async_trait]
impl Platform for Seen {
    async fn publish(&self, _: Option<&str>, events: Vec<(Event, bool)>) -> Result<(), String> {
        self.published.lock().unwrap().extend(events.into_iter().map(|(event, _)| event));
        Ok(())
    }

    fn streams(&self, path: Option<&str>) -> Option<u32> {
        path.is_none().then_some(7)
    }

    fn changed(&self, listing: Listing) {
        self.changed.lock().unwrap().push(listing);
    }

    fn updated(&self, uri: &str) {
        self.updated.lock().unwrap().push(uri.to_owned());
    }
}

impl Around {
    fn new() -> Self {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tool-guests");
        fs::create_dir_all(&cache).unwrap();
        let engine = Engine::new(Some(&cache)).unwrap();
        let (plugins, seen) = (Plugins::new(engine, Limits::default(), |_| {}).unwrap(), Arc::<Seen>::default());
        let platform: Arc<dyn Platform> = Arc::<Seen>::clone(&seen);
        plugins.stand_on(platform);
        Self { plugins, seen }
    }

    /// Loads a test guest, with settings as in its file.
    fn load(&self, name: &str, settings: &str) -> Arc<Plugin> {
        self.load_file(name, &guest(name), settings)
    }

    fn load_file(&self, name: &str, file: &Path, settings: &str) -> Arc<Plugin> {
        let settings = PluginSettings::from_toml(settings).unwrap();
        self.plugins.put(name, &fs::read(file).unwrap(), &settings).unwrap()
    }
}

fn call(name: &str, arguments: &Value) -> ToolCall {
    let arguments = arguments.as_object().cloned().unwrap_or_else(Map::new);
    ToolCall { name: name.into(), arguments, ..ToolCall::default() }
}

async fn result(plugin: &Arc<Plugin>, name: &str, arguments: &Value) -> ToolResult {
    match plugin.call_tool(call(name, arguments), CallContext::default()).await {
        Ok(ToolOutcome::Complete(result)) => result,
        Err(CallFailure::Invalid(why)) => ToolResult::error(why),
        other => panic!("{name}: {other:?}"),
    }
}

async fn failure(plugin: &Arc<Plugin>, name: &str, context: CallContext) -> CallFailure {
    plugin.call_tool(call(name, &Value::Null), context).await.unwrap_err()
}

fn text(result: &ToolResult) -> &str {
    match &result.content[..] {
        [Content::Text(text)] => text,
        other => panic!("one text, not {other:?}"),
    }
}
