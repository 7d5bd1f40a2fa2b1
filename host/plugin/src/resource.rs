//! Resources of plugins, as hosts and clients speak of them: those that are listed, and templates of those that are not.
//! Must not know how a plugin is called.

/// What is known of a resource, or of all that a template stands for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceAbout {
    /// For people.
    pub name: String,
    /// For people.
    pub title: Option<String>,
    /// What it contains.
    pub description: Option<String>,
    /// Its media type.
    pub media_type: Option<String>,
    /// Who sees it: those with this permission; none: everybody.
    pub permission: Option<String>,
}

/// A resource that is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceInfo {
    /// Its address.
    pub uri: String,
    /// What is known of it.
    pub about: ResourceAbout,
}

/// Resources that are too many to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateInfo {
    /// URI template (RFC 6570, level 1).
    pub uri_template: String,
    /// What is known of them.
    pub about: ResourceAbout,
}

impl TemplateInfo {
    /// Whether it stands for this address: texts are as they are, and a variable is one or more characters without `/`.
    pub fn matches(&self, uri: &str) -> bool {
        stands_for(&self.uri_template, uri)
    }

    /// Whether it is one: variables have names, and something between them.
    pub(crate) fn check(template: &str) -> Result<(), String> {
        let mut rest = template;
        while let Some((_, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}') else { return Err("a `{` is not closed".into()) };
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.')) {
                return Err(format!("`{{{name}}}` is no variable of level 1, such as `{{id}}`"));
            }
            if behind.starts_with('{') {
                return Err("two variables follow each other".into());
            }
            rest = behind;
        }
        if rest.contains('}') { Err("a `}` was not opened".into()) } else { Ok(()) }
    }
}

/// Texts between variables are looked for from the left, each as early as it can be: what a variable stands for has no
/// `/`, so that there is little to choose, and no way back.
fn stands_for(template: &str, uri: &str) -> bool {
    let Some((text, after)) = template.split_once('{') else { return template == uri };
    let Some(rest) = uri.strip_prefix(text) else { return false };
    let behind = after.split_once('}').map_or("", |(_, behind)| behind);
    let next = behind.split('{').next().unwrap_or_default();
    let last = next.len() == behind.len();
    let value_end = match (next.is_empty(), last) {
        (true, _) => rest.len(),
        (false, true) => match rest.len().checked_sub(next.len()) {
            Some(end) if rest.is_char_boundary(end) => end,
            _ => return false,
        },
        (false, false) => match rest.get(1..).and_then(|after| after.find(next)) {
            Some(at) => at + 1,
            None => return false,
        },
    };
    let (value, rest) = rest.split_at(value_end);
    !value.is_empty() && !value.contains('/') && stands_for(behind, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_stands_for_what_its_variables_can_be() {
        for (template, uri, expected) in [
            ("test://template/{id}/data", "test://template/123/data", true),
            ("test://template/{id}/data", "test://template//data", false),
            ("test://template/{id}/data", "test://template/1/2/data", false),
            ("test://template/{id}/data", "test://template/1/data/", false),
            ("x://{a}-{b}", "x://1-2", true),
            ("x://{a}-{b}", "x://1", false),
            ("x://{a}", "x://", false),
            ("x://{a}", "x://é", true),
            ("x://plain", "x://plain", true),
            ("x://plain", "x://plainer", false),
        ] {
            assert_eq!(stands_for(template, uri), expected, "{template} {uri}");
        }
    }

    #[test]
    fn what_is_no_template_is_told() {
        assert!(TemplateInfo::check("x://{a}/{b}").is_ok());
        for wrong in ["x://{a", "x://a}", "x://{+a}", "x://{}", "x://{a}{b}"] {
            assert!(TemplateInfo::check(wrong).is_err(), "{wrong}");
        }
    }
}
