//! What one sender, one principal, or all together may have and do, and what the one beyond is told.

mod connections;
mod origin;
mod pages;
mod publishing;
mod requests;

use crate::auth::sha256;

/// Two tokens of each type, named like them with 1 and 2.
fn tokens() -> String {
    let each = ["master", "team", "readonly"].into_iter().flat_map(|kind| [(kind, 1), (kind, 2)]);
    let tables = each.map(|(kind, number)| {
        let hash = sha256(&format!("{kind}{number}"));
        format!(
            "[[auth.tokens]]\nname = '{kind}{number}'\nsha256 = '{hash}'\ntype = '{kind}'\npublish = ['*']\nsubscribe = ['*']\n"
        )
    });
    tables.collect()
}
