//! Words of strangers, as they may reach a terminal: what would move its cursor or give it orders is written as an escape.

/// On one line.
pub(super) fn line(text: &str) -> String {
    escaped(text, |_| false)
}

/// On as many lines as they have.
pub(super) fn lines(text: &str) -> String {
    escaped(text, |c| c == '\n')
}

fn escaped(text: &str, may_stay: impl Fn(char) -> bool) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && !may_stay(c) {
            plain.extend(c.escape_default());
        } else {
            plain.push(c);
        }
    }
    plain
}
