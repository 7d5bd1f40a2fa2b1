//! Streams look the same whatever carries them: each test here runs against a server of each lane (`server.sse-lane`).
//!
//! All of it is said over plain sockets, byte by byte where that matters.

mod ending;
mod heads;
mod leaving;
mod same;
mod talking;

use serde_json::{Value, json};

use crate::support::{Lane, Server, Subscriber, Wire, eventually, sleeps};

/// Makes two tests of each function that is told a lane: `auto::<name>` and `hyper::<name>`.
macro_rules! on_both_lanes {
    ($($test:ident),+ $(,)?) => {
        mod auto {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                Box::pin(super::$test(crate::support::Lane::Auto)).await;
            })+
        }
        mod hyper {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                Box::pin(super::$test(crate::support::Lane::Hyper)).await;
            })+
        }
    };
}
pub(crate) use on_both_lanes;

/// Everybody who listens.
async fn connections(server: &Server) -> Vec<Value> {
    server.get("/connections").await.1["connections"].as_array().unwrap().clone()
}

async fn all_have_left(server: &Server) {
    eventually("all have left", async || connections(server).await.is_empty()).await;
}

/// Publishes an event of a type with a number for its data.
async fn publish(server: &Server, event_type: &str, number: u64) {
    let (status, answer) = server.publish(event_type, json!(number)).await;
    assert_eq!(status, 200, "{answer}");
}

/// Others are served as if nothing were.
pub(crate) async fn serves_others(server: &Server) {
    let mut other = Subscriber::open(server, "types=others").await;
    publish(server, "others", 1).await;
    assert_eq!(other.next().await.data, "1");
}

/// What a stream ends with when a server stops that said `retry = "3s"`: an event from the last moment as a whole, or not
/// at all (it is there when the client comes back), and when to come back.
pub(crate) fn farewell(rest: &str, last: &str) -> u64 {
    let retry = rest.rsplit_once("retry: ").filter(|(before, _)| {
        before.is_empty()
            || before.starts_with("id: ")
                && before.ends_with(&format!("\ndata: \"{last}\"\n\n"))
                && !before.contains("retry")
    });
    let retry = retry.and_then(|(_, retry)| retry.strip_suffix("\n\n")?.parse().ok());
    retry.filter(|retry| (3000..8000).contains(retry)).unwrap_or_else(|| panic!("no farewell: {rest:?}"))
}

/// Nothing that came from outside made a thread panic.
pub(crate) fn did_not_panic(server: &Server) {
    let log = server.log();
    assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");
}

/// Without this, everything here could compare hyper with itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_light_lane_has_threads_that_carry_plain_streams_and_hyper_has_none() {
    const THREADS: &str = "tidemill-sse";
    const EVENTS: u64 = 200;
    let server = Lane::Hyper.server("").await;
    serves_others(&server).await;
    assert_eq!(sleeps(server.pid(), THREADS), None);

    let server = Lane::Auto.server("[log]\ndurability = \"os\"\n").await;
    let asleep = || sleeps(server.pid(), THREADS).expect("there is no light lane");
    for (version, plain) in [("HTTP/1.1", true), ("HTTP/1.0", false)] {
        let mut wire = Wire::open(server.address()).await;
        wire.send(format!("GET /events?types=a {version}\r\nHost: x\r\n\r\n")).await;
        wire.greeting().await;
        let before = asleep();
        for number in 0..EVENTS {
            publish(&server, "a", number).await;
            assert_eq!(wire.data().await, number.to_string());
        }
        // Now and then they wake for other reasons, and one time may do for two events.
        let often = asleep() - before > EVENTS / 2;
        assert_eq!(often, plain, "{version}: its threads slept {} times for {EVENTS} events", asleep() - before);
    }
}
