//! What a listing was on a day, and what can become of it: rules without a database.

use api::registry::v1::channel_listing::Status;
use api::registry::v1::{ChannelListing, ChannelListingFailure, ListingEvent};
use chassis::error::{Error, Result};
use chrono::{Days, NaiveDate};

use crate::period::{END, Span};

/// What it was over each stretch of time, in order.
pub fn stretches(listing: &ChannelListing) -> Vec<(Status, Span)> {
    let ends = listing.history.iter().skip(1).map(|next| day_before(&next.date)).chain([END.to_owned()]);
    let stretch = |(event, to): (&ListingEvent, String)| (event.status(), Span { from: event.date.clone(), to });
    listing.history.iter().zip(ends).map(stretch).collect()
}

fn day_before(day: &str) -> String {
    let before = day.parse::<NaiveDate>().ok().and_then(|day| day.checked_sub_days(Days::new(1)));
    before.map_or_else(|| day.to_owned(), |day| day.to_string())
}

/// What it was on a day; nothing before it was first on sale.
pub fn on(listing: &ChannelListing, day: &str) -> Status {
    let begun = listing.history.iter().rev().find(|event| event.date.as_str() <= day);
    begun.map_or(Status::Unspecified, ListingEvent::status)
}

/// What it was last.
pub fn last(listing: &ChannelListing) -> Status {
    listing.history.last().map_or(Status::Unspecified, ListingEvent::status)
}

/// A new listing is on sale from its first day on; one whose first day is corrected was so from that day.
pub fn begin(listing: &mut ChannelListing, recorder: &str, today: &str) -> Result<()> {
    if listing.listed_date.as_str() > today {
        return Err(Error::invalid("channel_listing.listed_date", "must not be in the future"));
    }
    if let Some(next) = listing.history.get(1)
        && next.date < listing.listed_date
    {
        let failure = Error::of(ChannelListingFailure::ListingDatesBroken).with("date", &next.date);
        return Err(failure.with("earlier", &listing.listed_date));
    }
    match listing.history.first_mut() {
        Some(first) => first.date.clone_from(&listing.listed_date),
        None => listing.history.push(ListingEvent {
            status: Status::Listed as i32,
            date: listing.listed_date.clone(),
            reason: String::new(),
            recorder: recorder.to_owned(),
        }),
    }
    Ok(())
}

/// A turn that is to be recorded.
pub struct Turn<'a> {
    pub to: Status,
    pub reason: String,
    /// From when on; today, if empty.
    pub date: String,
    pub recorder: &'a str,
    pub today: String,
}

/// Records that a listing rests, goes on or ends.
pub fn turn(listing: &mut ChannelListing, turn: Turn<'_>) -> Result<()> {
    let fits = match turn.to {
        Status::Suspended => last(listing) == Status::Listed,
        Status::Listed => last(listing) == Status::Suspended,
        Status::Withdrawn => matches!(last(listing), Status::Listed | Status::Suspended),
        Status::Unspecified => false,
    };
    if !fits {
        let failure = Error::of(ChannelListingFailure::ListingStatusUnfit).with("name", &listing.name);
        return Err(failure.with("status", last(listing).as_str_name()).with("wanted", turn.to.as_str_name()));
    }
    let date = if turn.date.is_empty() { turn.today.clone() } else { turn.date };
    if date > turn.today {
        return Err(Error::invalid("effective_date", "must not be in the future"));
    }
    if let Some(earlier) = listing.history.last().filter(|event| date < event.date) {
        let failure = Error::of(ChannelListingFailure::ListingDatesBroken).with("date", date);
        return Err(failure.with("earlier", &earlier.date));
    }
    let event = ListingEvent { status: turn.to as i32, date, reason: turn.reason, recorder: turn.recorder.to_owned() };
    listing.history.push(event);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: &str = "2026-06-30";

    fn listing() -> ChannelListing {
        let mut listing = ChannelListing { listed_date: "2026-05-20".into(), ..ChannelListing::default() };
        begin(&mut listing, "localities/bac-ninh", TODAY).expect("it has begun");
        listing
    }

    fn turned(listing: &mut ChannelListing, to: Status, date: &str) -> String {
        let recorder = "localities/bac-ninh";
        let wanted = Turn { to, reason: "Hết mùa".into(), date: date.into(), recorder, today: TODAY.into() };
        turn(listing, wanted).err().map(|error| error.reason().to_owned()).unwrap_or_default()
    }

    #[test]
    fn every_turn_starts_from_its_own_state_and_not_before_the_last_one() {
        let mut listing = listing();
        for (to, date, refusal) in [
            (Status::Listed, "2026-06-01", "LISTING_STATUS_UNFIT"),
            (Status::Suspended, "2026-05-19", "LISTING_DATES_BROKEN"),
            (Status::Suspended, "2026-07-01", "INVALID_ARGUMENT"),
            (Status::Suspended, "2026-06-01", ""),
            (Status::Suspended, "2026-06-02", "LISTING_STATUS_UNFIT"),
            (Status::Listed, "2026-06-01", ""),
            (Status::Withdrawn, "", ""),
            (Status::Withdrawn, "", "LISTING_STATUS_UNFIT"),
            (Status::Listed, "", "LISTING_STATUS_UNFIT"),
        ] {
            assert_eq!(turned(&mut listing, to, date), refusal, "{to:?} on {date}");
        }
        assert_eq!(listing.history.last().map(|event| event.date.as_str()), Some(TODAY));
    }

    #[test]
    fn its_history_tells_what_it_was_on_a_day() {
        let mut listing = listing();
        assert_eq!(turned(&mut listing, Status::Suspended, "2026-06-10"), "");
        assert_eq!(turned(&mut listing, Status::Withdrawn, "2026-06-20"), "");
        for (day, status) in [
            ("2026-05-19", Status::Unspecified),
            ("2026-05-20", Status::Listed),
            ("2026-06-09", Status::Listed),
            ("2026-06-10", Status::Suspended),
            ("2026-06-19", Status::Suspended),
            ("2026-06-20", Status::Withdrawn),
            ("2030-01-01", Status::Withdrawn),
        ] {
            assert_eq!(on(&listing, day), status, "{day}");
            let within = stretches(&listing).into_iter().find(|(_, span)| span.contains(day));
            assert_eq!(within.map_or(Status::Unspecified, |(status, _)| status), status, "{day}");
        }
    }

    #[test]
    fn the_first_day_is_corrected_within_what_was_recorded_since() {
        let mut listing = listing();
        assert_eq!(turned(&mut listing, Status::Suspended, "2026-06-10"), "");
        for (date, good) in [("2026-06-10", true), ("2026-06-11", false), ("2026-07-01", false), ("2026-05-01", true)] {
            listing.listed_date = date.into();
            assert_eq!(begin(&mut listing, "localities/bac-ninh", TODAY).is_ok(), good, "{date}");
        }
        assert_eq!(listing.history[0].date, "2026-05-01");
    }
}
