//! Who reads, and the one function that decides what they may see. Must not know how somebody showed who they are.

use crate::{Event, TypePattern};

/// Somebody who reads events. The default is anonymous, who sees what has no audience. Whoever makes one bounds its lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Reader {
    /// Their name.
    pub client: Option<String>,
    /// The groups that they are in.
    pub groups: Vec<String>,
    /// Of what type their token is.
    pub token_type: Option<String>,
    /// What they may do.
    pub permissions: Vec<String>,
    /// The types that they may see; none: every type.
    pub subscribe: Option<Vec<TypePattern>>,
    /// They see events for whomever.
    pub any_audience: bool,
}

impl Reader {
    /// The host itself and its operators, who see everything.
    pub fn all() -> Self {
        Self { any_audience: true, ..Self::default() }
    }

    /// Whether they may see an event.
    pub fn may_see(&self, event: &Event) -> bool {
        let may_subscribe = |patterns: &Vec<TypePattern>| patterns.iter().any(|own| own.matches(event.event_type()));
        self.subscribe.as_ref().is_none_or(may_subscribe)
            && event.audience().is_none_or(|audience| self.any_audience || audience.admits(self))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;
    use crate::{Attributes, Audience, Data, Timestamp};

    fn event(event_type: &str, audience: Option<Audience>) -> Event {
        let attributes = Attributes {
            id: "1",
            source: "/s",
            event_type,
            subject: None,
            content_type: None,
            data_schema: None,
            extensions: &Map::new(),
        };
        Event::new(&attributes, Timestamp::default(), Data::Empty).unwrap().with_audience(audience.map(Into::into))
    }

    fn names() -> impl Strategy<Value = BTreeSet<String>> {
        prop::collection::btree_set("[a-d]", 0..3)
    }

    prop_compose! {
        fn reader()(
            client in prop::option::of("[a-d]"), groups in names(), token_type in prop::option::of("[a-d]"), permissions in names(),
            subscribe in prop::option::of(prop::collection::vec("(x|y)(\\.\\*)?", 0..3)), any_audience in prop::bool::weighted(0.1),
        ) -> Reader {
            let subscribe = subscribe.map(|list| list.iter().map(|text| text.parse().unwrap()).collect());
            let list = |set: BTreeSet<String>| set.into_iter().collect();
            Reader { client, groups: list(groups), token_type, permissions: list(permissions), subscribe, any_audience }
        }
    }

    proptest! {
        /// Against the rule in sets: every list that is given, and nothing else, counts.
        #[test]
        fn a_reader_sees_what_names_them(
            reader in reader(), clients in names(), groups in names(), token_types in names(), permissions in names(),
            event_type in "(x|y)(\\.z)?",
        ) {
            let lists = [("clients", &clients), ("groups", &groups), ("tokenTypes", &token_types), ("permissions", &permissions)];
            let given: Map<_, _> =
                lists.iter().filter(|(_, set)| !set.is_empty()).map(|(name, set)| ((*name).to_owned(), json!(set))).collect();
            let audience = (!given.is_empty()).then(|| Audience::parse("audience", &json!(given).to_string()).unwrap());
            let is_public = audience.is_none();

            let one = |name: &Option<String>| name.iter().cloned().collect::<BTreeSet<_>>();
            let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
            let pairs = [(clients, one(&reader.client)), (groups, set(&reader.groups)), (token_types, one(&reader.token_type))];
            let asks = pairs.iter().any(|(asked, _)| !asked.is_empty());
            let named = !asks || pairs.iter().any(|(asked, own)| !asked.is_disjoint(own));
            let is_let = is_public || reader.any_audience || (named && permissions.is_subset(&set(&reader.permissions)));
            let subscribes = reader.subscribe.as_ref().is_none_or(|list| list.iter().any(|own| own.matches(&event_type)));

            let event = event(&event_type, audience);
            prop_assert_eq!(reader.may_see(&event), is_let && subscribes);
            prop_assert_eq!(Reader::default().may_see(&event), is_public);
            prop_assert!(Reader::all().may_see(&event));
        }
    }

    #[test]
    fn names_of_one_list_do_not_count_in_another() {
        let event = event("x", Some(Audience::parse("audience", "{\"clients\":[\"a\"]}").unwrap()));
        let name = || "a".to_owned();
        let others = Reader {
            groups: vec![name()],
            token_type: Some(name()),
            permissions: vec![name(), "*".into()],
            ..Reader::default()
        };
        assert!(!others.may_see(&event));
        assert!(Reader { client: Some(name()), ..Reader::default() }.may_see(&event));
        assert!(!Reader { client: Some("A".into()), ..Reader::default() }.may_see(&event));
    }
}
