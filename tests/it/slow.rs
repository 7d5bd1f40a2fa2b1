//! Subscribers that do not read: what they are told, what they are spared, and how they are ended (invariant I4).

use serde_json::{Value, json};

use crate::support::{Message, Server, Subscriber, eventually, publish_lines};

/// Subjects, over which events go round.
const SUBJECTS: u64 = 5;
/// Bytes of one request, close to the largest body.
const BATCH: usize = 900_000;

/// Publishes `count` events with so many bytes of data, the first with the number `from`.
async fn flood(server: &Server, from: u64, count: u64, bytes: usize) {
    let filler = "x".repeat(bytes);
    for batch in (from..from + count).step_by(BATCH / (bytes + 100)) {
        let lines: Vec<String> = (batch..from + count)
            .take(BATCH / (bytes + 100))
            .map(|n| {
                let (subject, host) = (format!("s{}", n % SUBJECTS), json!({"name": format!("h{}", n % SUBJECTS)}));
                json!({"type": "n", "subject": subject, "data": {"n": n, "host": host, "filler": filler}}).to_string()
            })
            .collect();
        let results = publish_lines(server, &lines).await;
        assert!(results.iter().all(|result| result["outcome"] == "stored"), "{results:?}");
    }
}

/// The numbers of all events up to the one of type `end`.
async fn read_to_end(stream: &mut Subscriber) -> Vec<u64> {
    let mut numbers = Vec::new();
    loop {
        let message = stream.next().await;
        match message.event.as_str() {
            "end" => return numbers,
            "n" => numbers.push(number(&message)),
            _ => panic!("{message:?}"),
        }
    }
}

fn number(message: &Message) -> u64 {
    message.json()["n"].as_u64().unwrap()
}

async fn connections(server: &Server) -> Vec<Value> {
    server.get("/connections").await.1["connections"].as_array().unwrap().clone()
}

async fn evicted(server: &Server) -> u64 {
    server.get("/events/stats").await.1["subscribers"]["evicted"].as_u64().unwrap()
}

/// Invariant I4: publishers and quick subscribers do not notice those that are stuck, and these get later what they asked
/// for when they were asked what to do then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i4_stuck_subscribers_slow_nobody_and_get_later_what_they_chose() {
    const EVENTS: u64 = 21_000;
    let server = Server::start("[subscribe]\nring-max = \"2MiB\"\n", &[]).await;
    let mut stuck = Vec::new();
    for slow in ["", "conflate=subject", "conflate=/host/name", "slow=sample"] {
        let query = format!("types=n,end&{slow}");
        let stream = Subscriber::open_stuck(&server, &query).await;
        stuck.push((query, stream));
    }
    let mut quick = Subscriber::open(&server, "types=n,end").await;
    let quick = tokio::spawn(async move { read_to_end(&mut quick).await });
    flood(&server, 0, EVENTS, 1300).await;
    let (_, end) = server.publish("end", json!({"host": null})).await;
    let all: Vec<u64> = (0..EVENTS).collect();
    // Nobody has read anything on the other connections until now.
    assert_eq!(quick.await.unwrap(), all);
    let lags = || async { connections(&server).await.iter().filter(|one| one["lag"].as_u64() > Some(1024)).count() };
    assert_eq!(lags().await, 4, "these are behind: {:#?}", connections(&server).await);

    for (query, mut stream) in stuck {
        let seen = read_to_end(&mut stream).await;
        let listed = connections(&server).await;
        let listed = listed.iter().find(|one| one["query"] == query).unwrap();
        assert_eq!((&listed["position"], &listed["lag"]), (&end["position"], &json!(0)), "{listed}");
        assert_eq!(listed["events"], seen.len() as u64 + 1, "{listed}");
        let left_out = EVENTS - seen.len() as u64;
        if query.ends_with('&') {
            assert_eq!((&seen, &listed["skipped"]), (&all, &json!({})), "{query}");
            continue;
        }
        let reason = if query.contains("sample") { "sampled" } else { "conflated" };
        assert_eq!(listed["skipped"], json!({reason: left_out}), "{query}");
        assert!(left_out > EVENTS / 2, "{query}: {} of {EVENTS} events came", seen.len());
        assert!(seen.is_sorted_by(|a, b| a < b), "{query}: in order");
        if reason == "conflated" {
            let newest: Vec<u64> = (EVENTS - SUBJECTS..EVENTS).collect();
            assert!(seen.ends_with(&newest), "{query}: the newest of every subject; {:?}", seen.last_chunk::<8>());
        } else {
            let widest = seen.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
            assert!(widest < EVENTS / 50, "{query}: evenly spaced, but {widest} in a row are missing");
            assert!(seen.last() > Some(&(EVENTS - EVENTS / 50)), "{query}: {:?} is the newest", seen.last());
        }
    }
    assert_eq!(evicted(&server).await, 0);
}

/// What a stream that was disconnected had before its end, and what its client gets when it resumes.
async fn resumes_without_loss(server: &Server, query: &str, mut stream: Subscriber, events: u64) {
    let (mut last, mut next) = (stream.begins_after.clone(), 0);
    while let Some(message) = stream.next_or_end().await {
        if message.event == "tidemill.disconnected" {
            assert_eq!((&message.json()["reason"], &message.json()["resume"]), (&json!("behind"), &json!(last)));
            continue;
        }
        assert_eq!(number(&message), next, "before it was disconnected");
        (last, next) = (message.id, next + 1);
    }
    assert!(next < events, "it was disconnected after it had everything: nothing is tested");
    let mut resumed = Subscriber::resume(server, query, Some(&last)).await;
    for n in next..events {
        assert_eq!(number(&resumed.next().await), n, "after it resumed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_subscriber_that_chose_to_be_disconnected_is_ended_from_outside_and_resumes() {
    const LARGE: u64 = 100;
    const EVENTS: u64 = 2500;
    let server = Server::start("", &[]).await;
    let query = "types=n&slow=disconnect";
    let stuck = Subscriber::open_stuck(&server, query).await;
    // Too many bytes for its socket, but not so many events that it counts as behind.
    flood(&server, 0, LARGE, 100_000).await;
    let is_stuck = async || {
        let one = &connections(&server).await[0];
        one["lag"].as_u64() > Some(0) && one["quietMs"].as_u64() > Some(500)
    };
    eventually("its socket takes nothing", is_stuck).await;
    flood(&server, LARGE, EVENTS - LARGE, 10).await;
    eventually("its place is free", async || connections(&server).await.is_empty()).await;
    assert_eq!(evicted(&server).await, 1);
    assert!(server.log().contains("reason=\"behind\""), "{}", server.log());
    resumes_without_loss(&server, query, stuck, EVENTS).await;
    assert_eq!(evicted(&server).await, 1, "whoever catches up after an absence is not slow");
}

/// The policy can be the server's; and one that does read, but too late, is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_that_reads_too_late_is_disconnected_and_resumes() {
    const EVENTS: u64 = 7000;
    let server = Server::start("[subscribe]\nslow = \"disconnect\"\n", &[]).await;
    let late = Subscriber::open_stuck(&server, "types=n").await;
    flood(&server, 0, EVENTS, 1300).await;
    // Told so if its socket takes bytes again in time, cut off otherwise.
    resumes_without_loss(&server, "types=n", late, EVENTS).await;
    eventually("it is counted", async || evicted(&server).await == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_takes_nothing_for_the_write_timeout_is_ended() {
    const EVENTS: u64 = 7000;
    let server = Server::start("[subscribe]\nwrite-timeout = \"1s\"\n", &[]).await;
    let query = "types=n&heartbeat=1s";
    let stuck = Subscriber::open_stuck(&server, query).await;
    // It has nothing to take, and is not stuck therefore.
    let mut quiet = Subscriber::open(&server, "types=quiet&heartbeat=1s").await;
    flood(&server, 0, EVENTS, 1300).await;
    eventually("one of them is left", async || connections(&server).await.len() == 1).await;
    assert_eq!(evicted(&server).await, 1);
    assert!(server.log().contains("a subscriber is disconnected"), "{}", server.log());
    server.publish("quiet", json!(1)).await;
    assert_eq!(quiet.next().await.event, "quiet");
    resumes_without_loss(&server, query, stuck, EVENTS).await;
}
