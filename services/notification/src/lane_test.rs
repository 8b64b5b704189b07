//! Lanes on a database: one holder at a time, and nothing that is woken is missed.

use super::*;
use chassis::caller::Caller;
use chassis::config::Config;
use chassis::host::Host;

struct Bench {
    clock: Clock,
    store: Store,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn open() -> Bench {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config { data_dir: folder.path().into(), ..Config::default() };
        let clock = Clock::manual();
        let host = Host::with_clock(config, clock.clone()).expect("a host");
        let store = Store::open(&host, &crate::SERVICE).await.expect("a store");
        Bench { clock, store, _folder: folder }
    }

    async fn write<F: Future<Output = Result<R>> + Send + 'static, R: Send + 'static>(
        &self,
        work: impl FnOnce(Tx) -> F + Clone + Send + 'static,
    ) -> Result<R> {
        self.store.write_as(Caller::system("notification"), work).await
    }

    async fn wake(&self) {
        self.write(async |tx: Tx| wake(&tx, "endpoints/1").await).await.expect("woken");
    }

    async fn claim(&self) -> Option<Held> {
        claim(&self.store, 10).await.expect("claimed").pop()
    }

    async fn release(&self, held: Held, next: Option<i64>, rest: Option<i64>) {
        let at = |seconds: Option<i64>| seconds.map(|seconds| self.clock.now() + chrono::Duration::seconds(seconds));
        let (next, rest) = (at(next), at(rest));
        self.write(async move |tx: Tx| held.release(&tx, next, rest).await).await.expect("released");
    }

    /// Ends the term of whoever holds a lane, as if the time had passed.
    async fn end_terms(&self) {
        let ended = self.write(async |tx: Tx| {
            let mut update = Query::update();
            update.table(Lane::Table).value(Lane::LeasedUntil, 1_i64);
            tx.execute(&update).await.map_err(store::database)
        });
        ended.await.expect("ended");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_was_woken_is_held_by_one_at_a_time() {
    let bench = Bench::open().await;
    assert!(bench.claim().await.is_none(), "nothing was woken");
    bench.wake().await;
    let held = bench.claim().await.expect("a lane");
    assert!(bench.claim().await.is_none(), "it is held");
    bench.release(held, None, None).await;
    assert!(bench.claim().await.is_none(), "nothing is due");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_woken_while_it_is_held_is_due_again_afterwards() {
    let bench = Bench::open().await;
    bench.wake().await;
    let held = bench.claim().await.expect("a lane");
    bench.wake().await;
    bench.release(held, Some(3_600), None).await;
    assert!(bench.claim().await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_after_renewing_covers_what_was_woken_before() {
    let bench = Bench::open().await;
    bench.wake().await;
    let mut held = bench.claim().await.expect("a lane");
    bench.wake().await;
    let renewed = bench.write(async move |tx: Tx| {
        held.renew(&tx).await?;
        Ok(held)
    });
    bench.release(renewed.await.expect("renewed"), Some(60), None).await;
    assert!(bench.claim().await.is_none());
    bench.clock.advance(Duration::from_secs(61));
    assert!(bench.claim().await.is_some(), "its time has come");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_at_rest_is_left_alone_until_it_recovers() {
    let bench = Bench::open().await;
    bench.wake().await;
    let held = bench.claim().await.expect("a lane");
    bench.release(held, Some(30), Some(30)).await;
    bench.wake().await;
    assert!(bench.claim().await.is_none(), "it rests");
    let recovered = bench.write(async |tx: Tx| note_failing(&tx, "endpoints/1", None).await);
    recovered.await.expect("noted");
    assert!(bench.claim().await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_held_is_taken_up_by_another() {
    let bench = Bench::open().await;
    bench.wake().await;
    let mut lost = bench.claim().await.expect("a lane");
    bench.end_terms().await;
    bench.clock.advance(TERM);
    let held = bench.claim().await.expect("taken up");
    let renewed = bench.write(async move |tx: Tx| lost.renew(&tx).await);
    assert!(renewed.await.is_err(), "whoever lost it notes nothing");
    bench.release(held, None, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_ends_later_than_anybody_could_have_said_is_none() {
    let bench = Bench::open().await;
    bench.wake().await;
    bench.claim().await.expect("a lane");
    for (ahead, free) in [(TERM, false), (Duration::from_secs(3_600), true)] {
        let until = (Clock::system().now() + ahead).timestamp_micros();
        let held = bench.write(async move |tx: Tx| {
            let mut update = Query::update();
            update.table(Lane::Table).value(Lane::LeasedUntil, until).value(Lane::DueAt, 0_i64);
            tx.execute(&update).await.map_err(store::database)
        });
        held.await.expect("held");
        assert_eq!(bench.claim().await.is_some(), free, "the clock has fallen back by {ahead:?}");
    }
}
