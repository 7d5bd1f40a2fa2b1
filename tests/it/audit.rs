//! Log lines for other programs: the audit log, and the streams that begin and end.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Server, Subscriber, eventually, guest};

const CONFIG: &str = "[telemetry]\nformat = \"json\"\n";

/// The lines of one target, in order.
fn lines(server: &Server, target: &str) -> Vec<Value> {
    let all = server.log();
    // The last line may not be whole yet.
    let whole = all.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let parsed = whole.map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("not JSON: {line}")));
    parsed.filter(|line| line["target"] == target).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_action_by_hand_is_recorded_done_or_not() {
    let server = Server::start(CONFIG, &[("faulty", &guest("faulty"))]).await;
    server.publish("bad.trap", json!(1)).await;
    let stream = Subscriber::open(&server, "").await;
    let id = server.get("/connections").await.1["connections"][0]["id"].as_u64().unwrap();
    let tries = [
        (Method::POST, "/plugins/faulty/rollback".to_owned(), 409, "plugin.rollback", "faulty", "refused"),
        (Method::POST, "/dead-letters/1/replay".to_owned(), 500, "dead-letter.replay", "1", "failed"),
        (Method::POST, "/plugins/faulty/disable".to_owned(), 200, "plugin.disable", "faulty", "done"),
        (Method::POST, "/plugins/faulty/enable".to_owned(), 200, "plugin.enable", "faulty", "done"),
        (Method::DELETE, "/plugins/faulty/state".to_owned(), 200, "plugin.clear-state", "faulty", "done"),
        (Method::DELETE, "/dead-letters/1".to_owned(), 204, "dead-letter.forget", "1", "done"),
        (Method::DELETE, format!("/connections/{id}"), 204, "connection.close", &*id.to_string(), "done"),
        (Method::DELETE, "/connections/77".to_owned(), 404, "connection.close", "77", "refused"),
        (Method::POST, "/plugins/a%22b%0Ac/disable".to_owned(), 404, "plugin.disable", "a\"b\nc", "refused"),
    ];
    for (number, (method, path, status, ..)) in tries.iter().enumerate() {
        let request =
            server.http.request(method.clone(), server.url(path)).header("x-request-id", format!("n{number}"));
        let answer = request.send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["x-request-id"].to_str().unwrap()[1..]),
            (*status, &*number.to_string()),
            "{path}"
        );
    }
    drop(stream);
    // Looking is no action.
    for path in ["/plugins", "/dead-letters", "/connections"] {
        assert_eq!(server.get(path).await.0, 200);
    }
    eventually("all is recorded", async || lines(&server, "audit").len() >= tries.len()).await;
    let recorded = lines(&server, "audit");
    assert_eq!(recorded.len(), tries.len(), "{recorded:#?}");
    for (number, ((.., status, action, object, outcome), line)) in tries.iter().zip(&recorded).enumerate() {
        assert_eq!(
            (&line["action"], &line["outcome"], &line["status"]),
            (&json!(action), &json!(outcome), &json!(status))
        );
        assert_eq!(
            (&line["object"], &line["requestId"]),
            (&json!(format!("{object:?}")), &json!(format!("n{number}")))
        );
        assert!(line["remote"].as_str().unwrap().starts_with("127.0.0.1:"), "{line}");
        assert_eq!(line["reason"].is_string(), *outcome != "done", "{line}");
        assert_eq!(line["principal"], "anonymous", "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_begin_and_end_are_lines_of_json() {
    let server = Server::start(CONFIG, &[]).await;
    let first = Subscriber::open(&server, "types=a").await;
    let second = Subscriber::open(&server, "types=b").await;
    drop(first);
    eventually("it has ended", async || lines(&server, "connections").len() == 3).await;
    drop(second);
    eventually("all have ended", async || lines(&server, "connections").len() == 4).await;
    let seen = lines(&server, "connections");
    let member = |name: &str| seen.iter().map(|line| line[name].clone()).collect::<Vec<_>>();
    let (added, removed) = (json!("SSE Connection Added"), json!("SSE Connection Removed"));
    assert_eq!(member("message"), [added.clone(), added, removed.clone(), removed]);
    assert_eq!(member("level"), vec![json!("INFO"); 4]);
    assert_eq!(member("totalConnections"), [1, 2, 1, 0].map(|count| json!(count)));
    let ids = member("connectionId");
    assert_eq!((&ids[2], &ids[3]), (&ids[0], &ids[1]));
    assert!(seen[..2].iter().all(|line| line["clientIP"] == "127.0.0.1" && line["duration"].is_null()), "{seen:#?}");
    assert!(seen[2..].iter().all(|line| line["duration"].as_f64() >= Some(0.0)), "{seen:#?}");
}
