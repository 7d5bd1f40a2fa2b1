//! Reads a page into what the test does with it, in the order of the page. CONTRIBUTING.md describes the form. Knows nothing
//! about running it.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::note::{Note, Notes};

/// A page.
pub(super) struct Page {
    /// From the top of the checkout.
    pub(super) path: String,
    /// Toolchains that its reader has.
    pub(super) toolchains: Vec<String>,
    pub(super) steps: Vec<Step>,
}

/// A block, or what only the test types.
pub(super) struct Step {
    /// Where its text begins, counted from 1.
    pub(super) line: usize,
    pub(super) what: What,
    pub(super) notes: Notes,
}

/// What becomes of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    /// It is typed.
    Typed(String),
    /// Its commands are typed, and print what stands below them.
    Shown(Vec<Shown>),
    /// It becomes a file.
    File { path: String, text: String },
    /// It stands in a file.
    Excerpt { language: String, text: String },
    /// It is correct JSON, one text or several.
    Json(String),
    /// It is correct TOML.
    Toml(String),
    /// It is no code.
    Text,
}

/// A command of a `console` block, and what it prints.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// None: what a command prints that goes on.
    pub(super) command: Option<String>,
    pub(super) line: usize,
    pub(super) output: String,
    pub(super) exit: i32,
}

impl Page {
    /// Reads a page; what it gets wrong is told with its place.
    pub(super) fn read(path: &str, text: &str) -> Result<Self, String> {
        let at = |line: usize, what: &str| format!("{path}:{line}: {what}");
        let line_of = |offset: usize| text[..offset].matches('\n').count() + 1;
        let mut page = Self { path: path.to_owned(), toolchains: Vec::new(), steps: Vec::new() };
        let mut notes = Notes::default();
        let mut block: Option<(String, usize, String)> = None;
        let mut comment: Option<(usize, String)> = None;
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::HtmlBlock) => comment = Some((line_of(range.start), String::new())),
                Event::Html(html) => {
                    if let Some((_, text)) = &mut comment {
                        text.push_str(&html);
                    }
                }
                Event::End(TagEnd::HtmlBlock) => {
                    let (line, html) = comment.take().unwrap_or_default();
                    match Note::read(&html).map_err(|wrong| at(line, &wrong))? {
                        None => {}
                        Some(Note::With(toolchains)) => page.toolchains = toolchains,
                        Some(Note::Hidden(commands)) => {
                            let notes = std::mem::take(&mut notes);
                            page.steps.push(Step { line: line + 1, what: What::Typed(commands), notes });
                        }
                        Some(Note::Of(add)) => add(&mut notes),
                    }
                }
                Event::Start(Tag::CodeBlock(kind)) => {
                    let CodeBlockKind::Fenced(info) = kind else {
                        return Err(at(line_of(range.start), "an indented block; put it between ``` lines"));
                    };
                    block = Some((info.to_string(), line_of(range.start) + 1, String::new()));
                }
                Event::Text(part) => {
                    if let Some((_, _, text)) = &mut block {
                        text.push_str(&part);
                    }
                }
                Event::End(TagEnd::CodeBlock) => {
                    let (info, line, text) = block.take().unwrap_or_default();
                    let what = what(&info, line, text).map_err(|wrong| at(line - 1, &wrong))?;
                    page.steps.push(Step { line, what, notes: std::mem::take(&mut notes) });
                }
                Event::Start(_) if !notes.is_empty() && block.is_none() => {
                    return Err(at(line_of(range.start), "what is said to the test above this is about no block"));
                }
                _ => {}
            }
        }
        match notes.is_empty() {
            true => Ok(page),
            false => Err(at(line_of(text.len()), "what is said to the test at the end is about no block")),
        }
    }
}

/// What becomes of a block, by what follows its opening fence.
fn what(info: &str, line: usize, text: String) -> Result<What, String> {
    match info.split_whitespace().collect::<Vec<_>>()[..] {
        [_, path] => Ok(What::File { path: path.to_owned(), text }),
        ["sh"] => Ok(What::Typed(text)),
        ["console"] => shown(line, &text).map(What::Shown),
        ["json" | "jsonl"] => Ok(What::Json(text)),
        ["toml"] => Ok(What::Toml(text)),
        ["text"] => Ok(What::Text),
        [
            language @ ("rust" | "js" | "ts" | "python" | "go" | "c" | "cpp" | "zig" | "html" | "yaml" | "caddy"
            | "nginx"),
        ] => Ok(What::Excerpt { language: language.to_owned(), text }),
        [] => Err("a block without a language; CONTRIBUTING.md lists them".to_owned()),
        _ => Err(format!("`{info}` is no kind of block; CONTRIBUTING.md lists them")),
    }
}

/// Commands and their output. A command goes on in lines that begin with `> `.
fn shown(first: usize, text: &str) -> Result<Vec<Shown>, String> {
    let mut all: Vec<Shown> = Vec::new();
    for (line, words) in (first..).zip(text.lines()) {
        if let Some(command) = words.strip_prefix("$ ") {
            let command = Some(format!("{command}\n"));
            all.push(Shown { command, line, output: String::new(), exit: 0 });
            continue;
        }
        if all.is_empty() {
            all.push(Shown { command: None, line, output: String::new(), exit: 0 });
        }
        let Some(last) = all.last_mut() else { continue };
        if let (Some(more), Some(command), "") = (words.strip_prefix("> "), &mut last.command, &*last.output) {
            command.push_str(more);
            command.push('\n');
        } else if let Some(code) = words.strip_prefix("[exit ").and_then(|rest| rest.strip_suffix(']')) {
            last.exit = code.parse().map_err(|_| format!("`{words}` has no exit code"))?;
        } else {
            last.output.push_str(words);
            last.output.push('\n');
        }
    }
    match all.is_empty() {
        true => Err("an empty block".to_owned()),
        false => Ok(all),
    }
}
