//! An error is the same on both sides of the wire, but for its cause.

use std::time::Duration;

use api::options::v1::Failure;
use chassis::{Caller, Error};
use tonic::{Code, Status};

use crate::world::{WAYS, World};

#[test]
fn every_failure_of_the_contract_survives_the_wire() {
    let failures = (1..).map_while(|number| Failure::try_from(number).ok());
    let mut count = 0;
    for failure in failures {
        let error = Error::of(failure)
            .with("name", "agencies/g08")
            .with("why", "chưa được phép")
            .retry_in(Duration::from_millis(1500));
        let sent = Error::of(failure)
            .with("name", "agencies/g08")
            .with("why", "chưa được phép")
            .retry_in(Duration::from_millis(1500));
        let status = Status::from(sent);
        assert_eq!((status.code(), status.message()), (error.code(), error.message().as_str()));
        let received = Error::from(status);
        assert_eq!(received, error);
        assert!(received.is(failure) && received.reason() == failure.as_str_name());
        count += 1;
    }
    assert!(count >= 16, "{count}");
}

#[test]
fn broken_fields_and_unknown_details_survive_too() {
    let error = || Error::invalid("engagement.start_date", "must be a day").violation("engagement.title", "is missing");
    let received = Error::from(Status::from(error()));
    assert_eq!(received, error());
    assert_eq!(received.violations().len(), 2);
    assert!(received.message().contains("engagement.title is missing"), "{}", received.message());

    use tonic_types::StatusExt as _;
    let mut details = tonic_types::ErrorDetails::with_help_link("the manual", "https://example.org");
    details.set_retry_info(Some(Duration::from_secs(3)));
    let foreign = Status::with_error_details(Code::Aborted, "from elsewhere", details);
    let back = Status::from(Error::from(foreign));
    assert_eq!((back.code(), back.message()), (Code::Aborted, "from elsewhere"));
    assert_eq!(back.get_details_help().unwrap().links.len(), 1);
    assert_eq!(back.get_details_retry_info().unwrap().retry_delay, Some(Duration::from_secs(3)));
}

#[test]
fn a_status_without_details_has_the_reason_of_its_code() {
    let error = Error::from(Status::unavailable("tcp connect error"));
    assert_eq!((error.reason(), error.message().as_str()), ("UNAVAILABLE", "tcp connect error"));
}

#[tokio::test]
async fn the_cause_stays_on_its_side() {
    for way in WAYS {
        let world = World::start(way).await;
        let error = world.get(&Caller::default(), "broken").await.unwrap_err();
        assert_eq!(error.reason(), "INTERNAL");
        assert!(!format!("{error:?}").contains("db7"), "{way:?}: {error:?}");
        assert_eq!(world.get(&Caller::default(), "x").await.unwrap_err(), Error::not_found("agencies/x"));
    }
}

#[tokio::test]
async fn a_status_with_very_many_broken_fields_is_cut_to_what_headers_hold() {
    for way in WAYS {
        let world = World::start(way).await;
        let mut client = world.agencies(&Caller::default());
        let status = client.list_agencies(api::registry::v1::ListAgenciesRequest::default()).await.unwrap_err();
        assert!(status.details().len() < 5_000, "{way:?}: {}", status.details().len());
        let error = Error::from(status);
        let last = error.violations().last().unwrap();
        assert!(last.field.is_empty() && last.description.starts_with("and "), "{last:?}");
    }
}
