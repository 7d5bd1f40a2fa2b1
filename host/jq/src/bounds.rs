//! What texts of strangers are read as values. jaq reads by recursion, which a text of brackets would have no end of, and
//! makes numbers of digits in a time that grows with their square.

use jaq_core::native::{Fun, bome, run, v};
use jaq_json::{Error, Val, read};

use crate::Data;

/// Levels of arrays and objects: those of the data of events, and some around them.
const LEVELS_MAX: usize = 160;
/// Digits of one number. No float has more that mean something.
const DIGITS_MAX: usize = 1024;

/// The value of a JSON text.
pub(crate) fn parse(text: &[u8]) -> Result<Val, String> {
    check(text)?;
    read::parse_single(text).map_err(|error| error.to_string())
}

/// jq's own, with these bounds.
pub(crate) fn fromjson() -> Fun<Data> {
    run(("fromjson", v(0), |cv| {
        let value = match &cv.1 {
            Val::TStr(text) => {
                parse(text).map_err(|error| Error::str(format!("cannot parse the text as JSON: {error}")))
            }
            other => Err(Error::typ(other.clone(), "string")),
        };
        bome(value)
    }))
}

fn check(text: &[u8]) -> Result<(), String> {
    let (mut levels, mut digits) = (0_usize, 0_usize);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        match byte {
            b'[' | b'{' => levels += 1,
            b']' | b'}' => levels = levels.saturating_sub(1),
            b'"' => {
                while let Some(inner) = bytes.next() {
                    match inner {
                        b'"' => break,
                        b'\\' => drop(bytes.next()),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        if levels > LEVELS_MAX {
            return Err(format!("the JSON is nested more than {LEVELS_MAX} levels deep"));
        }
        if digits > DIGITS_MAX {
            return Err(format!("a number has more than {DIGITS_MAX} digits"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::Program;

    #[test]
    fn what_would_never_end_is_refused() {
        let program = |source: &str| Program::compile(source, &[]).unwrap();
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(program(".").first(deep(160).as_bytes()).is_ok());
        assert!(program(".").first(deep(400_000).as_bytes()).unwrap_err().contains("160 levels"));
        assert!(program(".").first("[".repeat(400_000).as_bytes()).unwrap_err().contains("160 levels"));
        assert!(program(".").first("1".repeat(1_000_000).as_bytes()).unwrap_err().contains("1024 digits"));
        let inside = serde_json::to_vec(&deep(400_000)).unwrap();
        assert!(program("fromjson").first(&inside).unwrap_err().contains("160 levels"));
        // Brackets and digits of texts are none.
        let text = serde_json::to_vec(&format!("\"{}\\{}", deep(1000), "1".repeat(5000))).unwrap();
        assert_eq!(program(".").first(&text).unwrap().unwrap(), text);
    }

    #[test]
    fn fromjson_reads_one_text() {
        let program = Program::compile("fromjson", &[]).unwrap();
        assert_eq!(program.first(br#""{\"a\":[1,2.50]}""#).unwrap().unwrap(), br#"{"a":[1,2.50]}"#);
        assert!(
            program.first(br#""1 2""#).is_err() && program.first(br#""x""#).is_err() && program.first(b"1").is_err()
        );
    }
}
