//! Plugins that take: memory in every form that there is, things of the host, and time in the host's own functions.

use super::assembled::{Parts, filter};
use super::harm::{largest_resident_bytes, only_the_bad_event_fails, poison, start};

/// What a host may take in all while it serves a plugin that wants everything: several workers with the 64 MiB of
/// memory that each instance may have, and the batch repeated by halves.
const HOST_BYTES_MAX: u64 = 700 << 20;

async fn fails(module: &str, poisoned: &str, reason: &str) {
    let server = start("[limits]\ntime = \"2s\"\n", &filter(Parts { module, poisoned, ..Parts::default() })).await;
    only_the_bad_event_fails(&server, poison(), reason).await;
    let taken = largest_resident_bytes(&server);
    assert!(taken < HOST_BYTES_MAX, "the host took {taken} bytes: {poisoned}");
}

/// Sixteen memories of 6 MiB are more than the 64 MiB that one may have; so is one that is grown at once.
#[tokio::test]
async fn memories_count_together() {
    let memories: String = (1..=16).map(|n| format!("(memory $m{n} 0)")).collect();
    let grow: String = (1..=16).map(|n| format!("(drop (memory.grow $m{n} (i32.const 96)))")).collect();
    fails(&memories, &grow, "memory").await;
    fails("", "(drop (memory.grow (i32.const 20000)))", "memory").await;
}

#[tokio::test]
async fn tables_count_together() {
    let tables: String = (1..=12).map(|n| format!("(table $t{n} 0 funcref)")).collect();
    let grow: String =
        (1..=12).map(|n| format!("(drop (table.grow $t{n} (ref.null func) (i32.const 9000)))")).collect();
    fails(&tables, &grow, "elements of tables").await;
}

/// What the host keeps for a guest is not in the guest's memory, so that limit does not see it.
#[tokio::test]
async fn things_of_the_host_are_counted() {
    let hoard = "(loop $on (drop (call $subscribe (i64.const 1))) (br $on))";
    fails("", hoard, "resource table").await;
}

#[tokio::test]
async fn random_bytes_come_in_small_portions() {
    fails("", "(call $random (i64.const 60000000) (i32.const 2048))", "exceeds limit").await;
    fails("", "(call $random (i64.const -1) (i32.const 2048))", "exceeds limit").await;
}

/// Each of these functions ends soon, their loop does not: time is asked for between them.
#[tokio::test]
async fn floods_of_calls_to_the_host_end_with_the_time_limit() {
    let log = "(call $log (i32.const 2) (i32.const 16) (i32.const 1) (i32.const 0) (i32.const 0))";
    let random = "(global.set $heap (i32.const 65536)) (call $random (i64.const 16) (i32.const 2048))";
    // A message of 512 KiB, with 16 fields whose names and values are as long.
    const LARGE: i64 = (524_288 << 32) | 1_048_576;
    let fields: String =
        (0..32).map(|n| format!("(i64.store (i32.const {}) (i64.const {LARGE}))", 4096 + 8 * n)).collect();
    let large = format!(
        "{fields} (call $log (i32.const 2) (i32.const 1048576) (i32.const 524288) (i32.const 4096) (i32.const 16))"
    );
    for call in [log, random, &large] {
        let poisoned = format!("(loop $on {call} (br $on))");
        let server =
            start("[limits]\noutput-bytes = \"64MiB\"\n", &filter(Parts { poisoned: &poisoned, ..Parts::default() }))
                .await;
        only_the_bad_event_fails(&server, poison(), "timeout").await;
        let lines = server.log().lines().filter(|line| line.contains("plugin=\"hostile\"")).count();
        assert!(lines < 1000, "{lines} lines were written");
    }
}
