//! `tidemill tail`

use super::*;

fn stream(body: impl Into<axum::body::Body>) -> Response {
    response(200, "text/event-stream", body)
}

#[tokio::test]
async fn events_are_printed_one_per_line() {
    let frames = "retry: 10\n\n: hello\n\nid: 7.1\nevent: order.created\ndata: {\"a\":1}\n\n\
                  id: 7.2\nevent: note\ndata: two\ndata: lines \x1b[31m\n\nid: 7.3\ndata: 3\n\n";
    let (url, log) = server(move |_, _| stream(frames)).await;
    let command = ["tail", "--url", &url, "--types", "order.*,note", "--since", "7.0", "--limit", "3"];
    let (exit, out, err) = within(run(&command)).await;
    assert_eq!((exit, &*err), (Exit::Success, ""));
    assert_eq!(out, "7.1\torder.created\t{\"a\":1}\n7.2\tnote\ttwo\\nlines \\u{1b}[31m\n7.3\tmessage\t3\n");
    let asked = log.lock().unwrap()[0].clone();
    assert_eq!(asked.query, "types=order.*%2Cnote&since=7.0&limit=3&heartbeat=15s");
    assert_eq!(asked.headers["accept"], "text/event-stream");
}

#[tokio::test]
async fn json_is_printed_as_it_comes() {
    let (url, log) = server(|_, _| stream("id: 1.1\nevent: a\ndata: {\"id\":\"x\"}\n\n")).await;
    let (_, out, _) =
        within(run(&["tail", "--url", &url, "--json", "--envelope", "cloudevents", "--limit", "1"])).await;
    assert_eq!(out, "{\"id\":\"x\"}\n");
    assert_eq!(log.lock().unwrap()[0].query, "envelope=cloudevents&limit=1&heartbeat=15s");
}

#[tokio::test]
async fn a_lost_connection_goes_on_where_it_was() {
    let (url, log) = server(|nth, _| match nth {
        // The last frame is torn: it must come again, and only once.
        0 => stream("retry: 30\n\nid: 7.1\ndata: 1\n\nid: 7.2\ndata: 2\n\nid: 7.3\ndata: tor"),
        1 => response(503, "application/problem+json", r#"{"title":"Draining","detail":"the server is stopping"}"#),
        _ => stream("id: 7.3\ndata: 3\n\nid: 7.4\ndata: 4\n\n"),
    })
    .await;
    let started = std::time::Instant::now();
    let (exit, out, err) = within(run(&["tail", "--url", &url, "--since", "earliest", "--limit", "4"])).await;
    assert_eq!(exit, Exit::Success);
    assert_eq!(out, "7.1\tmessage\t1\n7.2\tmessage\t2\n7.3\tmessage\t3\n7.4\tmessage\t4\n");
    // 30 and 60 ms by the server's hint, not seconds by our own.
    assert!(started.elapsed() >= std::time::Duration::from_millis(90) && started.elapsed().as_millis() < 1500);
    assert_eq!(
        err,
        "tidemill: the server ended the stream; connecting again in 0.0s, going on after 7.2\n\
         tidemill: the server answered 503 Service Unavailable: the server is stopping; connecting again in 0.1s, going on after 7.2\n\
         tidemill: connected again\n"
    );
    let log = log.lock().unwrap();
    let ids: Vec<Option<&str>> = log.iter().map(|asked| asked.headers.get("last-event-id")?.to_str().ok()).collect();
    assert_eq!(ids, [None, Some("7.2"), Some("7.2")]);
    let queries: Vec<&str> = log.iter().map(|asked| &*asked.query).collect();
    assert_eq!(queries[0], "since=earliest&limit=4&heartbeat=15s");
    assert_eq!(queries[2], "limit=2&heartbeat=15s");
}

#[tokio::test]
async fn refusals_end_it_with_the_reason() {
    let (url, _) = server(|nth, _| match nth {
        0 => response(
            400,
            "application/problem+json",
            r#"{"title":"Bad","detail":"no position of this log","at":"since"}"#,
        ),
        1 => response(503, "application/problem+json", r#"{"title":"Too many connections"}"#),
        2 => response(200, "text/html", "<html>"),
        _ => response(204, "text/plain", ""),
    })
    .await;
    let expected = [
        (Exit::Usage, "400 Bad Request: since: no position of this log"),
        (Exit::Failed, "503 Service Unavailable: Too many connections"),
        (Exit::Failed, "text/html instead of text/event-stream"),
        (Exit::Success, ""),
    ];
    for (code, message) in expected {
        let (exit, _, err) = within(run(&["tail", "--url", &url])).await;
        assert!(exit == code && err.contains(message), "{exit:?} {err}");
    }
}

#[tokio::test]
async fn a_closed_output_ends_it_quietly() {
    let (url, _) = server(|_, _| stream("id: 1.1\ndata: 1\n\n")).await;
    let Command::Tail(args) = Cli::try_parse_from(["tidemill", "tail", "--url", &url]).unwrap().command else {
        panic!()
    };
    let mut output = Output { out: &mut Closed, err: &mut io::sink() };
    let result = within(super::super::tail::run(&args, &mut output)).await;
    assert!(matches!(result, Err(Failure::OutputClosed)), "{result:?}");
    assert_eq!(format!("{:?}", end(result)), format!("{:?}", ExitCode::SUCCESS));
}

#[test]
fn wrong_arguments_are_refused_before_anything_is_sent() {
    let refused: [&[&str]; 5] =
        [&["--types", "a,*b"], &["--since", "yesterday"], &["--limit", "0"], &["--envelope", "x"], &["extra"]];
    for args in refused {
        assert!(Cli::try_parse_from([&["tidemill", "tail"], args].concat()).is_err(), "{args:?}");
    }
}
