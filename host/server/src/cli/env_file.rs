//! `--env-file`: environment variables from a file, as `.env` files have them.

use std::path::Path;

use crate::config::ConfigError;

/// The variables of a file, in order. What stands in it may be secret: an error names its line and repeats nothing.
pub(super) fn read(path: &Path) -> Result<Vec<(String, String)>, ConfigError> {
    let unusable = |detail: String| ConfigError::EnvFile { path: path.to_owned(), detail };
    let text = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    dotenvy::from_read_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(describe(&error, &text)))
}

fn describe(error: &dotenvy::Error, text: &str) -> String {
    let place = match error {
        // What it could not read is a line, or several if a quote opens it.
        dotenvy::Error::LineParse(part, _) => {
            let before = text.find(part.as_str()).map_or("", |at| &text[..at]);
            format!("line {}", before.matches('\n').count() + 1)
        }
        _ => "a line".to_owned(),
    };
    format!("{place} is not `NAME=value`: quote a value that has spaces, and close the quotes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<(String, String)>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn variables_are_read_and_mistakes_are_named_but_not_repeated() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let text = "# remark\nA=1\n\nexport B='x y'\nC=\"a\\nb\"\nD=\n";
        assert_eq!(of(text).unwrap(), [pair("A", "1"), pair("B", "x y"), pair("C", "a\nb"), pair("D", "")]);
        let error = of("A=1\nB=se cret thing\n").unwrap_err();
        assert!(error.contains("line 2 ") && !error.contains("cret"), "{error}");
        assert!(read(Path::new("/nowhere/.env")).unwrap_err().to_string().contains("/nowhere/.env"));
    }
}
