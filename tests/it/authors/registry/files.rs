//! Files that are pushed and written: under any name, of any time, and in no other's place.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::super::Author;
use super::{done, refused, typed, with_component};
use crate::support::Registry;

#[tokio::test]
async fn a_name_that_is_no_text_is_told_as_far_as_it_is_one() {
    let Some(registry) = Registry::start().await else { return };
    let author = with_component("stamp_v1", "one.wasm");
    let tagged = format!("{}/stamp:1", registry.address);
    done(&author, &["push", &tagged, "one.wasm"]);
    for (arguments, name, member) in [
        (&["key", "--no-password", "--json"][..], &b"n\xff.key"[..], "secret"),
        (&["pull", &tagged, "--json", "--output"], b"n\xff.wasm", "file"),
    ] {
        let ended = author.command("", arguments).arg(OsStr::from_bytes(name)).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        let about: Value = serde_json::from_slice(&ended.stdout).unwrap();
        assert_eq!(about[member], *String::from_utf8_lossy(name));
        assert!(author.has(OsStr::from_bytes(name)));
    }
}

#[test]
fn a_component_may_be_of_any_time() {
    let author = with_component("stamp_v1", "one.wasm");
    let component = File::options().write(true).open(author.at("one.wasm")).unwrap();
    for time in [SystemTime::UNIX_EPOCH - Duration::from_secs(9), SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 33)]
    {
        component.set_modified(time).unwrap();
        // Nobody listens there.
        refused(&author, 3, &["push", "127.0.0.1:1/x:1", "one.wasm"]);
    }
    let last = [("SOURCE_DATE_EPOCH", "253402300799")];
    assert_eq!(typed(&author, &last, &["push", "127.0.0.1:1/x:1", "one.wasm"]).code, 3);
}

#[test]
fn a_secret_key_is_not_left_alone() {
    let author = Author::new();
    let told = refused(&author, 2, &["key", &"k".repeat(254), "--no-password"]);
    assert!(told.contains("cannot write") && told.contains(".pub"), "{told}");
    assert_eq!(fs::read_dir(author.at("")).unwrap().count(), 0);
}

#[test]
fn what_is_no_file_is_not_replaced() {
    let author = Author::new();
    assert!(Command::new("mkfifo").arg(author.at("pipe")).status().unwrap().success());
    let told = refused(&author, 2, &["pull", "127.0.0.1:1/x:1", "--output", "pipe", "--force"]);
    assert!(told.contains("pipe is there and no file"), "{told}");
}
