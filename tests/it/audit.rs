//! Log lines for other programs: the audit log, and the streams that begin and end.

use std::fs;
use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Server, Subscriber, eventually, guest};

/// Lines that become events.
const EVENTS_A_SECOND: usize = 20;

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
        (Method::PUT, "/plugins/new".to_owned(), 415, "plugin.upload", "new", "refused"),
        (Method::PUT, "/plugins/..%2Fx".to_owned(), 415, "plugin.upload", "../x", "refused"),
        (Method::DELETE, "/plugins/new".to_owned(), 404, "plugin.delete", "new", "refused"),
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
    // One that is done, beside those that are not.
    let upload = server.http.put(server.url("/plugins/stamp")).header("content-type", "application/wasm");
    let upload = upload.body(fs::read(guest("stamp_v1")).unwrap()).send().await.unwrap();
    assert_eq!(upload.status(), 201);
    // Looking is no action.
    for path in ["/plugins", "/dead-letters", "/connections"] {
        assert_eq!(server.get(path).await.0, 200);
    }
    eventually("all is recorded", async || lines(&server, "audit").len() > tries.len()).await;
    let mut recorded = lines(&server, "audit");
    let last = recorded.pop().unwrap();
    assert_eq!((&last["action"], &last["outcome"]), (&json!("plugin.upload"), &json!("done")), "{last}");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_are_events_for_administrators_if_that_is_wanted() {
    let hash = |name: &str| Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let token = |name: &str, rest: &str| {
        let hash = hash(name);
        format!("[[auth.tokens]]\nname = '{name}'\nsha256 = '{hash}'\ntype = 'team'\nsubscribe = ['*']\n{rest}\n")
    };
    let tokens = token("admin", "permissions = ['admin']") + &token("viewer", "");
    let config = |events: &str| format!("[auth]\nallow-anonymous = 'never'\n{tokens}[audit]\nevents = '{events}'\n");
    let server = Server::start(&config("on"), &[]).await;
    let send = async |method: Method, path: &str, name: &str| {
        server.http.request(method, server.url(path)).bearer_auth(name).send().await.unwrap()
    };
    let seen = async |name: &str| -> Vec<Value> {
        let answer = send(Method::GET, "/events/poll?since=earliest&types=tidemill.audit", name).await;
        let answer: Value = answer.json().await.unwrap();
        answer["events"].as_array().unwrap().iter().map(|item| item["event"].clone()).collect()
    };
    assert_eq!(send(Method::POST, "/plugins/a/disable", "viewer").await.status(), 403);
    assert_eq!(send(Method::DELETE, "/connections/77", "admin").await.status(), 404);
    assert_eq!(send(Method::GET, "/plugins", "nobody").await.status(), 401);
    eventually("all are events", async || seen("admin").await.len() == 3).await;
    let events = seen("admin").await;
    let members = ["action", "object", "outcome", "status", "principal"];
    let data: Vec<Value> = events.iter().map(|event| members.map(|name| event["data"][name].clone()).into()).collect();
    assert_eq!(
        data,
        [
            json!(["plugin.disable", "a", "refused", 403, "viewer"]),
            json!(["connection.close", "77", "refused", 404, "admin"]),
            json!(["read", "/plugins", "refused", 401, null]),
        ]
    );
    assert_eq!((&events[0]["source"], &events[0]["subject"]), (&json!("tidemill"), &json!("plugin.disable")));
    assert_eq!(seen("viewer").await, Vec::<Value>::new(), "it is for administrators");
    // Strangers who try without end do not fill the log: so many at once, and as many in each second.
    let begun = Instant::now();
    for _ in 0..200 {
        send(Method::GET, "/plugins", "nobody").await;
    }
    let most = 3 + EVENTS_A_SECOND * (2 + usize::try_from(begun.elapsed().as_secs()).unwrap());
    let stored = seen("admin").await.len();
    assert!((3..=most).contains(&stored), "{stored} are stored, at most {most} may be");
}
