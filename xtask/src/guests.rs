//! WebAssembly: plugins into `plugins/`, the guests of the tests and of the bench into the target directory.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, ensure};

use crate::cargo::{Target, Workspace, succeed};
use crate::say;
use crate::wasm_target::{TARGET, ensure_installed};

/// The profiles of the root `Cargo.toml` that plugins and the guests of tests are built with.
const PROFILE: &str = "guest";
const TEST_PROFILE: &str = "test-guest";

/// Builds every crate below `plugins/` that makes a component, and puts it where `tidemill serve` looks for it.
pub(crate) fn build_plugins(workspace: &Workspace) -> Result<()> {
    ensure_installed(workspace)?;
    let components: Vec<(&str, &Target)> = plugins(workspace).collect();
    ensure!(!components.is_empty(), "there is no plugin below plugins/");
    let started = Instant::now();
    say::line(&format!("building {} plugins for {TARGET} (the first time takes minutes)", components.len()));
    let mut build = workspace.cargo();
    build.args(["build", "--profile", PROFILE, "--target", TARGET]);
    build.args(components.iter().flat_map(|(package, _)| ["-p", package]));
    succeed(&mut build, "building the plugins")?;

    let mut changed = Vec::new();
    for (_, target) in &components {
        let name = plugin_name(&target.name);
        let from = built(workspace, PROFILE).join(target.wasm_file());
        if place(&from, &workspace.root.join("plugins").join(format!("{name}.wasm")))? {
            changed.push(name);
        }
    }
    let what = match &changed[..] {
        [] => "all as before".to_owned(),
        changed => format!("new: {}", changed.join(", ")),
    };
    say::line(&format!("plugins/*.wasm are built ({what}) in {:.1} s", started.elapsed().as_secs_f32()));
    Ok(())
}

/// Builds the examples of `tests/guests` into `guests/` of the target directory.
pub(crate) fn build_test_guests(workspace: &Workspace) -> Result<()> {
    build_examples(workspace, "tests/guests", TEST_PROFILE, "guests")
}

/// Builds the examples of `tests/bench/guests`, as plugins are built, into `bench-guests/` of the target directory.
pub(crate) fn build_bench_guests(workspace: &Workspace) -> Result<()> {
    build_examples(workspace, "tests/bench/guests", PROFILE, "bench-guests")
}

/// Builds the examples of the crate in a folder into a directory of the target directory.
fn build_examples(workspace: &Workspace, folder: &str, profile: &str, directory: &str) -> Result<()> {
    ensure_installed(workspace)?;
    let package = workspace.packages_in(folder).next().with_context(|| format!("there is no crate in {folder}"))?;
    let examples: Vec<&Target> =
        package.targets.iter().filter(|target| target.kind.iter().any(|kind| kind == "example")).collect();
    if examples.is_empty() {
        return Ok(());
    }
    let mut build = workspace.cargo();
    build.args(["build", "-p", &package.name, "--examples", "--profile", profile, "--target", TARGET]);
    succeed(&mut build, &format!("building the guests of {folder}"))?;

    let directory = workspace.target.join(directory);
    fs::create_dir_all(&directory).with_context(|| format!("creating {}", directory.display()))?;
    let mut wanted = BTreeSet::new();
    for example in examples.iter().filter(|target| target.is_component()) {
        let from = built(workspace, profile).join("examples").join(example.wasm_file());
        let to = directory.join(format!("{}.wasm", example.name));
        place(&from, &to)?;
        wanted.insert(to);
    }
    // A guest that was renamed must not go on passing its tests under its old name.
    for entry in fs::read_dir(&directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") && !wanted.contains(&path) {
            fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
        }
    }
    say::line(&format!("{} guests of {folder} are in {}", wanted.len(), workspace.short(&directory)));
    Ok(())
}

/// The crates that are plugins, with the library that becomes the component.
pub(crate) fn plugins(workspace: &Workspace) -> impl Iterator<Item = (&str, &Target)> {
    workspace.packages_in("plugins").filter_map(|package| {
        let component = package.targets.iter().find(|target| target.is_component());
        component.map(|target| (&*package.name, target))
    })
}

fn built(workspace: &Workspace, profile: &str) -> PathBuf {
    workspace.target.join(TARGET).join(profile)
}

/// `tidemill_json_schema` becomes `json-schema`.
fn plugin_name(target: &str) -> String {
    let name = target.replace('_', "-");
    name.strip_prefix("tidemill-").unwrap_or(&name).to_owned()
}

/// Puts a file in its place in one step, unless the same content is there already: a running host that watches the
/// directory then sees a whole new file, or nothing at all. Says whether anything changed.
fn place(from: &Path, to: &Path) -> Result<bool> {
    let content = fs::read(from).with_context(|| format!("reading {}", from.display()))?;
    match fs::read(to) {
        Ok(old) if old == content => return Ok(false),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("reading {}", to.display())),
    }
    // Not called `.wasm`: the host takes no notice of it.
    let part = to.with_extension(format!("wasm.part-{}", std::process::id()));
    fs::write(&part, content).with_context(|| format!("writing {}", part.display()))?;
    fs::rename(&part, to).with_context(|| format!("renaming {} to {}", part.display(), to.display()))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_are_called_without_the_prefix() {
        assert_eq!(plugin_name("tidemill_json_schema"), "json-schema");
        assert_eq!(plugin_name("tidemill_cel"), "cel");
        assert_eq!(plugin_name("my_plugin"), "my-plugin");
    }

    #[test]
    fn equal_content_is_not_touched_and_new_content_replaces_it_whole() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("from"), directory.path().join("to.wasm"));
        fs::write(&from, "one").unwrap();
        assert!(place(&from, &to).unwrap());
        let before = fs::metadata(&to).unwrap().modified().unwrap();
        assert!(!place(&from, &to).unwrap());
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), before);
        fs::write(&from, "two").unwrap();
        assert!(place(&from, &to).unwrap());
        assert_eq!(fs::read_to_string(&to).unwrap(), "two");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "nothing else is left");
    }

    #[test]
    fn the_plugins_of_the_checkout_are_found_and_the_library_for_authors_is_none() {
        let workspace = Workspace::find().unwrap();
        let names: Vec<&str> = plugins(&workspace).map(|(package, _)| package).collect();
        assert!(names.contains(&"tidemill-github") && names.contains(&"tidemill-json-schema"), "{names:?}");
        assert!(!names.contains(&"tidemill-sdk"), "{names:?}");
    }
}
