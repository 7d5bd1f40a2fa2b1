//! Owns which members are masked: JSON Pointers with `*`, followed step by step through a text.
//!
//! Knows nothing about JSON texts or secrets.

/// The most paths: one bit each.
const MAX_PATHS: usize = 64;

/// All configured paths.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    paths: Vec<Vec<Segment>>,
}

/// One step of a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Any member or item.
    Any,
    /// The member of this name, or the item at this index.
    Named { name: String, index: Option<usize> },
}

/// Which paths lead to a value, and how many steps were taken.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Here {
    paths: u64,
    depth: usize,
}

/// What a step leads to.
pub(crate) enum Step {
    /// The value is masked.
    Mask,
    /// The value is on the way of these paths, possibly none.
    On(Here),
}

impl Paths {
    pub(crate) fn parse(paths: &[String]) -> Result<Self, String> {
        if paths.len() > MAX_PATHS {
            return Err(format!("config.paths: {} paths are more than {MAX_PATHS}", paths.len()));
        }
        let paths = paths.iter().enumerate().map(|(number, path)| {
            let Some(segments) = path.strip_prefix('/') else {
                return Err(format!("config.paths[{number}]: `{path}` is no JSON Pointer: it must begin with `/`"));
            };
            segments.split('/').map(|segment| Segment::parse(number, segment)).collect()
        });
        Ok(Self { paths: paths.collect::<Result<_, _>>()? })
    }

    /// Where every path begins.
    pub(crate) fn start(&self) -> Here {
        Here { paths: self.all(), depth: 0 }
    }

    /// A step into a member or item that the segments in question are compared with.
    pub(crate) fn step(&self, from: Here, same: impl Fn(&Segment) -> bool) -> Step {
        let mut on = 0;
        for (number, path) in self.paths.iter().enumerate() {
            if from.paths & 1 << number != 0 && path.get(from.depth).is_some_and(&same) {
                if path.len() == from.depth + 1 {
                    return Step::Mask;
                }
                on |= 1 << number;
            }
        }
        Step::On(Here { paths: on, depth: from.depth + 1 })
    }

    /// For each path a name without which it leads nowhere, if it has one.
    pub(crate) fn needed_names(&self) -> impl Iterator<Item = Option<&str>> {
        self.paths.iter().map(|path| {
            path.iter().rev().find_map(|segment| match segment {
                Segment::Named { name, index: None } => Some(name.as_str()),
                _ => None,
            })
        })
    }

    fn all(&self) -> u64 {
        self.paths.iter().enumerate().fold(0, |bits, (number, _)| bits | 1 << number)
    }
}

impl Segment {
    fn parse(number: usize, text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let mut name = String::with_capacity(text.len());
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            name.push(match (character, character == '~') {
                (other, false) => other,
                _ => match rest.next() {
                    Some('0') => '~',
                    Some('1') => '/',
                    _ => {
                        return Err(format!("config.paths[{number}]: write `~0` for `~` and `~1` for `/` in `{text}`"));
                    }
                },
            });
        }
        let digits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        let index = if digits { name.parse().ok() } else { None };
        Ok(Self::Named { name, index })
    }

    pub(crate) fn is_member(&self, wanted: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Named { name, .. } => name == wanted,
        }
    }

    pub(crate) fn is_item(&self, wanted: usize) -> bool {
        match self {
            Self::Any => true,
            Self::Named { index, .. } => *index == Some(wanted),
        }
    }
}

impl Here {
    /// Whether no path leads on from here.
    pub(crate) fn is_nowhere(self) -> bool {
        self.paths == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(paths: &[&str]) -> Result<Paths, String> {
        Paths::parse(&paths.iter().map(|&path| path.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn paths_are_followed() {
        let paths = parse(&["/a/*/c", "/a/0", "/x~1y"]).expect("good paths");
        let Step::On(at_a) = paths.step(paths.start(), |segment| segment.is_member("a")) else { panic!("masked") };
        assert!(matches!(paths.step(at_a, |segment| segment.is_item(0)), Step::Mask));
        let Step::On(at_a_1) = paths.step(at_a, |segment| segment.is_item(1)) else { panic!("masked") };
        assert!(matches!(paths.step(at_a_1, |segment| segment.is_member("c")), Step::Mask));
        assert!(matches!(paths.step(at_a_1, |segment| segment.is_member("d")), Step::On(here) if here.is_nowhere()));
        assert!(matches!(paths.step(paths.start(), |segment| segment.is_member("x/y")), Step::Mask));
    }

    #[test]
    fn mistakes_name_the_path() {
        assert_eq!(
            parse(&["/a", "b"]).expect_err("no slash"),
            "config.paths[1]: `b` is no JSON Pointer: it must begin with `/`"
        );
        assert!(parse(&["/a~2"]).expect_err("no escape").starts_with("config.paths[0]: write `~0`"));
        assert!(parse(&["/a"; 65]).is_err());
    }

    #[test]
    fn a_path_needs_its_last_name() {
        let paths = parse(&["/users/*/email", "/*", "/list/0"]).expect("good paths");
        assert_eq!(paths.needed_names().collect::<Vec<_>>(), [Some("email"), None, Some("list")]);
    }
}
