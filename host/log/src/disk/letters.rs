//! Dead letters as rows.

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use tidemill_event::{Event, Timestamp};

use super::row;
use crate::retention::{Retention, Totals};
use crate::{DeadLetter, KeptDeadLetter, Key};

/// Keeps dead letters; their numbers. One that is there already keeps its number and counts one more attempt.
pub(super) fn keep(
    connection: &Connection,
    letters: &[DeadLetter],
    now: Timestamp,
    totals: &mut Totals,
) -> rusqlite::Result<Vec<u64>> {
    let mut numbers = Vec::with_capacity(letters.len());
    for letter in letters {
        let mut body = Vec::new();
        letter.event.write_stored(&mut body);
        let key = Key::new(letter.event.source(), letter.event.id());
        let mut find = connection.prepare_cached("SELECT number, attempts, bytes FROM dead_letters WHERE key = ?")?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, u64>(0)?, row.get::<_, u32>(1)?, row.get::<_, u64>(2)?));
        let before = find.query_row([&key.0[..]], row).optional()?;
        if let Some((_, _, bytes)) = before {
            totals.remove(bytes);
        }
        let (number, attempts) = before.map_or((None, 1), |(number, attempts, _)| (Some(number), attempts + 1));
        let bytes = letter.bytes();
        let mut insert = connection.prepare_cached(
            "INSERT OR REPLACE INTO dead_letters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
        )?;
        let detail = crate::dead_letter::cut(&letter.detail);
        let texts = [&letter.plugin, &letter.version, &letter.reason, detail];
        let crc = letter_crc(now, texts, letter.generation, &body);
        let values = params![
            number,
            &key.0[..],
            now.unix_ms(),
            attempts,
            bytes,
            letter.plugin,
            letter.version,
            letter.reason,
            detail,
            crc,
            body,
            letter.generation
        ];
        numbers.push(insert.query_row(values, |row| row.get(0))?);
        totals.add(bytes);
    }
    Ok(numbers)
}

/// How many there are.
pub(super) fn totals(connection: &Connection) -> rusqlite::Result<Totals> {
    let all = "SELECT count(*), coalesce(sum(bytes), 0) FROM dead_letters";
    connection.query_row(all, [], |row| Ok(Totals { records: row.get(0)?, bytes: row.get(1)? }))
}

/// Removes dead letters; how many there were.
pub(super) fn forget(connection: &mut Connection, numbers: &[u64], totals: &mut Totals) -> rusqlite::Result<usize> {
    let mut left = *totals;
    let mut count = 0;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for number in numbers {
        let mut delete = transaction.prepare_cached("DELETE FROM dead_letters WHERE number = ? RETURNING bytes")?;
        if let Some(bytes) = delete.query_row([number], |row| row.get(0)).optional()? {
            left.remove(bytes);
            count += 1;
        }
    }
    transaction.commit()?;
    *totals = left;
    Ok(count)
}

/// The oldest dead letters that have to go, some of them; none once the bounds are kept.
pub(super) fn due(
    connection: &Connection,
    retention: &Retention,
    totals: Totals,
    now: Timestamp,
) -> rusqlite::Result<Vec<u64>> {
    let mut left = totals;
    let mut oldest =
        connection.prepare_cached("SELECT number, stored_at, bytes FROM dead_letters ORDER BY number LIMIT 256")?;
    let mut rows = oldest.query([])?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()?
        && retention.exceeded(left, Timestamp::from_unix_ms(row.get(1)?), now)
    {
        left.remove(row.get(2)?);
        due.push(row.get(0)?);
    }
    Ok(due)
}

/// Dead letters after a number, oldest first. One that is damaged is left out, and said in the log.
pub(super) fn read(connection: &Connection, after: u64, max: usize) -> rusqlite::Result<Vec<KeptDeadLetter>> {
    let mut query = connection.prepare_cached(
        "SELECT number, stored_at, attempts, plugin, version, reason, detail, crc, body, generation FROM dead_letters \
        WHERE number > ? ORDER BY number LIMIT ?",
    )?;
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let Ok(after) = i64::try_from(after) else { return Ok(Vec::new()) };
    let mut rows = query.query([after, max])?;
    let mut letters = Vec::new();
    while let Some(row) = rows.next()? {
        match letter(row) {
            Ok(letter) => letters.push(letter),
            Err(error) => tracing::error!(number = row.get::<_, i64>(0)?, "a dead letter is damaged: {error}"),
        }
    }
    Ok(letters)
}

fn letter(row: &Row<'_>) -> rusqlite::Result<KeptDeadLetter> {
    let stored_at = Timestamp::from_unix_ms(row.get(1)?);
    let [plugin, version, reason, detail]: [String; 4] = [row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?];
    let body = row.get_ref(8)?.as_blob()?;
    let generation = row.get(9)?;
    if letter_crc(stored_at, [&plugin, &version, &reason, &detail], generation, body) != row.get::<_, u32>(7)? {
        return Err(row::damage(7, "the checksum does not fit the content"));
    }
    let event = Event::read_stored(body).map_err(|error| row::damage(8, &error.to_string()))?;
    let letter = DeadLetter { event, plugin, version, generation, reason, detail };
    Ok(KeptDeadLetter { number: row.get(0)?, stored_at, attempts: row.get(2)?, letter })
}

fn letter_crc(stored_at: Timestamp, texts: [&str; 4], generation: u64, body: &[u8]) -> u32 {
    let texts = row::crc(generation, stored_at, texts.join("\0").as_bytes());
    row::crc(u64::from(texts), stored_at, body)
}
