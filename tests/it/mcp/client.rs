//! A client of MCP that does what it is told, byte by byte, and what it reads of streams.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{PATIENCE, Server};

/// The latest revision with sessions.
pub(super) const LEGACY: &str = "2025-11-25";
/// The revision without.
pub(super) const MODERN: &str = "2026-07-28";

/// A request as all of MCP's have to be.
pub(super) fn request(server: &Server, method: Method, token: Option<&str>) -> RequestBuilder {
    let request = server.http.request(method, server.url("/mcp"));
    let request = request.header("accept", "application/json, text/event-stream");
    token.into_iter().fold(request, |request, token| request.bearer_auth(token))
}

/// A call of a method.
pub(super) fn message(method: &str, params: impl Into<Value>) -> Value {
    let params: Value = params.into();
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

/// What clients that only know POST send and get.
pub(super) async fn plain(server: &Server, method: &str, params: Value) -> Value {
    let posted = server.http.post(server.url("/mcp")).json(&message(method, params)).send().await.unwrap();
    assert_eq!(
        (posted.status().as_u16(), &posted.headers()["content-type"]),
        (200, &"application/json".parse().unwrap())
    );
    posted.json().await.unwrap()
}

/// A session.
pub(super) struct Session<'s> {
    server: &'s Server,
    pub(super) id: String,
    token: Option<&'s str>,
}

impl<'s> Session<'s> {
    pub(super) async fn begin(server: &'s Server, token: Option<&'s str>) -> Self {
        let client = json!({"name": "test", "version": "1"});
        let params = json!({"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": client});
        let answer = request(server, Method::POST, token).json(&message("initialize", params)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{answer:?}");
        let id = answer.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        let said = Frames::new(answer).message().await;
        assert_eq!(said["result"]["protocolVersion"], LEGACY, "{said}");
        let session = Self { server, id, token };
        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(session.send(Method::POST, Some(initialized)).await.status(), 202);
        session
    }

    /// Sends something as this session.
    pub(super) async fn send(&self, method: Method, body: Option<Value>) -> Response {
        self.send_as(self.token, method, body).await
    }

    /// Sends something as this session, shown by whomever.
    pub(super) async fn send_as(&self, token: Option<&str>, method: Method, body: Option<Value>) -> Response {
        let request = request(self.server, method, token).header("mcp-session-id", &self.id);
        let request = request.header("mcp-protocol-version", LEGACY);
        body.iter().fold(request, |request, body| request.json(body)).send().await.unwrap()
    }

    /// Calls a method.
    pub(super) async fn call(&self, method: &str, params: Value) -> Value {
        let answer = self.send(Method::POST, Some(message(method, params))).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        Frames::new(answer).message().await
    }

    /// Its own stream.
    pub(super) async fn stream(&self) -> Frames {
        let stream = self.send(Method::GET, None).await;
        assert_eq!(stream.status(), 200, "{stream:?}");
        Frames::new(stream)
    }
}

/// A call without a session.
pub(super) fn modern(server: &Server, token: Option<&str>, method: &str, mut params: Value) -> RequestBuilder {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    });
    let request = request(server, Method::POST, token).header("mcp-protocol-version", MODERN);
    let request = request.header("mcp-method", method);
    let named = params.get("name").or(params.get("uri")).and_then(Value::as_str);
    let request = named.into_iter().fold(request, |request, name| request.header("mcp-name", name));
    request.json(&message(method, params))
}

/// What a stream says.
pub(crate) struct Frames {
    response: Response,
    rest: String,
}

impl Frames {
    pub(crate) fn new(response: Response) -> Self {
        Self { response, rest: String::new() }
    }

    /// The next frame with data: its name and the data. None: the stream has ended.
    pub(crate) async fn frame(&mut self) -> Option<(String, String)> {
        loop {
            while let Some((frame, rest)) = self.rest.split_once("\n\n") {
                let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
                let (name, data) = (field("event:").trim().to_owned(), field("data:").trim().to_owned());
                self.rest = rest.to_owned();
                if !data.is_empty() {
                    return Some((name, data));
                }
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("nothing comes").ok()??;
            self.rest += std::str::from_utf8(&chunk).unwrap();
        }
    }

    /// The next message.
    pub(crate) async fn message(&mut self) -> Value {
        let (_, data) = self.frame().await.expect("the stream has ended");
        serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error}: {data}"))
    }

    /// Whatever comes until it ends.
    pub(crate) async fn end(&mut self) {
        while self.frame().await.is_some() {}
    }
}
