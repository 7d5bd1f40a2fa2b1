//! Lists of names: of sites that browsers may come from, and of this server. Written as a list, or as one text with commas.

use axum::http::Method;
use tidemill_registry::PublicKey;

use super::{Kind, Raw};
use crate::limits::NAMES_MAX;

/// Origins (RFC 6454), or `*`.
pub(in crate::config) struct Origins;
/// Names of hosts.
pub(in crate::config) struct Hosts;

impl Kind for Origins {
    type Value = Vec<String>;

    fn parse(&self, raw: &Raw) -> Option<Vec<String>> {
        let list = list(raw)?;
        let any = list.iter().any(|origin| origin == "*");
        // What a browser never sends would never be found.
        (if any { list.len() == 1 } else { list.iter().all(|origin| is_origin(origin)) }).then_some(list)
    }

    fn allowed(&self) -> String {
        "a list of origins as browsers send them, such as [\"https://app.example.com\", \"http://localhost:5173\"], or \
         [\"*\"]"
            .into()
    }

    fn to_toml(&self, value: &Vec<String>) -> String {
        written(value)
    }
}

/// Names of anything, without spaces.
pub(in crate::config) struct Names;
/// Methods of HTTP.
pub(in crate::config) struct Methods;
/// Public keys of signatures.
pub(in crate::config) struct PublicKeys;
/// Yes or no, or several of them, which are yes if all are.
pub(in crate::config) struct Switches;

impl Kind for Names {
    type Value = Vec<String>;

    fn parse(&self, raw: &Raw) -> Option<Vec<String>> {
        list(raw).filter(|list| list.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_graphic())))
    }

    fn allowed(&self) -> String {
        "a list of names without spaces, such as [\"a\", \"b\"]".into()
    }

    fn to_toml(&self, value: &Vec<String>) -> String {
        written(value)
    }
}

impl Kind for Methods {
    type Value = Vec<Method>;

    fn parse(&self, raw: &Raw) -> Option<Vec<Method>> {
        let upper = |name: &String| name.bytes().all(|byte| byte.is_ascii_uppercase()).then(|| name.parse().ok());
        let methods: Vec<Method> = list(raw)?.iter().map(|name| upper(name).flatten()).collect::<Option<_>>()?;
        (!methods.is_empty()).then_some(methods)
    }

    fn allowed(&self) -> String {
        "a list of methods in upper case, such as [\"GET\"]".into()
    }

    fn to_toml(&self, value: &Vec<Method>) -> String {
        written(&value.iter().map(ToString::to_string).collect::<Vec<_>>())
    }
}

impl Kind for PublicKeys {
    type Value = Vec<PublicKey>;

    fn parse(&self, raw: &Raw) -> Option<Vec<PublicKey>> {
        // An empty variable comes of a secret that is not set, and must not switch off what the file asks for.
        let none = match raw {
            Raw::List(list) => list.is_empty(),
            Raw::Untyped(text) => text == "[]",
            _ => false,
        };
        if none {
            return Some(Vec::new());
        }
        list(raw).filter(|list| !list.is_empty())?.iter().map(|key| key.parse().ok()).collect()
    }

    fn allowed(&self) -> String {
        "a list of public keys, each of 56 characters that begin with \"RW\", or [] for none".into()
    }

    fn to_toml(&self, value: &Vec<PublicKey>) -> String {
        written(&value.iter().map(ToString::to_string).collect::<Vec<_>>())
    }
}

impl Kind for Switches {
    type Value = bool;

    fn parse(&self, raw: &Raw) -> Option<bool> {
        match raw {
            Raw::Boolean(value) => Some(*value),
            _ => list(raw)
                .filter(|list| !list.is_empty())?
                .iter()
                .try_fold(true, |all, one| Some(one.parse::<bool>().ok()? && all)),
        }
    }

    fn allowed(&self) -> String {
        "true or false, or a list of them of which all must be true".into()
    }

    fn to_toml(&self, value: &bool) -> String {
        value.to_string()
    }
}

impl Kind for Hosts {
    type Value = Vec<String>;

    fn parse(&self, raw: &Raw) -> Option<Vec<String>> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'_');
        list(raw).filter(|list| list.iter().all(|host| host.bytes().all(plain)))
    }

    fn allowed(&self) -> String {
        "a list of names of hosts in lower case, without ports, such as [\"events.example.com\"]".into()
    }

    fn to_toml(&self, value: &Vec<String>) -> String {
        written(value)
    }
}

fn list(raw: &Raw) -> Option<Vec<String>> {
    let list: Vec<String> = match raw {
        Raw::Untyped(text) | Raw::Text(text) => {
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        }
        Raw::List(list) => list.clone(),
        _ => return None,
    };
    (list.len() <= NAMES_MAX && list.iter().all(|item| !item.is_empty())).then_some(list)
}

/// As browsers write it: in lower case, without a path, without the port that goes without saying.
fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else { return false };
    let usual = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => "/",
    };
    let plain = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase() && !b"/?#@\\,\"*".contains(&byte);
    let of_scheme = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
    !scheme.is_empty()
        && scheme.bytes().all(of_scheme)
        && !host.is_empty()
        && host.bytes().all(plain)
        && !host.ends_with(usual)
}

fn written(list: &[String]) -> String {
    toml::Value::from(list.to_vec()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_what_browsers_send() {
        let read = |text: &str| Origins.parse(&Raw::Untyped(text.into()));
        let two = vec!["https://a.example".to_owned(), "http://localhost:5173".to_owned()];
        assert_eq!(read("https://a.example, http://localhost:5173"), Some(two.clone()));
        assert_eq!(Origins.parse(&Raw::List(two.clone())), Some(two.clone()));
        assert_eq!(Origins.to_toml(&two), "[\"https://a.example\", \"http://localhost:5173\"]");
        assert_eq!((read(""), read("*")), (Some(Vec::new()), Some(vec!["*".into()])));
        for wrong in [
            "a.example",
            "https://a.example/",
            "https://A.example",
            "https://a.example:443",
            "http://a.example:80",
            "null",
            "*, https://a.example",
            "https://*.example",
            "https://",
            "://a",
            "https://me@a.example",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(read(&"http://a,".repeat(NAMES_MAX + 1)), None);
    }

    #[test]
    fn no_keys_at_all_are_written_as_such() {
        let key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
        let many = |raw: Raw| PublicKeys.parse(&raw).map(|keys| keys.len());
        for (raw, found) in [
            (Raw::Untyped(format!("{key}, {key}")), Some(2)),
            (Raw::Text(key.into()), Some(1)),
            (Raw::List(Vec::new()), Some(0)),
            (Raw::Untyped("[]".into()), Some(0)),
            (Raw::Untyped(String::new()), None),
            (Raw::Untyped(" ,".into()), None),
            (Raw::Text(String::new()), None),
            (Raw::Untyped("RWQ".into()), None),
        ] {
            assert_eq!(many(raw), found);
        }
    }

    #[test]
    fn hosts_are_names_without_ports() {
        let read = |text: &str| Hosts.parse(&Raw::Untyped(text.into()));
        assert_eq!(read("a.example,b"), Some(vec!["a.example".into(), "b".into()]));
        for wrong in ["a:80", "A", "http://a", "*.a", "a b"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
