//! Lists of addresses and networks.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Kind;
use crate::config::source::Raw;

/// Networks in CIDR notation; an address alone is a network of its own.
pub(in crate::config) struct Networks;

impl Kind for Networks {
    type Value = Vec<IpNet>;

    fn parse(&self, raw: &Raw) -> Option<Vec<IpNet>> {
        let network = |text: &str| {
            let text = text.trim();
            text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
        };
        match raw {
            Raw::List(texts) => texts.iter().map(|text| network(text)).collect(),
            Raw::Untyped(text) if text.is_empty() => Some(Vec::new()),
            Raw::Untyped(text) => text.split(',').map(network).collect(),
            _ => None,
        }
    }

    fn allowed(&self) -> String {
        "a list of networks, such as [\"10.0.0.0/8\", \"::1\"]".into()
    }

    fn to_toml(&self, value: &Vec<IpNet>) -> String {
        let texts: Vec<toml::Value> = value.iter().map(|network| network.to_string().into()).collect();
        toml::Value::Array(texts).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_lists_or_have_commas() {
        let list = Networks.parse(&Raw::List(vec!["10.0.0.0/8".into(), "::1".into()])).unwrap();
        assert_eq!(Networks.to_toml(&list), "[\"10.0.0.0/8\", \"::1/128\"]");
        assert_eq!(Networks.parse(&Raw::Untyped("10.0.0.0/8, ::1".into())).unwrap(), list);
        for wrong in ["10.0.0.0/33", "proxy.example", "10.0.0.0/8;::1"] {
            assert!(Networks.parse(&Raw::Untyped(wrong.into())).is_none(), "{wrong}");
        }
    }
}
