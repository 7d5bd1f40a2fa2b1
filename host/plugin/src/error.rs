//! Why a component was not loaded, in words that say what to do.

use tidemill_event::PatternError;

use crate::limits::LOG_LINE_BYTES_MAX;
use crate::voice::cut;

/// Why a component was not loaded. Whatever ran before goes on running.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// Which file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// No bytes.
    #[error("the file is empty; copy the component again")]
    Empty,
    /// Too many bytes.
    #[error("the file has {0} bytes, at most {max} are possible; build it in release mode and strip it", max = crate::limits::COMPONENT_BYTES_MAX)]
    TooLarge(u64),
    /// Not WebAssembly.
    #[error("this is not a WebAssembly file (it does not begin with `\\0asm`)")]
    NotWasm,
    /// A core module.
    #[error(
        "this is a core WebAssembly module, not a component; build it for `wasm32-wasip2`, or wrap it with \
         `wasm-tools component new`"
    )]
    CoreModule,
    /// It ends in the middle, or is damaged.
    #[error("the file is damaged or not complete ({0}); copy it again")]
    Malformed(String),
    /// Exports no manifest, or one of another version.
    #[error("this component is not a Tidemill plugin: {0}")]
    NotAPlugin(String),
    /// Wants something that the host does not offer.
    #[error("it imports `{import}`, which is not offered: {advice}")]
    MissingImport {
        /// The import's full name.
        import: String,
        /// What the author can do.
        advice: String,
    },
    /// Wants what it was not granted.
    #[error("it wants what it was not granted: {}; grant it in the table `[grants]` of its settings, or use another plugin", .0.join(", "))]
    NotGranted(Vec<String>),
    /// The compiler or linker refused it.
    #[error("it cannot be compiled: {0}")]
    Compile(String),
    /// A call made while loading failed.
    #[error("`{call}` failed: {fault}")]
    Call {
        /// Which function.
        call: &'static str,
        /// What happened.
        fault: String,
    },
    /// What the plugin says about itself is not possible.
    #[error("its manifest is wrong: {0}")]
    Manifest(String),
    /// A pattern in `subscribes` is wrong.
    #[error("its `subscribes` is wrong: {0}")]
    Subscribes(#[from] PatternError),
    /// The sidecar or configuration is wrong.
    #[error("its settings are wrong: {}", .0.join("; "))]
    Settings(Vec<String>),
    /// The plugin refuses its configuration.
    #[error("it refuses its configuration: {0}")]
    Refused(String),
    /// It claims a type that has an owner.
    #[error("it claims the event type `{event_type}`, which plugin `{owner}` owns; a type has one owner")]
    TypeOwned {
        /// The type.
        event_type: String,
        /// Who owns it.
        owner: String,
    },
    /// There are too many.
    #[error("there are {} plugins already, which is the most", crate::limits::PLUGINS_MAX)]
    TooMany,
}

impl LoadError {
    /// What the engine says, which repeats names that a stranger chose.
    pub(crate) fn compile<E: std::fmt::Display>(error: E) -> Self {
        Self::Compile(cut(&format!("{error:#}"), LOG_LINE_BYTES_MAX))
    }

    pub(crate) fn panicked() -> Self {
        Self::Malformed("reading it made the host's WebAssembly library panic; please report this".into())
    }
}
