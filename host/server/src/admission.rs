//! What is let in, as the configuration in force says: names and sites, connections in a second, what publishers may send,
//! and what browsers are told of all that. A reload puts another one in its place.

use std::sync::Arc;

use tower_http::cors::CorsLayer;

use crate::arrivals::Arrivals;
use crate::auth::Sites;
use crate::config::Config;
use crate::http::cors;
use crate::quota::Quotas;

#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) sites: Sites,
    pub(crate) arrivals: Arc<Arrivals>,
    pub(crate) quotas: Arc<Quotas>,
    /// None: no page of another site may read anything.
    pub(crate) cors: Option<CorsLayer>,
}

impl Admission {
    /// By a configuration; those who were counted before go on where the bounds are the same.
    pub(crate) fn new(config: &Config, before: Option<(&Self, &Config)>) -> Self {
        let rates = |config: &Config| (config.server.accept_rate, config.server.accept_rate_per_address);
        let sent = |config: &Config| (config.publish.events_per_second, config.publish.bytes_per_second);
        let same_rates = before.filter(|(_, old)| rates(old) == rates(config));
        let same_sent = before.filter(|(_, old)| sent(old) == sent(config));
        Self {
            sites: Sites::new(config),
            arrivals: same_rates
                .map_or_else(|| Arc::new(Arrivals::new(&config.server)), |(own, _)| Arc::clone(&own.arrivals)),
            quotas: same_sent
                .map_or_else(|| Arc::new(Quotas::new(&config.publish)), |(own, _)| Arc::clone(&own.quotas)),
            cors: cors::layer(&config.cors),
        }
    }

    /// Forgets those who have not been here for a while. Call it once a second.
    pub(crate) fn tidy(&self) {
        self.arrivals.tidy();
        self.quotas.tidy();
    }
}
