//! Excerpts: blocks that show a part of a file. The file may be made before or after, and may have other content at the end.

use std::fs;
use std::path::Path;

/// Larger files are not what a page shows a part of.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Folders of tools, which have more files than all of the page's.
const OF_TOOLS: [&str; 7] = ["node_modules", ".venv", "target", ".zig-cache", "dist", "__pycache__", ".git"];

/// Those that were not found yet.
#[derive(Default)]
pub(super) struct Excerpts {
    missing: Vec<Excerpt>,
}

struct Excerpt {
    line: usize,
    lines: Vec<String>,
    /// The end of its file's path.
    file: Option<String>,
}

impl Excerpts {
    /// One that has to be found.
    pub(super) fn wait(&mut self, line: usize, text: &str, file: Option<String>) {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        self.missing.push(Excerpt { line, lines, file });
    }

    /// Looks for them in the files that are there now.
    pub(super) fn look(&mut self, folder: &Path) {
        if self.missing.is_empty() {
            return;
        }
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.filter_map(Result::ok) {
            let (path, name) = (entry.path(), entry.file_name());
            // Links lead out of the page's folder, or back.
            let Ok(found) = entry.metadata() else { continue };
            if found.is_dir() && !OF_TOOLS.iter().any(|tool| name == *tool) {
                self.look(&path);
            } else if found.is_file() && found.len() <= FILE_BYTES_MAX {
                let Ok(text) = fs::read_to_string(&path) else { continue };
                self.missing.retain(|excerpt| !excerpt.is_in(&path, &text));
            }
        }
    }

    pub(super) fn all_found(&self) -> Result<(), (usize, String)> {
        match self.missing.first() {
            None => Ok(()),
            Some(Excerpt { line, file: Some(file), .. }) => {
                Err((*line, format!("this does not stand in {file}, line for line")))
            }
            Some(Excerpt { line, .. }) => Err((*line, "this stands in no file of the page, line for line".to_owned())),
        }
    }
}

impl Excerpt {
    /// Whether all lines stand there, in this order, whatever is between them.
    fn is_in(&self, path: &Path, text: &str) -> bool {
        let mut lines = text.lines().map(str::trim);
        self.file.as_ref().is_none_or(|file| path.ends_with(file))
            && self.lines.iter().all(|wanted| lines.any(|line| line == wanted))
    }
}
