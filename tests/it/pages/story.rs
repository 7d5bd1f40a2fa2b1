//! Runs a page from its first block to its last, as somebody would who types it. Each failure names the page and the line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use snapbox::{Assert, IntoData};
use tempfile::TempDir;

use super::excerpt::Excerpts;
use super::note::{Notes, Ready};
use super::page::{Page, Shown, Step, What};
use super::terminal::{Ended, Terminal};
use super::{parsed, reader};

/// How long a page may take. It only ends what hangs: interpreters are compiled meanwhile, on machines that others use too.
const LIMIT: Duration = Duration::from_secs(30 * 60);
/// How long a command that goes on may take to print what the page says. It does not end by itself if that never comes.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// What goes on while a page is followed.
struct Story<'a> {
    page: &'a Page,
    home: TempDir,
    /// What was typed; not in the home, which is the reader's.
    scripts: TempDir,
    toolchains: Vec<PathBuf>,
    terminals: Vec<Terminal>,
    excerpts: Excerpts,
    end: Instant,
}

/// Follows a page, in its reader's place.
pub(super) fn follow(path: &str, text: &str) -> Result<(), String> {
    let address = reader::free_address();
    let page = Page::read(path, &reader::here(text, &address, &reader::free_address()))?;
    let Some(toolchains) = reader::toolchains(&page.toolchains) else { return Ok(()) };
    let mut story = Story {
        page: &page,
        home: tempfile::tempdir().unwrap(),
        scripts: tempfile::tempdir().unwrap(),
        toolchains,
        terminals: Vec::new(),
        excerpts: Excerpts::default(),
        end: Instant::now() + LIMIT,
    };
    for step in &page.steps {
        story.step(step, &address).map_err(|(line, wrong)| format!("{path}:{line}: {wrong}"))?;
        story.excerpts.look(story.home.path());
    }
    story.ends().map_err(|(line, wrong)| format!("{path}:{line}: {wrong}"))
}

/// A line of the page, and what is wrong there.
type Wrong = (usize, String);

impl Story<'_> {
    fn step(&mut self, step: &Step, address: &str) -> Result<(), Wrong> {
        let Step { line, what, notes } = step;
        match what {
            What::Text => Ok(()),
            What::Json(_) | What::Toml(_) => parsed::parses(what, notes).map_err(|wrong| (*line, wrong)),
            What::Excerpt { text, .. } => {
                self.excerpts.wait(*line, text, notes.file.clone());
                Ok(())
            }
            What::File { path, text } => {
                let path = self.terminal(*line, notes, address)?.folder().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
                Ok(())
            }
            What::Typed(text) => self.typed(*line, notes.instead.as_ref().unwrap_or(text), notes, address),
            What::Shown(all) => {
                for (index, shown) in all.iter().enumerate() {
                    let last = index + 1 == all.len();
                    self.shown(shown, notes, last, address).map_err(|wrong| (shown.line, wrong.1))?;
                }
                Ok(())
            }
        }
    }

    fn typed(&mut self, line: usize, text: &str, notes: &Notes, address: &str) -> Result<(), Wrong> {
        let (end, page) = (self.end, self.page);
        let terminal = self.terminal(line, notes, address)?;
        terminal.types(text, &page.path, line);
        if let Some(ready) = &notes.stays {
            return stays(terminal, line, ready, address, end);
        }
        match terminal.ended(end) {
            Some(Ended { code: 0, .. }) => Ok(()),
            Some(Ended { code, printed }) => Err((line, format!("it ends with exit code {code}:\n{printed}"))),
            None => Err((line, format!("it does not end:\n{}", terminal.rest()))),
        }
    }

    fn shown(&mut self, shown: &Shown, notes: &Notes, last: bool, address: &str) -> Result<(), Wrong> {
        let (end, page, line) = (self.end, self.page, shown.line);
        let Some(command) = &shown.command else { return self.prints_more(shown) };
        let terminal = self.terminal(line, notes, address)?;
        terminal.tries(command, &page.path, line);
        if let (Some(ready), true) = (&notes.stays, last) {
            // What it prints first is looked at where it is ready, so that nothing of it is missed.
            stays(terminal, line, ready, address, end)?;
            return self.prints_more(shown);
        }
        let Some(Ended { printed, code }) = terminal.ended(end) else {
            return Err((line, format!("it does not end:\n{}", terminal.rest())));
        };
        if code != shown.exit {
            return Err((line, format!("it ends with exit code {code}, not {}:\n{printed}", shown.exit)));
        }
        same(&shown.output, &printed).map_err(|wrong| (line, wrong))
    }

    /// What the last command prints that goes on. It may print more. `^C` at the end is typed.
    fn prints_more(&mut self, shown: &Shown) -> Result<(), Wrong> {
        let end = self.end.min(Instant::now() + PATIENCE);
        let Some(terminal) = self.terminals.iter_mut().rfind(|terminal| terminal.taken_by.is_some()) else {
            return Err((shown.line, "no command goes on that could print this; begin commands with `$ `".to_owned()));
        };
        let (output, interrupted) = match shown.output.strip_suffix("^C\n") {
            Some(output) => (output, true),
            None => (&*shown.output, false),
        };
        if !output.is_empty() {
            let wished = if output.ends_with("...\n") { output.to_owned() } else { format!("{output}...\n") };
            // Lines that are whole, as the end of one that is not may differ.
            let whole = |printed: &str| printed.rfind('\n').map_or(String::new(), |end| printed[..=end].to_owned());
            terminal
                .prints(end, |printed| same(&wished, &whole(printed)).is_ok())
                .map_err(|printed| (shown.line, same(&wished, &printed).err().unwrap_or_default()))?;
        }
        if interrupted {
            terminal.interrupts();
            terminal.taken_by = None;
            if terminal.ended(end).is_none() {
                return Err((shown.line, format!("Ctrl-C does not end it:\n{}", terminal.rest())));
            }
        }
        Ok(())
    }

    /// The terminal for a block: another one if it says so, otherwise the last that no command has taken.
    fn terminal(&mut self, line: usize, notes: &Notes, address: &str) -> Result<&mut Terminal, Wrong> {
        let free = self.terminals.iter().rposition(|terminal| terminal.taken_by.is_none());
        let index = match free {
            Some(index) if !notes.elsewhere => index,
            None if !notes.elsewhere && !self.terminals.is_empty() => {
                let taken = self.terminals[self.terminals.len() - 1].taken_by.unwrap_or_default();
                let wrong = format!(
                    "the command in line {taken} goes on in this terminal; write <!-- test: elsewhere --> above the block"
                );
                return Err((line, wrong));
            }
            _ => {
                let mut bash = Command::new("bash");
                reader::prepare(&mut bash, &self.toolchains, address);
                bash.current_dir(self.home.path());
                let scripts = self.scripts.path().join(self.terminals.len().to_string());
                self.terminals.push(Terminal::open(bash, &scripts));
                self.terminals.len() - 1
            }
        };
        Ok(&mut self.terminals[index])
    }

    /// What has to hold after the last block.
    fn ends(&self) -> Result<(), Wrong> {
        for terminal in &self.terminals {
            if let (Some(line), true) = (terminal.taken_by, terminal.is_over()) {
                return Err((line, format!("it ended before the page did:\n{}", terminal.rest())));
            }
        }
        self.excerpts.all_found()
    }
}

/// Waits until a command that goes on is ready.
fn stays(terminal: &mut Terminal, line: usize, ready: &Ready, address: &str, end: Instant) -> Result<(), Wrong> {
    terminal.taken_by = Some(line);
    let not_ready = |terminal: &Terminal| Err((line, format!("it is not ready:\n{}", terminal.rest())));
    match ready {
        Ready::Said(text) => match terminal.says(end, text) {
            true => Ok(()),
            false => not_ready(terminal),
        },
        Ready::Listening => loop {
            if std::net::TcpStream::connect(address).is_ok() {
                return Ok(());
            }
            if terminal.is_over() || Instant::now() > end {
                return not_ready(terminal);
            }
            std::thread::sleep(Duration::from_millis(20));
        },
    }
}

/// Whether a command printed what the page says, apart from empty lines at the end.
fn same(page: &str, printed: &str) -> Result<(), String> {
    let text = |text: &str| format!("{}\n", text.trim_end());
    let compared = Assert::new().normalize_paths(false).try_eq(None, text(printed).into_data(), text(page).into_data());
    compared.map_err(|_| format!("the page says\n{page}and this was printed:\n{printed}"))
}

/// A page as its test has it.
pub(super) fn read(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{path}: {error}"))
}
