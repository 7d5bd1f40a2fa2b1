//! A plugin of all kinds, from `plugin new` to a running host, the same for every language: what `host/author/templates/README.md`
//! says of the templates. And the examples.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Author;
use crate::support::Server;

/// Every kind, as it is typed.
pub(super) const ALL_KINDS: &str = "filter,transform,event-types,view,webhook,tools,prompts,resources";

/// Time for interpreters on machines that do much else: what is tested is not how fast they are.
const CONFIG: &str = "[limits]\ntime = \"5s\"\n";

/// How long a server may compile a component: an interpreter is large, and machines do other things too.
const COMPILING: Duration = Duration::from_secs(300);

/// A server with a component that an interpreter runs, which takes the server many seconds to compile.
pub(super) async fn serve(name: &str, component: &Path, settings: Option<&Path>) -> Server {
    let server = Server::start(CONFIG, &[]).await;
    if let Some(settings) = settings.filter(|settings| settings.is_file()) {
        fs::copy(settings, server.plugins_dir().join(format!("{name}.toml"))).unwrap();
    }
    fs::copy(component, server.plugins_dir().join(format!("{name}.wasm"))).unwrap();
    let start = Instant::now();
    loop {
        let (_, plugin) = server.get(&format!("/plugins/{name}")).await;
        match plugin["state"].as_str() {
            Some("running") => return server,
            _ if start.elapsed() < COMPILING => tokio::time::sleep(Duration::from_millis(50)).await,
            _ => panic!("the plugin does not run: {plugin:#}\n{}", server.log()),
        }
    }
}

/// Writes, builds and serves a plugin of all kinds.
pub(super) async fn every_kind_works(author: &Author, language: &str) {
    author.succeeds("", &["new", "all", "--lang", language, "--kind", ALL_KINDS]);
    author.succeeds("all", &["build"]);
    // As it was begun: what a newcomer types next.
    author.succeeds("all", &["test"]);
    kinds_answer(&author.at("all/dist/all.wasm")).await;
    let call = r#"{"call": {"tool": "order_total", "arguments": {"prices": [12.5, 7]}}}"#;
    fs::create_dir_all(author.at("all/tests")).unwrap();
    fs::write(author.at("all/tests/sum.jsonl"), call).unwrap();
    author.succeeds("all", &["test", "--update"]);
    let sum = fs::read_to_string(author.at("all/tests/sum.expected.jsonl")).unwrap();
    assert!(sum.contains("\"19.5\""), "{sum}");
}

/// What a host hears from such a component.
pub(super) async fn kinds_answer(component: &Path) {
    let server = serve("all", component, None).await;
    let (_, about) = server.get("/plugins/all").await;
    assert_eq!((&about["title"], &about["tools"]), (&json!("all"), &json!(["order_total"])), "{about}");
    assert_eq!(about["warnings"], json!([]), "{about}");

    let (_, kept) = server.publish("order.created", json!({"customer": "alice", "total": 5})).await;
    assert_eq!(stored(&server, &kept).await, json!({"customer": "alice", "total": 5, "currency": "EUR"}), "{kept}");
    let (_, dropped) = server.publish("order.created", json!({"customer": "bob", "total": 1, "test": true})).await;
    assert_eq!((&dropped["outcome"], &dropped["by"]), (&json!("dropped"), &json!("all")), "{dropped}");
    let (status, wrong) = server.publish("order.created", json!({"customer": "", "total": -1})).await;
    assert!(status == 422 && wrong.to_string().contains("/customer"), "{wrong}");
    assert!(wrong.to_string().contains("expected a number that is 0 or more"), "{wrong}");
    let (status, wrong) = server.publish("order.paid", json!([1])).await;
    assert!(status == 422 && wrong.to_string().contains("expected an object"), "{wrong}");
    let (_, described) = server.get("/event-types/order.created").await;
    assert_eq!(described["schema"]["required"], json!(["customer", "total"]), "{described}");

    let deliver = async |id: &str, body: &str| {
        let request = server.http.post(server.url("/hooks/all")).header("x-delivery-id", id).body(body.to_owned());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, delivered) = deliver("d1", r#"{"customer":"Zoë","total":2,"currency":"NOK"}"#).await;
    assert_eq!((status, &delivered["id"]), (200, &json!("d1")), "{delivered}");
    assert_eq!(stored(&server, &delivered).await["customer"], "Zoë");
    let (status, refused) = deliver("d2", "[]").await;
    assert!(status == 400 && refused.to_string().contains("expected a JSON object"), "{refused}");

    let lists = "[".repeat(100_000);
    for body in [&*lists, "{\"total\":NaN}"] {
        let (status, refused) = deliver("d3", body).await;
        assert!(status == 400 && refused.to_string().contains("expected a JSON object"), "{body:.20}: {refused}");
    }

    let (_, seen) = server.get("/events/poll?view=all&view.customer=alice&since=earliest&types=order.*").await;
    let customers: Vec<_> =
        seen["events"].as_array().unwrap().iter().map(|one| &one["event"]["data"]["customer"]).collect();
    assert_eq!(customers, ["alice"], "{seen}");
    let (_, refused) = server.get("/events/poll?view=all&since=earliest").await;
    assert!(refused.to_string().contains("say whose orders to show with view.customer"), "{refused}");
}

/// How many vectors there are in a file: a run that finds none of them has tested nothing.
pub(super) fn cases(name: &str) -> usize {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(name);
    let read: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    read["cases"].as_array().unwrap().len()
}

/// The data of an event that was stored.
pub(super) async fn stored(server: &Server, answer: &Value) -> Value {
    let position = answer["position"].as_str().unwrap_or_else(|| panic!("{answer}"));
    server.get(&format!("/events/{position}")).await.1["event"]["data"].clone()
}

/// One of several events that are published together makes the plugin throw: it alone is set aside, with the message and the
/// author's lines.
pub(super) async fn exception_is_told(server: &Server, good: Value, bad: Value, said: &str, places: &[&str]) {
    let line = |data: &Value| json!({"type": "order.created", "data": data}).to_string();
    let lines: Vec<_> = [&good, &good, &bad, &good].into_iter().map(line).collect();
    let (_, answers) = server.post("application/x-ndjson", lines.join("\n")).await;
    let outcomes: Vec<_> = outcomes(&answers);
    assert_eq!(outcomes, ["stored", "stored", "failed", "stored"], "{answers}");
    let (_, set_aside) = server.get("/dead-letters").await;
    let told = |letter: &Value| letter["detail"].as_str().is_some_and(|detail| detail.starts_with(said));
    let letter = set_aside["deadLetters"].as_array().unwrap().iter().find(|letter| told(letter));
    let letter = letter.unwrap_or_else(|| panic!("{set_aside}"));
    let detail = letter["detail"].as_str().unwrap();
    assert!(detail.ends_with(&format!(", at {}", places[0])), "{detail}");
    let calls: Vec<_> = letter["backtrace"].as_array().unwrap().iter().map(|call| call.as_str().unwrap()).collect();
    assert_eq!(calls, places, "{letter}");
}

fn outcomes(answers: &Value) -> Vec<&str> {
    let list = answers.as_array().or_else(|| answers["results"].as_array()).or_else(|| answers["events"].as_array());
    list.unwrap_or_else(|| panic!("{answers}")).iter().map(|one| one["outcome"].as_str().unwrap()).collect()
}

/// Builds and tests an example in a copy of its folder as its README says, and serves it with its settings.
pub(super) async fn example(tools: PathBuf, name: &str) -> Server {
    let author = Author::with_tools(tools);
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/plugins").join(name);
    copy(&from, &author.at(name));
    author.succeeds(name, &["build"]);
    let said = author.succeeds(name, &["test"]);
    let readme = fs::read_to_string(from.join("README.md")).unwrap();
    let promised = readme.lines().find(|line| line.ends_with(" passed, 0 failed")).unwrap();
    assert!(said.contains(promised), "{promised}: {said}");
    serve(name, &author.at(&format!("{name}/dist/{name}.wasm")), Some(&author.at(&format!("{name}/settings.toml"))))
        .await
}

/// What an author keeps of a folder: not what is made from it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        match entry.file_type().unwrap().is_dir() {
            true if [".tidemill", "dist", "node_modules", ".venv", "__pycache__"].iter().any(|made| name == *made) => {}
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}
