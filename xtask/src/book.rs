//! `cargo xtask book`: the documentation as a book, by the program in `xtask/book`, which is a workspace of its own.

use std::process::Command;

use anyhow::Result;

use crate::cargo::{Workspace, succeed};
use crate::say;

/// Makes `book/` in the target directory anew; a link that leads nowhere is an error.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    succeed(&mut cargo(workspace, "build"), "building what makes the book")?;
    let program = workspace.target.join(format!("book-program/debug/book{}", std::env::consts::EXE_SUFFIX));
    let book = workspace.target.join("book");
    succeed(Command::new(program).arg(workspace.root.join("docs")).arg(&book), "making the book")?;
    say::line(&format!("the book begins at {}", workspace.short(&book.join("index.html"))));
    Ok(())
}

/// The tests of what makes it: that it finds what is dead.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    succeed(cargo(workspace, "test").arg("--quiet"), "testing what makes the book")?;
    run(workspace)
}

fn cargo(workspace: &Workspace, command: &str) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args([command, "--locked", "--manifest-path", "xtask/book/Cargo.toml"]);
    cargo.arg("--target-dir").arg(workspace.target.join("book-program"));
    cargo
}
