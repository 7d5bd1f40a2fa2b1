//! The bench measured by itself: faults on purpose are found exactly, and the command gives its report.
#![cfg(target_os = "linux")]

#[path = "it/plugins.rs"]
mod plugins;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use tidemill_bench::floor::{self, Fault, Mode};
use tidemill_bench::load::{self, LoadSpec, MARKER, Outcome, Pace, PublishSpec, Subscription};

const BENCH: &str = env!("CARGO_BIN_EXE_tidemill-bench");
const SUBSCRIBERS: u64 = 20;
const WARM_UP: u64 = 10;

/// A second of load on a floor in this process, read by three threads.
fn load_floor(fault: Option<Fault>, mode: Mode, batch: usize) -> Result<Outcome> {
    load_floor_with(fault, mode, batch, |spec| spec.readers = 3)
}

fn load_floor_with(
    fault: Option<Fault>,
    mode: Mode,
    batch: usize,
    change: impl FnOnce(&mut LoadSpec),
) -> Result<Outcome> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let publish = PublishSpec {
        path: "/events".to_owned(),
        headers: String::new(),
        content_type: if batch > 1 { "application/x-ndjson" } else { "application/json" }.to_owned(),
        item: format!("{{\"zen\":\"{MARKER}\"}}"),
        batch,
    };
    let mut spec = LoadSpec {
        subscribers: SUBSCRIBERS as usize,
        publishers: 1,
        pace: Pace::Rate(3_000.0),
        duration: Duration::from_secs(1),
        warmup_requests: WARM_UP,
        drain_quiet: Duration::from_millis(500),
        drain_limit: Duration::from_secs(5),
        connect_limit: Duration::from_secs(5),
        ..LoadSpec::new(listener.local_addr()?, "/events", publish)
    };
    change(&mut spec);
    thread::spawn(move || floor::serve(&listener, mode, fault, Duration::from_secs(20)));
    load::publish(&spec)
}

/// How many of the measured events the fault hit.
fn hits(fault: Fault, outcome: &Outcome) -> u64 {
    (WARM_UP + 1..=WARM_UP + outcome.sent).filter(|nth| fault.hits(*nth)).count() as u64
}

#[test]
fn a_floor_without_faults_is_complete() {
    for (mode, batch) in [(Mode::Coalesce, 1), (Mode::Direct, 1), (Mode::Coalesce, 100)] {
        let outcome = load_floor(None, mode, batch).unwrap();
        assert!(outcome.warm && outcome.complete, "{outcome:?}");
        assert!(outcome.acknowledged > 500 && outcome.acknowledged == outcome.sent, "{outcome:?}");
        assert_eq!(outcome.delivered, outcome.sent * SUBSCRIBERS);
        assert_eq!((outcome.missing, outcome.duplicated, outcome.out_of_order), (0, 0, 0));
        assert_eq!((outcome.errors, outcome.distinct_orders, outcome.connected), (0, 1, SUBSCRIBERS));
        assert!(outcome.latency_ms.p50 > 0.0 && outcome.latency_ms.p50 <= outcome.latency_ms.p99);
    }
}

#[test]
fn one_reader_counts_what_three_do() {
    let outcome = load_floor_with(None, Mode::Coalesce, 1, |spec| spec.readers = 1).unwrap();
    assert!(outcome.warm && outcome.complete && outcome.wrong() == 0, "{outcome:?}");
    assert_eq!((outcome.delivered, outcome.connected), (outcome.sent * SUBSCRIBERS, SUBSCRIBERS));
}

#[test]
fn what_comes_unasked_is_found_and_is_no_delivery() {
    let every_fifth = |spec: &mut LoadSpec| {
        spec.readers = 3;
        spec.subscriptions.resize(5, Subscription { wants: false, ..Subscription::to("/events?types=other.*") });
    };
    // The floor knows no filters.
    let outcome = load_floor_with(None, Mode::Coalesce, 1, every_fifth).unwrap();
    let (listeners, others) = (SUBSCRIBERS / 5, SUBSCRIBERS / 5 * 4);
    assert!(outcome.warm && outcome.complete && outcome.missing == 0, "{outcome:?}");
    assert_eq!((outcome.connected, outcome.delivered), (SUBSCRIBERS, outcome.sent * listeners));
    assert_eq!((outcome.wrong(), outcome.unwanted), (outcome.unwanted, (WARM_UP + outcome.sent) * others));
}

#[test]
fn dropped_events_are_found() {
    let fault: Fault = "drop:50".parse().unwrap();
    let outcome = load_floor(Some(fault), Mode::Coalesce, 1).unwrap();
    assert!(!outcome.complete && hits(fault, &outcome) > 5, "{outcome:?}");
    assert_eq!((outcome.missing, outcome.duplicated), (hits(fault, &outcome) * SUBSCRIBERS, 0));
}

#[test]
fn events_that_come_twice_are_found() {
    let fault: Fault = "dup:50".parse().unwrap();
    let outcome = load_floor(Some(fault), Mode::Coalesce, 1).unwrap();
    assert!(outcome.complete && hits(fault, &outcome) > 5, "{outcome:?}");
    assert_eq!((outcome.missing, outcome.duplicated), (0, hits(fault, &outcome) * SUBSCRIBERS));
}

#[test]
fn swapped_events_are_found() {
    let fault: Fault = "swap:47".parse().unwrap();
    let outcome = load_floor(Some(fault), Mode::Coalesce, 1).unwrap();
    // One that was held back and had no successor never came.
    let held = u64::from(fault.hits(WARM_UP + outcome.sent)) * SUBSCRIBERS;
    assert!(hits(fault, &outcome) > 5, "{outcome:?}");
    assert_eq!(outcome.out_of_order + outcome.missing, hits(fault, &outcome) * SUBSCRIBERS);
    assert_eq!((outcome.missing, outcome.duplicated), (held, 0));
}

#[test]
fn a_template_without_a_place_for_the_marker_is_an_error() {
    let bare = tidemill_bench::payload::Payload { event_type: "a.b".to_owned(), data: "{}".to_owned() };
    assert!(bare.envelope().is_err());
}

/// The whole command against the floor, and against a stand-in for the host that says where it listens and takes the
/// host's arguments, but delivers whatever it gets.
#[test]
fn the_command_reports_ratios_to_the_floor() {
    let scratch = tempfile::tempdir().unwrap();
    let plugins = scratch.path().join("plugins");
    fs::create_dir(&plugins).unwrap();
    let stand_in = scratch.path().join("tidemill");
    fs::write(
        &stand_in,
        format!("#!/bin/sh\necho \"$@\" > {}/arguments\nexec {BENCH} floor\n", scratch.path().display()),
    )
    .unwrap();
    fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).unwrap();
    let json = scratch.path().join("runs.ndjson");
    let output = Command::new(BENCH)
        .args(["run", "--quick", "--perf", "--hubs", "floor,tidemill", "--cases", "fan,ingest-batch,rate,idle"])
        .args(["--chain", "none", "--nginx", "/nowhere"])
        .arg("--tidemill")
        .arg(&stand_in)
        .arg("--plugins")
        .arg(&plugins)
        .arg("--json")
        .arg(&json)
        .env("TMPDIR", scratch.path())
        .output()
        .unwrap();
    let (report, progress) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{progress}");
    for heading in ["## fan:", "## ingest-batch:", "## rate:", "## idle:", "× floor", "p99 − floor", "by thread"] {
        assert!(report.contains(heading), "{heading} is not in\n{report}\n{progress}");
    }
    let rows = |hub: &str| report.lines().filter(|line| line.starts_with(&format!("| {hub} |"))).count();
    assert_eq!((rows("floor"), rows("tidemill")), (7, 7), "{report}\n{progress}");
    let floor = report.lines().find(|line| line.starts_with("| floor |")).unwrap();
    assert_eq!(floor.split(" | ").nth(2), Some("1.00"), "{floor}");
    let records: Vec<serde_json::Value> =
        fs::read_to_string(&json).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), 8);
    assert!(records.iter().all(|record| record.get("failed").is_none()), "{progress}");
    assert!(records.iter().filter(|record| record["case"] != "idle").all(|record| record["load"]["complete"] == true));
    let arguments = fs::read_to_string(scratch.path().join("arguments")).unwrap();
    assert!(arguments.starts_with("serve --listen 127.0.0.1:0 --print-addr --config /"), "{arguments}");
}

/// The log's cases against a stand-in that takes events and delivers them, but keeps none.
#[test]
fn the_log_command_reports_bars_and_what_failed() {
    let scratch = tempfile::tempdir().unwrap();
    let stand_in = scratch.path().join("tidemill");
    let configuration = scratch.path().join("configuration");
    fs::write(&stand_in, format!("#!/bin/sh\ncat \"$6\" >> {}\nexec {BENCH} floor\n", configuration.display()))
        .unwrap();
    fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).unwrap();
    let json = scratch.path().join("runs.ndjson");
    let output = Command::new(BENCH)
        .args(["log", "--quick", "--cases", "ingest-single,slow,idle,resume", "--ring-max", "2MiB"])
        .arg("--tidemill")
        .arg(&stand_in)
        .arg("--json")
        .arg(&json)
        .env("TMPDIR", scratch.path())
        .output()
        .unwrap();
    let (report, progress) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{progress}");
    for row in ["| ingest-single | fsync: acknowledged | ", "bare SQLite, 64 rows", "| slow | all read: ", "| idle | "]
    {
        assert!(report.contains(row), "{row} is not in\n{report}\n{progress}");
    }
    assert!(report.contains("| ≥ 20,000/s | **"), "{report}");
    assert!(report.contains("resume: run 1 **failed**: asking for /readyz"), "{report}\n{progress}");
    let records: Vec<serde_json::Value> =
        fs::read_to_string(&json).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let wrong = |record: &&serde_json::Value| record.get("failed").is_some() || record["faults"][0].is_string();
    let wrong: Vec<_> = records.iter().filter(wrong).map(|record| &record["case"]).collect();
    assert_eq!((records.len(), wrong), (4, vec![&"resume".into()]), "{progress}");
    let configuration = fs::read_to_string(&configuration).unwrap();
    for setting in ["store = \"memory\"", "durability = \"fsync\"", "ring-max = \"2MiB\"", "replay-rate = "] {
        assert!(configuration.contains(setting), "{configuration}");
    }
}

/// The lanes' cases against a stand-in that knows neither lanes nor filters: each lane is asked for, and what comes
/// unasked misses the bar.
#[test]
fn the_lanes_command_asks_for_both_lanes_and_judges_one() {
    let scratch = tempfile::tempdir().unwrap();
    let stand_in = scratch.path().join("tidemill");
    let configuration = scratch.path().join("configuration");
    fs::write(&stand_in, format!("#!/bin/sh\ncat \"$6\" >> {}\nexec {BENCH} floor\n", configuration.display()))
        .unwrap();
    fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).unwrap();
    let json = scratch.path().join("runs.ndjson");
    let output = Command::new(BENCH)
        .args(["lanes", "--quick", "--cases", "fan-200,match", "--hubs", "floor,axum-sse,hyper,auto"])
        .args(["--chain", "none", "--nginx", "/nowhere"])
        .arg("--tidemill")
        .arg(&stand_in)
        .arg("--json")
        .arg(&json)
        .env("TMPDIR", scratch.path())
        .output()
        .unwrap();
    let (report, progress) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{progress}");
    for row in
        ["| floor | ", "| axum-sse | ", "| tidemill hyper: 100 of 10,000 | ", "- deliveries/s ÷ floor ≥ 1.50 ×: **"]
    {
        assert!(report.contains(row), "{row} is not in\n{report}\n{progress}");
    }
    assert_eq!(report.matches("in another order: **PASS** (0 wrong").count(), 1, "{report}");
    assert_eq!(report.matches("in another order: **MISSED** (").count(), 1, "{report}");
    let records: Vec<serde_json::Value> =
        fs::read_to_string(&json).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), 4 + 2 * 2, "{progress}");
    assert!(records.iter().all(|record| record["load"]["complete"] == true), "{progress}");
    let configuration = fs::read_to_string(&configuration).unwrap();
    for lane in ["auto", "hyper"] {
        assert_eq!(configuration.matches(&format!("[server]\nsse-lane = \"{lane}\"\n")).count(), 3, "{configuration}");
    }
}

#[test]
fn what_is_not_there_is_said_and_left_out() {
    let scratch = tempfile::tempdir().unwrap();
    let output = Command::new(BENCH)
        .args(["--quick", "--hubs", "floor,nchan,tidemill", "--cases", "ingest"])
        .args(["--nginx", "/nowhere/nginx", "--tidemill", "/nowhere/tidemill"])
        .env("TMPDIR", scratch.path())
        .output()
        .unwrap();
    let (report, progress) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && report.contains("| floor |"), "{report}\n{progress}");
    assert!(progress.contains("apt-get install nginx-light libnginx-mod-nchan"), "{progress}");
    assert!(progress.contains("cargo xtask build"), "{progress}");
}
