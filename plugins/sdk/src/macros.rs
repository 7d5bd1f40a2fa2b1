//! Owns the lines that an author writes: `filter!`, `transform!`, `export!` and `manifest!`.
//!
//! Everything they expand to stands in `component.rs` and the bindings; exports exist only in a component, so that the
//! same crate compiles natively for its tests.

/// A [`Manifest`](crate::Manifest) from its members; `summary` is needed, the rest has defaults: name and version of the
/// crate, no subscriptions, data wanted, no configuration schema.
///
/// ```
/// let manifest = tidemill_sdk::manifest! { summary: "Keeps large orders", subscribes: &["order.*"] };
/// assert_eq!(manifest.name, "sdk");
/// ```
#[macro_export]
macro_rules! manifest {
    ($($member:ident : $value:expr),+ $(,)?) => {{
        #[allow(clippy::needless_update, reason = "a plugin may set every member")]
        let manifest = $crate::Manifest {
            $($member: $value,)+
            ..$crate::Manifest {
                name: $crate::__private::short_name(env!("CARGO_PKG_NAME")),
                version: env!("CARGO_PKG_VERSION"),
                summary: "",
                subscribes: &[],
                needs_data: true,
                config_schema: None,
            }
        };
        manifest
    }};
}

/// Makes the component's exports from a type that implements [`Plugin`](crate::Plugin) and the named kinds: `filter`,
/// `transform`, `event_types`, `webhook`, `view`, `tools`, `prompts`, `resources`; `completions` if it suggests values, and
/// `wants` if it names the hosts that it needs. Once per crate.
///
/// ```ignore
/// tidemill_sdk::export!(Orders: event_types, transform);
/// ```
#[macro_export]
macro_rules! export {
    ($plugin:ty : $($kind:ident),+ $(,)?) => {
        // Natively nothing is exported; this tells the compiler that the plugin has a use all the same.
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            let _ = <$plugin as $crate::Plugin>::configure;
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            impl $crate::__private::Slot for $plugin {
                fn with<R>(access: impl FnOnce(&mut Option<Self>) -> R) -> R {
                    ::std::thread_local! {
                        static PLUGIN: ::std::cell::RefCell<Option<$plugin>> =
                            const { ::std::cell::RefCell::new(None) };
                    }
                    PLUGIN.with(|slot| access(&mut slot.borrow_mut()))
                }
            }
            type Component = $crate::__private::Component<$plugin>;
            $crate::__private::manifest::export!(Component with_types_in $crate::__private::manifest);
            $($crate::__private::$kind::export!(Component with_types_in $crate::__private::$kind);)+
        };
    };
}

/// Makes a whole filter plugin of one function from `&Event` to [`Verdict`](crate::Verdict), or to
/// `Result<Verdict, Failure>` for `?`.
///
/// ```
/// use tidemill_sdk::{Event, Failure, Verdict};
///
/// tidemill_sdk::filter!(keep_big, subscribes: &["order.*"], summary: "Keeps orders over 100");
///
/// #[derive(serde::Deserialize)]
/// struct Order {
///     total: f64,
/// }
///
/// fn keep_big(event: &Event) -> Result<Verdict, Failure> {
///     let order: Order = event.json()?;
///     Ok(Verdict::keep_if(order.total > 100.0))
/// }
/// # fn main() {}
/// ```
///
/// The other members are those of [`Manifest`](crate::Manifest). For configuration or state implement
/// [`Filter`](crate::Filter) and use [`export!`](crate::export!).
#[macro_export]
macro_rules! filter {
    ($function:path, $($member:ident : $value:expr),+ $(,)?) => {
        $crate::__stateless!($($member: $value),+);
        impl $crate::Filter for Stateless {
            fn decide(&mut self, event: &$crate::Event<'_>) -> Result<$crate::Verdict, $crate::Failure> {
                $function(event).into()
            }
        }
        $crate::export!(Stateless: filter);
    };
}

/// Makes a whole transform plugin of one function from `&Event` to [`Outcome`](crate::Outcome), or to
/// `Result<Outcome, Failure>` for `?`.
///
/// ```
/// use tidemill_sdk::{Event, Outcome, Output};
///
/// tidemill_sdk::transform!(stamp, subscribes: &["*"], needs_data: false, summary: "Stamps events");
///
/// fn stamp(_: &Event) -> Outcome {
///     Outcome::change(Output::new().extension("stamp", "v1"))
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! transform {
    ($function:path, $($member:ident : $value:expr),+ $(,)?) => {
        $crate::__stateless!($($member: $value),+);
        impl $crate::Transform for Stateless {
            fn apply(&mut self, event: &$crate::Event<'_>) -> Result<$crate::Outcome, $crate::Failure> {
                $function(event).into()
            }
        }
        $crate::export!(Stateless: transform);
    };
}

/// The plugin type behind `filter!` and `transform!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __stateless {
    ($($member:ident : $value:expr),+) => {
        struct Stateless;
        impl $crate::Plugin for Stateless {
            type Config = $crate::NoConfig;
            fn manifest() -> $crate::Manifest {
                $crate::manifest! { $($member: $value),+ }
            }
            fn configure(_: $crate::NoConfig) -> Result<Self, String> {
                Ok(Self)
            }
        }
    };
}

/// What the events that plugins make have in common.
macro_rules! event_parts {
    ($event:ty) => {
        impl $event {
            /// By which it is known to its source: one that comes twice is stored once.
            #[must_use]
            pub fn id(self, id: impl Into<String>) -> Self {
                Self { id: Some(id.into()), ..self }
            }

            /// Where it happened, a URI reference.
            #[must_use]
            pub fn source(self, source: impl Into<String>) -> Self {
                Self { source: Some(source.into()), ..self }
            }

            /// What it is about.
            #[must_use]
            pub fn subject(self, subject: impl Into<String>) -> Self {
                Self { subject: Some(subject.into()), ..self }
            }

            /// The media type of data that is no JSON.
            #[must_use]
            pub fn content_type(self, content_type: impl Into<String>) -> Self {
                Self { content_type: Some(content_type.into()), ..self }
            }

            /// One more extension attribute.
            #[must_use]
            pub fn extension(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
                self.extensions.push((name.into(), value.into()));
                self
            }
        }
    };
}

pub(crate) use event_parts;
