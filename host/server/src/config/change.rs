//! Another configuration for a server that runs: which of its keys are taken in, and which need a restart.
//!
//! A key that can change stands in [`LIVE`], and is copied in `take_live`.

use super::Config;

/// Keys that are looked at whenever they are needed. All others are what the server was started with.
const LIVE: [&str; 29] = [
    "auth.allow-anonymous",
    "publish.body-max",
    "publish.batch-max",
    "publish.default-source",
    "publish.events-per-second",
    "publish.bytes-per-second",
    "server.allowed-hosts",
    "server.accept-rate",
    "server.accept-rate-per-address",
    "server.connections-per-address",
    "cors.origins",
    "cors.credentials",
    "cors.max-age",
    "subscribe.compression",
    "subscribe.connections-per-principal",
    "subscribe.connections-per-address",
    "subscribe.connections-anonymous",
    "subscribe.connections-readonly",
    "subscribe.connections-team",
    "subscribe.connections-master",
    "subscribe.heartbeat",
    "subscribe.retry",
    "subscribe.slow",
    "subscribe.write-timeout",
    "audit.events",
    "mcp.enabled",
    "reload.upload-max",
    "drain.deadline",
    "drain.spread",
];

/// What comes of another configuration.
#[derive(Debug)]
pub(crate) struct Change {
    /// To be in force from now on.
    pub(crate) config: Config,
    /// Keys and tables whose new values are in it.
    pub(crate) taken: Vec<String>,
    /// Keys and tables that are different and need a restart.
    pub(crate) waiting: Vec<String>,
}

impl Config {
    /// What comes of `new` for a server that runs with this one.
    pub(crate) fn change_to(&self, new: &Self) -> Change {
        let (mut taken, mut waiting) = (Vec::new(), Vec::new());
        for (entry, other) in self.entries.iter().zip(&new.entries).filter(|(entry, other)| entry.value != other.value)
        {
            let list = if LIVE.contains(&other.key) { &mut taken } else { &mut waiting };
            list.push(entry.key.to_owned());
        }
        let lists = [
            ("auth.tokens", self.auth.tokens != new.auth.tokens),
            ("auth.issuers", self.auth.issuers != new.auth.issuers),
            ("mount", self.mounts != new.mounts),
        ];
        taken.extend(lists.into_iter().filter(|(_, differs)| *differs).map(|(table, _)| table.to_owned()));
        let plugins = self.plugins.keys().chain(new.plugins.keys().filter(|name| !self.plugins.contains_key(*name)));
        let changed = plugins.filter(|name| self.plugins.get(*name) != new.plugins.get(*name));
        taken.extend(changed.map(|name| format!("plugins.{name}")));
        if self.retention != new.retention {
            waiting.push("retention".to_owned());
        }
        if self.sources != new.sources {
            waiting.push("source".to_owned());
        }
        let mut config = self.clone();
        config.take_live(new);
        Change { config, taken, waiting }
    }

    fn take_live(&mut self, new: &Self) {
        self.auth = new.auth.clone();
        self.publish.body_max = new.publish.body_max;
        self.publish.batch_max = new.publish.batch_max;
        self.publish.default_source.clone_from(&new.publish.default_source);
        self.subscribe.heartbeat = new.subscribe.heartbeat;
        self.subscribe.retry = new.subscribe.retry;
        self.subscribe.slow = new.subscribe.slow;
        self.subscribe.write_timeout = new.subscribe.write_timeout;
        self.audit = new.audit.clone();
        self.mcp.enabled = new.mcp.enabled;
        self.reload.upload_max = new.reload.upload_max;
        self.publish.events_per_second = new.publish.events_per_second;
        self.publish.bytes_per_second = new.publish.bytes_per_second;
        self.server.allowed_hosts.clone_from(&new.server.allowed_hosts);
        self.server.accept_rate = new.server.accept_rate;
        self.server.accept_rate_per_address = new.server.accept_rate_per_address;
        self.server.connections_per_address = new.server.connections_per_address;
        self.cors = new.cors.clone();
        self.subscribe.compression.clone_from(&new.subscribe.compression);
        self.subscribe.caps = new.subscribe.caps;
        self.drain = new.drain.clone();
        self.plugins.clone_from(&new.plugins);
        self.plugin_places.clone_from(&new.plugin_places);
        // Sources stay what they are, also as they are shown.
        let (sources, others) = (self.written.drain(..), new.written.iter());
        let sources = sources.filter(|(key, _)| *key == "source");
        self.written = others.filter(|(key, _)| *key != "source").cloned().chain(sources).collect();
        self.mounts.clone_from(&new.mounts);
        self.plugins_written.clone_from(&new.plugins_written);
        for (entry, other) in self.entries.iter_mut().zip(&new.entries).filter(|(entry, _)| LIVE.contains(&entry.key)) {
            entry.clone_from(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Flags;

    fn config(text: &str) -> Config {
        Config::from_sources(Some(("test.toml", text)), std::iter::empty(), &Flags::default()).unwrap()
    }

    #[test]
    fn what_can_change_changes_and_the_rest_waits() {
        let old = config("[plugins.a]\norder = 1\n[plugins.b]\norder = 2");
        let new = config(
            "listen = '127.0.0.1:1'\n[publish]\nevents-per-second = 5\nbytes-per-second = '5KiB'\nbody-max = '2KiB'\nbatch-max = 7\ndefault-source = 'x'\nqueue-wait = '1s'\n\
             [subscribe]\nheartbeat = '3s'\nretry = '4s'\nslow = 'sample'\nwrite-timeout = '5s'\nring-max = '2MiB'\n\
             connections-per-principal = 1\nconnections-per-address = 2\nconnections-anonymous = 3\nconnections-readonly = 4\n\
             connections-team = 5\nconnections-master = 6\ncompression = ['gzip']\n\
             [server]\nallowed-hosts = ['a']\naccept-rate = 7\naccept-rate-per-address = 8\nconnections-per-address = 9\n\
             [cors]\norigins = ['https://a.example']\ncredentials = true\nmax-age = '1s'\n\
             [audit]\nevents = 'on'\n[mcp]\nenabled = false\n[reload]\nupload-max = '1MiB'\n[drain]\ndeadline = '6s'\nspread = '7s'\n[auth]\nallow-anonymous = 'never'\n[[retention]]\ntypes = 'a'\nmax-events = 1\n\
             [[source]]\nname = 'a'\ncommand = ['true']\n\
             [plugins.b]\norder = 3\n[plugins.c]\norder = 4\n",
        );
        let Change { config, mut taken, waiting } = old.change_to(&new);
        // Without MCP there are other mounts.
        taken.retain(|key| !key.starts_with("plugins.") && key != "mount");
        let mut live = LIVE.to_vec();
        live.sort_unstable();
        taken.sort_unstable();
        assert_eq!(taken, live, "the test changes all that can change");
        assert_eq!(waiting, ["listen", "publish.queue-wait", "subscribe.ring-max", "retention", "source"]);
        let differ = |a: &dyn std::fmt::Debug, b: &dyn std::fmt::Debug| format!("{a:?}") != format!("{b:?}");
        assert!(config.audit.events && !differ(&config.auth, &new.auth) && !differ(&config.drain, &new.drain));
        assert!(!differ(&config.plugins, &new.plugins) && config.listen == old.listen);
        assert!(
            config.publish.queue_wait == old.publish.queue_wait
                && config.publish.body_max == 2048
                && config.reload.upload_max == 1 << 20
        );
        // Taken once more it says the same of what waits, and nothing else.
        let again = config.change_to(&new);
        assert_eq!((again.taken, again.waiting), (Vec::<String>::new(), waiting));
        assert!(!differ(&again.config, &config));
        // All of the new one's sections that have nothing that waits are as they are there.
        let whole = Config { listen: new.listen, retention: new.retention.clone(), ..config };
        let mut publish = whole.publish.clone();
        publish.queue_wait = new.publish.queue_wait;
        let mut subscribe = whole.subscribe;
        subscribe.ring_max = new.subscribe.ring_max;
        assert!(!differ(&publish, &new.publish) && !differ(&subscribe, &new.subscribe));
    }
}
