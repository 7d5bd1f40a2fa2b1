//! Zig: the author's file and the SDK's Zig module over the C sources of the SDK, compiled in one call.

use super::c::{Compiler, Generated, INSTALL, STACK};
use super::{Need, Toolchain, bindings, tool};
use crate::{BuildError, BuildOptions, Progress, Project};

/// Where the author's code begins.
const SOURCE: &str = "plugin.zig";

pub(super) struct Zig;

impl Toolchain for Zig {
    fn needs(&self, project: &Project) -> Vec<Need> {
        vec![Compiler::need(project)]
    }

    fn build(&self, project: &Project, options: &BuildOptions, progress: &mut dyn Progress) -> Result<(), BuildError> {
        if !project.folder().join(SOURCE).is_file() {
            let detail = "there is no source; the plugin is in this file, which may import others".to_owned();
            return Err(BuildError::Project { file: SOURCE.to_owned(), line: None, detail });
        }
        let Compiler::Zig(zig) = Compiler::find(project)? else {
            return Err(BuildError::MissingTool { tool: "zig".to_owned(), install: INSTALL.to_owned() });
        };
        let generated = Generated::of(project)?;
        let module = generated.folder.join("plugin.wasm");
        let mut command = tool::command(project, zig);
        command.args(["build-exe", "-target", "wasm32-wasi", "-mexec-model=reactor", "-O", "ReleaseSmall", "-lc"]);
        command.args(["--stack", &STACK.to_string(), "-rdynamic"]);
        if options.release {
            command.arg("-fstrip");
        }
        command.args(generated.includes()).args(generated.sources()).arg(generated.object());
        command.args(["--dep", "tidemill"]).arg(format!("-Mroot={SOURCE}"));
        command.arg(format!("-Mtidemill={}", project.generated().join("sdk/tidemill.zig").display()));
        command.arg(format!("-femit-bin={}", module.display()));
        tool::run("Compiling", &mut command, progress).map_err(|error| bindings::teach(error, project))?;
        bindings::finish(project, &module, None)
    }
}
