//! What lands in the plugins directory: good components run, everything else is reported and harms nothing.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Server, Subscriber, guest, ready_made};

#[tokio::test]
async fn files_that_are_no_plugins_are_reported_with_what_to_do() {
    let server = Server::start("", &[("good", &guest("stamp_v1"))]).await;
    let good = fs::read(guest("stamp_v1")).unwrap();
    let core_module = wat::parse_str("(module)").unwrap();
    let other_world =
        wat::parse_str(r#"(component (instance $i) (export "wasi:http/incoming-handler@0.2.3" (instance $i)))"#)
            .unwrap();
    let missing_import = wat::parse_str(
        r#"(component (import "acme:db/store@1.0.0" (instance)) (instance $i)
            (export "tidemill:plugin/manifest@0.1.0" (instance $i)) (export "tidemill:plugin/filter@0.1.0" (instance $i)))"#,
    )
    .unwrap();
    let wrong_type = wat::parse_str(
        r#"(component (instance $i)
            (export "tidemill:plugin/manifest@0.1.0" (instance $i)) (export "tidemill:plugin/filter@0.1.0" (instance $i)))"#,
    )
    .unwrap();
    let cases: [(&str, &[u8], &str); 7] = [
        ("text", b"hello", "not a WebAssembly file"),
        ("core", &core_module, "wasm32-wasip2"),
        ("world", &other_world, "another world"),
        ("import", &missing_import, "acme:db/store@1.0.0"),
        ("types", &wrong_type, "cannot be compiled"),
        ("truncated", &good[..good.len() / 2], "copy it again"),
        ("empty", b"", "empty"),
    ];
    for (name, bytes, _) in &cases {
        fs::write(server.plugins_dir().join(format!("{name}.wasm")), bytes).unwrap();
    }
    // 200 MB, of which the file system stores nothing.
    let huge = fs::File::create(server.plugins_dir().join("huge.wasm")).unwrap();
    huge.set_len(200 << 20).unwrap();
    for (name, part) in cases.iter().map(|(name, _, part)| (*name, *part)).chain([("huge", "209715200 bytes")]) {
        let plugin = server.plugin_until(name, |plugin| plugin["state"] == "failed").await;
        let error = plugin["error"].as_str().unwrap();
        assert!(error.contains(part), "{name}: {error}");
    }
    let (_, answer) = server.publish("a", json!(1)).await;
    assert_eq!(answer["outcome"], "stored");
    assert_eq!(server.get("/plugins/good").await.1["state"], "running");
}

#[tokio::test]
async fn a_plugin_that_fails_while_it_is_loaded_says_why() {
    let server = Server::start("", &[("trap", &guest("describe_trap")), ("refuses", &guest("configure_error"))]).await;
    let error =
        async |name: &str| server.get(&format!("/plugins/{name}")).await.1["error"].as_str().unwrap().to_owned();
    assert!(error("trap").await.contains("describe"), "{}", error("trap").await);
    assert!(error("refuses").await.contains("the colour must be set"), "{}", error("refuses").await);
}

#[tokio::test]
async fn a_type_has_one_owner() {
    let server = Server::start("", &[("a-owner", &guest("owner")), ("b-owner", &guest("owner_again"))]).await;
    let (_, second) = server.get("/plugins/b-owner").await;
    assert_eq!(second["state"], "failed");
    assert!(second["error"].as_str().unwrap().contains("which plugin `a-owner` owns"), "{second}");
    let (_, types) = server.get("/event-types").await;
    assert_eq!(types["event_types"][0]["owner"]["plugin"], "a-owner");
}

/// Invariant I8: an event of an owned type is in the log only if its owner accepted it, also when a transform made it.
#[tokio::test]
async fn i8_events_of_an_owned_type_were_accepted_by_their_owner() {
    let server = Server::start("", &[("owner", &guest("owner")), ("outputs", &guest("outputs"))]).await;
    let mut stream = Subscriber::open(&server, "types=claimed.thing,other").await;
    let (status, problem) = server.publish("claimed.thing", json!({"ok": false})).await;
    assert_eq!((status, &problem["by"]), (422, &json!("owner")));
    // A transform turns this one into a claimed.thing that its owner does not accept.
    let (status, problem) = server.publish("out.owned", json!({})).await;
    assert_eq!((status, &problem["by"]), (422, &json!("owner")), "{problem}");
    assert_eq!(server.publish("claimed.thing", json!({"ok": true})).await.0, 200);
    assert_eq!(server.publish("other", json!(1)).await.0, 200);
    let seen = stream.take(2).await;
    assert_eq!(seen[0].json(), json!({"ok": true, "seen": true}), "accepted, and normalised by its owner");
    assert_eq!(seen[1].event, "other");
}

#[tokio::test]
async fn order_comes_from_settings_and_then_from_names() {
    let first = "[plugins.z-first]\norder = -1\n";
    let cel = "[plugins.z-first.config]\nexpression = \"type != 'a'\"\n";
    let server = Server::start(
        &format!("{first}{cel}"),
        &[("z-first", &ready_made("cel")), ("10-stamp", &guest("stamp_v1")), ("20-stamp", &guest("stamp_v2"))],
    )
    .await;
    let (_, plugins) = server.get("/plugins").await;
    let mut places: Vec<(u64, &str)> = plugins["plugins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plugin| (plugin["place"].as_u64().unwrap(), plugin["name"].as_str().unwrap()))
        .collect();
    places.sort_unstable();
    assert_eq!(places, [(0, "z-first"), (1, "10-stamp"), (2, "20-stamp")]);
    assert_eq!(server.publish("a", json!(1)).await.1["by"], "z-first");
    let mut stream = Subscriber::open(&server, "envelope=cloudevents").await;
    server.publish("b", json!(1)).await;
    assert_eq!(stream.next().await.json()["stamp"], "v2");
}

#[tokio::test]
async fn settings_reach_the_plugin_and_the_configuration_wins() {
    let directory = tempfile::tempdir().unwrap();
    let plugins = directory.path().join("plugins");
    fs::create_dir(&plugins).unwrap();
    fs::copy(guest("echo_config"), plugins.join("echo.wasm")).unwrap();
    fs::write(plugins.join("echo.toml"), "subscribes = ['seen.*']\n[config]\na = 1\nb = 2\n").unwrap();
    let server = Server::start_in(directory, "[plugins.echo.config]\nb = 3\n").await;
    let mut stream = Subscriber::open(&server, "envelope=cloudevents").await;
    server.publish("unseen", json!(1)).await;
    server.publish("seen.x", json!(1)).await;
    let messages: Vec<Value> = stream.take(2).await.iter().map(|message| message.json()).collect();
    assert_eq!(messages[0].get("config"), None);
    assert_eq!(messages[1]["config"], r#"{"a":1,"b":3}"#);
}

/// Invariant I5: nothing that was not granted is there.
#[tokio::test]
async fn i5_a_plugin_gets_nothing_that_it_was_not_granted() {
    let server = Server::start("", &[("curious", &guest("curious"))]).await;
    let mut stream = Subscriber::open(&server, "").await;
    server.publish("curious.look", json!({})).await;
    let found = stream.next().await.json();
    assert_eq!(found["environment"], json!([]), "{found}");
    assert_eq!(found["arguments"], json!([]), "{found}");
    for denied in ["read /etc/passwd", "list /", "list .", "write file", "connect", "listen", "resolve", "request"] {
        let answer = found["denied"][denied].as_str().unwrap_or_else(|| panic!("{denied}: {found}"));
        assert!(answer.starts_with("error"), "{denied}: {answer}");
    }
    assert_eq!(found["denied"]["request"], "error: denied: the host was not granted", "{found}");
}

#[tokio::test]
async fn what_a_plugin_says_is_logged_under_its_name_and_bounded() {
    let server =
        Server::start("[limits]\ntime = \"5s\"\n", &[("chatty", &guest("chatty")), ("owner", &guest("owner"))]).await;
    assert_eq!(server.publish("a", json!(1)).await.1["outcome"], "stored");
    server.publish("claimed.thing", json!({"ok": true, "print": true})).await;
    let log = server.log();
    let lines = log.lines().filter(|line| line.contains("chatty")).count();
    assert!((50..300).contains(&lines), "20,000 lines were said, {lines} were written");
    assert!(log.lines().any(|line| line.contains("plugin=\"owner\"") || line.contains("plugin=owner")), "{log}");
}
