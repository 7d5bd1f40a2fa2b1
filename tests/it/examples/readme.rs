//! Reads the fenced blocks of a README and compares lines with what they promise. Knows nothing about running them.

/// A fenced block.
pub(super) struct Block<'a> {
    /// What follows the opening fence.
    pub(super) info: &'a str,
    pub(super) text: String,
    /// Where it begins, counted from 1.
    pub(super) line: usize,
}

/// All fenced blocks, in order.
pub(super) fn blocks(readme: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut open = false;
    for (index, line) in readme.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(info) if !open => {
                open = true;
                blocks.push(Block { info: info.trim(), text: String::new(), line: index + 1 });
            }
            Some(_) => open = false,
            None if open => {
                let block = blocks.last_mut().expect("a block is open");
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {}
        }
    }
    assert!(!open, "the last block has no end");
    blocks
}

/// The lines that are compared: neither empty, nor a comment of an event stream.
pub(super) fn significant(text: &str) -> Vec<&str> {
    text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with(':')).collect()
}

/// Whether a line is what a pattern promises, in which `…` stands for anything.
pub(super) fn matches(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn an_ellipsis_stands_for_anything_within_a_line() {
    assert!(matches("id: ….1", "id: 1795.1") && matches("a…b…c", "a-b-b-c") && matches("…", "") && matches("a", "a"));
    assert!(
        !matches("id: ….1", "id: 1795.2") && !matches("a…b…c", "a-c") && !matches("a", "ab") && !matches("a…a", "a")
    );
}
