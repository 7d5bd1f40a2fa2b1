//! Records of `tidemill-bench transport` to Markdown. Must not measure anything.

use crate::transport::{Record, Transport};

use super::{count, line, median};

/// A table with a line for each transport, each compared with the first.
#[must_use]
pub fn transport_table(transports: &[Transport], records: &[Record]) -> String {
    let mut text = String::new();
    line(
        &mut text,
        "\n| transport | deliveries/s | ÷ first | CPU per delivery, µs | ÷ first | server cores | missing |",
    );
    line(&mut text, "| --- | --- | --- | --- | --- | --- | --- |");
    let of = |transport: Transport, figure: fn(&Record) -> f64| {
        median(records.iter().filter(|record| record.transport == transport).map(figure).collect())
    };
    let rate: fn(&Record) -> f64 = |record| record.delivered_per_s;
    let cost: fn(&Record) -> f64 = |record| record.server_us_per_delivery;
    for transport in transports {
        let (rates, costs) = (of(*transport, rate), of(*transport, cost));
        let first = transports.first().unwrap_or(transport);
        let missing: u64 = records.iter().filter(|record| record.transport == *transport).map(|one| one.missing).sum();
        line(
            &mut text,
            &format!(
                "| {} | {} | {:.2} | {costs:.2} | {:.2} | {:.2} | {missing} |",
                transport.name(),
                count(rates),
                rates / of(*first, rate),
                costs / of(*first, cost),
                of(*transport, |record| record.server_cores),
            ),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_transport_is_compared_with_the_first() {
        let record = |transport, delivered_per_s, server_us_per_delivery| Record {
            transport,
            delivered_per_s,
            server_us_per_delivery,
            server_cores: 1.0,
            missing: 0,
        };
        let records = [record(Transport::Http1, 1_000.0, 2.0), record(Transport::Http2Tls, 500.0, 5.0)];
        let table = transport_table(&[Transport::Http1, Transport::Http2Tls], &records);
        assert!(table.contains("| HTTP/1.1 | 1,000 | 1.00 | 2.00 | 1.00 | 1.00 | 0 |"), "{table}");
        assert!(table.contains("| HTTP/2 + TLS | 500 | 0.50 | 5.00 | 2.50 | 1.00 | 0 |"), "{table}");
    }
}
