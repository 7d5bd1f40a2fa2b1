//! Who reads, and the one function that decides what they may see. Must not know how somebody showed who they are.

use crate::{Audience, Event, TypePattern};

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
        self.subscribe.as_ref().is_none_or(may_subscribe) && self.is_among(event.audience().map(|audience| &**audience))
    }

    /// Whether they are among those that events with this audience are for. With [`narrow`](Self::narrow), which settles
    /// types once for all events of a stream, the other half of [`may_see`](Self::may_see).
    pub fn is_among(&self, audience: Option<&Audience>) -> bool {
        audience.is_none_or(|audience| self.any_audience || audience.admits(self))
    }

    /// What of these types they may see: of two patterns of which one covers the other, the narrower one. Nobody asked for
    /// them, so that the others are no mistake.
    pub fn common(&self, offered: &[TypePattern]) -> Vec<TypePattern> {
        let Some(subscribe) = &self.subscribe else { return offered.to_vec() };
        let mut common = Vec::new();
        for (own, offered) in subscribe.iter().flat_map(|own| offered.iter().map(move |offered| (own, offered))) {
            let both = if own.covers(offered) { Some(offered) } else { offered.covers(own).then_some(own) };
            common.extend(both.filter(|both| !common.contains(*both)).cloned());
        }
        common
    }

    /// The types they get who ask for these (nothing: for all they may have), or the first that they may not have.
    pub fn narrow(&self, asked: Vec<TypePattern>) -> Result<Vec<TypePattern>, TypePattern> {
        let Some(subscribe) = &self.subscribe else { return Ok(asked) };
        if asked.is_empty() {
            return if subscribe.is_empty() { Err(TypePattern::All) } else { Ok(subscribe.clone()) };
        }
        let beyond = asked.iter().find(|pattern| !subscribe.iter().any(|own| own.covers(pattern)));
        match beyond {
            Some(beyond) => Err(beyond.clone()),
            None => Ok(asked),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;
    use crate::{Attributes, Data, Timestamp};

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
        #[test]
        fn types_in_common_are_those_that_both_have(
            reader in reader(), offered in prop::collection::vec("(x|y)(\\.\\*|\\.z)?|\\*", 0..4), event_type in "(x|y)(\\.[yz])?",
        ) {
            let offered: Vec<TypePattern> = offered.iter().map(|text| text.parse().unwrap()).collect();
            let has = |patterns: &[TypePattern]| patterns.iter().any(|pattern| pattern.matches(&event_type));
            let both = reader.subscribe.as_ref().is_none_or(|own| has(own)) && has(&offered);
            prop_assert_eq!(has(&reader.common(&offered)), both);
            prop_assert!(reader.common(&offered).len() <= reader.subscribe.map_or(0, |own| own.len()) + offered.len());
        }

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
    fn types_are_narrowed_and_never_widened() {
        let narrowed = |own: Option<&str>, asked: &str| {
            let list =
                |texts: &str| if texts.is_empty() { Vec::new() } else { TypePattern::parse_list(texts).unwrap() };
            let reader = Reader { subscribe: own.map(list), ..Reader::default() };
            let text = |list: Vec<TypePattern>| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            reader.narrow(list(asked)).map(text).map_err(|beyond| beyond.to_string())
        };
        let some = Some("a.*,b");
        assert_eq!(narrowed(some, ""), Ok("a.*,b".into()));
        assert_eq!(narrowed(some, "a.x,b,a.y.*"), Ok("a.x,b,a.y.*".into()));
        for beyond in ["*", "c", "a", "b.*"] {
            assert_eq!(narrowed(some, &format!("a.x,{beyond}")), Err(beyond.into()));
        }
        assert_eq!(narrowed(Some(""), ""), Err("*".into()));
        assert_eq!(narrowed(Some("*"), "c,*"), Ok("c,*".into()));
        assert_eq!((narrowed(None, ""), narrowed(None, "c")), (Ok(String::new()), Ok("c".into())));
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
