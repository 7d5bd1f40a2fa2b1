//! What is part of the binary: the SDK of each language, the WIT files, the templates. Unpacked into a project's `.tidemill/`.

use std::fs;
use std::io;
use std::path::Path;

use rust_embed::{EmbeddedFile, RustEmbed};

use crate::Language;

mod workspace;

/// The SDKs, by their folders' names.
#[derive(RustEmbed)]
#[folder = "../../plugins"]
#[include = "sdk/*"]
#[include = "sdk-js/*"]
#[include = "sdk-python/*"]
#[include = "sdk-go/*"]
#[include = "sdk-c/*"]
#[exclude = "*/node_modules/*"]
#[exclude = "*/target/*"]
#[exclude = "*/dist/*"]
#[exclude = "*/.venv/*"]
#[exclude = "*/__pycache__/*"]
#[exclude = "*.egg-info/*"]
#[exclude = "*/.*_cache/*"]
#[exclude = "*.wasm"]
// Tests of the SDKs themselves.
#[exclude = "*/test/*"]
#[exclude = "*/tests/*"]
#[exclude = "*/_vectors/*"]
struct Sdks;

/// `wit/`.
#[derive(RustEmbed)]
#[folder = "../../wit"]
#[include = "v0.1/*.wit"]
struct Wit;

/// What `plugin new` begins projects with: `common/` and a folder for each language.
#[derive(RustEmbed)]
#[folder = "templates"]
#[exclude = "README.md"]
struct Templates;

/// The part of WASI that SDKs send requests by: packages after those that they need.
pub(crate) const WASI: [(&str, &str); 2] =
    [("wasi-io", include_str!("../wasi/io.wit")), ("wasi-http", include_str!("../wasi/http.wit"))];

/// The folder of WIT files of this version, as it is named everywhere.
pub(crate) const WIT_VERSION: &str = "v0.1";
/// Below `.tidemill/`: says what was unpacked.
const STAMP: &str = "version";

/// The SDK's folder under `plugins/`, and where it is unpacked. That of Rust finds the WIT files by a relative path, which holds
/// there as well.
const fn sdk(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::Rust => ("sdk", "plugins/sdk"),
        Language::JavaScript | Language::TypeScript => ("sdk-js", "sdk"),
        Language::Python => ("sdk-python", "sdk"),
        Language::Go => ("sdk-go", "sdk"),
        Language::C | Language::Cpp | Language::Zig => ("sdk-c", "sdk"),
    }
}

/// Brings `.tidemill/` up to date: the SDK of a language, and the WIT files. Does nothing if this program wrote them.
pub(crate) fn unpack(language: Language, folder: &Path) -> io::Result<()> {
    let (from, to) = sdk(language);
    let sdk = files::<Sdks>(from);
    let wit = files::<Wit>(WIT_VERSION);
    let mark = mark(language, sdk.iter().chain(&wit));
    if fs::read_to_string(folder.join(STAMP)).is_ok_and(|unpacked| unpacked == mark) {
        return Ok(());
    }
    // What an older version had more would be found by compilers.
    let old = [folder.join(to), folder.join("wit")];
    for old in old.iter().filter(|old| old.exists()) {
        fs::remove_dir_all(old)?;
    }
    for (path, file) in &sdk {
        let text;
        let bytes = match (language, path.as_str()) {
            (Language::Rust, "Cargo.toml") => {
                text = workspace::resolved(&String::from_utf8_lossy(&file.data)).map_err(io::Error::other)?;
                text.as_bytes()
            }
            _ => &file.data,
        };
        write(&folder.join(to).join(path), bytes)?;
    }
    for (path, file) in &wit {
        write(&folder.join("wit").join(WIT_VERSION).join(path), &file.data)?;
    }
    write(&folder.join(STAMP), mark.as_bytes())
}

/// The WIT files of this version: name and text.
pub fn wit() -> Vec<(String, String)> {
    files::<Wit>(WIT_VERSION)
        .into_iter()
        .map(|(path, file)| (path, String::from_utf8_lossy(&file.data).into_owned()))
        .collect()
}

/// The templates in one folder: path and text.
pub(crate) fn templates(folder: &str) -> Vec<(String, String)> {
    files::<Templates>(folder)
        .into_iter()
        .map(|(path, file)| (path, String::from_utf8_lossy(&file.data).into_owned()))
        .collect()
}

/// The files in one folder, by their path within it.
fn files<E: RustEmbed>(folder: &str) -> Vec<(String, EmbeddedFile)> {
    E::iter()
        .filter_map(|path| {
            let within = path.strip_prefix(folder)?.strip_prefix('/')?.to_owned();
            Some((within, E::get(&path)?))
        })
        .collect()
}

/// Says which program unpacked what.
fn mark<'a>(language: Language, files: impl Iterator<Item = &'a (String, EmbeddedFile)>) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    workspace::TEXT.hash(&mut hasher);
    for (path, file) in files {
        (path, file.metadata.sha256_hash()).hash(&mut hasher);
    }
    format!("tidemill {} {} {:016x}\n", env!("CARGO_PKG_VERSION"), sdk(language).0, hasher.finish())
}

pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unpacked_is_complete_and_refreshed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        unpack(Language::Rust, folder.path()).unwrap();
        assert!(at("plugins/sdk/src/lib.rs").is_file() && at("wit/v0.1/types.wit").is_file());
        let manifest = fs::read_to_string(at("plugins/sdk/Cargo.toml")).unwrap();
        assert!(!manifest.contains("workspace = true") && manifest.contains("wit-bindgen"), "{manifest}");
        fs::write(at("wit/v0.1/stale.wit"), "").unwrap();
        unpack(Language::Rust, folder.path()).unwrap();
        assert!(at("wit/v0.1/stale.wit").exists(), "nothing is written again");
        fs::write(at(STAMP), "tidemill 0.0.1").unwrap();
        unpack(Language::Rust, folder.path()).unwrap();
        assert!(!at("wit/v0.1/stale.wit").exists());
    }

    #[test]
    fn only_sources_are_embedded() {
        for path in Sdks::iter() {
            assert!(!path.contains("node_modules") && !path.ends_with(".wasm"), "{path}");
        }
        assert!(Sdks::iter().any(|path| path == "sdk/src/lib.rs"));
    }
}
