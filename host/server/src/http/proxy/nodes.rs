//! The two ways in which proxies write whom they speak for.

use std::net::{IpAddr, SocketAddr};

/// One proxy's word, in the order of the header.
#[derive(Debug, Default)]
pub(super) struct Hop {
    /// Whom it got the request from; none if it does not say ("unknown", or a name of its own).
    pub(super) address: Option<SocketAddr>,
    /// What it was asked for.
    pub(super) host: Option<String>,
}

/// `X-Forwarded-For`: addresses with commas between them.
pub(super) fn list(text: &str) -> Result<Vec<Hop>, &'static str> {
    let hop = |text: &str| {
        // Not bracketed there, unlike in `Forwarded`.
        let bare = text.trim().parse::<IpAddr>().ok().map(|address| Some(SocketAddr::new(address, 0)));
        let address = bare.or_else(|| node(text.trim())).ok_or("has something that is no address")?;
        Ok(Hop { address, host: None })
    };
    text.split(',').map(hop).collect()
}

/// `Forwarded`: elements with commas between them, each of pairs with semicolons between them.
pub(super) fn forwarded(text: &str) -> Result<Vec<Hop>, &'static str> {
    let (mut hops, mut hop, mut rest) = (Vec::new(), Element::default(), text.trim_start());
    loop {
        let (name, after) = rest.split_once('=').ok_or("has something that is no `name=value`")?;
        let (value, after) = value(after)?;
        hop.take(name.trim(), value)?;
        rest = after.trim_start();
        let Some(separator) = rest.chars().next() else { break };
        rest = rest[separator.len_utf8()..].trim_start();
        match separator {
            ',' => hops.push(std::mem::take(&mut hop).into()),
            ';' => {}
            _ => return Err("has something after a value that is neither `;` nor `,`"),
        }
    }
    hops.push(hop.into());
    Ok(hops)
}

#[derive(Default)]
struct Element {
    from: Option<Option<SocketAddr>>,
    host: Option<String>,
}

impl Element {
    fn take(&mut self, name: &str, value: String) -> Result<(), &'static str> {
        const TWICE: &str = "says a thing twice in one element";
        if name.eq_ignore_ascii_case("for") {
            let node = node(&value).ok_or("has a `for` that is no address")?;
            return if self.from.replace(node).is_some() { Err(TWICE) } else { Ok(()) };
        }
        if name.eq_ignore_ascii_case("host") {
            return if self.host.replace(value).is_some() { Err(TWICE) } else { Ok(()) };
        }
        Ok(())
    }
}

impl From<Element> for Hop {
    fn from(element: Element) -> Self {
        Self { address: element.from.flatten(), host: element.host }
    }
}

/// A token or a quoted string (RFC 9110, section 5.6.4), and what follows.
fn value(text: &str) -> Result<(String, &str), &'static str> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        let token = text[..end].trim_end();
        if token.is_empty() || token.contains(['"', ' ', '[', ']', ':']) && token.parse::<SocketAddr>().is_err() {
            return Err("has a value that has to be in quotes");
        }
        return Ok((token.to_owned(), &text[end..]));
    };
    let (mut value, mut chars) = (String::new(), quoted.char_indices());
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Ok((value, &quoted[at + 1..])),
            '\\' => value.extend(chars.next().map(|(_, char)| char)),
            char => value.push(char),
        }
    }
    Err("has quotes without an end")
}

/// An address with or without a port, or the word of somebody who does not say (RFC 7239, section 6).
fn node(text: &str) -> Option<Option<SocketAddr>> {
    if text.eq_ignore_ascii_case("unknown") || text.starts_with('_') {
        return Some(None);
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(Some(address));
    }
    let bare = match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(six) => IpAddr::V6(six.parse().ok()?),
        None => IpAddr::V4(text.parse().ok()?),
    };
    Some(Some(SocketAddr::new(bare, 0)))
}
