//! What tools ask the client's side for: a form, a model's word, its roots. Clients of 2026-07-28 are answered with it and call
//! again; those of before are asked on their session while the call waits.

use std::collections::BTreeMap;
use std::time::Duration;

use rmcp::model::{
    ClientCapabilities, ErrorData, InputRequest as Wanted, InputRequiredResult, SealOptions, ServerRequest,
};
use rmcp::service::{PeerRequestOptions, RequestContext, RoleServer};
use serde_json::{Map, Value, json};
use tidemill_plugin::InputRequest;

use crate::auth::Principal;
use crate::mcp::Mcp;
use crate::mcp::limits::{INPUT_TIME_MAX, STATE_LIFE};

/// What a sealed state is good for.
#[derive(Clone, Copy)]
pub(super) struct Purpose<'p> {
    /// The path of the endpoint.
    pub(super) path: &'p str,
    /// Who called.
    pub(super) who: &'p Principal,
    /// What was called.
    pub(super) what: &'p str,
    /// With which arguments.
    pub(super) with: &'p Map<String, Value>,
}

/// What came of asking.
pub(super) enum Asked {
    Answered(BTreeMap<String, Value>),
    Refused(String),
}

impl Purpose<'_> {
    fn bytes(&self) -> Vec<u8> {
        // A name alone is not somebody: another issuer may give it to somebody else.
        let issuer = self.who.rests_on().id().to_string();
        let mut with = Value::Object(self.with.clone());
        with.sort_all_objects();
        let parts = [self.path, self.who.name(), &issuer, self.what, &with.to_string()];
        // Lengths keep apart what is beside each other.
        parts.iter().flat_map(|part| format!("{}:{part}", part.len()).into_bytes()).collect()
    }
}

/// What a tool wanted back, as it was given away.
pub(super) fn open(mcp: &Mcp, purpose: &Purpose<'_>, sealed: &str) -> Result<Option<String>, ErrorData> {
    mcp.seal.open_json_with(sealed, &purpose.bytes()).map_err(|error| {
        tracing::debug!("a state was not taken back: {error}");
        let detail = "`requestState` is not as it was given, has expired, or belongs to another call; call without it";
        ErrorData::invalid_params(detail, None)
    })
}

/// The answer that asks for it.
pub(super) fn required(
    mcp: &Mcp,
    purpose: &Purpose<'_>,
    requests: BTreeMap<String, InputRequest>,
    state: Option<String>,
    context: &RequestContext<RoleServer>,
) -> Result<InputRequiredResult, ErrorData> {
    let capabilities = context.client_capabilities().unwrap_or_default();
    let asks = !requests.is_empty();
    let (can, cannot): (Vec<_>, Vec<_>) =
        requests.into_iter().partition(|(_, request)| has(&capabilities, &request.method));
    // A tool that asks for several things may get by with what the client has.
    if can.is_empty() && asks {
        let missing = cannot.iter().map(|(_, request)| request.method.as_str());
        return Err(ErrorData::missing_required_client_capability(needed(missing)));
    }
    let wanted: BTreeMap<String, Wanted> =
        can.into_iter().map(|(key, request)| Ok((key, wanted(request)?))).collect::<Result<_, ErrorData>>()?;
    let options_data = purpose.bytes();
    let options = SealOptions::new().associated_data(&options_data).ttl(STATE_LIFE);
    let sealed = state.map(|state| mcp.seal.seal_json_with(&Some(state), &options)).transpose();
    let sealed = sealed.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
    Ok(InputRequiredResult::new((!wanted.is_empty()).then_some(wanted), sealed))
}

/// Asks the client of a session, one after the other, and waits.
pub(super) async fn ask(requests: BTreeMap<String, InputRequest>, context: &RequestContext<RoleServer>) -> Asked {
    let capabilities = context.client_capabilities().unwrap_or_default();
    let mut answers = BTreeMap::new();
    for (key, request) in requests {
        let method = request.method.clone();
        if !has(&capabilities, &method) {
            return Asked::Refused(format!("the tool needs `{method}`, which this client does not offer"));
        }
        let request = match wanted(request) {
            Ok(Wanted::CreateMessage(request)) => ServerRequest::CreateMessageRequest(request),
            Ok(Wanted::Elicitation(request)) => ServerRequest::ElicitRequest(request),
            Ok(Wanted::ListRoots(request)) => ServerRequest::ListRootsRequest(request),
            Ok(_) => return Asked::Refused(format!("the tool asks for `{method}`, which is not possible")),
            Err(error) => return Asked::Refused(error.message.into_owned()),
        };
        match answer(request, context).await {
            Ok(value) => {
                answers.insert(key, value);
            }
            Err(reason) => return Asked::Refused(format!("`{method}` was not answered: {reason}")),
        }
    }
    Asked::Answered(answers)
}

async fn answer(request: ServerRequest, context: &RequestContext<RoleServer>) -> Result<Value, String> {
    let options = PeerRequestOptions::with_timeout(INPUT_TIME_MAX);
    let sent = context.peer.send_request_with_option(request, options).await.map_err(|error| error.to_string())?;
    let answer = tokio::select! {
        answer = sent.await_response() => answer.map_err(|error| error.to_string())?,
        () = context.ct.cancelled() => return Err("the call was cancelled".into()),
        // The library's own clock should have struck before.
        () = tokio::time::sleep(INPUT_TIME_MAX + Duration::from_secs(1)) => return Err("it took too long".into()),
    };
    serde_json::to_value(answer).map_err(|error| error.to_string())
}

/// A tool's request, checked to be one.
fn wanted(request: InputRequest) -> Result<Wanted, ErrorData> {
    let InputRequest { method, params } = request;
    let known = matches!(method.as_str(), "elicitation/create" | "sampling/createMessage" | "roots/list");
    let value = json!({"method": method, "params": params});
    serde_json::from_value(value).ok().filter(|_| known).ok_or_else(|| {
        ErrorData::internal_error(
            format!("the tool asks for `{method}` in a way that the protocol does not know"),
            None,
        )
    })
}

/// What a client can be asked for.
pub(super) fn accepts(context: &RequestContext<RoleServer>) -> Vec<String> {
    let capabilities = context.client_capabilities().unwrap_or_default();
    let methods = ["elicitation/create", "sampling/createMessage", "roots/list"];
    methods.into_iter().filter(|method| has(&capabilities, method)).map(str::to_owned).collect()
}

fn has(capabilities: &ClientCapabilities, method: &str) -> bool {
    match method {
        "elicitation/create" => capabilities.elicitation.is_some(),
        "sampling/createMessage" => capabilities.sampling.is_some(),
        "roots/list" => capabilities.roots.is_some(),
        _ => false,
    }
}

fn needed<'m>(methods: impl Iterator<Item = &'m str>) -> ClientCapabilities {
    let mut needed = ClientCapabilities::default();
    for method in methods {
        match method {
            "elicitation/create" => needed.elicitation = Some(rmcp::model::ElicitationCapability::default()),
            "sampling/createMessage" => needed.sampling = Some(rmcp::model::SamplingCapability::default()),
            "roots/list" => needed.roots = Some(rmcp::model::RootsCapabilities::default()),
            _ => {}
        }
    }
    needed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Rights, TokenType};

    #[test]
    fn a_state_comes_back_as_it_was_to_the_same_call_by_the_same_caller_alone() {
        let mcp = Mcp::default();
        let arguments = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
        let (one, same, two) =
            (r#"{"a": 1, "b": {"c": 2, "d": 3}}"#, r#"{"b": {"d": 3, "c": 2}, "a": 1}"#, r#"{"a": 2}"#);
        let (one, same, two) = (arguments(one), arguments(same), arguments(two));
        let bearer = |name: &str| {
            let rights = Rights::new(TokenType::Team, Vec::new(), Vec::new(), None, None).unwrap();
            Principal::bearer(name.into(), rights, None, None)
        };
        let (ann, elsewhere, bob) = (bearer("ann"), bearer("ann"), bearer("bob"));
        let own = Purpose { path: "/mcp", who: &ann, what: "form", with: &one };
        let data = own.bytes();
        let options = SealOptions::new().associated_data(&data).ttl(STATE_LIFE);
        let sealed = mcp.seal.seal_json_with(&Some("step 2"), &options).unwrap();
        assert_eq!(open(&mcp, &own, &sealed).unwrap().as_deref(), Some("step 2"));
        let ordered = Purpose { with: &same, ..own };
        assert_eq!(open(&mcp, &ordered, &sealed).unwrap().as_deref(), Some("step 2"), "order means nothing");
        for other in [
            Purpose { path: "/other", ..own },
            Purpose { who: &bob, ..own },
            Purpose { who: &elsewhere, ..own },
            Purpose { what: "order", ..own },
            Purpose { with: &two, ..own },
        ] {
            assert!(open(&mcp, &other, &sealed).is_err());
        }
        assert_ne!(Purpose { path: "/mcpf", what: "orm", ..own }.bytes(), own.bytes());
        for at in (0..sealed.len()).step_by(7) {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            // The last character of Base64 may have bits that mean nothing.
            assert!(open(&mcp, &own, &changed).is_err(), "{at}");
        }
        assert!(open(&Mcp::default(), &own, &sealed).is_err(), "another process has another key");
    }
}
