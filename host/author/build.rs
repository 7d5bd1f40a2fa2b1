//! New files in the embedded folders are seen by cargo only if it is told where to look.

#![allow(clippy::print_stdout, reason = "how a build script speaks to cargo")]

fn main() {
    for folder in ["templates", "../../wit", "../../plugins"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
