//! The server and its own description, by tools that others wrote: the description is OpenAPI, and requests that are made
//! up from it, good and bad ones, get what it says and never an error of the server's own.
//!
//! Streams never end, so that they are not among them; what streams refuse is in `bad_input.rs`.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::clients::{environment, passes};
use crate::support::{Server, guest, ready_made};

/// Without its secret the plugin answers deliveries with 503, as it should.
const CONFIG: &str = "[plugins.github.config]\nsecret = '0123456789abcdef'\n";

/// Requests for each operation, beside those that go through the edges of what is described.
const EXAMPLES: &str = "20";

/// What every answer must be. What is accepted is no question of schemas alone: types of plugins, for one, have rules of
/// their own.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
    response_schema_conformance,unsupported_method";

// The tools block their thread for long; the client has to see meanwhile that its idle connections were closed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_what_the_description_says() {
    let tools = environment("api");
    let plugins = [("github", ready_made("github")), ("owner", guest("owner")), ("stamp", guest("stamp_v1"))];
    let plugins = plugins.each_ref().map(|(name, path)| (*name, path.as_path()));
    let server = Server::start(CONFIG, &plugins).await;
    for n in 0..3 {
        assert_eq!(server.publish("tick", json!(n)).await.0, 200);
    }
    let description = server.directory().join("openapi.json");
    let (status, document) = server.get("/openapi.json").await;
    assert_eq!((status, &document["openapi"]), (200, &Value::from("3.1.0")));
    fs::write(&description, document.to_string()).unwrap();

    passes(Command::new(tools.join("openapi-spec-validator")).arg(&description));
    let mut schemathesis = Command::new(tools.join("schemathesis"));
    schemathesis.args(["run", "openapi.json", "--url", &server.url("")]).current_dir(server.directory());
    schemathesis.args(["--exclude-name", "GET /events", "--phases", "examples,coverage,fuzzing"]);
    schemathesis.args([
        "--checks",
        CHECKS,
        "--max-examples",
        EXAMPLES,
        "--workers",
        "2",
        "--request-timeout",
        "60",
        "--seed",
        "1",
    ]);
    passes(&mut schemathesis);
    // It is still there, and what came before is still in it.
    assert_eq!(
        server.get("/events/poll?since=earliest&types=tick&limit=3").await.1["events"].as_array().unwrap().len(),
        3
    );
}
