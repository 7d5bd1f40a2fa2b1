//! `kill -9` of the real process, again and again, under load (invariants I1, I2, I3).
//!
//! `TIDEMILL_CRASH_ROUNDS` sets how often, `TIDEMILL_CRASH_SEED` repeats what a run did with its waits and sizes.

mod load;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::support::{Message, Server, eventually};
use load::{END, Load, Published, Random};

/// Events per request of each publisher.
const PUBLISHERS: [u64; 5] = [1, 1, 7, 40, 300];
/// What each subscriber asks for.
const SUBSCRIBERS: [&str; 4] = ["", "types=t1,end", "sources=/p3,/end", "types=t0,t2,end&sources=/p0,/p4,/end"];

/// One event of the log.
#[derive(Debug)]
struct Stored {
    position: String,
    event: Value,
}

impl Stored {
    fn member(&self, name: &str) -> &str {
        self.event[name].as_str().unwrap()
    }

    fn is_wanted(&self, subscriber: usize) -> bool {
        let (kind, source) = (self.member("type"), self.member("source"));
        kind == END
            || match subscriber {
                0 => true,
                1 => kind == "t1",
                2 => source == "/p3",
                _ => ["t0", "t2"].contains(&kind) && ["/p0", "/p4"].contains(&source),
            }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_what_was_acknowledged_is_there_once_and_at_its_position_after_every_crash() {
    let rounds = number("TIDEMILL_CRASH_ROUNDS").unwrap_or(12);
    let seed = number("TIDEMILL_CRASH_SEED").unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0 >> 16);
    tell(&format!("{rounds} crashes; to repeat: TIDEMILL_CRASH_SEED={seed}"));
    let mut random = Random(seed);
    let mut server = Server::start(&config(0), &[]).await;
    let first = server.get("/events/stats").await.1["log"]["last"].as_str().unwrap().to_owned();
    let load = Load::new(server.address(), &server.http);
    let mut random_of = |number: u64| Random(random.below(u64::MAX) ^ number);
    let publishers: Vec<_> = (0..)
        .zip(PUBLISHERS)
        .map(|(number, batch)| tokio::spawn(load::publish(load.clone(), number, batch, random_of(number))))
        .collect();
    let subscribers: Vec<_> = (10..)
        .zip(SUBSCRIBERS)
        .map(|(number, query)| {
            tokio::spawn(load::subscribe(load.clone(), query.to_owned(), first.clone(), random_of(number)))
        })
        .collect();

    for round in 1..=rounds {
        let before = load.acknowledged.load(Ordering::SeqCst);
        let enough = before + 1 + random.below(1500);
        eventually("events are acknowledged", async || load.acknowledged.load(Ordering::SeqCst) >= enough).await;
        tokio::time::sleep(random.milliseconds(60)).await;
        server.kill();
        server.configure(&config(round));
        if random.below(3) == 0 {
            server.crash_while_starting(random.milliseconds(150)).await;
        }
        server.start_again();
        load.moved(server.address());
    }

    load.stop();
    let mut published = Vec::new();
    for publisher in publishers {
        published.push(publisher.await.unwrap());
    }
    let (status, end) = server.post("application/json", json!({"type": END, "source": "/end"}).to_string()).await;
    assert_eq!(status, 200, "{end}");
    let log = read_all(&server, &first).await;
    check_log(&log, &published, &first);
    for (number, subscriber) in subscribers.into_iter().enumerate() {
        let seen = subscriber.await.unwrap();
        check_seen(&log, number, &seen);
    }
    let sum = |of: fn(&Published) -> u64| published.iter().map(of).sum::<u64>();
    let (repeated, duplicates) = (sum(|one| one.repeated), sum(|one| one.duplicates));
    tell(&format!(
        "{} events; {repeated} requests were sent again, {duplicates} events of them had been stored",
        log.len()
    ));
    assert!(repeated > 0, "no crash ever cut a request off: there was no load");
}

/// Every acknowledged event stands once, where its publisher was told; there is nothing else.
fn check_log(log: &[Stored], published: &[Published], first: &str) {
    let place = |text: &str| {
        let (epoch, sequence) = text.split_once('.').unwrap();
        (epoch.parse::<u64>().unwrap(), sequence.parse::<u64>().unwrap())
    };
    let epoch = place(first).0;
    let mut before = place(first);
    let mut found: BTreeMap<&str, &str> = BTreeMap::new();
    for stored in log {
        let here = place(&stored.position);
        assert!(here > before, "{} does not come after {before:?}", stored.position);
        assert_eq!(here.0, epoch, "the epoch changed");
        before = here;
        let twice = found.insert(stored.member("id"), &stored.position);
        assert!(twice.is_none() || stored.member("type") == END, "{} is stored twice: {twice:?}", stored.member("id"));
    }
    for (id, position) in published.iter().flat_map(|publisher| &publisher.positions) {
        assert_eq!(found.get(id.as_str()), Some(&position.as_str()), "{id} was acknowledged");
    }
    // Every request was answered in the end.
    let answered = published.iter().map(|publisher| publisher.positions.len()).sum::<usize>();
    assert_eq!(found.len(), answered + 1, "something is stored that nobody was told of");
}

/// A subscriber saw everything it asked for, once and in order.
fn check_seen(log: &[Stored], number: usize, seen: &[Message]) {
    let wanted: Vec<&Stored> = log.iter().filter(|stored| stored.is_wanted(number)).collect();
    let sources: BTreeSet<&str> = wanted.iter().map(|stored| stored.member("source")).collect();
    assert!(sources.len() > 1, "subscriber {number} wanted only {sources:?}: nothing is tested");
    for (wanted, message) in wanted.iter().zip(seen) {
        assert_eq!(wanted.position, message.id, "subscriber {number}: none missed, none twice, in order");
        assert_eq!(wanted.event.get("data").unwrap_or(&Value::Null), &message.json(), "{}", message.id);
    }
    assert_eq!(wanted.len(), seen.len(), "subscriber {number}");
}

/// The whole log, by polling.
async fn read_all(server: &Server, first: &str) -> Vec<Stored> {
    let (mut log, mut after) = (Vec::new(), first.to_owned());
    loop {
        let (status, page) = server.get(&format!("/events/poll?limit=1000&wait=50s&after={after}")).await;
        assert_eq!((status, &page["gaps"]), (200, &json!([])), "{page}");
        let events = page["events"].as_array().unwrap();
        assert!(!events.is_empty(), "the last event is missing after {after}");
        let stored = |item: &Value| Stored {
            position: item["position"].as_str().unwrap().to_owned(),
            event: item["event"].clone(),
        };
        log.extend(events.iter().map(stored));
        after = page["next"].as_str().unwrap().to_owned();
        if log.last().is_some_and(|stored| stored.member("type") == END) {
            return log;
        }
    }
}

/// Both promises hold when a process ends, so rounds take turns.
fn config(round: u64) -> String {
    let durability = if round.is_multiple_of(2) { "fsync" } else { "os" };
    format!("[log]\ndurability = \"{durability}\"\n[subscribe]\nring-max = \"1MiB\"\n")
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is `{text}`: write a number")))
}

fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
