//! Compiled components are kept for the user, and only what the user's own commands made of them is ever run.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::Author;
use crate::support::guest;

/// Which of two versions answered an event, and what else was said. The caches are in this folder of the home.
fn stamps(author: &Author, caches: &str) -> (String, String) {
    fs::write(author.at("event.json"), "{\"type\":\"a\",\"data\":1}").unwrap();
    let mut command = author.command("", &["run", "mine", "--no-build", "--json"]);
    command.env("XDG_CACHE_HOME", author.at(caches)).stdin(fs::File::open(author.at("event.json")).unwrap());
    let ended = command.stderr(Stdio::piped()).output().unwrap();
    let (out, err) = (String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap());
    let version = ["v1", "v2"].into_iter().find(|version| out.contains(version));
    (version.unwrap_or_else(|| panic!("{out}{err}")).to_owned(), err)
}

/// The only compiled component below a folder.
fn compiled(folder: &Path) -> PathBuf {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none() {
                found.push(path);
            }
        }
    }
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// One with a plugin's folder that has this guest as its component.
fn author(name: &str) -> Author {
    let author = Author::new();
    fs::create_dir_all(author.at("mine/dist")).unwrap();
    fs::write(author.at("mine/tidemill-plugin.toml"), "name = \"mine\"\nlanguage = \"rust\"\n").unwrap();
    fs::copy(guest(name), author.at("mine/dist/mine.wasm")).unwrap();
    author
}

#[test]
fn code_that_lies_in_a_plugins_folder_is_not_run() {
    let (author, other) = (author("stamp_v1"), author("stamp_v2"));
    assert_eq!((stamps(&author, "caches").0, stamps(&other, "caches").0), ("v1".to_owned(), "v2".to_owned()));
    let kept = author.at("caches/tidemill/compiled");
    assert_eq!(fs::metadata(&kept).unwrap().mode() & 0o777, 0o700);
    assert!(!author.at("mine/.tidemill").exists(), "nothing is kept with the plugin");

    // The code of one version, filed as that of the other: what somebody could hand out with a plugin.
    let (own, foreign) = (compiled(&kept), compiled(&other.at("caches/tidemill/compiled")));
    let filed = own.strip_prefix(&kept).unwrap();
    for place in
        ["mine/.tidemill/compiled", "mine/.tidemill/cache", "mine/.cache/tidemill/compiled", "theirs/tidemill/compiled"]
    {
        let file = author.at(place).join(filed);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::copy(&foreign, file).unwrap();
    }
    assert_eq!(stamps(&author, "fresh").0, "v1");

    // It would be run from a cache that is taken for the user's own; one that others can write to is not.
    let theirs = author.at("theirs/tidemill");
    for folder in [theirs.clone(), theirs.join("compiled")] {
        fs::set_permissions(folder, Permissions::from_mode(0o700)).unwrap();
    }
    assert_eq!(stamps(&author, "theirs").0, "v2", "this test can fail");
    fs::set_permissions(theirs.join("compiled"), Permissions::from_mode(0o777)).unwrap();
    let (version, said) = stamps(&author, "theirs");
    assert_eq!(version, "v1");
    assert!(said.contains("compiled components are not kept: ") && said.contains("remove it"), "{said}");
}
