//! The network of missions: how many there are on a day, who heads them, and how one closes.

use serde_json::{Value, json};

use crate::world::actor::Actor;
use crate::world::{World, claims, eventually, scratch_claims, stories};

claims! {
    async fn missions_are_counted_as_of_a_day_and_documents_are_quoted(world: &World) {
        let nobody = world.nobody();
        for (day, count, uncounted) in [("2026-01-10", 98, 1), ("2021-12-18", 94, 1)] {
            let answer = nobody.get(&format!("/v1/missions:count?asOf={day}")).await.ok();
            assert_eq!((answer["count"].as_i64(), answer["uncounted"].as_i64()), (Some(count), Some(uncounted)), "{answer}");
        }
        // A head is a person in a post, a mission is a body: the documents need not agree, and each says what it counts.
        let told = nobody.get("/v1/missions:count?asOf=2021-12-18").await.ok()["published"].clone();
        let told: Vec<_> = told.as_array().expect("documents").iter().map(|it| (it["count"].as_i64(), it["counted"].as_str())).collect();
        assert_eq!(told, [(Some(94), Some("MISSIONS")), (Some(96), Some("HEADS"))]);
        let unesco = nobody.get("/v1/missions/vn-unesco-pd-paris").await.ok();
        assert!(unesco["counted"].as_bool() != Some(true), "{unesco}");
    }
}

scratch_claims! {
    async fn a_mission_has_one_head_at_a_time(world: &World) {
        let ministry = world.ministry();
        let first = appoint(&ministry, "vn-in-emb", "AMBASSADOR", "Trần Văn Đại", "2021-03-01", "").await.ok();
        let name = first["name"].as_str().expect("a name").to_owned();
        let second = appoint(&ministry, "vn-in-emb", "AMBASSADOR", "Lê Thị Mai", "2025-06-01", "").await;
        let refused = second.refused(400);
        assert_eq!(refused["reason"], "POST_TAKEN");
        assert!(refused["detail"].as_str().is_some_and(|it| it.contains("Trần Văn Đại") && it.contains(&name)), "{refused}");
        let misfit = appoint(&ministry, "vn-in-emb", "CONSUL_GENERAL", "Lê Thị Mai", "2025-06-01", "").await;
        assert_eq!(misfit.reason(400), "INVALID_ARGUMENT");
        assert!(misfit.json().to_string().contains("appointment.kind"), "{misfit}");
        appoint(&ministry, "vn-in-emb", "DEPUTY", "Phạm Minh", "2023-01-01", "").await.ok();

        let end = json!({"date": "2025-05-31", "reason": "Hết nhiệm kỳ"});
        let ended = ministry.post(&format!("/v1/{name}:end"), end.clone()).await.ok();
        assert_eq!((ended["validTo"].as_str(), ended["endReason"].as_str()), (Some("2025-05-31"), Some("Hết nhiệm kỳ")));
        assert_eq!(ministry.post(&format!("/v1/{name}:end"), end).await.reason(400), "APPOINTMENT_ENDED");
        appoint(&ministry, "vn-in-emb", "AMBASSADOR", "Lê Thị Mai", "2025-06-01", "").await.ok();

        let nobody = world.nobody();
        for (day, head) in [("2025-05-31", "Trần Văn Đại"), ("2025-06-01", "Lê Thị Mai")] {
            let answer = nobody.get(&format!("/v1/missions/vn-in-emb:head?asOf={day}")).await.ok();
            assert_eq!(answer["head"]["personName"], head, "{answer}");
            let listed = nobody.all("appointments", &format!("asOf={day}&mission=vn-in-emb&headsOnly=true")).await;
            assert_eq!((listed.len(), &listed[0]["personName"]), (1, &Value::from(head)), "{listed:?}");
        }
        assert_eq!(nobody.get("/v1/missions/vn-in-emb:head?asOf=2021-02-28").await.reason(404), "MISSION_WITHOUT_HEAD");
        assert_eq!(nobody.get("/v1/missions/vn-zz-emb:head").await.reason(404), "NOT_FOUND");
        // Nepal is answered for from New Delhi, so its head is found by Nepal too.
        let nepal = nobody.all("appointments", "country=NP&asOf=2026-01-10&headsOnly=true").await;
        assert_eq!((nepal.len(), &nepal[0]["personName"]), (1, &Value::from("Lê Thị Mai")), "{nepal:?}");
        assert_eq!(nobody.all("appointments", "mission=vn-in-emb&allTimes=true&q=tran van dai").await.len(), 1);
    }

    async fn whoever_is_charged_stands_in_for_a_head(world: &World) {
        let ministry = world.ministry();
        appoint(&ministry, "vn-fr-emb", "CHARGE_D_AFFAIRES", "Hoàng Anh", "2024-01-01", "2024-12-31").await.ok();
        appoint(&ministry, "vn-fr-emb", "AMBASSADOR", "Đỗ Lan", "2024-07-01", "").await.ok();
        let head = async |day: &str| world.nobody().get(&format!("/v1/missions/vn-fr-emb:head?asOf={day}")).await.ok();
        let vacant = head("2024-06-30").await;
        assert_eq!((&vacant["head"]["personName"], vacant["vacant"].as_bool()), (&Value::from("Hoàng Anh"), Some(true)));
        let away = head("2024-07-01").await;
        assert_eq!((&away["head"]["personName"], &away["standIn"]["personName"]), (&Value::from("Đỗ Lan"), &Value::from("Hoàng Anh")));
        assert!(head("2025-01-01").await["standIn"].is_null());
    }

    async fn two_who_appoint_at_the_same_moment_do_not_both_succeed(world: &World) {
        let ministry = world.ministry();
        let (one, two) = tokio::join!(
            appoint(&ministry, "vn-it-emb", "AMBASSADOR", "Người thứ nhất", "2026-01-01", ""),
            appoint(&ministry, "vn-it-emb", "AMBASSADOR", "Người thứ hai", "2026-01-01", ""),
        );
        let mut told = [one.status, two.status];
        told.sort_unstable();
        assert_eq!(told, [200, 400], "{one} {two}");
        assert_eq!(world.nobody().all("appointments", "mission=vn-it-emb").await.len(), 1);
    }

    async fn only_the_ministry_appoints_and_closes(world: &World) {
        let mission = world.mission("vn-in-emb");
        assert_eq!(appoint(&mission, "vn-in-emb", "DEPUTY", "Ai đó", "2026-01-01", "").await.reason(403), "PERMISSION_DENIED");
        let close = json!({"date": "2026-01-01", "legalBasis": "Không có"});
        assert_eq!(mission.post("/v1/missions/vn-in-emb:close", close).await.reason(403), "PERMISSION_DENIED");
    }
}

stories! {
    async fn a_mission_closes_after_its_head_was_relieved(world: &World) {
        let ministry = world.ministry();
        let mission = json!({
            "displayName": "Đại sứ quán Việt Nam tại Panama", "kind": "EMBASSY", "hostCountry": "countries/PA", "city": "Panama City",
            "counted": true, "openedDate": "2012-01-01",
            "accreditations": [
                {"country": "countries/PA", "kind": "RESIDENT"},
                {"country": "countries/CR", "kind": "CONCURRENT", "validTo": "2020-03-31"},
            ],
        });
        ministry.post("/v1/missions?missionId=vn-pa-emb", mission).await.ok();
        let head = appoint(&ministry, "vn-pa-emb", "AMBASSADOR", "Vũ Hà", "2020-01-01", "").await.ok();
        let before = counted(world, "2025-06-30").await;

        let close = json!({"date": "2025-06-30", "legalBasis": "Quyết định 01/2025/QĐ-TTg"});
        let staffed = ministry.post("/v1/missions/vn-pa-emb:close", close.clone()).await.refused(400);
        assert_eq!(staffed["reason"], "MISSION_STAFFED");
        let appointment = head["name"].as_str().expect("a name");
        assert!(staffed["detail"].as_str().is_some_and(|it| it.contains(appointment) && it.contains("end first")), "{staffed}");
        let by_update = ministry.patch("/v1/missions/vn-pa-emb", json!({"closedDate": "2025-06-30"})).await;
        assert_eq!(by_update.reason(400), "MISSION_STAFFED");

        ministry.post(&format!("/v1/{appointment}:end"), json!({"date": "2025-06-30", "reason": "Đóng cửa"})).await.ok();
        let closed = ministry.post("/v1/missions/vn-pa-emb:close", close.clone()).await.ok();
        assert_eq!((&closed["closedDate"], &closed["closingBasis"]), (&Value::from("2025-06-30"), &Value::from("Quyết định 01/2025/QĐ-TTg")));
        assert_eq!(closed["accreditations"][0]["validTo"], "2025-06-30");
        assert_eq!(closed["accreditations"][1]["validTo"], "2020-03-31");
        assert_eq!(ministry.post("/v1/missions/vn-pa-emb:close", close).await.reason(400), "MISSION_CLOSED");
        let late = appoint(&ministry, "vn-pa-emb", "AMBASSADOR", "Ai đó", "2025-07-01", "").await;
        assert_eq!(late.reason(400), "APPOINTMENT_OUTSIDE_MISSION");

        // The last day still belongs to it, the next one does not; so with an accreditation that ended before.
        let resolve = async |country: &str, day: &str| {
            world.nobody().get(&format!("/v1/countries/{country}:resolveMission?asOf={day}")).await
        };
        for (country, day, covered) in [
            ("PA", "2011-12-31", false), ("PA", "2012-01-01", true), ("PA", "2025-06-30", true), ("PA", "2025-07-01", false),
            ("CR", "2020-03-31", true), ("CR", "2020-04-01", false),
        ] {
            let answer = resolve(country, day).await;
            let told = if covered { answer.ok()["mission"] == "missions/vn-pa-emb" } else { answer.reason(404) == "COUNTRY_NOT_COVERED" };
            assert!(told, "{country} {day}: {answer}");
        }
        assert_eq!((counted(world, "2025-06-30").await, counted(world, "2025-07-01").await), (before, before - 1));
        assert!(world.nobody().all("missions", "asOf=2025-07-01&hostCountry=PA").await.is_empty());
        assert_eq!(world.nobody().all("missions", "asOf=2025-06-30&hostCountry=PA").await.len(), 1);
        // The log shows an entry when nothing can come before it any more, which may be a moment later.
        eventually("the log tells of the closing", || async {
            let log = ministry.get("/v1/registry/changes?resource=missions/vn-pa-emb").await.ok();
            log["changes"].as_array().is_some_and(|it| it.iter().any(|change| change["type"] == "mission.closed"))
        })
        .await;
    }
}

async fn appoint(
    who: &Actor,
    mission: &str,
    kind: &str,
    person: &str,
    from: &str,
    to: &str,
) -> crate::world::answer::Answer {
    let appointment = json!({
        "mission": format!("missions/{mission}"), "kind": kind, "personName": person, "validFrom": from, "validTo": to,
    });
    who.post("/v1/appointments", appointment).await
}

async fn counted(world: &World, day: &str) -> i64 {
    let answer = world.nobody().get(&format!("/v1/missions:count?asOf={day}")).await.ok();
    answer["count"].as_i64().expect("a number")
}
