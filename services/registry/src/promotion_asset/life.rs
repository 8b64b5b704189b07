//! What can become of an asset: rules without a database.

use api::registry::v1::promotion_asset::Status;
use api::registry::v1::{PromotionAsset, PromotionAssetFailure};
use api::shared::v1::Audience;
use api::shared::v1::audience::Circle;
use chassis::clock;
use chassis::error::{Error, Result};
use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::period::{BEGINNING, END, Span};

/// The fields that are what was approved.
const CONTENT: [&str; 6] = ["title", "media", "language", "target_markets", "url", "description"];

/// The days on which it is in use: from that of its approval to the one before its end. None if it never was.
pub fn live(asset: &PromotionAsset) -> Span {
    let Some(from) = asset.approve_time.as_ref().and_then(|at| day(at.seconds, at.nanos)) else {
        return Span { from: END.to_owned(), to: BEGINNING.to_owned() };
    };
    let end = asset.end_time.as_ref().and_then(|at| day(at.seconds, at.nanos));
    let last = end.and_then(|end| end.checked_sub_days(Days::new(1)));
    Span { from: from.to_string(), to: last.map_or_else(|| END.to_owned(), |last| last.to_string()) }
}

/// The day in Viet Nam of an instant.
fn day(seconds: i64, nanos: i32) -> Option<NaiveDate> {
    DateTime::from_timestamp(seconds, nanos.try_into().ok()?).map(clock::day)
}

/// Nothing of what only the platform sets.
pub fn make_draft(asset: &mut PromotionAsset) {
    asset.set_status(Status::Draft);
    asset.approve_time = None;
    asset.approver.clear();
    asset.approve_note.clear();
    asset.end_time = None;
    asset.withdraw_reason.clear();
    asset.successor.clear();
}

/// Whether what it shows is another after a change.
pub fn is_rewritten(before: &PromotionAsset, after: &PromotionAsset) -> bool {
    api::Resource::fields_changed(after, before).iter().any(|field| CONTENT.contains(field))
}

/// Refuses to change what was approved, and to retire what is in use.
pub fn check_change(before: &PromotionAsset, after: &PromotionAsset) -> Result<()> {
    if is_rewritten(before, after) {
        check_draft(before)?;
    }
    let retiring = after.retire_time.is_some() && before.retire_time.is_none();
    if retiring && before.status() == Status::Approved {
        return Err(Error::of(PromotionAssetFailure::AssetStillApproved).with("name", &before.name));
    }
    Ok(())
}

/// Refuses what is no draft any more.
pub fn check_draft(asset: &PromotionAsset) -> Result<()> {
    match asset.status() {
        Status::Draft => Ok(()),
        status => {
            let failure = Error::of(PromotionAssetFailure::AssetNotDraft).with("name", &asset.name);
            Err(failure.with("status", status.as_str_name()))
        }
    }
}

/// The version before is of the same product, and was approved once.
pub fn check_succession(predecessor: &PromotionAsset, asset: &PromotionAsset) -> Result<()> {
    let why = match predecessor.status() {
        _ if predecessor.product != asset.product => format!("it promotes {}", predecessor.product),
        Status::Draft | Status::Unspecified => "it is a draft, which can be changed itself".to_owned(),
        Status::Approved | Status::Superseded | Status::Withdrawn => return Ok(()),
    };
    let failure = Error::of(PromotionAssetFailure::AssetPredecessorUnfit).with("predecessor", &predecessor.name);
    Err(failure.with("why", why))
}

/// Who sees it once it is approved: everybody, if nothing is said.
pub fn opened(asked: Option<Audience>) -> Audience {
    let mut audience = asked.unwrap_or_default();
    if audience.circle() == Circle::Unspecified {
        audience.set_circle(Circle::Public);
    }
    audience
}

/// Taken out of use.
pub fn withdraw(mut asset: PromotionAsset, reason: String, now: DateTime<Utc>) -> Result<PromotionAsset> {
    if asset.status() != Status::Approved {
        let failure = Error::of(PromotionAssetFailure::AssetNotApproved).with("name", &asset.name);
        return Err(failure.with("status", asset.status().as_str_name()));
    }
    asset.set_status(Status::Withdrawn);
    asset.end_time = Some(std::time::SystemTime::from(now).into());
    asset.withdraw_reason = reason;
    Ok(asset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn asset(status: Status) -> PromotionAsset {
        let name = "promotionAssets/1".to_owned();
        PromotionAsset {
            name,
            product: "products/vai-thieu".into(),
            status: status as i32,
            ..PromotionAsset::default()
        }
    }

    fn reason<T: std::fmt::Debug>(result: Result<T>) -> String {
        result.err().map(|error| error.reason().to_owned()).unwrap_or_default()
    }

    #[test]
    fn it_is_in_use_from_the_day_of_its_approval_in_viet_nam_to_the_one_before_its_end() {
        assert!(live(&asset(Status::Draft)).is_broken(), "a draft never is");
        let mut approved = asset(Status::Approved);
        approved.approve_time = Some(std::time::SystemTime::from(instant("2026-05-31T17:00:00Z")).into());
        assert_eq!(live(&approved), Span { from: "2026-06-01".into(), to: END.into() });
        let withdrawn = withdraw(approved, "Hết mùa".into(), instant("2026-08-01T03:00:00Z")).expect("it is in use");
        assert_eq!(live(&withdrawn), Span { from: "2026-06-01".into(), to: "2026-07-31".into() });
    }

    #[test]
    fn only_a_draft_is_rewritten_and_what_is_in_use_is_not_retired() {
        for (status, rewriting, retiring, withdrawing) in [
            (Status::Draft, "", "", "ASSET_NOT_APPROVED"),
            (Status::Approved, "ASSET_NOT_DRAFT", "ASSET_STILL_APPROVED", ""),
            (Status::Superseded, "ASSET_NOT_DRAFT", "", "ASSET_NOT_APPROVED"),
            (Status::Withdrawn, "ASSET_NOT_DRAFT", "", "ASSET_NOT_APPROVED"),
        ] {
            let before = asset(status);
            let rewritten = PromotionAsset { title: "ライチ".into(), ..before.clone() };
            assert_eq!(reason(check_change(&before, &rewritten)), rewriting, "{status:?}");
            let retired = PromotionAsset { retire_time: Some(Default::default()), ..before.clone() };
            assert_eq!(reason(check_change(&before, &retired)), retiring, "{status:?}");
            let given = PromotionAsset { owner: "localities/bac-ninh".into(), ..before.clone() };
            assert_eq!(reason(check_change(&before, &given)), "", "{status:?}");
            assert_eq!(
                reason(withdraw(before, "Hết mùa".into(), instant("2026-08-01T03:00:00Z"))),
                withdrawing,
                "{status:?}"
            );
        }
    }

    #[test]
    fn a_version_follows_one_that_was_approved_for_the_same_product() {
        let other = PromotionAsset { product: "products/my-chu".into(), ..asset(Status::Approved) };
        for (predecessor, fits) in [
            (asset(Status::Approved), true),
            (asset(Status::Withdrawn), true),
            (asset(Status::Superseded), true),
            (asset(Status::Draft), false),
            (other, false),
        ] {
            assert_eq!(check_succession(&predecessor, &asset(Status::Draft)).is_ok(), fits, "{predecessor:?}");
        }
    }
}
