//! The command line of the bench. Owns arguments and exit codes; everything else is in the library.

#[cfg(target_os = "linux")]
mod cli;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    cli::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "tidemill-bench needs Linux: it counts on epoll and /proc").ok();
    ExitCode::FAILURE
}
