//! The command for plugins gives its report. Needs the bench's guests: `cargo xtask guests` builds them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::BENCH;

/// The plugins' cases, which need no stand-in: every figure is there, and its bar. Peers are stood in for.
#[test]
fn the_plugins_command_reports_figures_and_bars() {
    let scratch = tempfile::tempdir().unwrap();
    let peers = scratch.path().join("peers");
    let figure = r#"{"load":"1 KB, batch 64","who":"peer","wall":5.0,"cpu":4.0}"#;
    fs::write(&peers, format!("#!/bin/sh\ntest \"$1\" = filter-field && test -s \"$2\" && echo '{figure}'\n")).unwrap();
    fs::set_permissions(&peers, fs::Permissions::from_mode(0o755)).unwrap();
    let json = scratch.path().join("figures.ndjson");
    let top = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let output = Command::new(BENCH)
        .args(["plugins", "--quick", "--cases", "filter-type,filter-field,transform,chain,others,swap,runaway,load"])
        .args(["--plugins", "/nowhere", "--no-pin", "--peers"])
        .arg(&peers)
        .arg("--json")
        .arg(&json)
        .current_dir(top)
        .env("TMPDIR", scratch.path())
        .output()
        .unwrap();
    let (report, progress) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{progress}");
    for row in [
        "| 1 KB, batch 64 | plugin that needs no data | ",
        "|  | peer | 5.0 ns | 4.0 ns | ",
        "|  | plugin, and the new event | ",
        "| routing alone | alone | ",
        "| 101 plugins | put, without compiling | ",
        "- 1 KB, batch 64, plugin ÷ native ≤ 1.80 ×: **",
        "- limit of 50 ms, over the limit, worst of three ≤ 2.00 ms: **",
        "- jq, put, compiled before: **MISSED** (not measured)",
    ] {
        assert!(report.contains(row), "{row} is not in\n{report}\n{progress}");
    }
    // The ready-made plugins are nowhere, and the peers' stand-in knows one case.
    assert_eq!(report.matches("**Failed**").count(), 3, "{report}\n{progress}");
    let figures = fs::read_to_string(&json).unwrap();
    for case in ["filter-type", "others", "swap", "runaway"] {
        assert!(figures.contains(&format!("{{\"case\":\"{case}\",\"repetition\":0")), "{case}: {figures}");
    }
}
