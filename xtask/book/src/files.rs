//! Listings that are files: the name after the language says which, and readers are shown it.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

/// A chapter's text with the name of each file above its listing.
pub(crate) fn named(text: &str) -> String {
    let mut named = String::with_capacity(text.len());
    let mut written = 0;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        let Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) = event else { continue };
        let Some((_, file)) = info.split_once(' ') else { continue };
        named.push_str(&text[written..range.start]);
        named.push_str(&format!("<p class=\"file\"><code>{}</code></p>\n\n", file.trim()));
        written = range.start;
    }
    named + &text[written..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_with_a_name_shows_it() {
        let text = "a\n\n```js sub/plugin.js\nlet a;\n```\n\n```sh\nls\n```\n";
        let wanted = "a\n\n<p class=\"file\"><code>sub/plugin.js</code></p>\n\n```js sub/plugin.js\nlet a;\n```\n\n```sh\nls\n```\n";
        assert_eq!(named(text), wanted);
    }
}
