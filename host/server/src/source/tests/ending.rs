//! How processes end, and what comes then.

use super::*;

#[tokio::test]
async fn exit_codes_and_signals_are_told() {
    for (text, close) in [
        ("exit 0", json!({"type": "close", "code": 0})),
        ("exit 77", json!({"type": "close", "code": 77})),
        ("kill -9 $$", json!({"type": "close", "code": null, "signal": 9})),
    ] {
        let sources = script(text, "");
        assert_eq!(all(attach(&sources)).await, [close]);
    }
}

#[tokio::test]
async fn one_that_cannot_be_started_says_why() {
    let sources = sources(
        "[[source]]\nname = 'it'\ncommand = ['no-such-program']\n[[source]]\nname = 'other'\ncommand = ['./none']",
    );
    let close = json!({"type": "close", "code": null});
    let why = "cannot start `no-such-program`: there is no `no-such-program` in the server's PATH";
    assert_eq!(all(attach(&sources)).await, [json!({"type": "error", "message": why}), close.clone()]);
    let other = all(sources.get("other").unwrap().attach("test").unwrap()).await;
    assert!(other[0]["message"].as_str().unwrap().starts_with("cannot start `./none`: No such file"), "{other:?}");
    assert_eq!(other[1], close);
    assert_eq!(sources.get("it").unwrap().figures.ended()[3], ("not-started", 1));
}

#[tokio::test]
async fn a_group_that_ignores_requests_to_stop_is_killed_whole() {
    let sources = script(
        r#"trap '' TERM; (trap '' TERM; sh -c "trap '' TERM; sleep 1001; true"; true) & sleep 1002 & echo $$; wait; wait"#,
        "stop-after = '300ms'",
    );
    let mut attached = attach(&sources);
    let group = next(&mut attached.messages).await.as_u64().unwrap();
    until(|| members(group).len() >= 4).await;
    drop(attached);
    until(|| members(group).is_empty()).await;
    until(|| sources.get("it").unwrap().figures.running() == 0).await;
    assert_eq!(sources.get("it").unwrap().figures.ended()[2], ("signal", 1));
}

#[tokio::test]
async fn what_a_process_leaves_behind_ends_with_it_and_its_last_words_are_read() {
    let sources = script("echo $$; sleep 1003 & echo last; exit 5", "");
    let found = all(attach(&sources)).await;
    let group = found[0].as_u64().unwrap();
    assert_eq!(found[1..], [json!({"type": "raw", "content": "last"}), json!({"type": "close", "code": 5})]);
    assert_eq!(members(group), Vec::<String>::new());
}

#[tokio::test]
async fn one_that_fled_from_its_group_does_not_hold_the_end_up() {
    let sources =
        script("echo $$; setsid sh -c 'while :; do echo more; done' & sleep 0.2; exit 0", "stop-after = '100ms'");
    let found = all(attach(&sources)).await;
    assert_eq!(found.last(), Some(&json!({"type": "close", "code": 0})));
}

#[tokio::test]
async fn a_server_that_stops_ends_all_and_says_so() {
    let sources = script("echo $$; exec sleep 1004", "");
    let (mut one, mut two) = (attach(&sources), attach(&sources));
    let groups = [next(&mut one.messages).await, next(&mut two.messages).await].map(|group| group.as_u64().unwrap());
    sources.stop().await;
    for (mut attached, group) in [one, two].into_iter().zip(groups) {
        assert_eq!(next(&mut attached.messages).await, json!({"type": "close", "code": null, "signal": 15}));
        assert_eq!(members(group), Vec::<String>::new());
    }
}

#[tokio::test]
async fn there_are_only_so_many_at_once() {
    let sources = script("exec cat", "processes-max = 2");
    let source = sources.get("it").unwrap();
    let (one, _two) = (attach(&sources), attach(&sources));
    until(|| source.figures.running() == 2).await;
    let crowded = source.attach("test").unwrap_err();
    assert_eq!(crowded.to_string(), "`it` has 2 processes, which is the most (`processes-max`); come back later");
    drop(one);
    until(|| source.figures.running() == 1).await;
    until(|| source.attach("test").is_ok()).await;
}

#[tokio::test]
async fn a_shared_process_is_heard_by_all_and_started_again() {
    let sources =
        script("read line && echo \"$line\" && exit 1", "mode = 'shared'\nrestart = { first = '10ms', most = '20ms' }");
    let (mut one, mut two) = (attach(&sources), attach(&sources));
    let source = Arc::clone(sources.get("it").unwrap());
    let Processes::Shared(shared) = &source.processes else { panic!("it is shared") };
    sources.running.spawn(shared.clone().run(
        Arc::clone(&source),
        config::Restart { first: Duration::from_millis(10), most: Duration::from_millis(20) },
    ));
    for round in 0..3 {
        let line = Bytes::from(json!({"round": round}).to_string());
        // Between two processes there is nobody to read it.
        until(|| one.input.send(&line).is_ok()).await;
        for attached in [&mut one, &mut two] {
            assert_eq!(next(&mut attached.messages).await, json!({"round": round}));
            assert_eq!(next(&mut attached.messages).await, json!({"type": "close", "code": 1}));
        }
    }
    until(|| source.figures.counters()[1].2 >= 3).await;
    sources.stop().await;
    assert_eq!(source.figures.running(), 0);
}
