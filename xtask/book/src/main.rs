//! `book DOCS OUTPUT`: makes a book of a folder of Markdown and fails if a link in it leads nowhere. Called by
//! `cargo xtask book`.
//!
//! A program of its own, so that the other tasks need not wait for mdBook. `chapters` reads and writes the book, `files` names
//! listings that are files, `outward` mends links that leave the folder, `links` looks at what came out.

mod chapters;
mod files;
mod links;
mod outward;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody to tell it to is no reason to stop.
            let _ = writeln!(std::io::stderr(), "book: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(docs), Some(output)) = (arguments.next(), arguments.next()) else {
        bail!("name the folder of Markdown and the folder of the book");
    };
    let docs = docs.canonicalize().with_context(|| format!("there is no folder {}", docs.display()))?;
    chapters::write(&docs, &output)?;
    let dead = links::dead(&output)?;
    ensure!(dead.is_empty(), "links in the book lead nowhere:\n  {}", dead.join("\n  "));
    Ok(())
}
