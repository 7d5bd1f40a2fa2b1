//! Owns the plugin's voice in the host's log: `log::info!("paid"; "order" => id)`.
//!
//! In native tests lines go to [`crate::testing::logged`] instead. Knows nothing about events.
#[doc(inline)]
pub use crate::{
    __log_debug as debug, __log_error as error, __log_info as info, __log_trace as trace, __log_warn as warn,
    bindings::imports::tidemill::plugin::log::Level,
};

/// Writes one line under the plugin's name, with names and values that belong to it.
///
/// The host cuts messages at 4 KiB and counts lines over the plugin's rate instead of writing them.
pub fn write(level: Level, message: &str, fields: &[(&str, &str)]) {
    #[cfg(target_arch = "wasm32")]
    {
        let fields: Vec<_> = fields.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        crate::bindings::imports::tidemill::plugin::log::log(level, message, &fields);
    }
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::record(level, message, fields);
}

/// Makes a panic say its message and place in the host's log before it traps.
pub(crate) fn report_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|panic| write(Level::Error, &panic.to_string(), &[]))));
}

/// One line of any level.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_line {
    ($level:ident, $format:literal $(, $value:expr)* $(; $($name:expr => $field:expr),+)? $(,)?) => {
        $crate::log::write(
            $crate::log::Level::$level,
            &::std::format!($format $(, $value)*),
            &[$($(($name, &::std::string::ToString::to_string(&$field))),+)?],
        )
    };
}

/// Logs a line of level trace: `trace!("text {}", value; "name" => value)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_trace {
    ($($line:tt)+) => { $crate::__log_line!(Trace, $($line)+) };
}

/// Logs a line of level debug: `debug!("text {}", value; "name" => value)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_debug {
    ($($line:tt)+) => { $crate::__log_line!(Debug, $($line)+) };
}

/// Logs a line of level info: `info!("text {}", value; "name" => value)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_info {
    ($($line:tt)+) => { $crate::__log_line!(Info, $($line)+) };
}

/// Logs a line of level warn: `warn!("text {}", value; "name" => value)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_warn {
    ($($line:tt)+) => { $crate::__log_line!(Warn, $($line)+) };
}

/// Logs a line of level error: `error!("text {}", value; "name" => value)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_error {
    ($($line:tt)+) => { $crate::__log_line!(Error, $($line)+) };
}

#[cfg(test)]
mod tests {
    use crate::{log, testing};

    #[test]
    fn lines_have_a_level_a_message_and_fields() {
        let total = 7;
        log::info!("paid {} of {total}", 3; "order" => 12, "by" => "alice");
        log::warn!("plain");
        let lines = testing::logged();
        assert_eq!(lines[0].level, log::Level::Info);
        assert_eq!(lines[0].message, "paid 3 of 7");
        assert_eq!(lines[0].fields, [("order".to_owned(), "12".to_owned()), ("by".into(), "alice".into())]);
        assert_eq!((lines[1].level, lines[1].message.as_str()), (log::Level::Warn, "plain"));
        assert!(testing::logged().is_empty());
    }
}
