//! The test vectors of all SDKs, in Go: natively, through the same modules that a component is made of, with `go test`.

use std::path::Path;
use std::process::Command;

use super::{GENERATED, Workspace, version};
use crate::world::World;
use crate::{Kind, Language, Project, embedded};

struct Silent;

impl crate::Progress for Silent {
    fn step(&mut self, _: &str) {}
}

/// Where tests find the programs of this language, if they are there: `tests/it` installs them.
fn tools() -> Option<std::path::PathBuf> {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/toolchains/go");
    installed.join("bin/go").is_file().then_some(installed)
}

#[test]
#[ignore = "needs Go; tests/it/authors/go.rs runs it with the one that it installs"]
fn the_module_reads_and_answers_as_the_vectors_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    file("tidemill-plugin.toml", "name = 'vectors'\nlanguage = 'go'\nkinds = ['filter', 'transform', 'event-types']");
    file("go.mod", "module vectors\n\ngo 1.25\n\nrequire tidemill.dev/sdk v0.1.0\n\nreplace tidemill.dev/sdk => ./.tidemill/sdk\n");
    file("plugin.go", "package plugin\n\nimport \"tidemill.dev/sdk\"\n\nvar Plugin tidemill.Plugin\n");
    // The project's own programs are found first.
    if let Some(tools) = tools() {
        std::os::unix::fs::symlink(tools, folder.path().join(".venv")).unwrap();
    }
    let project = Project::open(folder.path()).unwrap();
    embedded::unpack(Language::Go, &project.generated()).unwrap();
    let world = World::of(&[Kind::Filter, Kind::Transform, Kind::EventTypes], &[]).unwrap();
    let version = version(&project, &mut Silent).unwrap();
    let workspace = Workspace::write(&project, &world, &[], &version).unwrap();
    let tests = workspace.folder.join("vectors");
    std::fs::create_dir(&tests).unwrap();
    std::fs::copy(root.join("plugins/sdk-go/_vectors/vectors_test.go"), tests.join("vectors_test.go")).unwrap();
    let mut go: Command = workspace.command(&project);
    go.args(["test", "-count=1", "-v", &format!("{GENERATED}/vectors")]);
    let ran = go.env("GOPROXY", "off").env("TIDEMILL_VECTORS", root.join("tests/vectors")).output().unwrap();
    let told = String::from_utf8_lossy(&[&ran.stdout[..], &ran.stderr[..]].concat()).into_owned();
    assert!(ran.status.success(), "{told}");
    assert!(told.matches("    --- PASS").count() > 40, "{told}");
}
