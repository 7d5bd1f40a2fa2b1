//! Figures of the server's certificate, where there is one.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::families::Families;
use crate::tls::Certificate;

#[derive(Debug)]
pub(super) struct CertificateFigures(pub(super) Arc<Certificate>);

impl Collector for CertificateFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut to = Families(&mut encoder);
        if let Some(not_after) = self.0.not_after() {
            let help = "Until when the certificate is good, as a Unix time";
            to.seconds("tls_certificate_not_after", help, not_after as f64)?;
        }
        let help = "New certificates since the start, by what became of them";
        to.counters("tls_reloads", help, "outcome", self.0.reloads())
    }
}
