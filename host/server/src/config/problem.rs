//! What is wrong with a configuration: one entry per mistake, all of them at once.

use std::{fmt, io, path::PathBuf};

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {path}", path = path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file of environment variables cannot be used.
    #[error("cannot use the file of environment variables {path}: {detail}", path = path.display())]
    EnvFile {
        /// Which file.
        path: PathBuf,
        /// Why not.
        detail: String,
    },
    /// Everything that is wrong, one per line.
    #[error("{}", Lines(problems))]
    Invalid {
        /// At least one.
        problems: Vec<ConfigProblem>,
    },
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigProblem {
    /// Where it was written: `tidemill.toml:3`, an environment variable or a flag.
    pub(crate) place: String,
    /// The key it is about; empty if the text is not TOML.
    pub(crate) key: String,
    /// What is wrong and what to do.
    pub(crate) detail: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "{}: {}", self.place, self.detail)
        } else {
            write!(f, "{}: `{}` {}", self.place, self.key, self.detail)
        }
    }
}

struct Lines<'a>(&'a [ConfigProblem]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems = if self.0.len() == 1 { "problem" } else { "problems" };
        write!(f, "the configuration has {} {problems}:", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}
