//! Who an event is for, as its publisher says it. Must not know who reads: [`Reader`](crate::Reader) decides that.

use serde::{Deserialize, Serialize};

use crate::limits::{AUDIENCE_BYTES_MAX, AUDIENCE_NAME_BYTES_MAX, AUDIENCE_NAMES_MAX};
use crate::{Problem, Reader};

/// The name under which CloudEvents carry an audience, as a text. It is no extension attribute: nobody is shown it.
pub const AUDIENCE_ATTRIBUTE: &str = "tidemillaudience";

/// Who may see an event: whoever is named in one of `clients`, `groups` and `tokenTypes`, and has all of `permissions`. Lists
/// that are not given ask for nothing; at least one is given. The lists are sorted and name nobody twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Audience {
    #[serde(skip_serializing_if = "is_empty")]
    clients: Box<[Box<str>]>,
    #[serde(skip_serializing_if = "is_empty")]
    groups: Box<[Box<str>]>,
    #[serde(skip_serializing_if = "is_empty")]
    token_types: Box<[Box<str>]>,
    #[serde(skip_serializing_if = "is_empty")]
    permissions: Box<[Box<str>]>,
}

/// An audience as it is handed in, not checked yet.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Lists {
    clients: Option<Vec<Box<str>>>,
    groups: Option<Vec<Box<str>>>,
    token_types: Option<Vec<Box<str>>>,
    permissions: Option<Vec<Box<str>>>,
}

impl Audience {
    /// Reads `{"clients": […], "groups": […], "tokenTypes": […], "permissions": […]}`, or says everything that is wrong with
    /// it. `at` is what the publisher wrote it in.
    pub fn parse(at: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let lists: Lists = serde_json::from_str(text).map_err(|error| {
            let form =
                "{\"clients\": […], \"groups\": […], \"tokenTypes\": […], \"permissions\": […]}, each a list of texts";
            vec![Problem::new(at, format!("not an audience: {error}; write {form}"))]
        })?;
        let mut problems = Vec::new();
        for (name, list) in lists.named() {
            if let Some(list) = list {
                problems.extend(check_list(list).err().map(|detail| Problem::new(format!("{at}.{name}"), detail)));
            }
        }
        let nobody = lists.named().iter().all(|(_, list)| list.is_none());
        let audience = Self::from(lists);
        let bytes = audience.json().len();
        if nobody {
            problems
                .push(Problem::new(at, "an audience names somebody; leave it out for an event that everybody may see"));
        } else if problems.is_empty() && bytes > AUDIENCE_BYTES_MAX {
            let max = AUDIENCE_BYTES_MAX;
            problems
                .push(Problem::new(at, format!("the audience has {bytes} bytes as JSON, at most {max} are possible")));
        }
        if problems.is_empty() { Ok(audience) } else { Err(problems) }
    }

    /// From a text that was an audience before.
    pub(crate) fn from_stored(text: &[u8]) -> Option<Self> {
        let audience = Self::from(serde_json::from_slice::<Lists>(text).ok()?);
        // One that named nobody would be for everybody.
        let names_somebody = audience.names().next().is_some();
        names_somebody.then_some(audience)
    }

    /// As it is written in JSON.
    pub fn json(&self) -> String {
        // Lists of texts can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether it names a reader.
    pub(crate) fn admits(&self, reader: &Reader) -> bool {
        let has = |list: &[Box<str>], name: &String| list.binary_search_by(|own| (**own).cmp(name)).is_ok();
        let anyone = is_empty(&self.clients) && is_empty(&self.groups) && is_empty(&self.token_types);
        let named = anyone
            || reader.client.iter().any(|client| has(&self.clients, client))
            || reader.groups.iter().any(|group| has(&self.groups, group))
            || reader.token_type.iter().any(|token_type| has(&self.token_types, token_type));
        named && self.permissions.iter().all(|needed| reader.permissions.iter().any(|own| **own == **needed))
    }

    /// Bytes that it takes in memory.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>() + self.names().map(|name| name.len() + size_of::<Box<str>>()).sum::<usize>()
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        [&self.clients, &self.groups, &self.token_types, &self.permissions].into_iter().flatten().map(|name| &**name)
    }
}

impl Lists {
    fn named(&self) -> [(&'static str, Option<&Vec<Box<str>>>); 4] {
        [
            ("clients", self.clients.as_ref()),
            ("groups", self.groups.as_ref()),
            ("tokenTypes", self.token_types.as_ref()),
            ("permissions", self.permissions.as_ref()),
        ]
    }
}

impl From<Lists> for Audience {
    fn from(lists: Lists) -> Self {
        let sorted = |list: Option<Vec<Box<str>>>| {
            let mut list = list.unwrap_or_default();
            list.sort_unstable();
            list.dedup();
            list.into_boxed_slice()
        };
        Self {
            clients: sorted(lists.clients),
            groups: sorted(lists.groups),
            token_types: sorted(lists.token_types),
            permissions: sorted(lists.permissions),
        }
    }
}

fn is_empty(list: &[Box<str>]) -> bool {
    list.is_empty()
}

fn check_list(list: &[Box<str>]) -> Result<(), String> {
    if list.is_empty() {
        // Taken as "not given" it would show the event to more than it names.
        return Err("an empty list names nobody; leave it out".into());
    }
    if list.len() > AUDIENCE_NAMES_MAX {
        return Err(format!("{} names, at most {AUDIENCE_NAMES_MAX} are possible; name a group", list.len()));
    }
    let wrong = |name: &str| {
        name.is_empty() || name.len() > AUDIENCE_NAME_BYTES_MAX || name.bytes().any(|byte| byte.is_ascii_control())
    };
    let rule = || format!("a name is 1 to {AUDIENCE_NAME_BYTES_MAX} bytes without control characters");
    if list.iter().any(|name| wrong(name)) { Err(rule()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Vec<String> {
        Audience::parse("audience", text).unwrap_err().into_iter().map(|problem| problem.at).collect()
    }

    #[test]
    fn what_is_wrong_is_named() {
        for text in
            ["", "[]", "\"a\"", "{}", "null", "{\"clients\":null}", "{\"client\":[\"a\"]}", "{\"clients\":\"a\"}"]
        {
            assert_eq!(at(text), ["audience"], "{text}");
        }
        assert_eq!(at("{\"clients\":[\"a\"],\"clients\":[\"b\"]}"), ["audience"], "twice");
        assert_eq!(at("{\"clients\":[1]}"), ["audience"]);
        assert_eq!(at("{\"clients\":[],\"groups\":[\"\"]}"), ["audience.clients", "audience.groups"]);
        assert_eq!(
            at("{\"tokenTypes\":[\"a\\nb\"],\"permissions\":[]}"),
            ["audience.tokenTypes", "audience.permissions"]
        );
    }

    #[test]
    fn limits_hold_to_the_byte() {
        let list = |count: usize, bytes: usize| {
            let names: Vec<String> = (0..count).map(|n| format!("{n:0bytes$}")).collect();
            format!("{{\"groups\":{}}}", serde_json::to_string(&names).unwrap())
        };
        assert!(Audience::parse("audience", &list(1, AUDIENCE_NAME_BYTES_MAX)).is_ok());
        assert_eq!(at(&list(1, AUDIENCE_NAME_BYTES_MAX + 1)), ["audience.groups"]);
        assert!(Audience::parse("audience", &list(AUDIENCE_NAMES_MAX, 3)).is_ok());
        assert_eq!(at(&list(AUDIENCE_NAMES_MAX + 1, 3)), ["audience.groups"]);
        let whole = |padding: usize| {
            let mut names: Vec<String> = (10..42).map(|n| format!("{n}{}", "x".repeat(248))).collect();
            names.push("y".repeat(padding));
            serde_json::json!({"groups": names}).to_string()
        };
        let padding = AUDIENCE_BYTES_MAX - whole(0).len();
        let largest = Audience::parse("audience", &whole(padding)).unwrap();
        assert_eq!(largest.json().len(), AUDIENCE_BYTES_MAX);
        assert_eq!(at(&whole(padding + 1)), ["audience"]);
    }

    proptest! {
        #[test]
        fn any_text_is_an_answer_not_a_panic(text: String, cut in 0_usize..=37) {
            let known = &"{\"clients\":[\"a\"],\"permissions\":[\"b\"]}"[..cut];
            let _ = Audience::parse("audience", &format!("{known}{text}"));
            let _ = Audience::from_stored(text.as_bytes());
        }

        #[test]
        fn what_was_written_is_read_again(names in prop::collection::vec("[ -~é]{1,9}", 1..9), which in 0_usize..4) {
            let list = ["clients", "groups", "tokenTypes", "permissions"][which];
            let audience = Audience::parse("audience", &serde_json::json!({list: names}).to_string()).unwrap();
            prop_assert_eq!(Audience::parse("audience", &audience.json()), Ok(audience.clone()));
            prop_assert_eq!(Audience::from_stored(audience.json().as_bytes()), Some(audience));
        }
    }
}
