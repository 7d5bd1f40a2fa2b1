//! What those may not ask for who come without a token to a mount that is open to everybody: its projection is all that they
//! are to see. Must not know what projections do.

use tidemill_bus::Envelope;

use super::query::Query;
use crate::mount::Profile;
use crate::problem::{Kind, Problem};

/// Refuses parameters that would show more than the mount does.
pub(super) fn check(query: &Query, profile: &Profile) -> Result<(), Problem> {
    let wanted = &query.wanted;
    if matches!(profile.envelope, Envelope::Projected(_)) && wanted.encoding.envelope != profile.envelope {
        return Err(beyond("envelope", "events are shown here as its `projection` or `name` has them"));
    }
    for (name, asked, own) in
        [("sources", &wanted.sources, &profile.sources), ("subjects", &wanted.subjects, &profile.subjects)]
    {
        if let Some(other) = asked.iter().find(|asked| !own.is_empty() && !own.contains(asked)) {
            return Err(beyond(name, &format!("`{other}` is not among those that the mount is for")));
        }
    }
    Ok(())
}

fn beyond(name: &str, why: &str) -> Problem {
    let detail = format!(
        "the parameter `{name}` cannot be used without a token at a mount that is open to everybody: {why}; leave it out"
    );
    Problem::new(Kind::BadRequest, detail).at(name)
}
