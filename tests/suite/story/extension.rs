//! A commitment that needs more time: asked for by who has to deliver, decided by another person, and honoured by the clock.

use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::clock::days;
use crate::world::{World, eventually, stories};

stories! {
    async fn an_extension_is_decided_by_another_person_and_honoured_by_the_clock(world: &World) {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        let path = promise(world, &mission).await;
        let asked = json!({"dueDate": world.clock().day(60), "reason": "Chờ giấy phép"});
        let asked = province.post(&format!("{path}:requestExtension"), asked).await.ok();
        assert_eq!((&asked["dueDate"], &asked["extensions"][0]["decision"]), (&json!(world.clock().day(30)), &json!("PENDING")));
        let granted = json!({"decision": "GRANTED", "reason": "Hợp lý"});
        let own = province.post(&format!("{path}:decideExtension"), granted.clone()).await;
        assert_eq!(own.reason(403), "PERMISSION_DENIED");
        let decided = mission.post(&format!("{path}:decideExtension"), granted.clone()).await.ok();
        assert_eq!((&decided["dueDate"], &decided["originalDueDate"]), (&json!(world.clock().day(60)), &json!(world.clock().day(30))));
        assert_eq!(mission.post(&format!("{path}:decideExtension"), granted).await.reason(400), "NO_EXTENSION_PENDING");

        world.clock().advance(days(31)).await;
        assert_eq!(province.get(&path).await.ok()["overdue"], Value::Null, "the due date moved");
        world.clock().advance(days(30)).await;
        assert_eq!(province.get(&path).await.ok()["overdue"], true);
        told_overdue(&province, &path, 1).await;
        let steps = kinds(&province, &path).await;
        assert_eq!(steps, ["commitment.created", "commitment.extensionRequested", "commitment.extensionDecided", "commitment.overdue"]);
    }

    async fn nobody_decides_on_what_they_asked_for(world: &World) {
        let mission = world.mission("vn-in-emb");
        let path = promise_of(world, &mission, "missions/vn-in-emb").await;
        let asked = json!({"dueDate": world.clock().day(60), "reason": "Chờ"});
        mission.post(&format!("{path}:requestExtension"), asked.clone()).await.ok();
        assert_eq!(mission.post(&format!("{path}:requestExtension"), asked).await.reason(400), "EXTENSION_PENDING");
        let decision = json!({"decision": "REJECTED", "reason": "Không"});
        assert_eq!(mission.post(&format!("{path}:decideExtension"), decision.clone()).await.reason(403), "SAME_PERSON_DECIDES");
        let rejected = world.ministry().post(&format!("{path}:decideExtension"), decision.clone()).await;
        assert_eq!(rejected.reason(404), "NOT_FOUND", "what the ministry is not told of, it does not decide on");
        let told = json!({"audience": {"circle": "GOVERNMENT"}});
        mission.patch(&path, told).await.ok();
        let rejected = world.ministry().post(&format!("{path}:decideExtension"), decision).await.ok();
        assert_eq!((&rejected["dueDate"], &rejected["extensions"][0]["decision"]), (&json!(world.clock().day(30)), &json!("REJECTED")));
    }

    async fn what_is_closed_never_becomes_overdue(world: &World) {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        let (fulfilled, cancelled, open) = (promise(world, &mission).await, promise(world, &mission).await, promise(world, &mission).await);
        let progress = json!({"note": "Đã ký", "evidence": [{"kind": "DOCUMENT", "description": "Biên bản"}]});
        province.post(&format!("{fulfilled}:reportProgress"), progress).await.ok();
        province.post(&format!("{fulfilled}:fulfil"), json!({"note": "Xong"})).await.ok();
        mission.post(&format!("{cancelled}:cancel"), json!({"reason": "Đối tác rút lui"})).await.ok();
        world.clock().advance(days(40)).await;
        told_overdue(&province, &open, 1).await;
        for path in [&fulfilled, &cancelled] {
            assert_eq!(province.get(path).await.ok()["overdue"], Value::Null, "{path}");
            assert!(!kinds(&province, path).await.contains(&"commitment.overdue".to_owned()), "{path}");
            let again = province.post(&format!("{path}:fulfil"), json!({})).await;
            assert_eq!(again.reason(400), "COMMITMENT_NOT_OPEN");
        }
        let overdue = province.all("commitments", "overdue=true&owner=localities/quang-ninh").await;
        assert_eq!(overdue.iter().map(|found| format!("/v1/{}", found["name"].as_str().expect("a name"))).collect::<Vec<_>>(), [open]);
    }

    async fn a_passed_due_date_is_told_once(world: &World) {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        let path = promise(world, &mission).await;
        world.clock().advance(days(31)).await;
        told_overdue(&province, &path, 1).await;
        let progress = json!({"note": "Đang làm", "rating": "RED"});
        province.post(&format!("{path}:reportProgress"), progress).await.ok();
        world.clock().advance(days(1)).await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        told_overdue(&province, &path, 1).await;
    }

    async fn who_records_a_commitment_reads_it_and_who_delivers_it_decides(world: &World) {
        let (mission, province) = (world.mission("vn-in-emb"), world.province("quang-ninh"));
        let path = promise(world, &mission).await;
        let seen = mission.get(&path).await.ok();
        assert_eq!((&seen["owner"], &seen["recorder"]), (&json!("localities/quang-ninh"), &json!("missions/vn-in-emb")));
        let evidence = json!({"evidence": [{"kind": "DOCUMENT", "description": "Biên bản"}]});
        assert_eq!(mission.post(&format!("{path}:fulfil"), evidence.clone()).await.reason(403), "PERMISSION_DENIED");
        assert_eq!(world.province("ca-mau").post(&format!("{path}:fulfil"), evidence.clone()).await.reason(404), "NOT_FOUND");
        assert_eq!(province.post(&format!("{path}:fulfil"), evidence).await.ok()["status"], "FULFILLED");
        let imposed = json!({"title": "x", "engagement": seen["engagement"], "dueDate": world.clock().day(3), "owner": "localities/hue"});
        assert_eq!(province.post("/v1/commitments", imposed).await.reason(403), "PERMISSION_DENIED", "a province promises for itself");
    }

    async fn a_commitment_fits_its_engagement(world: &World) {
        let mission = world.mission("vn-in-emb");
        let meeting = meeting(world, &mission).await;
        let early = json!({"title": "x", "engagement": meeting, "dueDate": world.clock().day(-1), "owner": "missions/vn-in-emb"});
        let refused = mission.post("/v1/commitments", early).await;
        assert_eq!(refused.refused(400)["violations"][0]["field"], "commitment.dueDate", "{refused}");
        for (field, value, named) in [
            ("engagement", "engagements/none", "commitment.engagement"),
            ("owner", "localities/bac-giang", "commitment.owner"),
            ("country", "countries/QQ", "commitment.country"),
            ("beneficiary", "missions/vn-zz-emb", "commitment.beneficiary"),
        ] {
            let mut body = json!({"title": "x", "engagement": meeting, "dueDate": world.clock().day(3), "owner": "missions/vn-in-emb"});
            body[field] = value.into();
            let refused = mission.post("/v1/commitments", body).await;
            assert_eq!(refused.reason(400), "REFERENCE_NOT_FOUND", "{refused}");
            assert_eq!(refused.json()["metadata"]["field"], named, "{refused}");
        }
    }
}

async fn meeting(world: &World, mission: &Actor) -> String {
    let meeting = json!({
        "title": "Gặp gỡ Việt Nam", "kind": "EVENT", "startDate": world.clock().day(0), "localities": ["localities/quang-ninh"],
    });
    mission.post("/v1/engagements", meeting).await.ok()["name"].as_str().expect("a name").to_owned()
}

/// The path of a commitment that the mission recorded for the province, due in 30 days.
async fn promise(world: &World, mission: &Actor) -> String {
    promise_of(world, mission, "localities/quang-ninh").await
}

async fn promise_of(world: &World, mission: &Actor, owner: &str) -> String {
    let meeting = meeting(world, mission).await;
    let body = json!({"title": "Kết nối", "engagement": meeting, "dueDate": world.clock().day(30), "owner": owner});
    format!("/v1/{}", mission.post("/v1/commitments", body).await.ok()["name"].as_str().expect("a name"))
}

async fn kinds(actor: &Actor, path: &str) -> Vec<String> {
    let log = actor.get(&format!("/v1/events/changes?resource={}", path.trim_start_matches("/v1/"))).await.ok();
    let changes = log["changes"].as_array().expect("changes");
    changes.iter().filter_map(|change| change["type"].as_str().map(str::to_owned)).collect()
}

/// Waits until the log has told so often that the commitment is overdue.
async fn told_overdue(actor: &Actor, path: &str, times: usize) {
    eventually("it is told that the commitment is overdue", || async {
        kinds(actor, path).await.iter().filter(|kind| *kind == "commitment.overdue").count() == times
    })
    .await;
}
