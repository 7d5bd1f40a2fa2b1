//! `tidemill types` and `GET /asyncapi.json`: what they make is given to the programs that it is for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::clients::{Script, install, need_chromium, node};
use crate::support::{Server, ready_made, tidemill};

/// The configuration of the example, with its own plugin, without what is in the checkout.
const CONFIG: &str = include_str!("../../examples/typed-dashboard/tidemill.toml");

async fn server(directory: &Path) -> Server {
    let example = example();
    let mut config = CONFIG.replace("plugins-dir = \"examples/typed-dashboard/plugins\"\n", "");
    for (file, place) in [("index.html", &*example), ("icon.svg", &*example), ("dashboard.js", directory)] {
        config = config.replace(&format!("{file:?}"), &format!("{:?}", place.join(file)));
    }
    Server::start(&config, &[("json-schema", &ready_made("json-schema"))]).await
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/typed-dashboard").canonicalize().unwrap()
}

fn types(server: &Server, arguments: &[&str]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let url = server.url("");
    tidemill(directory.path()).args(["types", "--url", &url]).args(arguments).output().unwrap()
}

fn made(server: &Server, arguments: &[&str]) -> String {
    let output = types(server, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What the TypeScript compiler says of a file.
fn checked(directory: &Path, file: &str) -> Output {
    let compiler = install("clients").join("node_modules/typescript/bin/tsc");
    let options = ["--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"];
    Command::new("node").arg(compiler).args(options).arg(file).current_dir(directory).output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_checked_against_the_event_types_and_shows_events() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("dashboard.js"), "").unwrap();
    let server = server(directory.path()).await;
    let file = at("events.ts").to_str().unwrap().to_owned();
    for said in ["has 2 event types", "says the same already: 2 event types"] {
        let output = types(&server, &["--lang", "ts", "--output", &file]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.contains(said), "{told}");
    }
    let page = fs::read_to_string(example().join("dashboard.ts")).unwrap();
    fs::write(at("dashboard.ts"), &page).unwrap();
    let output = checked(directory.path(), "dashboard.ts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    for (right, wrong, says) in [
        ("order.total", "order.totl", "'totl' does not exist on type 'OrderCreated'"),
        ("events.on(\"order.created\"", "events.on(\"order.creatd\"", "'\"order.creatd\"' is not assignable"),
        ("carrier === \"bike\"", "carrier === \"boat\"", "no overlap"),
    ] {
        fs::write(at("wrong.ts"), page.replace(right, wrong)).unwrap();
        let output = checked(directory.path(), "wrong.ts");
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success() && told.contains(says), "{told}");
    }
    let mut bundled = Command::new(install("clients").join("node_modules/.bin/esbuild"));
    let outfile = format!("--outfile={}", at("dashboard.js").display());
    let bundled = bundled.arg(at("dashboard.ts")).args(["--bundle", &outfile]).output().unwrap();
    assert!(bundled.status.success(), "{}", String::from_utf8_lossy(&bundled.stderr));
    for (kind, data) in [
        ("order.created", json!({"order": 1, "customer": "alice", "total": 12.5})),
        ("order.created", json!({"order": 2, "customer": "bob", "total": 0.25})),
        ("other", json!(1)),
        ("order.shipped", json!({"order": 1, "carrier": "bike"})),
    ] {
        assert_eq!(server.publish(kind, data).await.0, 200);
    }
    need_chromium();
    let (url, picture) = (server.url("/orders"), at("page.png"));
    let shown = [
        "document.getElementById('open').textContent === '1'",
        "document.getElementById('worth').textContent === '0.25'",
        "document.getElementById('shipped').innerText === 'alice, by bicycle'",
    ];
    let mut script = Script::start(node("page.mjs").arg(url).arg(picture).args(shown));
    for expression in shown {
        assert_eq!(script.next().await, json!({"held": expression}));
    }
    assert_eq!(script.next().await, json!({"errors": []}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_module_of_python_subscribes_and_knows_its_types() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("dashboard.js"), "").unwrap();
    let server = server(directory.path()).await;
    fs::write(directory.path().join("shop.py"), made(&server, &["--lang", "python"])).unwrap();
    fs::write(
        directory.path().join("listen.py"),
        "import json, sys, typing, shop\n\
         hints = typing.get_type_hints(shop.OrderCreated, include_extras=True)\n\
         print(json.dumps(sorted(hints)), flush=True)\n\
         print(json.dumps([hints['total'].__name__, str(typing.get_type_hints(shop.OrderShipped)['carrier'])]), flush=True)\n\
         for event in shop.events(sys.argv[1], types=['order.created', 'order.shipped'], since='earliest'):\n    \
             print(json.dumps([event['type'], event['data'], bool(event['id'])]), flush=True)\n",
    )
    .unwrap();
    let mut listening = Command::new("python3");
    let mut script = Script::start(listening.arg(directory.path().join("listen.py")).arg(server.url("/events")));
    assert_eq!(script.next().await, json!(["customer", "order", "total"]));
    assert_eq!(script.next().await, json!(["float", "typing.Union[typing.Literal['bike'], typing.Literal['van']]"]));
    for (kind, data) in [
        ("order.created", json!({"order": 1, "customer": "ålice", "total": 12.5})),
        ("other", json!(1)),
        ("order.shipped", json!({"order": 1, "carrier": "van"})),
    ] {
        assert_eq!(server.publish(kind, data).await.0, 200);
    }
    assert_eq!(script.next().await, json!(["order.created", {"order": 1, "customer": "ålice", "total": 12.5}, true]));
    assert_eq!(script.next().await, json!(["order.shipped", {"order": 1, "carrier": "van"}, true]));
}

#[tokio::test]
async fn documents_have_the_schemas_of_all_types_that_are_wanted() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("dashboard.js"), "").unwrap();
    let server = server(directory.path()).await;
    let schema: Value = serde_json::from_str(&made(&server, &["--lang", "json-schema"])).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let event =
        |kind: &str, data: Value| json!({"specversion": "1.0", "id": "1", "source": "/", "type": kind, "data": data});
    assert!(validator.is_valid(&event("order.shipped", json!({"order": 1, "carrier": "van"}))));
    assert!(!validator.is_valid(&event("order.shipped", json!({"order": 1, "carrier": "boat"}))));
    assert!(!validator.is_valid(&event("order.created", json!({"order": 1, "carrier": "van"}))));
    let api: Value = serde_json::from_str(&made(&server, &["--lang", "asyncapi"])).unwrap();
    assert_eq!(server.get("/asyncapi.json").await, (200, api.clone()));
    assert_eq!(api["channels"]["events"]["address"], "/events");
    let some: Value =
        serde_json::from_str(&made(&server, &["--lang", "asyncapi", "--types", "order.shipped,x"])).unwrap();
    let names: Vec<&String> = some["components"]["messages"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["order.shipped"]);
}

#[tokio::test]
async fn what_cannot_be_made_is_said_with_what_to_do() {
    let empty = Server::start("", &[]).await;
    let output = types(&empty, &["--lang", "ts"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && told.contains("no plugin of the server owns an event type"), "{told}");
    let directory = tempfile::tempdir().unwrap();
    let nobody =
        tidemill(directory.path()).args(["types", "--lang", "ts", "--url", "http://127.0.0.1:1"]).output().unwrap();
    assert_eq!(nobody.status.code(), Some(3));
    let language = tidemill(directory.path()).args(["types", "--lang", "rust"]).output().unwrap();
    assert!(String::from_utf8_lossy(&language.stderr).contains("possible values: ts, python, json-schema, asyncapi"));
}
