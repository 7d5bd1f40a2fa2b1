//! Owns the escaping of text for HTML fragments. Knows nothing about events.
use std::borrow::Cow;

/// Escapes a text for use between tags and inside quoted attribute values.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// A link around a text, both escaped; the plain escaped text if the address is not `https:` or `http:`.
pub fn link(address: &str, text: &str) -> String {
    match address.starts_with("https://") || address.starts_with("http://") {
        true => format!("<a href=\"{}\">{}</a>", escape(address), escape(text)),
        false => escape(text).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        assert_eq!(escape("plain"), "plain");
        assert_eq!(escape("<b a=\"1\" c='2'>&"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(link("https://a/?b&c", "<x>"), "<a href=\"https://a/?b&amp;c\">&lt;x&gt;</a>");
        assert_eq!(link("javascript:alert(1)", "x"), "x");
    }
}
