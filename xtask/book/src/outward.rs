//! Links that leave the book. Sources lie beside the documentation in a checkout, but not beside the book, wherever that is put:
//! what is linked there is named by its path instead.

use std::path::Path;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// A chapter's text, whose path is counted from the top of the documentation, without links that leave it.
pub(crate) fn mended(text: &str, chapter: &Path) -> String {
    let mut mended = String::with_capacity(text.len());
    let (mut written, mut link, mut words) = (0, None, None::<std::ops::Range<usize>>);
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => link = outside(&dest_url, chapter),
            Event::End(TagEnd::Link) => {
                let (Some(path), Some(words)) = (link.take(), words.take()) else { continue };
                mended.push_str(&text[written..range.start]);
                mended.push_str(&text[words.clone()]);
                // Many links are called what they lead to.
                if !text[words].contains(&path) {
                    mended.push_str(&format!(" (`{path}`)"));
                }
                written = range.end;
            }
            _ if link.is_some() => {
                let start = words.as_ref().map_or(range.start, |words| words.start);
                words = Some(start..range.end);
            }
            _ => {}
        }
    }
    mended + &text[written..]
}

/// The path from the top of the checkout, if a link leaves the documentation.
fn outside(link: &str, chapter: &Path) -> Option<String> {
    let path = link.split('#').next().unwrap_or_default();
    if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
        return None;
    }
    let folder = chapter.parent().and_then(Path::to_str).unwrap_or_default();
    let (mut place, mut left) = (Vec::new(), false);
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            // It leaves the documentation where nothing is left of the way into it.
            ".." => left |= place.pop().is_none(),
            name => place.push(name),
        }
    }
    left.then(|| place.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_out_is_named_and_everything_else_stays() {
        let text = "| [the SDK](../../plugins/sdk) |\n|--|\n\n[a](b.md#c) [**in** `wit/v0.1`](../../wit/v0.1), [x](https://example.org/../../y) ![i](../../z)\n\n\
                    ```md\n[no link](../../x)\n```\n[next](../http.md) [out](../../README.md#more)\n";
        let mended = mended(text, Path::new("authors/rust.md"));
        let wanted = "| the SDK (`plugins/sdk`) |\n|--|\n\n[a](b.md#c) **in** `wit/v0.1`, [x](https://example.org/../../y) ![i](../../z)\n\n\
                      ```md\n[no link](../../x)\n```\n[next](../http.md) out (`README.md`)\n";
        assert_eq!(mended, wanted);
    }
}
