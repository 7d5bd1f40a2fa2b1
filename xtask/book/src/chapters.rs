//! From a folder of Markdown to a folder of HTML. Owns how the book looks; which chapters it has stands in `SUMMARY.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;

use crate::{files, outward};

/// In the form of mdBook's `book.toml`.
const CONFIG: &str = include_str!("../book.toml");

/// Makes the book anew.
pub(crate) fn write(docs: &Path, output: &Path) -> Result<()> {
    let mut config: Config = CONFIG.parse().context("book.toml")?;
    // Counted from here are only the files that make it look as it does.
    config.book.src = std::path::absolute(docs)?;
    config.build.build_dir = std::path::absolute(output)?;
    let mut book = MDBook::load_with_config(env!("CARGO_MANIFEST_DIR"), config)?;
    all_are_chapters(docs, &book)?;
    book.book.for_each_chapter_mut(|chapter| {
        if let Some(path) = &chapter.source_path {
            chapter.content = files::named(&outward::mended(&chapter.content, path));
        }
    });
    book.build().context("the book cannot be made")
}

/// A page that is no chapter would be missing from the book, and every link to it dead.
fn all_are_chapters(docs: &Path, book: &MDBook) -> Result<()> {
    let chapters: BTreeSet<&Path> = book.book.chapters().filter_map(|chapter| chapter.source_path.as_deref()).collect();
    let missing: Vec<String> = pages(docs)?
        .iter()
        .filter_map(|page| page.strip_prefix(docs).ok())
        .filter(|page| *page != "SUMMARY.md" && !chapters.contains(page))
        .map(|page| page.display().to_string())
        .collect();
    ensure!(missing.is_empty(), "these pages are no chapters; add them to docs/SUMMARY.md: {}", missing.join(", "));
    Ok(())
}

/// All Markdown of a folder.
fn pages(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(pages(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links;

    fn docs(pages: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in pages {
            let path = folder.path().join("docs").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn made(pages: &[(&str, &str)]) -> Result<Vec<String>> {
        let folder = docs(pages);
        let output = folder.path().join("book");
        write(&folder.path().join("docs"), &output)?;
        links::dead(&output)
    }

    #[test]
    fn every_link_of_a_book_leads_somewhere() {
        let summary = "# Summary\n\n[Start](index.md)\n\n- [One](sub/one.md)\n";
        let good = [
            ("SUMMARY.md", summary),
            ("index.md", "# Start\n\n[One](sub/one.md#a-heading), [code](../src/main.rs), <https://example.org/>\n"),
            ("sub/one.md", "# One\n\n## A heading\n\n[back](../index.md#start) [here](#a-heading)\n"),
        ];
        assert_eq!(made(&good).unwrap(), [""; 0]);
        for (bad, told) in [
            ("[no heading](sub/one.md#another)", "index.html: sub/one.html#another"),
            ("[no page](sub/two.md)", "index.html: sub/two."),
            ("[not here](#nothing)", "index.html: #nothing"),
        ] {
            let mut pages = good;
            pages[1].1 = bad;
            let dead = made(&pages).unwrap();
            assert!(dead.iter().any(|link| link.starts_with(told)), "{told}: {dead:?}");
        }
    }

    #[test]
    fn a_page_that_is_no_chapter_is_told() {
        let pages = [("SUMMARY.md", "[Start](index.md)\n"), ("index.md", "# Start\n"), ("lost.md", "# Lost\n")];
        let error = made(&pages).expect_err("a page is missing");
        assert!(error.to_string().ends_with("docs/SUMMARY.md: lost.md"), "{error}");
    }
}
