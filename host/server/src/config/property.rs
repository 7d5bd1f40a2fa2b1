//! Configurations: any text is one, or every mistake has its line and its key; and one that is shown means the same.
//!
//! Input: the file.

use super::*;

const FILE: &str = "tidemill.toml";

/// Loads a file, and what it is shown as.
pub(crate) fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let config = match load(&text) {
        Ok(config) => config,
        Err(ConfigError::Invalid { problems }) => {
            assert!(!problems.is_empty(), "refused without a reason");
            problems.iter().for_each(|problem| says_where(problem, &text));
            return;
        }
        Err(error) => panic!("nothing was read: {error}"),
    };
    let shown = config.to_toml();
    let again = load(&shown).unwrap_or_else(|error| panic!("{error}\n{shown}"));
    let values =
        |config: &Config| -> Vec<String> { config.entries().iter().map(|entry| entry.value.clone()).collect() };
    assert_eq!(values(&again), values(&config), "{shown}");
    // As texts: a float may be no number, which equals nothing.
    assert_eq!(format!("{:?}", again.plugins), format!("{:?}", config.plugins), "{shown}");
    assert_eq!(format!("{:?}", again.auth), format!("{:?}", config.auth), "{shown}");
}

fn load(text: &str) -> Result<Config, ConfigError> {
    Config::from_sources(Some((FILE, text)), std::iter::empty(), &Flags::default())
}

fn says_where(problem: &problem::ConfigProblem, text: &str) {
    let lines = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let line = problem.place.strip_prefix("tidemill.toml:").and_then(|line| line.parse::<usize>().ok());
    // A value of the file may not fit one that nobody set.
    assert!(problem.place == "default" || line.is_some_and(|line| (1..=lines).contains(&line)), "{problem}");
    let unreadable = problem.detail.starts_with("not valid TOML");
    assert!(!problem.detail.is_empty() && (unreadable || !problem.key.is_empty()), "{problem}");
}
