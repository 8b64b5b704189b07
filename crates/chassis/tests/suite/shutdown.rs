//! The end: what is at work finishes, streams are told to come again, and all of it within a bound.

use std::time::{Duration, Instant};

use api::registry::v1::GetAgencyRequest;
use api::shared::v1::WatchChangesRequest;
use chassis::{Caller, Error};

use crate::world::{WAYS, Way, World};

#[tokio::test]
async fn a_stream_outlives_the_default_deadline_and_ends_with_the_process() {
    for way in WAYS {
        let world = World::start_with(way, |config| config.limits.timeout_seconds_default = 1).await;
        let watch = world.changes(&Caller::system("events")).watch_changes(WatchChangesRequest::default()).await;
        let mut stream = watch.unwrap().into_inner();
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(1300) {
            stream.message().await.unwrap().unwrap();
        }
        let stop = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            world.server.stop().await;
        };
        let rest = async {
            loop {
                match stream.message().await {
                    Ok(Some(_)) => {}
                    end => break end,
                }
            }
        };
        let (end, ()) = futures::join!(rest, stop);
        assert_eq!(Error::from(end.unwrap_err()).reason(), "UNAVAILABLE", "{way:?}");
    }
}

#[tokio::test]
async fn a_stream_ends_by_the_deadline_that_its_caller_sets() {
    for way in WAYS {
        let world = World::start(way).await;
        let mut request = tonic::Request::new(WatchChangesRequest::default());
        request.set_timeout(Duration::from_millis(400));
        let begin = Instant::now();
        let mut stream = world.changes(&Caller::system("events")).watch_changes(request).await.unwrap().into_inner();
        let end = loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                end => break end,
            }
        };
        assert_eq!(end.unwrap_err().code(), tonic::Code::DeadlineExceeded, "{way:?}");
        assert!(begin.elapsed() < Duration::from_secs(1));
    }
}

#[tokio::test]
async fn what_is_at_work_finishes_unless_it_takes_too_long() {
    let world = World::start_with(Way::Remote, |config| config.limits.shutdown_seconds = 1).await;
    let call = |name: &'static str, timeout| {
        let mut request = tonic::Request::new(GetAgencyRequest { name: format!("agencies/{name}") });
        request.set_timeout(Duration::from_millis(timeout));
        let mut client = world.agencies(&Caller::default());
        async move { client.get_agency(request).await.map_err(Error::from) }
    };
    call("told", 1000).await.unwrap();
    let begin = Instant::now();
    let stop = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        world.server.stop().await;
        begin.elapsed()
    };
    let (in_time, too_long, stopped) = futures::join!(call("slow", 700), call("slow", 15_000), stop);
    assert_eq!(in_time.unwrap_err().reason(), "DEADLINE_EXCEEDED", "it was let finish, with its own answer");
    assert_eq!(too_long.unwrap_err().code(), tonic::Code::Unavailable);
    assert!(stopped < Duration::from_millis(3_500), "{stopped:?}");
}

#[tokio::test]
async fn a_task_that_does_not_end_is_cut_off_and_one_that_panics_harms_nobody() {
    let world = World::start_with(Way::Local, |config| config.limits.shutdown_seconds = 1).await;
    world.host.spawn("stubborn", std::future::pending());
    world.host.spawn("clumsy", async { panic!("stumbled") });
    world.get(&Caller::default(), "told").await.unwrap();
    let begin = Instant::now();
    world.host.stop().await;
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn what_requests_depend_on_outlives_them() {
    let world = World::start(Way::Remote).await;
    let host = world.server.clone();
    world.server.spawn("writer", async move {
        host.shutdown.cancelled().await;
        assert!(!host.drained.is_cancelled());
        host.drained.cancelled().await;
        Ok(())
    });
    world.server.stop().await;
    assert!(world.server.drained.is_cancelled());
}
