//! What a process says and is told.

use super::*;

#[tokio::test]
async fn every_line_becomes_a_message_of_its_kind() {
    let sources = script(
        r#"echo '{"jsonrpc": "2.0", "id": 1,	"result": {"b": 1, "a": 2.10}}'; echo 'Server ready'; echo; printf '{"cr":\r1}\r\n'
        printf 'caf\303\251 \377\n'; printf 'data: x\revent: y\n'; echo 7; sleep 0.1; echo 'it fails' >&2; sleep 0.1; printf 'no end'; exit 3"#,
        "",
    );
    let attached = attach(&sources);
    assert_eq!(
        all(attached).await,
        [
            json!({"jsonrpc": "2.0", "id": 1, "result": {"b": 1, "a": 2.1}}),
            json!({"type": "raw", "content": "Server ready"}),
            json!({"cr": 1}),
            json!({"type": "raw", "content": "café \u{fffd}"}),
            json!({"type": "raw", "content": "data: x\revent: y"}),
            json!(7),
            json!({"type": "error", "message": "it fails"}),
            json!({"type": "raw", "content": "no end"}),
            json!({"type": "close", "code": 3}),
        ]
    );
}

#[test]
fn messages_are_written_as_clients_know_them() {
    let json = Message::of_output(&Bytes::from_static(b" {\"b\": 1.10,\t\"a\": 2}\r")).unwrap();
    for (message, data) in [
        (json, r#"{"b":1.10,"a":2}"#),
        (Message::Raw("a\r\nb".into()), r#"{"type":"raw","content":"a\r\nb"}"#),
        (Message::Error("x".into()), r#"{"type":"error","message":"x"}"#),
        (Message::Close { code: Some(0), signal: None }, r#"{"type":"close","code":0}"#),
        (Message::Close { code: None, signal: Some(9) }, r#"{"type":"close","code":null,"signal":9}"#),
    ] {
        assert_eq!(message.data(), data);
    }
}

#[tokio::test]
async fn a_line_that_is_too_long_is_left_out_and_told() {
    let sources = script("head -c 10485760 /dev/zero | tr '\\0' x; echo; echo after", "line-max = '64KiB'");
    let attached = attach(&sources);
    assert_eq!(
        all(attached).await,
        [
            json!({"type": "error", "message": "a line of more than 65536 bytes (`line-max`) was left out"}),
            json!({"type": "raw", "content": "after"}),
            json!({"type": "close", "code": 0}),
        ]
    );
}

#[tokio::test]
async fn a_process_that_floods_waits_for_its_reader_and_loses_nothing() {
    const LINE: usize = 1000;
    let directory = tempfile::tempdir().unwrap();
    let progress = directory.path().join("progress");
    let text = format!("\\\"{}\\\"", "x".repeat(LINE));
    let flood = format!("i=0; while :; do i=$((i+1)); echo \"[$i,{text}]\"; echo $i > {}; done", progress.display());
    let sources = script(&flood, "line-max = '2KiB'\noutput-max = '64KiB'");
    let mut attached = attach(&sources);
    // It goes on until nothing more fits anywhere.
    let written = || fs::read_to_string(&progress).ok().and_then(|text| text.trim().parse::<usize>().ok()).unwrap_or(0);
    let (mut last, mut same) = (0, 0);
    while same < 10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = written();
        same = if now > 0 && now == last { same + 1 } else { 0 };
        last = now;
    }
    // In the queue, in the buffer and in the pipe.
    let most = ((64 << 10) + crate::limits::SOURCE_READ_BYTES + (64 << 10)) / LINE;
    assert!(last <= most, "{last} lines were written while nobody read");
    for expected in 1..last + 100 {
        assert_eq!(next(&mut attached.messages).await[0], json!(expected));
    }
}

#[tokio::test]
async fn what_is_sent_arrives_as_lines() {
    let sources = script("exec cat", "line-max = '1KiB'");
    let Attached { mut messages, input } = attach(&sources);
    input.send(&Bytes::from_static(b"{\"a\":\n 1}")).unwrap();
    input.send(&Bytes::from_static(b"[2]")).unwrap();
    assert_eq!([next(&mut messages).await, next(&mut messages).await], [json!({"a": 1}), json!([2])]);
    assert!(matches!(input.send(&Bytes::from_static(b"{")), Err(Unsent::NotJson(_))));
    let long = Bytes::from(json!("x".repeat(1 << 10)).to_string());
    assert!(matches!(input.send(&long), Err(Unsent::TooLong { bytes: 1026, most: 1024, .. })));
    // Standard input stays open for those who never write.
    drop(input);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(sources.get("it").unwrap().figures.running(), 1);
}

#[tokio::test]
async fn a_process_that_does_not_read_makes_senders_wait_and_an_ended_one_takes_nothing() {
    let sources = script("echo ready; exec sleep 1000", "line-max = '1KiB'");
    let Attached { mut messages, input } = attach(&sources);
    assert_eq!(next(&mut messages).await, json!({"type": "raw", "content": "ready"}));
    let line = Bytes::from(json!("x".repeat(1000)).to_string());
    let mut sent = 0;
    while input.send(&line) != Err(Unsent::Busy("it".into())) {
        sent += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(sent > 0 && sent < 200, "{sent} lines wait: those in the pipe and one more");
    drop(messages);
    until(|| matches!(input.send(&line), Err(Unsent::Ended(_)))).await;
}

#[tokio::test]
async fn it_finds_exactly_the_variables_that_are_listed() {
    let sources = sources(
        "[[source]]\nname = 'it'\ncommand = ['env']\nenvironment = ['CARGO_PKG_NAME', 'NOT_THERE']\nset = { A = '1 2', B = '' }",
    );
    let mut found = all(attach(&sources)).await;
    let raw = |text: &str| json!({"type": "raw", "content": text});
    assert_eq!(found.pop(), Some(json!({"type": "close", "code": 0})));
    found.sort_by_key(Value::to_string);
    assert_eq!(found, [raw("A=1 2"), raw("B="), raw("CARGO_PKG_NAME=tidemill")]);
}

#[tokio::test]
async fn it_runs_in_its_directory() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("inner")).unwrap();
    fs::write(directory.path().join("inner/here"), "").unwrap();
    let file = directory.path().join("tidemill.toml").display().to_string();
    let text = "[[source]]\nname = 'it'\ncommand = ['ls']\ndirectory = 'inner'\n";
    let config = Config::from_sources(Some((&file, text)), std::iter::empty(), &Flags::default()).unwrap();
    let sources = Sources::new(&config.sources);
    assert_eq!(all(attach(&sources)).await[0], json!({"type": "raw", "content": "here"}));
}
