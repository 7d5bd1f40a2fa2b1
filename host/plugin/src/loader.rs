//! From the bytes of a file to a [`Plugin`]: inspected, compiled, linked, described, configured. Nothing that runs is
//! touched.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use hashbrown::HashMap;
use serde_json::Value;
use tidemill_event::{TypePattern, check_type, is_reserved_type, limits::PATTERNS_MAX};
use wasmtime::component::{Component, HasSelf, Linker};

use crate::bindings::{
    bus, call, completions, event_types, filter, log, manifest, meter, prompts, resources, server, state, tools,
    transform, view, wants, webhook,
};
use crate::breaker::Breaker;
use crate::call::Platform;
use crate::calls::Pool;
use crate::component::{Inspected, inspect};
use crate::host::Host;
use crate::http::{self, Destination, Outbound, TrustedRoots};
use crate::instance::{Code, ConfigureError, Instance};
use crate::limits::{self, COMPONENT_BYTES_MAX, HTTP_HOSTS_MAX, SCHEMA_BYTES_MAX, TEXT_BYTES_MAX, TYPES_MAX};
use crate::offer::Offer;
use crate::plugins::Observer;
use crate::source_lines::SourceLines;
use crate::verdict::Fault;
use crate::voice::Voice;
use crate::waiting;
use crate::{
    Capability, Engine, EventTypeInfo, Figures, Kind, Limits, LoadError, Plugin, PluginSettings, Version, config_schema,
};

/// Makes plugins.
pub(crate) struct Loader {
    engine: Engine,
    linker: Linker<Host>,
    defaults: Limits,
    observer: Observer,
    roots: TrustedRoots,
    platform: Arc<OnceLock<Arc<dyn Platform>>>,
}

impl Loader {
    /// `defaults` are the limits of plugins whose settings say nothing; `observer` is told by running plugins.
    pub(crate) fn new(engine: Engine, defaults: Limits, observer: Observer) -> Result<Self, LoadError> {
        let mut linker = Linker::new(engine.wasmtime());
        let link = LoadError::compile::<wasmtime::Error>;
        wasmtime_wasi::p2::add_to_linker_sync(&mut linker).map_err(link)?;
        waiting::add_to_linker(&mut linker, Host::waiting).map_err(link)?;
        http::add_to_linker(&mut linker).map_err(link)?;
        log::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host).map_err(link)?;
        meter::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host).map_err(link)?;
        state::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host).map_err(link)?;
        bus::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host).map_err(link)?;
        call::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host).map_err(link)?;
        server::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host).map_err(link)?;
        let roots = TrustedRoots::public_and(None).map_err(LoadError::compile)?;
        Ok(Self { engine, linker, defaults, observer, roots, platform: Arc::default() })
    }

    /// Whom requests of plugins that are loaded from now on trust.
    pub(crate) fn trust(&mut self, roots: TrustedRoots) {
        self.roots = roots;
    }

    /// What plugins reach of the server, from now on.
    pub(crate) fn stand_on(&self, platform: Arc<dyn Platform>) {
        // The first one stays: there is one server.
        let _ = self.platform.set(platform);
    }

    pub(crate) const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Loads a component under a name, counting in `figures`. May take seconds when the component is new.
    pub(crate) fn load(
        &self,
        name: &str,
        bytes: &[u8],
        settings: &PluginSettings,
        figures: &Arc<Figures>,
    ) -> Result<Plugin, LoadError> {
        // Parsers and compilers read what an attacker wrote. A panic in one of them must not end the thread that takes
        // in all other plugins.
        let load = std::panic::AssertUnwindSafe(|| self.load_checked(name, bytes, settings, figures));
        std::panic::catch_unwind(load).unwrap_or_else(|_| Err(LoadError::panicked()))
    }

    fn load_checked(
        &self,
        name: &str,
        bytes: &[u8],
        settings: &PluginSettings,
        figures: &Arc<Figures>,
    ) -> Result<Plugin, LoadError> {
        if bytes.len() as u64 > COMPONENT_BYTES_MAX {
            return Err(LoadError::TooLarge(bytes.len() as u64));
        }
        let Inspected { kinds, wants, names_hosts, completes, hears_cancel } = inspect(bytes)?;
        let grants = settings.grants.over_nothing();
        let missing = grants.missing(&wants);
        if !missing.is_empty() {
            return Err(LoadError::NotGranted(missing));
        }
        let compile = LoadError::compile::<wasmtime::Error>;
        let began = Instant::now();
        let component = Component::from_binary(self.engine.wasmtime(), bytes).map_err(compile)?;
        let pre = self.linker.instantiate_pre(&component).map_err(compile)?;
        let compile_time = began.elapsed();
        let limits = settings.limits.over(&self.defaults);
        let has = |kind: Kind| kinds.contains(&kind);
        let code = Code {
            manifest: manifest::GuestIndices::new(&pre).map_err(compile)?,
            filter: has(Kind::Filter).then(|| filter::GuestIndices::new(&pre)).transpose().map_err(compile)?,
            transform: has(Kind::Transform).then(|| transform::GuestIndices::new(&pre)).transpose().map_err(compile)?,
            event_types: has(Kind::EventTypes)
                .then(|| event_types::GuestIndices::new(&pre))
                .transpose()
                .map_err(compile)?,
            lines: Arc::new(SourceLines::of(bytes)),
            limits,
            plugin: Arc::from(name),
            publishes: grants.publish.clone().into(),
            voice: Voice::new(name, limits.log_lines),
            figures: Arc::clone(figures),
            wants: names_hosts.then(|| wants::GuestIndices::new(&pre)).transpose().map_err(compile)?,
            outbound: Arc::new(Outbound::new(name, &grants, limits, figures, &self.roots)),
            may_wait: wants.contains(&Capability::Http) && grants.has(Capability::Http),
            webhook: has(Kind::Webhook).then(|| webhook::GuestIndices::new(&pre)).transpose().map_err(compile)?,
            view: has(Kind::View).then(|| view::GuestIndices::new(&pre)).transpose().map_err(compile)?,
            tools: has(Kind::Tools).then(|| tools::GuestIndices::new(&pre)).transpose().map_err(compile)?,
            prompts: has(Kind::Prompts).then(|| prompts::GuestIndices::new(&pre)).transpose().map_err(compile)?,
            resources: has(Kind::Resources).then(|| resources::GuestIndices::new(&pre)).transpose().map_err(compile)?,
            completions: completes.then(|| completions::GuestIndices::new(&pre)).transpose().map_err(compile)?,
            hears_cancel,
            rates: Arc::default(),
            platform: Arc::clone(&self.platform),
            pre,
        };
        let call = |call: &'static str| move |fault: Fault| LoadError::Call { call, fault: fault.to_string() };
        let mut instance = Instance::new(&self.engine, &code).map_err(call("instantiate"))?;
        let info = instance.describe().map_err(call("describe"))?;
        check_texts(&info)?;
        let config = Value::Object(settings.config.clone());
        if let Some(schema) = &info.config_schema {
            config_schema::check(schema, &config)?;
        }
        let config_json = config.to_string();
        instance.configure(&config_json).map_err(|refusal| match refusal {
            ConfigureError::Refused(reason) => LoadError::Refused(reason),
            ConfigureError::Failed(fault) => call("configure")(fault),
        })?;
        let hosts = destinations(&instance.http_hosts().map_err(call("http-hosts"))?)?;
        let missing = grants.missing_hosts(&hosts);
        if !missing.is_empty() {
            return Err(LoadError::NotGranted(missing));
        }
        let types = instance.types().map_err(call("types"))?;
        let event_types = check_types(types)?;
        let offer = Offer::of(instance.declared().map_err(call("tools, prompts or resources"))?, completes)?;
        let subscribes = subscriptions(&info.subscribes, settings.subscribes.as_deref())?;
        let breaker = settings.breaker.over_defaults();
        Ok(Plugin {
            name: Arc::from(name),
            version: Version::of(bytes),
            title: info.name,
            author_version: info.version,
            summary: info.summary,
            kinds,
            wants,
            hosts,
            subscribes,
            needs_data: info.needs_data,
            order: settings.order.unwrap_or(0),
            grants,
            on_fault: settings.on_fault.unwrap_or_default(),
            compile_time,
            config_json,
            event_types,
            size: bytes.len(),
            breaker: Breaker::new(breaker),
            observer: Arc::clone(&self.observer),
            offer,
            pool: Pool::new(&self.engine, limits.tool_concurrency, breaker),
            code,
        })
    }
}

fn check_texts(info: &manifest::Info) -> Result<(), LoadError> {
    for (field, text) in [("name", &info.name), ("version", &info.version), ("summary", &info.summary)] {
        if text.len() > TEXT_BYTES_MAX {
            let found = text.len();
            return Err(LoadError::Manifest(format!(
                "`{field}` has {found} bytes, at most {TEXT_BYTES_MAX} are possible"
            )));
        }
    }
    if info.subscribes.len() > PATTERNS_MAX {
        let found = info.subscribes.len();
        return Err(LoadError::Manifest(format!(
            "`subscribes` has {found} patterns, at most {PATTERNS_MAX} are possible"
        )));
    }
    Ok(())
}

/// The hosts that a plugin wants, checked.
fn destinations(texts: &[String]) -> Result<Vec<Destination>, LoadError> {
    let wrong = |what: String| LoadError::Manifest(format!("`wants.http-hosts`: {what}"));
    if texts.len() > HTTP_HOSTS_MAX {
        return Err(wrong(format!("it names {} hosts, at most {HTTP_HOSTS_MAX} are possible", texts.len())));
    }
    texts.iter().map(|text| text.parse().map_err(|error: http::DestinationError| wrong(error.to_string()))).collect()
}

/// What the manifest subscribes to, narrowed by the operator where the settings say so.
fn subscriptions(manifest: &[String], narrowed: Option<&[TypePattern]>) -> Result<Vec<TypePattern>, LoadError> {
    let wide: Vec<TypePattern> = manifest.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let Some(narrowed) = narrowed else { return Ok(wide) };
    let outside: Vec<String> = narrowed
        .iter()
        .filter(|pattern| !wide.iter().any(|wide| wide.covers(pattern)))
        .map(|pattern| {
            format!("subscribes: `{pattern}` is not within what the plugin handles ({})", manifest.join(", "))
        })
        .collect();
    if outside.is_empty() { Ok(narrowed.to_vec()) } else { Err(LoadError::Settings(outside)) }
}

fn check_types(types: Vec<event_types::EventType>) -> Result<HashMap<String, EventTypeInfo>, LoadError> {
    if types.len() > TYPES_MAX {
        return Err(LoadError::Manifest(format!("it owns {} types, at most {TYPES_MAX} are possible", types.len())));
    }
    let mut owned = HashMap::with_capacity(types.len());
    for declared in types {
        let name = declared.name;
        let wrong = |what: String| LoadError::Manifest(format!("event type `{name}`: {what}"));
        check_type(&name).map_err(|problem| wrong(problem.detail))?;
        if is_reserved_type(&name) {
            return Err(wrong("types that begin with `tidemill.` belong to the host".into()));
        }
        if declared.schema_json.len() > SCHEMA_BYTES_MAX {
            let found = declared.schema_json.len();
            return Err(wrong(format!("its schema has {found} bytes, at most {SCHEMA_BYTES_MAX} are possible")));
        }
        let json =
            |text: &str, what: &str| serde_json::from_str(text).map_err(|e| wrong(format!("{what} is no JSON: {e}")));
        let info = EventTypeInfo {
            schema: json(&declared.schema_json, "its schema")?,
            examples: declared
                .examples
                .iter()
                .take(8)
                .map(|text| json(text, "an example"))
                .collect::<Result<_, _>>()?,
            version: declared.version.chars().take(limits::TEXT_BYTES_MAX).collect(),
            summary: declared.summary.chars().take(limits::TEXT_BYTES_MAX).collect(),
            name: name.clone(),
        };
        if owned.insert(name.clone(), info).is_some() {
            return Err(wrong("it is declared twice".into()));
        }
    }
    Ok(owned)
}
