//! What a page says to its test, in HTML comments that its readers do not see: `<!-- test: … -->`.

/// One comment.
pub(super) enum Note {
    /// Toolchains that the page's reader has.
    With(Vec<String>),
    /// Commands that only the test types.
    Hidden(String),
    /// About the block below it.
    Of(Box<dyn FnOnce(&mut Notes)>),
}

/// All that is said about a block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Notes {
    /// It is typed in another terminal.
    pub(super) elsewhere: bool,
    /// Its command goes on while the page does.
    pub(super) stays: Option<Ready>,
    /// What is typed instead of it.
    pub(super) instead: Option<String>,
    /// The file that an excerpt stands in.
    pub(super) file: Option<String>,
    /// What TOML is.
    pub(super) meaning: Option<Meaning>,
}

/// When a command that goes on is ready.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// Once something listens at the page's address.
    Listening,
    /// Once it said this.
    Said(String),
}

/// What TOML is, beside being correct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// `tidemill.toml`.
    Config,
    /// A plugin's settings.
    Settings,
}

impl Notes {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Note {
    /// Reads a comment. None: it is not for the test.
    pub(super) fn read(html: &str) -> Result<Option<Self>, String> {
        let Some(said) = html.trim().strip_prefix("<!-- test:").and_then(|rest| rest.strip_suffix("-->")) else {
            // One of several comments without an empty line between them would go by unread.
            return if html.contains("<!-- test:") { Err(NOT_ALONE.to_owned()) } else { Ok(None) };
        };
        if said.contains("<!--") {
            return Err(NOT_ALONE.to_owned());
        }
        let (word, rest) = match said.trim_start().split_once(char::is_whitespace) {
            Some((word, rest)) => (word, rest.trim()),
            None => (said.trim(), ""),
        };
        let of = |add: Box<dyn FnOnce(&mut Notes)>| Ok(Some(Self::Of(add)));
        let until = rest.strip_prefix("until \"").and_then(|text| text.strip_suffix('"')).map(str::to_owned);
        let rest = rest.to_owned();
        match word {
            "with" => Ok(Some(Self::With(rest.split(',').map(|name| name.trim().to_owned()).collect()))),
            "hidden" => Ok(Some(Self::Hidden(rest + "\n"))),
            "elsewhere" if rest.is_empty() => of(Box::new(|notes| notes.elsewhere = true)),
            "stays" if rest.is_empty() => of(Box::new(|notes| notes.stays = Some(Ready::Listening))),
            "stays" if until.is_some() => of(Box::new(|notes| notes.stays = until.map(Ready::Said))),
            "config" if rest.is_empty() => of(Box::new(|notes| notes.meaning = Some(Meaning::Config))),
            "settings" if rest.is_empty() => of(Box::new(|notes| notes.meaning = Some(Meaning::Settings))),
            "in" if !rest.is_empty() => of(Box::new(|notes| notes.file = Some(rest))),
            "fake" => match rest.rsplit_once(": ") {
                Some((command, why)) if !why.is_empty() => {
                    let command = format!("{command}\n");
                    of(Box::new(|notes| notes.instead = Some(command)))
                }
                _ => Err("`fake` wants a command, a colon and the reason".to_owned()),
            },
            _ => Err(format!("the test does not understand `{}`; CONTRIBUTING.md lists what it does", said.trim())),
        }
    }
}

const NOT_ALONE: &str = "each comment to the test stands in lines of its own";
