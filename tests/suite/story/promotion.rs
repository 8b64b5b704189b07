//! Promotion material and electronic platforms: which markets a product reaches in their own language, and which it does not.

use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::clock::days;
use crate::world::{World, stories};

const LITCHI: &str = "products/vai-thieu";

stories! {
    async fn litchi_is_promoted_in_japan_and_korea_is_a_gap(world: &World) {
        let nobody = world.nobody();
        let answer = gaps(&nobody, "markets=US,AU,JP,CN,KR").await;
        assert_eq!(answer["uncoveredMarkets"], json!(["countries/KR"]), "{answer}");
        for (code, language, material) in [
            ("US", "en", &["vai-thieu-clip-en", "vai-thieu-image-en"][..]),
            ("AU", "en", &["vai-thieu-clip-en", "vai-thieu-image-en"]),
            ("JP", "ja", &["vai-thieu-clip-ja", "vai-thieu-image-ja"]),
            ("CN", "zh", &["vai-thieu-clip-zh", "vai-thieu-image-zh"]),
            ("KR", "ko", &[]),
        ] {
            let market = of(&answer, code);
            let assets: Vec<String> = material.iter().map(|id| format!("promotionAssets/{id}")).collect();
            let found = if assets.is_empty() { Value::Null } else { json!(assets) };
            assert_eq!((&market["languages"], &market["assets"]), (&json!([language]), &found), "{market}");
            let expected = if code == "KR" { json!(["NO_ASSET", "NO_LISTING"]) } else { json!(["NO_LISTING"]) };
            assert_eq!(market["gaps"], expected, "{market}");
        }
        let again = gaps(&nobody, "markets=US&markets=au&markets=countries/JP,CN&markets=KR&markets=US").await;
        assert_eq!(again["markets"], answer["markets"], "repeated and parted by commas is the same question");
        let before = gaps(&nobody, "markets=JP&asOf=2023-12-20").await;
        assert_eq!(of(&before, "JP")["gaps"], json!(["NO_ASSET", "NO_LISTING"]), "{before}");

        for (query, field) in [
            ("markets=US,XX", "markets[0]"),
            ("markets=US&markets=Nhật Bản", "markets[1]"),
            ("markets=US,,JP", "markets[0]"),
            ("", "markets"),
            ("markets=JP&asOf=2026-02-30", "asOf"),
        ] {
            let refused = nobody.get(&format!("/v1/{LITCHI}:findGaps?{query}")).await;
            assert_eq!(refused.refused(400)["violations"][0]["field"], field, "{query}: {refused}");
        }
        assert_eq!(nobody.get("/v1/products/zz-made-up:findGaps?markets=JP").await.reason(404), "NOT_FOUND");
    }

    async fn a_korean_clip_closes_the_gap_once_another_person_approves_it(world: &World) {
        let (author, nobody) = (world.province("bac-ninh"), world.nobody());
        let colleague = world.actor("localities/bac-ninh", &["locality-officer", "system"]);
        let clip = draft(&author, "ko", &["countries/KR"]).await;
        assert_eq!(nobody.get(&format!("/v1/{clip}")).await.reason(404), "NOT_FOUND", "a draft is its owner's");
        assert_eq!(of(&gaps(&author, "markets=KR").await, "KR")["gaps"], json!(["NO_APPROVED_ASSET", "NO_LISTING"]));
        assert_eq!(of(&gaps(&nobody, "markets=KR").await, "KR")["gaps"], json!(["NO_ASSET", "NO_LISTING"]));

        let approve = format!("/v1/{clip}:approve");
        assert_eq!(author.post(&approve, json!({})).await.reason(403), "SAME_PERSON_APPROVES");
        assert_eq!(world.province("ca-mau").post(&approve, json!({})).await.reason(404), "NOT_FOUND");
        assert_eq!(author.post(&format!("/v1/{clip}:withdraw"), json!({"reason": "?"})).await.reason(400), "ASSET_NOT_APPROVED");
        // Whoever rewrites it has written it.
        colleague.patch(&format!("/v1/{clip}"), json!({"title": "박장성 리치"})).await.ok();
        assert_eq!(colleague.post(&approve, json!({})).await.reason(403), "SAME_PERSON_APPROVES");
        let approved = author.post(&approve, json!({"note": "Đồng ý"})).await.ok();
        assert_eq!((&approved["status"], &approved["approver"]), (&json!("APPROVED"), &json!("localities/bac-ninh")), "{approved}");
        assert_eq!(of(&gaps(&nobody, "markets=KR").await, "KR")["assets"], json!([clip]));
        assert_eq!(author.post(&approve, json!({})).await.reason(400), "ASSET_NOT_DRAFT");
        assert_eq!(author.patch(&format!("/v1/{clip}"), json!({"title": "리치"})).await.reason(400), "ASSET_NOT_DRAFT");
        assert_eq!(author.post(&format!("/v1/{clip}:retire"), json!({})).await.reason(400), "ASSET_STILL_APPROVED");
        for (query, found) in [
            ("language=ko&product=products/vai-thieu", 1),
            ("market=KR", 1),
            ("market=KR&status=DRAFT", 0),
            ("language=ko&media=CLIP&status=APPROVED", 1),
            ("language=ko&asOf=2023-12-21", 0),
            ("q=리치", 1),
        ] {
            assert_eq!(nobody.all("promotionAssets", query).await.len(), found, "{query}");
        }

        a_new_version_takes_its_place(world, &author, &colleague, &clip).await;
    }

    async fn an_officer_of_the_ministry_approves_what_it_may_see(world: &World) {
        let (author, ministry) = (world.province("bac-ninh"), world.ministry());
        let clip = draft(&author, "fr", &[]).await;
        let approve = format!("/v1/{clip}:approve");
        assert_eq!(ministry.post(&approve, json!({})).await.reason(404), "NOT_FOUND", "a draft is its owner's");
        let shown = json!({"audience": {"circle": "GOVERNMENT"}});
        author.patch(&format!("/v1/{clip}"), shown.clone()).await.ok();
        let mission = world.mission("vn-fr-emb").post(&approve, json!({})).await;
        assert_eq!(mission.reason(403), "PERMISSION_DENIED", "{mission}");
        let approved = ministry.post(&approve, shown).await.ok();
        assert_eq!(approved["approver"], "agencies/g08", "{approved}");
        assert_eq!(world.nobody().get(&format!("/v1/{clip}")).await.reason(404), "NOT_FOUND", "for the administration only");
        // It is meant for no market in particular: it covers whoever speaks French.
        let answer = gaps(&ministry, "markets=FR,BE,JP").await;
        let covered: Vec<bool> = ["FR", "BE", "JP"].iter().map(|code| of(&answer, code)["assets"] == json!([clip])).collect();
        assert_eq!(covered, [true, true, false], "{answer}");
        assert_eq!(of(&answer, "BE")["uncoveredLanguages"], json!(["nl", "de"]), "{answer}");
        assert_eq!(world.mission("vn-fr-emb").post(&format!("/v1/{clip}:withdraw"), json!({"reason": "?"})).await.reason(403), "PERMISSION_DENIED");
    }

    async fn a_withdrawn_listing_stays_in_history(world: &World) {
        let (province, nobody) = (world.province("bac-ninh"), world.nobody());
        let begun = world.clock().day(-30);
        let listing = json!({
            "product": LITCHI, "platform": "Alibaba.com", "url": "https://www.alibaba.com/litchi", "markets": ["countries/JP", "countries/US"],
            "listedDate": begun,
        });
        let listing = province.post("/v1/channelListings", listing).await.ok();
        assert_eq!((&listing["status"], &listing["owner"]), (&json!("LISTED"), &json!("localities/bac-ninh")), "{listing}");
        let name = listing["name"].as_str().expect("a name");
        let answer = gaps(&nobody, "markets=JP,US,CN").await;
        assert_eq!(of(&answer, "JP")["listings"], json!([name]), "{answer}");
        assert_eq!((&of(&answer, "JP")["gaps"], &of(&answer, "CN")["gaps"]), (&Value::Null, &json!(["NO_LISTING"])), "{answer}");

        rests_and_goes_on(world, &province, name).await;
        let withdraw = format!("/v1/{name}:withdraw");
        assert_eq!(world.province("ca-mau").post(&withdraw, json!({"reason": "?"})).await.reason(403), "PERMISSION_DENIED");
        assert_eq!(province.post(&withdraw, json!({})).await.refused(400)["violations"][0]["field"], "reason");
        let withdrawn = province.post(&withdraw, json!({"reason": "Hết mùa vụ"})).await.ok();
        assert_eq!(withdrawn["status"], "WITHDRAWN", "{withdrawn}");
        let history: Vec<&str> = withdrawn["history"].as_array().expect("a history").iter().filter_map(|it| it["status"].as_str()).collect();
        assert_eq!(history, ["LISTED", "SUSPENDED", "LISTED", "WITHDRAWN"], "{withdrawn}");

        let listed = async |query: &str| nobody.all("channelListings", &format!("product={LITCHI}&{query}")).await;
        assert!(listed("").await.is_empty(), "it is on sale no more");
        assert_eq!(listed("showWithdrawn=true").await[0]["status"], "WITHDRAWN");
        assert_eq!(listed("status=WITHDRAWN&platform=alibaba.COM&market=JP").await.len(), 1);
        assert_eq!(listed(&format!("asOf={begun}")).await[0]["status"], "LISTED");
        assert!(listed(&format!("asOf={}&showWithdrawn=true", world.clock().day(-31))).await.is_empty(), "it had not begun");
        let resting = nobody.get(&format!("/v1/{name}?asOf={}", world.clock().day(-20))).await.ok();
        assert_eq!(resting["status"], "SUSPENDED", "{resting}");
        assert_eq!(of(&gaps(&nobody, "markets=JP").await, "JP")["gaps"], json!(["NO_LISTING"]));
        let then = gaps(&nobody, &format!("markets=JP&asOf={begun}")).await;
        assert_eq!(of(&then, "JP")["listings"], json!([name]), "{then}");
        for verb in ["suspend", "resume", "withdraw"] {
            let late = province.post(&format!("/v1/{name}:{verb}"), json!({"reason": "?"})).await;
            assert_eq!(late.reason(400), "LISTING_STATUS_UNFIT", "{verb}: {late}");
        }
    }

    async fn a_listing_says_where_and_since_when(world: &World) {
        let province = world.province("bac-ninh");
        let listing = |change: Value| {
            let mut body = json!({
                "product": LITCHI, "platform": "Amazon", "url": "https://www.amazon.com/litchi", "markets": ["countries/US"],
                "listedDate": "2026-05-20",
            });
            for (field, value) in change.as_object().expect("fields") {
                body[field] = value.clone();
            }
            body
        };
        for (change, field) in [
            (json!({"url": "amazon"}), "channelListing.url"),
            (json!({"markets": []}), "channelListing.markets"),
            (json!({"listedDate": world.clock().day(1)}), "channelListing.listedDate"),
            (json!({"platform": ""}), "channelListing.platform"),
        ] {
            let refused = province.post("/v1/channelListings", listing(change.clone())).await;
            assert_eq!(refused.refused(400)["violations"][0]["field"], field, "{change}: {refused}");
        }
        for change in [json!({"product": "products/zz-made-up"}), json!({"markets": ["countries/XX"]}), json!({"seller": "organizations/zz"})] {
            assert_eq!(province.post("/v1/channelListings", listing(change)).await.reason(400), "REFERENCE_NOT_FOUND");
        }
        // An enterprise lists what it sells, and keeps it to itself if it likes.
        let seller = province.post("/v1/organizations", json!({"displayName": "Hợp tác xã Hồng Xuân", "kind": "ENTERPRISE", "country": "countries/VN"})).await.ok();
        let seller = world.actor(seller["name"].as_str().expect("a name"), &["enterprise-user"]);
        let own = seller.post("/v1/channelListings", listing(json!({"audience": {"circle": "OWNER"}}))).await.ok();
        let name = own["name"].as_str().expect("a name");
        assert_eq!(world.nobody().get(&format!("/v1/{name}")).await.reason(404), "NOT_FOUND");
        assert_eq!(province.post(&format!("/v1/{name}:withdraw"), json!({"reason": "?"})).await.reason(404), "NOT_FOUND");
        assert_eq!(of(&gaps(&world.nobody(), "markets=US").await, "US")["listings"], Value::Null);
        assert_eq!(of(&gaps(&seller, "markets=US").await, "US")["listings"], json!([name]));
        assert!(world.nobody().all("products", "market=US&asOf=2023-12-20").await.is_empty());
        assert_eq!(world.auditor().post("/v1/channelListings", listing(json!({}))).await.reason(403), "PERMISSION_DENIED");
    }
}

/// It is suspended and resumed with days that have come, in order.
async fn rests_and_goes_on(world: &World, province: &Actor, name: &str) {
    let (suspend, resume) = (format!("/v1/{name}:suspend"), format!("/v1/{name}:resume"));
    assert_eq!(province.post(&resume, json!({})).await.reason(400), "LISTING_STATUS_UNFIT");
    let early = json!({"reason": "Hết hàng", "effectiveDate": world.clock().day(-31)});
    assert_eq!(province.post(&suspend, early).await.reason(400), "LISTING_DATES_BROKEN");
    let future = json!({"reason": "Hết hàng", "effectiveDate": world.clock().day(1)});
    assert_eq!(province.post(&suspend, future).await.refused(400)["violations"][0]["field"], "effectiveDate");
    let day = json!({"reason": "Hết hàng", "effectiveDate": world.clock().day(-20)});
    assert_eq!(province.post(&suspend, day).await.ok()["status"], "SUSPENDED");
    assert_eq!(province.post(&resume, json!({"effectiveDate": world.clock().day(-10)})).await.ok()["status"], "LISTED");
    let later = province.patch(&format!("/v1/{name}"), json!({"listedDate": world.clock().day(-19)})).await;
    assert_eq!(later.reason(400), "LISTING_DATES_BROKEN", "{later}");
}

/// The second version is used from its approval on; the first has ended, and both are in the history.
async fn a_new_version_takes_its_place(world: &World, author: &Actor, colleague: &Actor, first: &str) {
    let version = |predecessor: &str| {
        json!({
            "product": LITCHI, "title": "리치 2", "media": "CLIP", "language": "ko-KR", "targetMarkets": ["countries/KR"],
            "url": "https://example.org/2", "predecessor": predecessor,
        })
    };
    let second = author.post("/v1/promotionAssets", version(first)).await.ok();
    assert_eq!((&second["version"], &second["status"]), (&json!(2), &json!("DRAFT")), "{second}");
    assert_eq!(author.post("/v1/promotionAssets", version(first)).await.reason(409), "ASSET_SUCCESSOR_EXISTS");
    let second = second["name"].as_str().expect("a name");
    let of_draft = author.post("/v1/promotionAssets", version(second)).await;
    assert_eq!(of_draft.reason(400), "ASSET_PREDECESSOR_UNFIT", "{of_draft}");
    let other = author.post("/v1/promotionAssets", version("promotionAssets/my-chu-clip-en")).await;
    assert_eq!(other.reason(400), "ASSET_PREDECESSOR_UNFIT", "{other}");

    let day = world.clock().day(0);
    world.clock().advance(days(5)).await;
    colleague.post(&format!("/v1/{second}:approve"), json!({})).await.ok();
    let nobody = world.nobody();
    let old = nobody.get(&format!("/v1/{first}")).await.ok();
    assert_eq!((&old["status"], &old["successor"]), (&json!("SUPERSEDED"), &json!(second)), "{old}");
    assert_eq!(of(&gaps(&nobody, "markets=KR").await, "KR")["assets"], json!([second]));
    assert_eq!(of(&gaps(&nobody, &format!("markets=KR&asOf={day}")).await, "KR")["assets"], json!([first]));
    let withdrawn = author.post(&format!("/v1/{second}:withdraw"), json!({"reason": "Sai tên gọi"})).await.ok();
    assert_eq!(
        (&withdrawn["status"], &withdrawn["withdrawReason"]),
        (&json!("WITHDRAWN"), &json!("Sai tên gọi")),
        "{withdrawn}"
    );
    assert_eq!(of(&gaps(&nobody, "markets=KR").await, "KR")["gaps"], json!(["NO_ASSET", "NO_LISTING"]));
}

/// A clip in this language, for these markets.
async fn draft(author: &Actor, language: &str, markets: &[&str]) -> String {
    let clip = json!({
        "product": LITCHI, "title": "리치", "media": "CLIP", "language": language, "targetMarkets": markets,
        "url": "https://example.org/clip",
    });
    let clip = author.post("/v1/promotionAssets", clip).await.ok();
    assert_eq!((&clip["status"], &clip["version"]), (&json!("DRAFT"), &json!(1)), "{clip}");
    clip["name"].as_str().expect("a name").to_owned()
}

async fn gaps(actor: &Actor, query: &str) -> Value {
    actor.get(&format!("/v1/{LITCHI}:findGaps?{query}")).await.ok()
}

/// What an answer says of one market.
fn of(answer: &Value, code: &str) -> Value {
    let markets = answer["markets"].as_array().expect("markets");
    let market = markets.iter().find(|market| market["market"] == format!("countries/{code}"));
    market.unwrap_or_else(|| panic!("{code} is not in {answer}")).clone()
}
