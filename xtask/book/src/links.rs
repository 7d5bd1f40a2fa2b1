//! Looks for dead links in a folder of HTML: a file that is not there, or a place in it that nothing is called. What leads to
//! other machines is not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use html5gum::{Token, Tokenizer};
use percent_encoding::percent_decode_str;

/// A page's links, and what can be linked to in it.
#[derive(Default)]
struct Page {
    links: BTreeSet<String>,
    places: BTreeSet<String>,
}

/// All dead links, each as `page: link`.
pub(crate) fn dead(book: &Path) -> Result<Vec<String>> {
    let mut pages = BTreeMap::new();
    read_all(book, &mut pages)?;
    let mut dead = Vec::new();
    for (path, page) in &pages {
        let name = path.strip_prefix(book).unwrap_or(path).display();
        dead.extend(
            page.links.iter().filter(|link| !leads_somewhere(path, link, &pages)).map(|link| format!("{name}: {link}")),
        );
    }
    Ok(dead)
}

fn leads_somewhere(page: &Path, link: &str, pages: &BTreeMap<PathBuf, Page>) -> bool {
    let elsewhere = |scheme: &str| link.starts_with(scheme);
    if ["http://", "https://", "mailto:", "data:", "javascript:"].into_iter().any(elsewhere) {
        return true;
    }
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let (path, place) = link.split_once('#').unwrap_or((link, ""));
    let path = decoded(path.split('?').next().unwrap_or_default());
    let target = if path.is_empty() { page.to_owned() } else { normal(&page.with_file_name("").join(path)) };
    match pages.get(&target) {
        Some(found) => place.is_empty() || found.places.contains(&decoded(place)),
        None => target.is_file(),
    }
}

/// Without `..`, as a browser resolves a link; an absolute one leads out of the book.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(normal.pop()),
            part => normal.push(part),
        }
    }
    normal
}

fn read_all(folder: &Path, pages: &mut BTreeMap<PathBuf, Page>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            read_all(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "html") {
            let page = read(&fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?);
            pages.insert(path, page);
        }
    }
    Ok(())
}

fn read(html: &str) -> Page {
    let mut page = Page::default();
    for token in Tokenizer::new(html).flatten() {
        let Token::StartTag(tag) = token else { continue };
        for (name, value) in &tag.attributes {
            let value = String::from_utf8_lossy(value).into_owned();
            match &***name {
                b"href" | b"src" => page.links.insert(value),
                b"id" | b"name" => page.places.insert(value),
                _ => continue,
            };
        }
    }
    page
}
