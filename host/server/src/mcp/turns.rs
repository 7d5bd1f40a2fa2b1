//! A call's place among those that go on. A call outlives the request that asked for it (in a session a client that goes away
//! may come back for the answer), so it is counted by itself.

use std::sync::Arc;

use rmcp::model::ErrorData;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::App;
use crate::auth::Principal;
use crate::mcp::limits::{ARGUMENTS_COPIES, CALLS_OF_SESSION_MAX};
use crate::mcp::shares::Share;

/// The place of one call, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _of_session: OwnedSemaphorePermit,
    _of_one: Share,
    _bytes: Share,
}

/// A place for one more call of a session (or of a request without one), which holds these arguments.
pub(super) fn take<'a>(
    session: &Arc<Semaphore>,
    app: &App,
    who: &Principal,
    arguments: impl IntoIterator<Item = (&'a String, &'a Value)>,
) -> Result<Turn, ErrorData> {
    let most = app.mcp.calls.most(who);
    let busy = || {
        let detail = format!(
            "too many calls go on: at most {CALLS_OF_SESSION_MAX} of a session, {most} of one principal; call again when \
             some have ended"
        );
        ErrorData::internal_error(detail, None)
    };
    let of_session = Arc::clone(session).try_acquire_owned().map_err(|_| busy())?;
    let of_one = app.mcp.calls.take(who, 1).ok_or_else(busy)?;
    let weight: usize = arguments.into_iter().map(|(name, value)| name.len() + weight(value)).sum();
    let bytes = app.mcp.bytes.take(who, weight * ARGUMENTS_COPIES).ok_or_else(|| {
        let detail = format!(
            "the arguments of this call need too much memory, or those of others that go on do: all of one principal \
             may need {} bytes. Send them as text, or fewer at a time",
            app.mcp.bytes.most(who)
        );
        ErrorData::internal_error(detail, None)
    })?;
    Ok(Turn { _of_session: of_session, _of_one: of_one, _bytes: bytes })
}

/// How much memory a value needs, about. `[0, 0]` has two bytes for each number, and many more once it is read.
fn weight(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(values) => values.iter().map(weight).sum(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| size_of::<String>() + name.len() + weight(value)).sum()
            }
            _ => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_short_and_needs_much_weighs_much() {
        assert!(weight(&Value::Array(vec![json!(0); 1000])) >= 1000 * size_of::<Value>());
        assert!(weight(&json!("x".repeat(1000))) < 2000);
        assert!(weight(&json!({"a": {"b": [1, 2]}})) > 4 * size_of::<Value>());
    }
}
