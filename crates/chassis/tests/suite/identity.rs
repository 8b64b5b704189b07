//! Tokens: what they say, for whom, and for how long.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chassis::identity::{Identity, Issuer};
use chassis::{Caller, Clock, Role};
use tempfile::TempDir;

use crate::world::officer;

fn identity() -> (Identity, Clock, TempDir) {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::manual());
    (Identity::open(folder.path(), &clock).unwrap(), clock, folder)
}

fn a_caller() -> Caller {
    let roles = vec![Role::EnterpriseUser, Role::System];
    Caller { represented: "organizations/vcci".into(), roles, ..officer(Role::EnterpriseUser) }
}

#[test]
fn a_token_says_who_bears_it_to_whoever_has_the_same_keys() {
    let (identity, clock, folder) = identity();
    let token = Issuer::local(folder.path(), clock.clone()).unwrap().issue(&a_caller(), 1).unwrap();
    assert_eq!(*identity.outside.verify(&token).unwrap(), a_caller());
    let elsewhere = Identity::open(folder.path(), &clock).unwrap();
    let internal = elsewhere.internal.for_caller(&Caller::system("events")).unwrap();
    assert_eq!(*identity.inside.verify(&internal).unwrap(), Caller::system("events"));
}

#[test]
fn a_token_ends_with_its_time_also_if_it_was_verified_before() {
    let (identity, clock, _folder) = identity();
    let token = identity.issuer.issue(&a_caller(), 1).unwrap();
    clock.advance(Duration::from_secs(3599));
    identity.outside.verify(&token).unwrap();
    clock.advance(Duration::from_secs(1));
    for _ in 0..2 {
        let refused = identity.outside.verify(&token).unwrap_err();
        assert_eq!(refused.reason(), "UNAUTHENTICATED");
        assert!(refused.message().contains("expired"), "{refused}");
    }
}

#[test]
fn an_internal_token_is_used_again_while_it_is_good_for_a_minute() {
    let (identity, clock, _folder) = identity();
    let caller = a_caller();
    let first = identity.internal.for_caller(&caller).unwrap();
    clock.advance(Duration::from_secs(239));
    assert_eq!(identity.internal.for_caller(&caller).unwrap(), first);
    clock.advance(Duration::from_secs(2));
    let second = identity.internal.for_caller(&caller).unwrap();
    assert_ne!(second, first);
    identity.inside.verify(&first).unwrap();
    clock.advance(Duration::from_secs(60));
    identity.inside.verify(&first).unwrap_err();
    identity.inside.verify(&second).unwrap();
}

#[test]
fn a_token_for_one_side_is_nothing_on_the_other() {
    let (identity, _, _folder) = identity();
    let (outside, internal) =
        (identity.issuer.issue(&a_caller(), 1).unwrap(), identity.internal.for_caller(&a_caller()).unwrap());
    identity.inside.verify(&outside).unwrap_err();
    identity.outside.verify(&internal).unwrap_err();
}

#[test]
fn a_token_of_somebody_elses_keys_is_nothing() {
    let ((identity, clock, _folder), (other, ..)) = (identity(), identity());
    let _ = clock;
    let token = other.issuer.issue(&a_caller(), 1).unwrap();
    assert!(identity.outside.verify(&token).unwrap_err().message().contains("signature"));
}

#[test]
fn a_token_that_was_touched_anywhere_is_nothing() {
    let (identity, _, _folder) = identity();
    let token = identity.issuer.issue(&officer(Role::MissionOfficer), 1).unwrap();
    identity.outside.verify(&token).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let promoted = URL_SAFE_NO_PAD.encode(claims.replace("MISSION_OFFICER", "ADMINISTRATOR"));
    let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let symmetric = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    for touched in [
        format!("{}.{promoted}.{}", parts[0], parts[2]),
        format!("{unsigned}.{promoted}."),
        format!("{symmetric}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}x"),
        String::new(),
        "..".into(),
    ] {
        let refused = identity.outside.verify(&touched).unwrap_err();
        assert_eq!(refused.reason(), "UNAUTHENTICATED", "{touched}");
    }
}

#[test]
fn nobody_outside_is_a_service_of_the_platform_or_nothing_at_all() {
    let (identity, _, _folder) = identity();
    assert_eq!(identity.issuer.issue(&Caller::system("registry"), 1).unwrap_err().reason(), "INVALID_ARGUMENT");
    assert_eq!(identity.issuer.issue(&Caller::default(), 1).unwrap_err().reason(), "INVALID_ARGUMENT");
}

#[test]
fn many_that_start_at_once_share_one_key_that_nobody_else_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("keys");
    let opened: Vec<Identity> = std::thread::scope(|scope| {
        let open = || Identity::open(&dir, &Clock::system()).unwrap();
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for identity in &opened {
        let token = identity.issuer.issue(&a_caller(), 1).unwrap();
        assert!(opened.iter().all(|other| other.outside.verify(&token).is_ok()));
    }
    let files: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|file| file.unwrap()).collect();
    assert_eq!(files.len(), 2, "two keys and no drafts: {files:?}");
    #[cfg(unix)]
    for file in files {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_key_is_replaced_without_refusing_anybody_and_ends_when_it_is_removed() {
    let (old, clock, folder) = identity();
    let file = |name: &str| folder.path().join(name);
    let outside = old.issuer.issue(&a_caller(), 1).unwrap();
    std::fs::rename(file("internal.key"), file("internal-2026.key")).unwrap();
    std::fs::rename(file("outside.key"), file("outside-2026.key")).unwrap();
    // One process was started again, the other was not.
    let new = Identity::open(folder.path(), &clock).unwrap();
    let (by_old, by_new) = (a_caller(), Caller::system("events"));
    new.inside.verify(&old.internal.for_caller(&by_old).unwrap()).unwrap();
    old.inside.verify(&new.internal.for_caller(&by_new).unwrap()).unwrap();
    new.outside.verify(&outside).unwrap();

    std::fs::remove_file(file("outside-2026.key")).unwrap();
    let last = Identity::open(folder.path(), &clock).unwrap();
    let refused = last.outside.verify(&outside).unwrap_err();
    assert!(refused.message().contains("signature"), "{refused}");
    last.outside.verify(&new.issuer.issue(&a_caller(), 1).unwrap()).unwrap();
}

#[test]
fn a_foreign_signature_is_refused_however_often_it_comes() {
    let (identity, clock, _folder) = identity();
    let foreign = tempfile::tempdir().unwrap();
    let token = Issuer::local(foreign.path(), clock.clone()).unwrap().issue(&a_caller(), 1).unwrap();
    for _ in 0..3 {
        identity.outside.verify(&token).unwrap_err();
        clock.advance(Duration::from_secs(2));
    }
}
