//! How many connections somebody may have at a time: a principal, an address, all tokens of a type. The bound of all together
//! is not kept here. Must not know what those are told who are too many.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use crate::auth::Principal;
use crate::config::Caps;

/// Who has how many. As many entries as connections have owners: each goes with its last connection.
#[derive(Debug)]
pub(crate) struct Places {
    most: ArcSwap<(Caps, usize)>,
    taken: Mutex<HashMap<Owner, usize>>,
}

/// To whom a connection is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Owner {
    Principal(String),
    Address(IpAddr),
    /// Of connections of any kind.
    Connections(IpAddr),
    /// None: those without a token.
    Type(Option<&'static str>),
}

/// Whose are counted, how many there may be, and which setting says so.
type Bound = (Owner, usize, &'static str);

/// A place, given back when it is dropped. Small where nothing is bounded.
#[derive(Debug, Default)]
pub(crate) struct Place {
    taken: Option<Box<Taken>>,
}

#[derive(Debug)]
struct Taken {
    places: Arc<Places>,
    owners: Vec<Owner>,
}

/// Somebody has as many as they may: the name of the setting that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full(pub(crate) &'static str);

/// Whom an address stands for. Of IPv6 the network (RFC 6177): whoever has one has all of its addresses.
pub(crate) fn sender(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

impl Places {
    /// Bounds of streams by whose they are, and of connections of one address (0: none).
    pub(crate) fn new(caps: Caps, connections_per_address: usize) -> Arc<Self> {
        Arc::new(Self { most: ArcSwap::from_pointee((caps, connections_per_address)), taken: Mutex::default() })
    }

    /// Other bounds. Those who are here stay; who came where nothing was bounded is not counted.
    pub(crate) fn bound(&self, caps: Caps, connections_per_address: usize) {
        self.most.store(Arc::new((caps, connections_per_address)));
    }

    /// One more place for somebody, or why not.
    pub(crate) fn take(self: &Arc<Self>, principal: &Principal, address: IpAddr) -> Result<Place, Full> {
        self.take_all(self.bounds(principal, address))
    }

    /// The same for a connection, whatever comes over it.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Place, Full> {
        let (_, most) = **self.most.load();
        let bound = (Owner::Connections(sender(address)), most, "server.connections-per-address");
        self.take_all(if most > 0 { vec![bound] } else { Vec::new() })
    }

    fn take_all(self: &Arc<Self>, bounds: Vec<Bound>) -> Result<Place, Full> {
        if bounds.is_empty() {
            return Ok(Place::default());
        }
        let mut taken = self.lock();
        if let Some((_, _, name)) =
            bounds.iter().find(|(owner, most, _)| taken.get(owner).is_some_and(|count| count >= most))
        {
            return Err(Full(name));
        }
        let owners: Vec<Owner> = bounds.into_iter().map(|(owner, ..)| owner).collect();
        for owner in &owners {
            *taken.entry(owner.clone()).or_default() += 1;
        }
        drop(taken);
        Ok(Place { taken: Some(Box::new(Taken { places: Arc::clone(self), owners })) })
    }

    /// What somebody's streams are counted by.
    fn bounds(&self, principal: &Principal, address: IpAddr) -> Vec<Bound> {
        let (caps, _) = **self.most.load();
        let kind = principal.kind();
        let (of_type, type_name) = match kind {
            None => (caps.anonymous, "subscribe.connections-anonymous"),
            Some("readonly") => (caps.readonly, "subscribe.connections-readonly"),
            Some("team") => (caps.team, "subscribe.connections-team"),
            Some(_) => (caps.master, "subscribe.connections-master"),
        };
        let mut bounds = Vec::new();
        // Those without a token are nobody in particular: their addresses tell them apart.
        if caps.per_principal > 0 && kind.is_some() {
            let owner = Owner::Principal(principal.name().to_owned());
            bounds.push((owner, caps.per_principal, "subscribe.connections-per-principal"));
        }
        if caps.per_address > 0 {
            bounds.push((Owner::Address(sender(address)), caps.per_address, "subscribe.connections-per-address"));
        }
        if of_type > 0 {
            bounds.push((Owner::Type(kind), of_type, type_name));
        }
        bounds
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Owner, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Both as one.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self.taken, other.taken) {
            (Some(mut one), Some(mut other)) => {
                one.owners.append(&mut other.owners);
                Self { taken: Some(one) }
            }
            (one, other) => Self { taken: one.or(other) },
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        for owner in &self.owners {
            if let Some(count) = taken.get_mut(owner) {
                *count -= 1;
                if *count == 0 {
                    taken.remove(owner);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Rights, TokenType};

    fn readonly(name: &str) -> Principal {
        let rights = Rights::new(TokenType::Readonly, Vec::new(), Vec::new(), None, None).unwrap();
        Principal::bearer(name.into(), rights, None, None)
    }

    #[test]
    fn each_bound_holds_for_its_own_and_places_come_back() {
        let places = Places::new(Caps { per_principal: 2, per_address: 3, readonly: 4, ..Caps::default() }, 0);
        let [here, there]: [IpAddr; 2] = ["10.0.0.1", "10.0.0.2"].map(|address| address.parse().unwrap());
        let (a, b) = (readonly("a"), readonly("b"));
        let full = |result: Result<Place, Full>| result.map_err(|Full(name)| name).unwrap_err();
        let mut held: Vec<Place> = (0..2).map(|_| places.take(&a, here).unwrap()).collect();
        assert_eq!(full(places.take(&a, there)), "subscribe.connections-per-principal");
        held.push(places.take(&b, here).unwrap());
        assert_eq!(full(places.take(&b, here)), "subscribe.connections-per-address");
        held.push(places.take(&b, there).unwrap());
        assert_eq!(full(places.take(&readonly("c"), there)), "subscribe.connections-readonly");
        assert_eq!(full(places.take(&Principal::anonymous(), here)), "subscribe.connections-per-address");
        held.push(places.take(&Principal::anonymous(), there).unwrap());
        drop(held);
        assert!(places.lock().is_empty());
        assert!(places.take(&a, here).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one_sender() {
        let of = |text: &str| sender(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:1:3::9"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }
}
