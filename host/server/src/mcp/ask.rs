//! One method of the protocol without its envelope, for whoever sends messages to a connection by other ways.

use std::sync::Arc;

use rmcp::model::{
    ClientCapabilities, ClientJsonRpcMessage, Implementation, InitializeRequestParams, ProtocolVersion,
    ServerJsonRpcMessage, ServerNotification,
};
use rmcp::service::{RoleServer, serve_directly_with_ct};
use rmcp::transport::{OneshotTransport, TransportAdapterIdentity};
use serde_json::{Map, Value, json};
use tidemill_plugin::ToolProgress;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::auth::Principal;
use crate::mcp::Presence;
use crate::mcp::handler::Handler;
use crate::mcp::visits::Visit;
use crate::problem::Problem;

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// As JSON-RPC has it.
    pub(crate) code: i64,
    /// For people.
    pub(crate) message: String,
}

/// A place among the requests that are being answered.
pub(crate) fn visit(app: &App, who: &Arc<Principal>) -> Result<Visit, Problem> {
    app.mcp.visits.open(who, None)
}

/// Answers one method; `progress` is told how far a call is.
pub(crate) async fn ask(
    app: &Arc<App>,
    visit: Visit,
    who: &Arc<Principal>,
    method: &str,
    params: Option<Map<String, Value>>,
    progress: Option<&(dyn Fn(ToolProgress) + Send + Sync)>,
) -> Result<Value, Refused> {
    let mut params = params.unwrap_or_default();
    if method == "tools/call" {
        let name = params.get("name").and_then(Value::as_str).unwrap_or_default();
        if !app.tools.list(who).iter().any(|tool| tool.name == name) {
            return Err(Refused { code: -32601, message: "Tool not found".to_owned() });
        }
    }
    if progress.is_some() {
        params.insert("_meta".to_owned(), json!({"progressToken": 1}));
    }
    let mut message = json!({"jsonrpc": "2.0", "id": 1, "method": method});
    if !params.is_empty() {
        message["params"] = Value::Object(params);
    }
    let message: ClientJsonRpcMessage = serde_json::from_value(message).map_err(|error| Refused {
        code: -32602,
        message: format!("the parameters of `{method}` are wrong: {error}"),
    })?;
    let (transport, mut says) = OneshotTransport::<RoleServer>::new(message);
    let client = InitializeRequestParams::new(ClientCapabilities::default(), Implementation::new("tidemill", "0"))
        .with_protocol_version(ProtocolVersion::V_2025_11_25);
    let (over, end) = (visit.end(), CancellationToken::new());
    // Whoever stops waiting ends the call.
    let _end = end.clone().drop_guard();
    let handler = Handler::new(Arc::downgrade(app), Presence::at(""), Arc::clone(who));
    let running = serve_directly_with_ct::<_, _, _, _, TransportAdapterIdentity>(handler, transport, Some(client), end);
    let answer = loop {
        let said = tokio::select! {
            said = says.recv() => said,
            () = over.cancelled() => {
                return Err(Refused { code: -32603, message: "the call was ended".to_owned() });
            }
        };
        match said {
            Some(ServerJsonRpcMessage::Response(answer)) => break serde_json::to_value(answer.result),
            Some(ServerJsonRpcMessage::Error(error)) => {
                let error = error.error;
                return Err(Refused { code: error.code.0.into(), message: error.message.into_owned() });
            }
            Some(ServerJsonRpcMessage::Notification(told)) => {
                if let (ServerNotification::ProgressNotification(told), Some(progress)) = (told.notification, progress)
                {
                    let told = told.params;
                    progress(ToolProgress { done: told.progress, total: told.total, message: told.message });
                }
            }
            Some(ServerJsonRpcMessage::Request(_)) => {}
            None => return Err(Refused { code: -32603, message: "the call ended without an answer".to_owned() }),
        }
    };
    drop(running);
    answer.map_err(|error| Refused { code: -32603, message: error.to_string() })
}
