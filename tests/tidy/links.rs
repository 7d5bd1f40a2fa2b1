//! Links in Markdown: each leads to a file that is there and to a heading that it has. Other sites are not visited.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use reqwest::Url;

/// What a page links to, with lines, and what can be linked to in it.
#[derive(Default)]
struct Page {
    links: Vec<(usize, String)>,
    headings: BTreeSet<String>,
}

impl Page {
    fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut heading: Option<String> = None;
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push((text[..range.start].matches('\n').count() + 1, dest_url.into_string()));
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let id = id(&heading.take().unwrap_or_default());
                    // The second of one name is called `name-1`.
                    let names = (0..).map(|more| if more == 0 { id.clone() } else { format!("{id}-{more}") });
                    let free = names.into_iter().find(|name| !page.headings.contains(name));
                    page.headings.extend(free);
                }
                Event::Text(part) | Event::Code(part) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&part);
                    }
                }
                _ => {}
            }
        }
        page
    }
}

/// What a heading is called in links, in the book and where the sources are shown.
fn id(heading: &str) -> String {
    let kept = |letter: char| match letter {
        ' ' => Some('-'),
        letter => (letter.is_alphanumeric() || letter == '-' || letter == '_').then_some(letter),
    };
    heading.trim().to_lowercase().chars().filter_map(kept).collect()
}

/// What is wrong with links of these pages, whose paths are counted from a folder.
fn dead(root: &Path, paths: &[&str]) -> Vec<String> {
    let read = |path: &str| Page::read(&fs::read_to_string(root.join(path)).unwrap());
    let pages: BTreeMap<&str, Page> = paths.iter().map(|path| (*path, read(path))).collect();
    let mut dead = Vec::new();
    for (path, page) in &pages {
        for (line, link) in &page.links {
            if let Err(why) = leads_somewhere(root, path, link, &pages) {
                dead.push(format!("{path}:{line}: {link}: {why}"));
            }
        }
    }
    dead
}

fn leads_somewhere(root: &Path, page: &str, link: &str, pages: &BTreeMap<&str, Page>) -> Result<(), String> {
    match Url::parse(link) {
        Ok(url) if ["http", "https", "mailto"].contains(&url.scheme()) => return Ok(()),
        Ok(url) => return Err(format!("`{}` is no scheme of a link", url.scheme())),
        // What is no address by itself is a path.
        Err(_) if link.contains("://") => return Err("this is no address".to_owned()),
        Err(_) => {}
    }
    let (path, heading) = link.split_once('#').map_or((link, None), |(path, heading)| (path, Some(heading)));
    let mut place: Vec<&str> = page.split('/').collect();
    if !path.is_empty() {
        place.pop();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(place.pop().ok_or("it leads out of the checkout")?),
                name => place.push(name),
            }
        }
    }
    let target = place.join("/");
    if path.starts_with('/') || !root.join(&target).exists() {
        return Err("there is no such file".to_owned());
    }
    match (heading, pages.get(&*target)) {
        (None, _) => Ok(()),
        (Some(heading), Some(found)) if found.headings.contains(heading) => Ok(()),
        (Some(_), Some(_)) => Err(format!("{target} has no such heading")),
        (Some(_), None) => Err(format!("{target} has no headings")),
    }
}

#[test]
fn every_link_in_markdown_leads_somewhere() {
    let root = super::root();
    let listed =
        Command::new("git").args(["ls-files", "-co", "--exclude-standard", "*.md"]).current_dir(&root).output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    let paths: Vec<&str> = listed.lines().filter(|path| root.join(path).exists()).collect();
    assert!(paths.contains(&"README.md") && paths.contains(&"docs/authors.md"), "{paths:?}");
    let dead = dead(&root, &paths);
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

#[test]
fn a_dead_link_is_found() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("docs/sub")).unwrap();
    fs::write(root.path().join("code.rs"), "").unwrap();
    let other = "# The `other` page, and more\n\n## Twice\n\n## Twice\n\n[up](../page.md#one)\n";
    fs::write(root.path().join("docs/sub/other.md"), other).unwrap();
    let wrong = |link: &str| {
        fs::write(root.path().join("docs/page.md"), format!("# One\n\n```\n[no link](x)\n```\n\n[a link]({link})\n"))
            .unwrap();
        dead(root.path(), &["docs/page.md", "docs/sub/other.md"])
    };
    for link in [
        "sub/other.md",
        "sub/",
        "../code.rs",
        "#one",
        "sub/other.md#the-other-page-and-more",
        "sub/other.md#twice-1",
        "https://example.org/#any",
        "mailto:a@example.org",
    ] {
        assert_eq!(wrong(link), [""; 0], "{link}");
    }
    for (link, told) in [
        ("sub/another.md", "there is no such file"),
        ("#two", "docs/page.md has no such heading"),
        ("sub/other.md#twice-2", "docs/sub/other.md has no such heading"),
        ("../code.rs#L1", "code.rs has no headings"),
        ("../../code.rs", "it leads out of the checkout"),
        ("/code.rs", "there is no such file"),
        ("https:///", "this is no address"),
        ("file:///etc/hosts", "`file` is no scheme of a link"),
    ] {
        assert_eq!(wrong(link), [format!("docs/page.md:7: {link}: {told}")]);
    }
}
