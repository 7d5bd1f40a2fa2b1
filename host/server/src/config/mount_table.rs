//! `[[mount]]`: what is at which path, for whom. Must not know how streams look (`mount/profile.rs` takes its own keys), nor
//! how requests are answered.

mod contradictions;
mod kinds;
mod usual;

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{CONNECTION, HeaderName};
use axum::http::{HeaderValue, Method};

use super::Config;
use super::fields::Fields;
use super::kind::{BasePath, Count, Kind as _, Methods, Names, Origins, Span, Switch, Switches};
use super::source::Raw;
use crate::auth::TokenType;
use crate::limits::MOUNT_HEADERS_MAX;
use crate::mount::{self, Access, Bound, Cors, Entrance, Kind, Mount};

pub(super) use contradictions::contradictions;
pub(super) use usual::add_usual;

/// A key, and what is wrong with it.
type Wrong = (String, String);

const DAY: Duration = Duration::from_secs(86_400);
/// One table, or everything that is wrong with it. Files are relative to `directory`.
pub(super) fn mount(table: &toml::Table, directory: &Path) -> Result<Mount, Vec<Wrong>> {
    let mut fields = Fields::new(table.clone(), "");
    let path = path(&mut fields);
    let enabled = fields.take("enabled", &Switches).unwrap_or(true);
    let access = access(&mut fields);
    let origins = fields.take("origins", &PageOrigins);
    let headers = headers(&mut fields);
    let problem = fields.program("problem");
    let requests = bound(&mut fields);
    let (name, kind, others) = kinds::take(&mut fields, &path, directory, origins.as_ref());
    let can = kind.as_ref().map_or(&[][..], Kind::methods);
    let methods = methods(&mut fields, can, name);
    let cors = cors(&mut fields, &methods);
    let problems = fields.end(others);
    match kind {
        Some(kind) if problems.is_empty() => {
            Ok(Mount { path, kind, methods, enabled, access, cors, origins, headers, problem, requests })
        }
        _ => Err(problems),
    }
}

fn path(fields: &mut Fields) -> String {
    let text = match fields.value("path") {
        Some(toml::Value::String(text)) => text,
        Some(_) => String::new(),
        None => {
            fields.wrong("path", "is missing: say where it is, such as `path = \"/sse\"`");
            return String::new();
        }
    };
    if !is_path(&text) {
        fields.wrong(
            "path",
            format!("is {text:?}: expected \"/\", or a path without a slash at its end, such as \"/sse\""),
        );
    } else if let Some(detail) = mount::own(&text) {
        fields.wrong("path", detail);
    }
    text
}

/// Whether a text is the path of something.
pub(in crate::config) fn is_path(text: &str) -> bool {
    text == "/" || BasePath.parse(&Raw::Text(text.to_owned())).is_some_and(|path| !path.is_empty())
}

fn access(fields: &mut Fields) -> Access {
    let entrances = [("server", Entrance::Server), ("none", Entrance::Open), ("token", Entrance::Token)];
    let types = [("master", TokenType::Master), ("team", TokenType::Team), ("readonly", TokenType::Readonly)];
    let access = Access {
        entrance: entrance(fields, &entrances),
        token_in_query: fields.take("token-in-query", &Switch).unwrap_or_default(),
        permissions: fields.take("permissions", &Names).unwrap_or_default(),
        token_types: {
            let names = fields.take("token-types", &Names).unwrap_or_default();
            let found = names.iter().map(|name| types.iter().find(|(own, _)| own == name).map(|(_, kind)| *kind));
            found.collect::<Option<_>>().unwrap_or_else(|| {
                fields.wrong("token-types", format!("is {names:?}: expected some of master, team and readonly"));
                Vec::new()
            })
        },
    };
    if access.entrance == Entrance::Open {
        for (key, is_there) in
            [("permissions", !access.permissions.is_empty()), ("token-types", !access.token_types.is_empty())]
        {
            if is_there {
                let detail =
                    "does not go with `auth = \"none\"`, which lets in whoever has no token: take one of them out";
                fields.wrong(key, detail);
            }
        }
    }
    access
}

fn entrance(fields: &mut Fields, words: &[(&str, Entrance)]) -> Entrance {
    let Some(value) = fields.value("auth") else { return Entrance::Server };
    let found = words.iter().find(|(word, _)| value.as_str() == Some(word));
    found.map_or_else(
        || {
            let detail =
                "expected \"server\" (who may use the server), \"none\" (everybody) or \"token\" (who has one)";
            fields.wrong("auth", format!("is {value}: {detail}"));
            Entrance::Server
        },
        |(_, entrance)| *entrance,
    )
}

fn headers(fields: &mut Fields) -> Vec<(HeaderName, HeaderValue)> {
    let Some(table) = fields.table("headers", "headers.") else { return Vec::new() };
    let mut found = Vec::new();
    for (name, value) in &table.table {
        let header = HeaderName::try_from(name).ok().zip(value.as_str().and_then(|text| text.parse().ok()));
        match header {
            // What HTTP/1.1 means anyway, for clients that look for it.
            Some((name, value)) if name == CONNECTION && value == "keep-alive" => found.push((name, value)),
            Some((name, value)) if name != CONNECTION && mount::is_settable(&name) => found.push((name, value)),
            Some(_) => fields.wrong(
                &format!("headers.{name}"),
                "cannot be set: it says something of the body or the connection, or belongs to `cors`",
            ),
            None => fields.wrong(&format!("headers.{name}"), format!("is {value}: expected a header with a text")),
        }
    }
    if found.len() > MOUNT_HEADERS_MAX {
        fields.wrong("headers", format!("are {}, at most {MOUNT_HEADERS_MAX} are possible", found.len()));
    }
    found
}

fn bound(fields: &mut Fields) -> Option<Bound> {
    let mut table = fields.table("requests", "requests.")?;
    let most = table.take("most", &Count(1..=1_000_000_u32)).and_then(NonZeroU32::new);
    let window = table.take("window", &Span(Duration::from_secs(1)..=DAY));
    if most.is_none() || window.is_none() {
        table.wrong("most", "and `window` go together: write `{ most = 100, window = \"15m\" }`");
    }
    fields.ended(table);
    Some(Bound { most: most?, window: window? })
}

fn methods(fields: &mut Fields, can: &[Method], kind: &str) -> Vec<Method> {
    let Some(methods) = fields.take("methods", &Methods) else {
        return can.iter().take(if kind == "publish" { 1 } else { can.len() }).cloned().collect();
    };
    if let Some(method) = methods.iter().find(|method| !can.contains(method)).filter(|_| !can.is_empty()) {
        let can: Vec<&str> = can.iter().map(Method::as_str).collect();
        fields.wrong("methods", format!("has {method}: a {kind} takes {}", can.join(" and ")));
    }
    methods
}

fn cors(fields: &mut Fields, own: &[Method]) -> Option<Cors> {
    let mut table = fields.table("cors", "cors.")?;
    let said: Vec<Method> = own.iter().cloned().chain([Method::OPTIONS]).collect();
    let cors = Cors {
        origins: table.take("origins", &Origins).unwrap_or_default(),
        credentials: table.take("credentials", &Switch).unwrap_or_default(),
        max_age: table.take("max-age", &Span(Duration::ZERO..=DAY)).unwrap_or(Duration::from_secs(600)),
        headers: table
            .take("headers", &Names)
            .unwrap_or_default()
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect(),
        methods: table.take("methods", &Methods).unwrap_or(said),
        always: table.take("always", &Switch).unwrap_or_default(),
    };
    if cors.credentials && cors.origins.iter().any(|origin| origin == "*") {
        let detail =
            "does not go together with `origins = [\"*\"]`: every site could use the cookies of whoever visits it";
        table.wrong("credentials", detail);
    }
    fields.ended(table);
    Some(cors)
}

/// Origins, and `loopback` for those of this machine.
struct PageOrigins;

impl super::kind::Kind for PageOrigins {
    type Value = mount::Origins;

    fn parse(&self, raw: &Raw) -> Option<mount::Origins> {
        let mut listed = Names.parse(raw)?;
        let all = listed.len();
        listed.retain(|origin| origin != "loopback");
        let loopback = listed.len() < all;
        Some(mount::Origins { listed: Origins.parse(&Raw::List(listed))?, loopback })
    }

    fn allowed(&self) -> String {
        format!("{}; \"loopback\" among them stands for those of this machine", Origins.allowed())
    }

    fn to_toml(&self, value: &mount::Origins) -> String {
        Origins.to_toml(&value.listed)
    }
}

impl Config {
    /// What an operator may not have meant.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let far = !self.listen.ip().to_canonical().is_loopback();
        let open = |mount: &&Arc<Mount>| far && mount.enabled && mount.access.entrance == Entrance::Open;
        let warning = |mount: &Arc<Mount>| {
            format!(
                "the mount {} has `auth = \"none\"`: whoever reaches {} may use it without a token",
                mount.path, self.listen
            )
        };
        self.mounts.iter().filter(open).map(warning).collect()
    }
}

#[cfg(test)]
mod tests;
