//! Inputs that a plugin failed on, kept as files that `tidemill plugin run` takes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Project, Target};

/// Files that are written in one go. A plugin that fails on everything would fill the disk.
const FILES_MAX: usize = 20;

/// Keeps failing inputs of one target.
#[derive(Debug)]
pub struct Reruns {
    folder: PathBuf,
    stem: String,
    target: PathBuf,
    written: usize,
}

impl Reruns {
    /// In `.tidemill/failed` of the target.
    pub fn of(target: &Target) -> Self {
        let at = target.project().map_or_else(|| target.component(), Project::folder);
        Self {
            folder: target.generated().join("failed"),
            stem: target.name().to_owned(),
            target: at.to_owned(),
            written: 0,
        }
    }

    /// Keeps what was said to the plugin; the command that says it again. None if it cannot be kept, or if there are many.
    #[must_use]
    pub fn keep(&mut self, name: &str, inputs: &[&str]) -> Option<String> {
        if self.written >= FILES_MAX {
            return None;
        }
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
        let file = self.folder.join(format!("{}-{name}.json", self.stem));
        let text = inputs.join("\n") + "\n";
        fs::create_dir_all(&self.folder).ok()?;
        fs::write(&file, text).ok()?;
        self.written += 1;
        Some(format!("tidemill plugin run {} < {}", shown(&self.target), shown(&file)))
    }
}

/// A path as it can be typed where this program runs.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let near = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    let text = match near {
        Some(near) if near.as_os_str().is_empty() => ".".to_owned(),
        Some(near) => near.display().to_string(),
        None => path.display().to_string(),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
