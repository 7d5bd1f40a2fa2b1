//! `tidemill-bench authors`: it follows what `tidemill plugin` prints and changes what templates have, which both may come to differ.

use std::path::Path;
use std::process::Command;

use crate::support::toolchain;

#[test]
fn the_bench_of_languages_measures_one_from_new_to_live() {
    let Some(tools) = toolchain("javascript") else { return };
    let tidemill = Path::new(env!("CARGO_BIN_EXE_tidemill"));
    let bench = tidemill.with_file_name("tidemill-bench");
    assert!(bench.is_file(), "{} is made by `cargo nextest run --workspace`", bench.display());
    let scratch = tempfile::tempdir().unwrap();
    let json = scratch.path().join("figures.jsonl");
    let ended = Command::new(bench)
        .args(["authors", "--lang", "js", "--quick"])
        .args([Path::new("--tidemill"), tidemill, Path::new("--toolchains"), tools.parent().unwrap()])
        .args([Path::new("--json"), &json])
        // Its lock, too: only one bench runs at a time elsewhere.
        .env("TMPDIR", scratch.path())
        .output()
        .unwrap();
    let (report, progress) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success() && !report.contains("FAILED"), "{report}\n{progress}");
    let rows: Vec<&str> = report.lines().filter(|line| line.starts_with("| JavaScript, QuickJS | ")).collect();
    assert_eq!(rows.len(), 4, "{report}");
    assert!(rows.iter().all(|row| !row.contains('–')), "{report}");
    let record: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(record["measured"]["saves_s"].as_array().unwrap().len(), 1, "{record}");
    assert_eq!(record["measured"]["component"]["us"].as_object().unwrap().len(), 8, "{record}");
}
