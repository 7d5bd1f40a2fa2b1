//! `tidemill publish`

use serde_json::{Value, json};

use super::*;

fn json(status: u16, body: &Value) -> Response {
    response(status, "application/json", body.to_string())
}

#[tokio::test]
async fn one_event_is_sent_as_typed() {
    let (url, log) = server(|_, _| json(200, &json!({"outcome": "stored", "position": "7.42", "id": "x-1"}))).await;
    let data = r#"{"b": 1.10, "a": 12345678901234567890123}"#;
    let command =
        ["publish", "order.created", data, "--url", &url, "--id", "x-1", "--ext", "traceid=a=b", "--source", "/shop"];
    let (exit, out, err) = run(&command).await;
    assert_eq!((exit, &*out, &*err), (Exit::Success, "stored at 7.42 (id x-1)\n", ""));
    let asked = log.lock().unwrap()[0].clone();
    assert_eq!(
        asked.body,
        format!(
            r#"{{"type":"order.created","source":"/shop","id":"x-1","extensions":{{"traceid":"a=b"}},"data":{data}}}"#
        )
    );
    assert_eq!(asked.headers["content-type"], "application/json");
}

#[tokio::test]
async fn data_is_json_unless_its_type_says_otherwise() {
    let (url, log) = server(|_, _| json(200, &json!({"outcome": "dropped", "by": "cel", "id": "1"}))).await;
    let (exit, _, err) = run(&["publish", "a.b", "hello", "--url", &url]).await;
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("DATA is not JSON") && err.contains("--content-type text/plain"), "{err}");
    assert!(log.lock().unwrap().is_empty());
    let (exit, out, _) = run(&["publish", "a.b", "say \"hi\"", "--content-type", "text/plain", "--url", &url]).await;
    assert_eq!((exit, &*out), (Exit::Success, "dropped by cel (id 1)\n"));
    run(&["publish", "a.b", "-5", "--url", &url]).await;
    run(&["publish", "a.b", "--url", &url]).await;
    let bodies: Vec<String> = log.lock().unwrap().iter().map(|asked| asked.body.clone()).collect();
    assert_eq!(
        bodies,
        [
            r#"{"type":"a.b","datacontenttype":"text/plain","data":"say \"hi\""}"#,
            r#"{"type":"a.b","data":-5}"#,
            r#"{"type":"a.b"}"#,
        ]
    );
}

#[tokio::test]
async fn a_rejection_is_told_with_its_problems() {
    let problem = json!({
        "type": "about:blank", "title": "Event rejected", "status": 422, "detail": "2 problems",
        "outcome": "rejected", "by": "orders", "id": "1",
        "problems": [{"at": "/total", "detail": "expected a number"}, {"at": "", "detail": "too old"}],
    });
    let (url, _) = server(move |_, _| response(422, "application/problem+json", problem.to_string())).await;
    let (exit, out, err) = run(&["publish", "order.created", "{}", "--url", &url]).await;
    assert_eq!((exit, &*out), (Exit::Failed, ""));
    assert_eq!(err, "order.created: rejected by orders: /total: expected a number; too old\n");
}

#[tokio::test]
async fn errors_that_are_not_outcomes_are_told_as_they_are() {
    let (url, _) = server(|nth, _| match nth {
        0 => json(400, &json!({"title": "Bad request", "status": 400, "detail": "no such member", "at": "/typ"})),
        _ => response(502, "text/html", "<h1>Bad Gateway</h1>"),
    })
    .await;
    let (exit, _, err) = run(&["publish", "a.b", "1", "--url", &url]).await;
    assert_eq!((exit, &*err), (Exit::Failed, "the server answered 400 Bad Request: /typ: no such member\n"));
    let (exit, _, err) = run(&["publish", "a.b", "1", "--url", &url]).await;
    assert_eq!((exit, &*err), (Exit::Failed, "the server answered 502 Bad Gateway: <h1>Bad Gateway</h1>\n"));
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let (url, log) = server(|nth, _| match nth {
        0 => Response::builder().status(429).header("retry-after", "0").body("{}".into()).unwrap(),
        _ => json(200, &json!({"outcome": "stored", "positions": ["1.1", "1.2"]})),
    })
    .await;
    let (exit, out, err) = run(&["publish", "a.b", "1", "--url", &url]).await;
    assert_eq!((exit, &*out, log.lock().unwrap().len()), (Exit::Success, "stored at 1.1, 1.2\n", 2));
    assert!(err.starts_with("the server is busy"), "{err}");
    // One that is busy for longer than anybody waits.
    let ages = u64::MAX.to_string();
    let (url, log) = server(move |nth, _| {
        let after = if nth == 0 { "0" } else { &*ages };
        Response::builder().status(503).header("retry-after", after).body("{}".into()).unwrap()
    })
    .await;
    let (exit, _, err) = run(&["publish", "a.b", "1", "--url", &url]).await;
    assert!(exit == Exit::Failed && log.lock().unwrap().len() == 2 && err.contains("503"), "{err}");
}

/// Answers like the server: outcomes by line; `bad` is rejected, `torn` spoils the request, more than `max` is too much.
fn ndjson(max: usize) -> impl Fn(usize, &Asked) -> Response + Send + Sync {
    move |_, asked| {
        let lines: Vec<&str> = asked.body.lines().collect();
        if lines.len() > max {
            return json(413, &json!({"title": "Too large", "status": 413}));
        }
        if let Some(index) = lines.iter().position(|line| line.contains("torn")) {
            return json(400, &json!({"status": 400, "at": format!("line {}", index + 1), "detail": "not JSON"}));
        }
        let outcome = |(index, line): (usize, &&str)| match line.contains("bad") {
            true => json!({"index": index, "outcome": "rejected", "problems": [{"at": "/x", "detail": "wrong"}]}),
            false => json!({"index": index, "outcome": "stored", "position": "1.1"}),
        };
        json(200, &json!({"results": lines.iter().enumerate().map(outcome).collect::<Vec<_>>()}))
    }
}

async fn publish_lines(content: &str, url: &str) -> (Exit, String, String) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("events.ndjson");
    std::fs::write(&file, content).unwrap();
    run(&["publish", "--file", file.to_str().unwrap(), "--url", url]).await
}

#[tokio::test]
async fn a_file_is_sent_in_portions_and_bad_lines_are_named() {
    let (url, log) = server(ndjson(500)).await;
    let mut content = "{\"type\":\"a.b\"}\n\n".repeat(1200);
    content += "bad";
    let (exit, out, err) = publish_lines(&content, &url).await;
    assert_eq!(exit, Exit::Failed);
    assert!(out.starts_with("1200 stored, 0 dropped, 1 rejected, 0 failed (1201 events in "), "{out}");
    assert_eq!(err, "line 2401: rejected: /x: wrong\n");
    let sizes: Vec<usize> = log.lock().unwrap().iter().map(|asked| asked.body.lines().count()).collect();
    assert_eq!(sizes, [500, 500, 201]);
    assert_eq!(log.lock().unwrap()[0].headers["content-type"], "application/x-ndjson");
}

#[tokio::test]
async fn portions_are_bounded_in_bytes_too() {
    let (url, log) = server(ndjson(500)).await;
    let content = format!("\"{}\"\n", "x".repeat(300 << 10)).repeat(7);
    let (exit, out, _) = publish_lines(&content, &url).await;
    assert!(exit == Exit::Success && out.starts_with("7 stored"), "{out}");
    let sizes: Vec<usize> = log.lock().unwrap().iter().map(|asked| asked.body.lines().count()).collect();
    assert_eq!(sizes, [3, 3, 1]);
}

#[tokio::test]
async fn one_bad_line_costs_only_itself_and_order_is_kept() {
    let (url, log) = server(ndjson(3)).await;
    let (exit, out, err) = publish_lines("1\n2\n3\n4\ntorn\n6\n7\n8\n", &url).await;
    assert_eq!(exit, Exit::Failed);
    assert!(out.starts_with("7 stored, 0 dropped, 1 rejected, 0 failed"), "{out}");
    assert_eq!(err, "line 5: rejected: line 1: not JSON\n");
    let log = log.lock().unwrap();
    let accepted = log.iter().filter(|asked| !asked.body.contains("torn") && asked.body.lines().count() <= 3);
    assert_eq!(accepted.map(|asked| asked.body.clone()).collect::<String>(), "1\n2\n3\n4\n6\n7\n8\n");
}

#[tokio::test]
async fn a_server_that_fails_or_forgets_is_not_taken_for_success() {
    let (url, _) = server(|_, _| json(500, &json!({"title": "Internal error", "status": 500}))).await;
    let (exit, out, err) = publish_lines("1\n2\n", &url).await;
    assert!(exit == Exit::Failed && out.starts_with("0 stored, 0 dropped, 0 rejected, 2 failed"), "{out}");
    assert_eq!(err, "lines 1 to 2: failed: the server answered 500 Internal Server Error: Internal error\n");
    let (url, _) = server(|_, _| json(200, &json!({"results": [{"index": 1, "outcome": "stored"}]}))).await;
    let (exit, out, _) = publish_lines("1\n2\n", &url).await;
    assert!(exit == Exit::Failed && out.starts_with("1 stored, 0 dropped, 0 rejected, 1 failed"), "{out}");
    let (exit, _, err) = run(&["publish", "--file", "/nonexistent.ndjson", "--url", &url]).await;
    assert!(exit == Exit::Usage && err.contains("/nonexistent.ndjson"), "{err}");
}

#[test]
fn a_file_and_an_event_exclude_each_other() {
    let refused: [&[&str]; 4] =
        [&[], &["a.b", "--file", "x"], &["--file", "x", "--id", "1"], &["a.b", "--ext", "novalue"]];
    for args in refused {
        assert!(Cli::try_parse_from([&["tidemill", "publish"], args].concat()).is_err(), "{args:?}");
    }
}
