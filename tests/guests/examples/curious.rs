//! Tries, for each event, to get at everything that nobody granted, and tells what it got as the event's data.
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::{env, fs};

use serde_json::{Map, Value, json};
use tidemill_sdk::{Event, Outcome, Output, http};

tidemill_sdk::transform!(look, subscribes: &["curious.*"], summary: "Looks for what it was not granted");

fn look(_: &Event<'_>) -> Outcome {
    let mut denied = Map::new();
    let mut attempt = |what: &str, result: Result<String, std::io::Error>| {
        let told = result.map_or_else(|error| format!("error: {error}"), |got| format!("got {got}"));
        denied.insert(what.to_owned(), Value::from(told));
    };
    let listed = |path: &str| fs::read_dir(path).map(|entries| entries.count().to_string());
    attempt("read /etc/passwd", fs::read_to_string("/etc/passwd"));
    attempt("list /", listed("/"));
    attempt("list .", listed("."));
    attempt("write file", fs::write("left-behind", "x").map(|()| String::new()));
    attempt("connect", TcpStream::connect("127.0.0.1:80").map(|_| String::new()));
    attempt("listen", TcpListener::bind("127.0.0.1:0").map(|_| String::new()));
    let answered = http::get("http://127.0.0.1:80/").map(|response| response.status().to_string());
    attempt("request", answered.map_err(std::io::Error::other));
    attempt("resolve", "localhost:80".to_socket_addrs().map(|found| found.count().to_string()));
    let environment: Vec<String> = env::vars().map(|(name, _)| name).collect();
    let arguments: Vec<String> = env::args().collect();
    let found = json!({"environment": environment, "arguments": arguments, "denied": denied});
    match Output::new().json(&found) {
        Ok(output) => Outcome::change(output),
        Err(_) => Outcome::Drop,
    }
}
