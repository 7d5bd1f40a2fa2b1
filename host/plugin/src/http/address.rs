//! Which addresses a request may go to. A name that was granted may lead anywhere, so what counts is the address that is
//! connected to: one of the public network, or one within a network that was granted. Must not know names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(parts: [u16; 3], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(parts[0], parts[1], parts[2], 0, 0, 0, 0, 0), prefix)
}

/// What is not globally reachable by the IANA's registry of special addresses, and multicast.
const NOT_PUBLIC_V4: [Ipv4Net; 17] = [
    v4(0, 0, 0, 0, 8),          // this network
    v4(10, 0, 0, 0, 8),         // private
    v4(100, 64, 0, 0, 10),      // shared by carriers
    v4(127, 0, 0, 0, 8),        // loopback
    v4(168, 63, 129, 16, 32),   // the agent of a cloud, public by number only
    v4(169, 254, 0, 0, 16),     // link-local, the metadata of clouds
    v4(172, 16, 0, 0, 12),      // private
    v4(192, 0, 0, 0, 24),       // protocol assignments
    v4(192, 0, 2, 0, 24),       // documentation
    v4(192, 88, 99, 0, 24),     // 6to4 relays, deprecated
    v4(192, 168, 0, 0, 16),     // private
    v4(198, 18, 0, 0, 15),      // benchmarking
    v4(198, 51, 100, 0, 24),    // documentation
    v4(203, 0, 113, 0, 24),     // documentation
    v4(224, 0, 0, 0, 4),        // multicast
    v4(240, 0, 0, 0, 4),        // reserved
    v4(255, 255, 255, 255, 32), // broadcast
];

/// Where public IPv6 addresses are; everything else is local, mapped or reserved.
const PUBLIC_V6: Ipv6Net = v6([0x2000, 0, 0], 3);
/// What of them is not public.
const NOT_PUBLIC_V6: [Ipv6Net; 3] = [
    v6([0x2001, 0, 0], 23),     // protocol assignments: Teredo, benchmarking, ORCHID
    v6([0x2001, 0xdb8, 0], 32), // documentation
    v6([0x3fff, 0, 0], 20),     // documentation
];
const SIX_TO_FOUR: Ipv6Net = v6([0x2002, 0, 0], 16);
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0], 96);

/// Whether a request may go to this address.
pub(super) fn is_allowed(address: IpAddr, granted: &[IpNet]) -> bool {
    // The kernel connects a mapped address to what it maps.
    let address = address.to_canonical();
    is_public(address) || granted.iter().any(|network| network.contains(&address))
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) if SIX_TO_FOUR.contains(&address) => is_public_v4(embedded(address, 16)),
        IpAddr::V6(address) if NAT64.contains(&address) => is_public_v4(embedded(address, 96)),
        IpAddr::V6(address) => {
            PUBLIC_V6.contains(&address) && !NOT_PUBLIC_V6.iter().any(|network| network.contains(&address))
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !NOT_PUBLIC_V4.iter().any(|network| network.contains(&address))
}

/// The IPv4 address within one of IPv6, behind so many bits.
fn embedded(address: Ipv6Addr, behind: u32) -> Ipv4Addr {
    let bytes = (address.to_bits() << behind).to_be_bytes();
    Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allowed(address: &str, granted: &[&str]) -> bool {
        let granted: Vec<IpNet> = granted.iter().map(|network| network.parse().unwrap()).collect();
        is_allowed(address.parse().unwrap(), &granted)
    }

    #[test]
    fn public_addresses_are_allowed_and_no_others() {
        for public in
            ["1.1.1.1", "8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1", "2a00:1450::1", "64:ff9b::808:808"]
        {
            assert!(allowed(public, &[]), "{public}");
        }
        for other in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "::127.0.0.1",
            "::8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2002:c0a8:101::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!allowed(other, &[]), "{other}");
            assert!(allowed(other, &["0.0.0.0/0", "::/0"]), "{other}");
        }
    }

    #[test]
    fn a_granted_network_allows_what_is_in_it() {
        assert!(allowed("127.0.0.1", &["127.0.0.0/8"]));
        assert!(allowed("::ffff:127.0.0.1", &["127.0.0.0/8"]));
        assert!(allowed("10.1.2.3", &["10.1.2.3/32"]));
        assert!(!allowed("10.1.2.4", &["10.1.2.3/32"]));
        assert!(!allowed("::1", &["127.0.0.0/8"]));
        assert!(!allowed("64:ff9b::a00:1", &["10.0.0.0/8"]), "whoever translates it decides where it goes");
        assert!(allowed("64:ff9b::a00:1", &["64:ff9b::/96"]));
    }

    proptest! {
        /// What the standard library knows of an address is never contradicted.
        #[test]
        fn no_address_is_public_that_is_known_as_something_else(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            let special = address.is_private() || address.is_loopback() || address.is_link_local() || address.is_multicast()
                || address.is_unspecified() || address.is_broadcast() || address.is_documentation();
            prop_assert!(!(special && is_allowed(address.into(), &[])));
        }

        /// However an IPv4 address is wrapped, it is no more public than it is.
        #[test]
        fn wrapping_an_address_makes_nothing_public(
            bits in prop_oneof![any::<u32>(), Just(0x7f00_0001), 0x0a00_0000..0x0aff_ffff_u32, Just(0xa9fe_a9fe)],
            rest: u64,
        ) {
            let (address, bits) = (Ipv4Addr::from_bits(bits), u128::from(bits));
            let nat64 = (0x0064_ff9b_u128 << 96) | bits;
            let six_to_four = (0x2002_u128 << 112) | (bits << 80) | u128::from(rest);
            let teredo = (0x2001_0000_u128 << 96) | (u128::from(rest) << 32) | (bits ^ 0xffff_ffff);
            for wrapped in [bits, nat64, six_to_four, teredo] {
                let wrapped = Ipv6Addr::from_bits(wrapped);
                prop_assert!(!is_allowed(wrapped.into(), &[]) || is_allowed(address.into(), &[]), "{wrapped}");
            }
            let mapped = is_allowed(address.to_ipv6_mapped().into(), &[]);
            prop_assert_eq!(mapped, is_allowed(address.into(), &[]));
        }

        /// Nothing outside of what is public is reached without a network that has it, and everything in such a one is.
        #[test]
        fn a_grant_decides_over_local_addresses(bits: u128, prefix in 3_u8..=128) {
            // Unique local, link-local and multicast addresses, and what is reserved beside them.
            let address = Ipv6Addr::from_bits(bits | (0b111 << 125));
            prop_assert!(!is_allowed(address.into(), &[]));
            let around = IpNet::new(address.into(), prefix).unwrap();
            prop_assert!(is_allowed(address.into(), &[around]));
        }
    }
}
