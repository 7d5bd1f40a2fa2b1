//! Golden tests: files of inputs, each with a file of what is to become of them.
//!
//! Owns the form of both, what counts as equal, and how a difference is shown. What differs from run to run by itself is not
//! in outcomes at all ([`Ran::golden`]); `"<any>"` in an expected file stands for whatever is there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use similar::TextDiff;

use crate::{Decode, Input, Outcome, Ran, Reruns, Runtime, Target, TargetError};

/// Bytes of a test file. All of it is in memory.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Stands for any value.
const ANY: &str = "<any>";
/// Lines of JSON that are shown around a difference.
const CONTEXT_LINES: usize = 3;

/// One file of inputs and what came of it.
#[derive(Debug)]
pub struct Tested {
    /// The file of inputs.
    pub file: PathBuf,
    /// Inputs of which came what was expected.
    pub passed: usize,
    /// The others.
    pub failed: Vec<Difference>,
    /// The expected file was written.
    pub updated: bool,
    /// The file cannot be tested: a mistake in it, with its line.
    pub mistake: Option<String>,
}

/// One input of which came something else.
#[derive(Debug)]
pub struct Difference {
    /// Its line in the file of inputs; none if there is an outcome more than inputs.
    pub line: Option<u64>,
    /// What it is.
    pub input: String,
    /// What was to come; none if nothing is said.
    pub expected: Option<Value>,
    /// What came.
    pub found: Option<Value>,
    /// Both, with `-` before what was expected and `+` before what came.
    pub diff: String,
    /// All that came of it.
    pub ran: Option<Ran>,
    /// How to see it again.
    pub rerun: Option<String>,
}

impl Tested {
    /// Whether everything was as expected.
    pub fn is_good(&self) -> bool {
        self.failed.is_empty() && self.mistake.is_none()
    }
}

/// The files of inputs in a folder, in order.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".jsonl") && !name.ends_with(".expected.jsonl") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Runs one file on a component that begins anew: with an empty log and no state.
pub async fn test(
    target: &Target,
    runtime: &Runtime,
    component: &[u8],
    file: &Path,
    update: bool,
    decode: Decode,
) -> Result<Tested, TargetError> {
    let mut tested = Tested { file: file.to_owned(), passed: 0, failed: Vec::new(), updated: false, mistake: None };
    let expected_file = file.with_extension("expected.jsonl");
    let (inputs, expected) = match read(file, &expected_file, update, decode) {
        Ok(read) => read,
        Err(mistake) => {
            tested.mistake = Some(mistake);
            return Ok(tested);
        }
    };
    let mut runner = target.load(runtime, component)?;
    let mut reruns = Reruns::of(target);
    let (mut lines, mut subscriber) = (String::new(), None::<String>);
    let mut expected = expected.into_iter();
    for (line, input, text) in inputs {
        let is_subscriber = matches!(input, Input::Subscriber(_));
        let ran = runner.run(input).await;
        let expected = expected.next();
        let mut found = ran.golden();
        if let Some(expected) = &expected {
            mask(&mut found, expected);
        }
        if update {
            lines += &format!("{found}\n");
            tested.passed += 1;
        } else if expected.as_ref() == Some(&found) {
            tested.passed += 1;
        } else {
            let again: Vec<&str> = subscriber.iter().map(String::as_str).chain([&*text]).collect();
            let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("test");
            let rerun = ran.outcome.fault().and_then(|_| reruns.keep(&format!("{stem}-{line}"), &again));
            let diff = diff(expected.as_ref(), Some(&found));
            let (line, ran) = (Some(line), Some(ran.clone()));
            tested.failed.push(Difference {
                line,
                input: text.clone(),
                expected,
                found: Some(found),
                diff,
                ran,
                rerun,
            });
        }
        if is_subscriber {
            subscriber = matches!(ran.outcome, Outcome::Class(_)).then_some(text);
        }
    }
    for more in expected.filter(|_| !update) {
        let diff = diff(Some(&more), None);
        let input = "no input is left for this outcome".to_owned();
        tested.failed.push(Difference {
            line: None,
            input,
            expected: Some(more),
            found: None,
            diff,
            ran: None,
            rerun: None,
        });
    }
    if update {
        let before = fs::read_to_string(&expected_file).ok();
        tested.updated = before.as_deref() != Some(&*lines);
        if tested.updated {
            let unwritten = |error| TargetError::Read { path: expected_file.clone(), error };
            fs::write(&expected_file, &lines).map_err(unwritten)?;
        }
    }
    Ok(tested)
}

type Inputs = Vec<(u64, Input, String)>;

fn read(file: &Path, expected: &Path, update: bool, decode: Decode) -> Result<(Inputs, Vec<Value>), String> {
    let mut inputs = Vec::new();
    for (line, text) in lines(file)? {
        let input = Input::read(&text, line, decode).map_err(|detail| at(file, line, &detail))?;
        inputs.push((line, input, text));
    }
    if inputs.is_empty() {
        return Err(format!("{}: there is no input in it; write an event in each line", file.display()));
    }
    if !expected.exists() {
        return match update {
            true => Ok((inputs, Vec::new())),
            false => Err(format!(
                "there is no {}; write it with `tidemill plugin test --update`, and look whether it is what you want",
                expected.display()
            )),
        };
    }
    let mut outcomes = Vec::new();
    for (line, text) in lines(expected)? {
        let value = serde_json::from_str(&text).map_err(|error: serde_json::Error| {
            at(
                expected,
                line,
                &format!("not valid JSON: {}", error.to_string().replace(" at line 1 column", ", at column")),
            )
        })?;
        outcomes.push(value);
    }
    Ok((inputs, outcomes))
}

fn at(file: &Path, line: u64, detail: &str) -> String {
    format!("{}:{line}: {detail}", file.display())
}

/// The lines of a file that are not blank, with their numbers.
fn lines(file: &Path) -> Result<Vec<(u64, String)>, String> {
    let unread = |error: io::Error| format!("cannot read {}: {error}", file.display());
    if fs::metadata(file).map_err(unread)?.len() > FILE_BYTES_MAX {
        return Err(format!("{} is larger than 64 MiB; split it", file.display()));
    }
    let text = fs::read_to_string(file).map_err(unread)?;
    let numbered = (1..).zip(text.trim_start_matches('\u{feff}').lines());
    Ok(numbered.filter(|(_, line)| !line.trim().is_empty()).map(|(number, line)| (number, line.to_owned())).collect())
}

/// Puts [`ANY`] where it is expected, and where there is something.
fn mask(found: &mut Value, expected: &Value) {
    match (found, expected) {
        (found, Value::String(text)) if text == ANY => *found = Value::from(ANY),
        (Value::Object(found), Value::Object(expected)) => {
            for (name, value) in found {
                if let Some(expected) = expected.get(name) {
                    mask(value, expected);
                }
            }
        }
        (Value::Array(found), Value::Array(expected)) => {
            found.iter_mut().zip(expected).for_each(|(found, expected)| mask(found, expected));
        }
        _ => {}
    }
}

fn diff(expected: Option<&Value>, found: Option<&Value>) -> String {
    let pretty = |value: Option<&Value>| value.map(|value| format!("{value:#}\n")).unwrap_or_default();
    let (expected, found) = (pretty(expected), pretty(found));
    let diff = TextDiff::from_lines(&expected, &found);
    let mut text = String::new();
    for group in diff.grouped_ops(CONTEXT_LINES) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            text.push_str(&format!("{} {}\n", change.tag(), change.value().trim_end()));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn any_stands_for_what_is_there_and_for_nothing_that_is_not() {
        let expected = json!({"a": "<any>", "b": [1, "<any>"], "c": "<any>"});
        let mut found = json!({"a": {"x": 1}, "b": [1, 2]});
        mask(&mut found, &expected);
        assert_eq!(found, json!({"a": "<any>", "b": [1, "<any>"]}));
        assert_ne!(found, expected);
    }

    #[test]
    fn a_difference_shows_both_sides_and_little_else() {
        let long: Vec<u32> = (0..50).collect();
        let (expected, found) = (json!({"long": long, "x": 1}), json!({"long": long, "x": 2}));
        let text = diff(Some(&expected), Some(&found));
        assert!(text.contains("-   \"x\": 1") && text.contains("+   \"x\": 2"), "{text}");
        assert!(text.lines().count() < 10, "{text}");
    }
}
