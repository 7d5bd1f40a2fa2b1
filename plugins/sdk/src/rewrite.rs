//! Owns changing a JSON text in place of building a tree from it: members removed, values replaced, all else byte for
//! byte as it was, numbers with all their digits.
//!
//! Knows nothing about events or what is worth changing: an [`Edit`] decides.
use std::borrow::Cow;

use crate::cursor::Cursor;
pub use crate::cursor::Malformed;

/// The deepest nesting that is followed.
pub const MAX_DEPTH: usize = 256;

/// What becomes of a member of an object or an item of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It stays as it is, unseen.
    Keep,
    /// Its value is looked into: [`Edit::text`] for a text, members and items for the rest, then [`Edit::leave`].
    Enter,
    /// It is removed. Items cannot be; they are kept.
    Remove,
    /// Its value becomes this JSON text.
    Replace(String),
}

/// Decides what changes. The outermost value is always entered.
pub trait Edit {
    /// What becomes of the member of this name.
    fn member(&mut self, name: &str) -> Action;

    /// What becomes of the item at this index.
    fn item(&mut self, _index: usize) -> Action {
        Action::Enter
    }

    /// What an entered text becomes; `None` leaves it as it is.
    fn text(&mut self, _text: &str) -> Option<String> {
        None
    }

    /// An entered member or item is done.
    fn leave(&mut self) {}
}

/// Applies an edit to a JSON text. `None` means that nothing changed.
///
/// # Errors
///
/// If the text is no JSON or nested deeper than [`MAX_DEPTH`]. Numbers and the like are not checked beyond where they
/// end: of a text that is JSON, the result is.
pub fn rewrite(text: &[u8], edit: &mut impl Edit) -> Result<Option<Vec<u8>>, Malformed> {
    let mut writer = Writer { cursor: Cursor::new(text), copied: 0, out: Vec::new(), edit };
    writer.value(0)?;
    writer.cursor.end()?;
    if writer.copied == 0 {
        return Ok(None);
    }
    writer.out.extend_from_slice(&text[writer.copied..]);
    Ok(Some(writer.out))
}

/// A value as a JSON text, quoted and escaped.
pub fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

struct Writer<'t, 'e, E> {
    cursor: Cursor<'t>,
    /// The text is written up to here; 0 as long as nothing changed, since the first byte of a value always stays.
    copied: usize,
    out: Vec<u8>,
    edit: &'e mut E,
}

impl<E: Edit> Writer<'_, '_, E> {
    fn value(&mut self, depth: usize) -> Result<(), Malformed> {
        match self.cursor.peek() {
            _ if depth > MAX_DEPTH => Err(self.cursor.malformed("nested too deep")),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => {
                let raw = self.cursor.string()?;
                let text = raw.decode()?;
                if let Some(new) = self.edit.text(&text) {
                    self.replace(raw.start, raw.end, &quote(&new));
                }
                Ok(())
            }
            _ => self.cursor.skip_value(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Malformed> {
        self.cursor.expect(b'{')?;
        if self.cursor.take(b'}') {
            return Ok(());
        }
        let mut kept = false;
        self.cursor.peek();
        // Where the separator before this member begins: a removed member takes it along.
        let mut separator = self.cursor.at();
        loop {
            let raw = self.cursor.string()?;
            let name: Cow<'_, str> = raw.decode()?;
            self.cursor.expect(b':')?;
            match self.edit.member(&name) {
                Action::Remove => {
                    self.cursor.skip_value()?;
                    self.replace(separator, self.cursor.at(), "");
                }
                action => {
                    if !kept && separator != raw.start {
                        self.replace(separator, raw.start, "");
                    }
                    kept = true;
                    self.act(action, depth)?;
                }
            }
            separator = self.cursor.at();
            if !self.cursor.take(b',') {
                return self.cursor.expect(b'}');
            }
            self.cursor.peek();
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Malformed> {
        self.cursor.expect(b'[')?;
        if self.cursor.take(b']') {
            return Ok(());
        }
        for index in 0.. {
            let action = self.edit.item(index);
            self.act(action, depth)?;
            if !self.cursor.take(b',') {
                break;
            }
        }
        self.cursor.expect(b']')
    }

    fn act(&mut self, action: Action, depth: usize) -> Result<(), Malformed> {
        match action {
            Action::Keep | Action::Remove => self.cursor.skip_value(),
            Action::Enter => {
                self.value(depth + 1)?;
                self.edit.leave();
                Ok(())
            }
            Action::Replace(new) => {
                self.cursor.peek();
                let start = self.cursor.at();
                self.cursor.skip_value()?;
                self.replace(start, self.cursor.at(), &new);
                Ok(())
            }
        }
    }

    fn replace(&mut self, start: usize, end: usize, new: &str) {
        self.out.extend_from_slice(&self.cursor.text()[self.copied..start]);
        self.out.extend_from_slice(new.as_bytes());
        self.copied = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Removes `x`, replaces `r` by `0`, upper-cases texts.
    #[derive(Default)]
    struct Example {
        depth: usize,
    }

    impl Edit for Example {
        fn member(&mut self, name: &str) -> Action {
            match name {
                "x" => Action::Remove,
                "r" => Action::Replace("0".into()),
                "k" => Action::Keep,
                _ => {
                    self.depth += 1;
                    Action::Enter
                }
            }
        }

        fn item(&mut self, _: usize) -> Action {
            self.depth += 1;
            Action::Enter
        }

        fn text(&mut self, text: &str) -> Option<String> {
            text.contains('!').then(|| text.to_uppercase())
        }

        fn leave(&mut self) {
            self.depth -= 1;
        }
    }

    fn edited(text: &str) -> Option<String> {
        let mut edit = Example::default();
        let changed = rewrite(text.as_bytes(), &mut edit).expect("JSON");
        assert_eq!(edit.depth, 0, "entered and left as often");
        changed.map(|bytes| String::from_utf8(bytes).expect("UTF-8"))
    }

    #[test]
    fn members_are_removed_with_their_comma() {
        for (before, after) in [
            (r#"{"x":1}"#, "{}"),
            (r#"{"x":1,"a":2}"#, r#"{"a":2}"#),
            (r#"{"a":2,"x":1}"#, r#"{"a":2}"#),
            (r#"{"x":[{"y":"}"}],"x":2,"a":1,"x":{},"b":2,"x":"\"","c":3,"x":null}"#, r#"{"a":1,"b":2,"c":3}"#),
            (r#"{ "x" : 1 , "a" : 2 , "x" : 3 }"#, r#"{ "a" : 2 }"#),
            (r#"{ "a" : 2 , "x" : 3 , "b" : 4 }"#, r#"{ "a" : 2 , "b" : 4 }"#),
            (r#"[{"x":1},{"x":1,"x":1}]"#, "[{},{}]"),
            (r#"{"\u0078":1,"b":{"x":1,"r":[1,2]}}"#, r#"{"b":{"r":0}}"#),
        ] {
            assert_eq!(edited(before).as_deref(), Some(after), "{before}");
        }
    }

    #[test]
    fn everything_else_stays_byte_for_byte() {
        assert_eq!(edited(r#"{"a":[1.0,1e3,-0,12345678901234567890123],"k":{"x":"!"},"b":"\u00e4"}"#), None);
        assert_eq!(edited(r#"{"a":1.50,"b":"ä\n!"}"#).as_deref(), Some(r#"{"a":1.50,"b":"Ä\n!"}"#));
        assert_eq!(edited(r#""hey!""#).as_deref(), Some(r#""HEY!""#));
    }

    #[test]
    fn white_space_alone_is_no_change() {
        assert_eq!(edited(" { \"a\" : [ 1 , { } ] } "), None);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in
            ["", "{", "[1", r#"{"a"}"#, r#"{"a":1"#, r#""abc"#, "1 2", r#"{"a":1,}"#, "[1,]", r#"{"x":}"#, "]", "nope"]
        {
            assert!(rewrite(text.as_bytes(), &mut Example::default()).is_err(), "{text}");
        }
        assert!(rewrite(&b"[".repeat(100_000), &mut Example::default()).is_err());
        assert!(rewrite(b"\"\xff!\"", &mut Example::default()).is_err());
    }
}
