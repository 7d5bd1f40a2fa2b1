//! Mounts that take a message for one connection: its process reads it, or, where there is none, it is a method of MCP, whose
//! answer comes on the connection's stream. Must not know what methods do.

mod answers;

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tidemill_jq_program::Program;
use uuid::Uuid;

use crate::app::App;
use crate::auth::Principal;
use crate::clock;
use crate::http::body;
use crate::mount::entry::{self, Asked};
use crate::problem::{Kind, Problem};
use crate::sse;

/// `kind = "send"`
#[derive(Debug, PartialEq)]
pub(crate) struct SendMount {
    /// The stream whose connections get messages.
    pub(crate) to: String,
    /// The body as a message.
    pub(crate) message: Program,
    /// What is said of a method on the stream.
    pub(crate) messages: Arc<Program>,
    pub(crate) answer: Program,
}

/// What a program makes of a body.
#[derive(Deserialize)]
struct Message<'a> {
    connection: Option<Value>,
    method: Option<Value>,
    params: Option<Value>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
}

/// Where a body has what is for a process, unless the program says it.
#[derive(Deserialize)]
struct Plain<'a> {
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

pub(super) async fn answer(
    app: &Arc<App>,
    own: &SendMount,
    who: &Arc<Principal>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = body::read(&parts.headers, body, app.config().publish.body_max).await?;
    let asked = Asked::of(&body, who)?;
    // What the program says of a body is said to whoever sent it.
    let output = own.message.first(&asked.input).map_err(|error| Problem::new(Kind::BadRequest, error))?;
    let output = output.ok_or_else(|| Problem::new(Kind::BadRequest, "nothing is sent of this body"))?;
    let message: Message<'_> =
        serde_json::from_slice(&output).map_err(|_| Problem::new(Kind::BadRequest, "the message must be an object"))?;
    let connection = message.connection()?;
    let to = app.connections.addressee(connection, Some(&own.to), who)?;
    match &to.input {
        Some(input) => sse::tell(input, &message.line(&body))?,
        None => {
            let (method, params) = message.method()?;
            let question = answers::Question { id: asked.id.clone(), connection, method, params };
            answers::ask(app, to, who, question, &own.messages)?;
        }
    }
    let input = json!({"id": asked.id, "connection": connection.to_string(), "now": clock::now().to_string()});
    Ok(entry::json(entry::shaped(&own.answer, &input)?))
}

impl Message<'_> {
    /// Whom it is for.
    fn connection(&self) -> Result<Uuid, Problem> {
        match &self.connection {
            None => Err(missing("connection", "say which connection it is for")),
            Some(Value::String(name)) => name.parse().map_err(|_| {
                let name: String = name.chars().take(64).collect();
                Problem::new(Kind::NotFound, format!("there is no connection {name:?}")).at("connection")
            }),
            Some(_) => Err(Problem::new(Kind::BadRequest, "`connection` must be a text").at("connection")),
        }
    }

    /// What is asked of MCP.
    fn method(self) -> Result<(String, Option<Map<String, Value>>), Problem> {
        let method = match self.method {
            None => return Err(missing("method", "say which method of MCP is meant, such as \"tools/list\"")),
            Some(Value::String(method)) => method,
            Some(_) => return Err(Problem::new(Kind::BadRequest, "`method` must be a text").at("method")),
        };
        match self.params {
            None => Ok((method, None)),
            Some(Value::Object(params)) => Ok((method, Some(params))),
            Some(_) => Err(Problem::new(Kind::BadRequest, "`params` must be an object").at("params")),
        }
    }

    /// What a process reads.
    fn line(&self, body: &Bytes) -> Bytes {
        let plain = serde_json::from_slice::<Plain<'_>>(body).ok().and_then(|plain| plain.message);
        let text = self.text.or(plain);
        text.map_or_else(|| body.clone(), |text| Bytes::copy_from_slice(text.get().as_bytes()))
    }
}

fn missing(name: &str, fix: &str) -> Problem {
    Problem::new(Kind::BadRequest, format!("`{name}` is missing: {fix}")).at(name)
}
