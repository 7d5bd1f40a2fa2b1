//! A small copy of the checkout for one example: it may be changed, and the real one stays as it is.
//!
//! Owns what stands where in it. Built components land in a target directory of the copies' own, kept between runs: the
//! file of a component has no hash in its name, so that a changed copy would take the place of the real one.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The checkout that is tested.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The copy.
pub(super) struct Checkout {
    path: PathBuf,
    example: String,
}

impl Checkout {
    /// Makes it anew.
    pub(super) fn make(example: &str) -> Self {
        let copies = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples");
        let path = copies.join(example);
        if path.exists() {
            fs::remove_dir_all(&path).unwrap();
        }
        let (from, to) = (root().join("examples").join(example), path.join("examples").join(example));
        copy(&from, &to);
        // As `cargo xtask build` leaves them.
        let target = copies.join("target");
        fs::create_dir_all(target.join("release")).unwrap();
        link(Path::new(env!("CARGO_BIN_EXE_tidemill")), &target.join("release/tidemill"));
        link(&target, &path.join("target"));
        fs::create_dir(path.join("plugins")).unwrap();
        for name in ["json-schema.wasm", "json-schema.toml", "cel.wasm", "cel.toml", "notification-server.wasm"] {
            let ready_made = root().join("plugins").join(name);
            assert!(ready_made.exists(), "{} is missing: run `cargo xtask guests` first", ready_made.display());
            link(&ready_made, &path.join("plugins").join(name));
        }
        if from.join("Cargo.toml").exists() {
            make_workspace(&path, example);
        }
        Self { path, example: example.to_owned() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn readme(&self) -> String {
        fs::read_to_string(self.path.join("examples").join(&self.example).join("README.md")).unwrap()
    }
}

/// What a crate of the workspace needs around it: the workspace with this member alone, and the SDK.
fn make_workspace(path: &Path, example: &str) {
    let mut manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    manifest["workspace"]["members"] = vec![format!("examples/{example}")].into();
    fs::write(path.join("Cargo.toml"), manifest.to_string()).unwrap();
    fs::copy(root().join("Cargo.lock"), path.join("Cargo.lock")).unwrap();
    for name in ["plugins/sdk", "wit", "rust-toolchain.toml"] {
        link(&root().join(name), &path.join(name));
    }
}

/// Copies what is in version control, with new times, so that cargo builds it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if entry.path().is_file() {
            fs::write(to.join(&name), fs::read(entry.path()).unwrap()).unwrap();
        } else if name != "plugins" && name != "target" {
            copy(&entry.path(), &to.join(&name));
        }
    }
}

/// Links in one step, since tests run at the same time.
fn link(to: &Path, at: &Path) {
    let name = at.file_name().unwrap().to_str().unwrap();
    let part = at.with_file_name(format!("{name}.part-{}-{:?}", std::process::id(), std::thread::current().id()));
    symlink(to, &part).unwrap();
    fs::rename(&part, at).unwrap();
}
