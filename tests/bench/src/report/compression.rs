//! Records of compressed streams to Markdown: medians, and ratios to what was not compressed in the same run. Must not
//! measure anything.

use crate::compression::Record;

use super::figures::median;
use super::line;

/// The report of a whole run.
#[must_use]
pub fn compression_tables(records: &[Record]) -> String {
    let mut text = String::new();
    line(&mut text, "\n| at a time | subscribers | | bytes per delivery | of plain | CPU per delivery | of plain |");
    line(&mut text, "|--:|--:|---|--:|--:|--:|--:|");
    for row in rows(records, |record| record.subscribers.is_some()) {
        let is_plain = |record: &&Record| {
            (record.batch, record.subscribers) == (row.batch, row.subscribers) && record.who == "identity"
        };
        let plain: Vec<Record> = records.iter().filter(is_plain).cloned().collect();
        let of = |own: f64, figure: fn(&Record) -> f64| own / median(plain.iter().map(figure).collect());
        let (batch, who, bytes, cpu) = (row.batch, &row.who, row.bytes, row.cpu_us);
        let subscribers = row.subscribers.unwrap_or_default();
        let (bytes_of, cpu_of) = (of(bytes, |record| record.bytes), of(cpu, |record| record.cpu_us));
        line(
            &mut text,
            &format!("| {batch} | {subscribers} | {who} | {bytes:.0} | {bytes_of:.2} | {cpu:.2} µs | {cpu_of:.2} |"),
        );
    }
    line(&mut text, "\n| at a time | compressor | bytes per event | CPU per event | memory per connection |");
    line(&mut text, "|--:|---|--:|--:|--:|");
    for row in rows(records, |record| record.subscribers.is_none()) {
        let (batch, who, bytes, cpu) = (row.batch, &row.who, row.bytes, row.cpu_us);
        let memory = row.memory.map_or("none".to_owned(), |bytes| format!("{:.0} KiB", bytes / 1024.0));
        line(&mut text, &format!("| {batch} | {who} | {bytes:.0} | {cpu:.1} µs | {memory} |"));
    }
    text
}

/// Medians, sorted by load, of those that are meant.
fn rows(records: &[Record], meant: impl Fn(&Record) -> bool) -> Vec<Record> {
    let mut kinds: Vec<_> = records
        .iter()
        .filter(|record| meant(record))
        .map(|own| (own.batch, own.subscribers, own.who.clone()))
        .collect();
    kinds.sort();
    kinds.dedup();
    let row = |(batch, subscribers, who): (usize, Option<usize>, String)| {
        let same = |own: &&Record| own.batch == batch && own.subscribers == subscribers && own.who == who;
        let all: Vec<&Record> = records.iter().filter(same).collect();
        let middle = |figure: fn(&Record) -> f64| median(all.iter().map(|own| figure(own)).collect());
        let memory: Vec<f64> = all.iter().filter_map(|own| own.memory).collect();
        let memory = (!memory.is_empty()).then(|| median(memory));
        Record { batch, subscribers, who, bytes: middle(|own| own.bytes), cpu_us: middle(|own| own.cpu_us), memory }
    };
    // Plain comes before what is compared with it: `gzip` and `zstd` follow `identity` but for the alphabet.
    kinds.sort_by_key(|(batch, subscribers, who)| (*batch, *subscribers, who != "identity"));
    kinds.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_to_plain_of_the_same_load() {
        let record = |who: &str, subscribers, bytes, cpu_us| Record {
            batch: 1,
            subscribers,
            who: who.to_owned(),
            bytes,
            cpu_us,
            memory: None,
        };
        let records = [
            record("gzip", Some(10), 25.0, 3.0),
            record("identity", Some(10), 100.0, 2.0),
            record("identity", Some(1), 1.0, 1.0),
            record("gzip, fragments", None, 25.0, 7.0),
        ];
        let text = compression_tables(&records);
        assert!(text.contains("| 1 | 10 | gzip | 25 | 0.25 | 3.00 µs | 1.50 |"), "{text}");
        assert!(text.contains("| 1 | gzip, fragments | 25 | 7.0 µs | none |"), "{text}");
    }
}
