//! Which texts are event types. Types are SSE event names and URL parts, hence the narrow alphabet.

use crate::{Problem, limits::TYPE_BYTES_MAX};

/// Types that begin so are made by the host alone.
const RESERVED_PREFIX: &str = "tidemill.";

/// Checks an event type: 1 to 128 bytes of ASCII letters, digits and `. _ - : / + @ ~`, and neither `error` nor `open`,
/// which a browser's `EventSource` would report as events of the connection.
pub fn check_type(name: &str) -> Result<(), Problem> {
    let problem = |detail: String| Err(Problem::new("type", detail));
    if name.is_empty() {
        return problem("an event needs a type, such as `order.created`".into());
    }
    if name.len() > TYPE_BYTES_MAX {
        return problem(format!("the type has {} bytes, at most {TYPE_BYTES_MAX} are possible", name.len()));
    }
    if let Some(c) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || "._-:/+@~".contains(*c))) {
        return problem(format!("a type has no {c:?}: only ASCII letters, digits and . _ - : / + @ ~ are possible"));
    }
    if matches!(name, "error" | "open") {
        return problem(format!(
            "`{name}` is what browsers call their own connection events; choose a longer type such as `app.{name}`"
        ));
    }
    Ok(())
}

/// Whether only the host may make events of this type.
pub fn is_reserved_type(name: &str) -> bool {
    name.starts_with(RESERVED_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_types_are_accepted() {
        for name in ["a", "order.created", "com.example/thing:v1", "ORDER_1", "x@y~z+1"] {
            assert_eq!(check_type(name), Ok(()), "{name}");
        }
        assert!(check_type(&"t".repeat(TYPE_BYTES_MAX)).is_ok());
    }

    #[test]
    fn types_that_would_break_a_stream_are_refused() {
        for name in ["", "error", "open", "a b", "a\nb", "a*", "a,b", "ä", &"t".repeat(TYPE_BYTES_MAX + 1)] {
            assert_eq!(check_type(name).unwrap_err().at, "type", "{name:?}");
        }
    }
}
