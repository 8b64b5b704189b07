//! HS chapters, themes and work areas, anniversaries, and roles in international bodies.

use serde_json::{Value, json};

use crate::world::{World, claims, stories};

fn names(found: &[Value]) -> Vec<&str> {
    found.iter().map(|it| it["name"].as_str().expect("a name")).collect()
}

claims! {
    async fn chapters_stand_in_their_sections(world: &World) {
        let nobody = world.nobody();
        assert_eq!(nobody.all("hsChapters", "").await.len(), 97);
        let fruit = nobody.get("/v1/hsChapters/08").await.ok();
        assert_eq!((&fruit["section"], &fruit["sectionNumeral"]), (&json!(2), &json!("II")), "{fruit}");
        assert!(fruit["englishName"].as_str().is_some_and(|name| name.starts_with("Edible fruit and nuts")), "{fruit}");
        let vegetable = nobody.all("hsChapters", "section=2").await;
        assert_eq!(names(&vegetable)[..2], ["hsChapters/06", "hsChapters/07"]);
        assert_eq!(vegetable.len(), 9);
        assert_eq!(names(&nobody.all("hsChapters", "q=ca phe").await), ["hsChapters/09"]);
        assert_eq!(names(&nobody.all("hsChapters", "q=coffee").await), ["hsChapters/09"]);
        assert_eq!(nobody.get("/v1/hsChapters/77").await.ok()["reserved"], true);
        for (path, status) in [("/v1/hsChapters/98", 404), ("/v1/hsChapters/8", 404), ("/v1/hsChapters?section=22", 400)] {
            nobody.get(path).await.refused(status);
        }
    }

    async fn themes_and_work_areas_are_those_that_the_sources_name(world: &World) {
        let nobody = world.nobody();
        for (collection, id, word) in [
            ("themes", "chuyen-doi-xanh", "xanh"),
            ("themes", "chuyen-doi-so", "so"),
            ("themes", "kinh-te-tuan-hoan", "tuan hoan"),
            ("themes", "doi-moi-sang-tao", "sang tao"),
            ("themes", "chuyen-dich-chuoi-cung-ung", "chuoi cung ung"),
            ("themes", "phat-trien-ben-vung", "ben vung"),
            ("workAreas", "ngoai-giao-van-hoa", "van hoa"),
            ("workAreas", "thong-tin-doi-ngoai", "thong tin"),
            ("workAreas", "nguoi-viet-nam-o-nuoc-ngoai", "nguoi viet"),
            ("workAreas", "bien-gioi-lanh-tho", "bien gioi"),
            ("workAreas", "lanh-su", "lanh su"),
            ("workAreas", "bao-ho-cong-dan", "bao ho"),
            ("workAreas", "thanh-tra-chuyen-nganh", "thanh tra"),
        ] {
            let found = nobody.all(collection, &format!("q={word}")).await;
            let name = format!("{collection}/{id}");
            let one = found.iter().find(|it| it["name"] == name.as_str()).unwrap_or_else(|| panic!("{name} by {word}"));
            assert!(one["source"]["citation"].as_str().is_some_and(|citation| citation.contains("20")), "{one}");
        }
        assert_eq!(names(&nobody.all("workAreas", "parent=workAreas/lanh-su").await), ["workAreas/bao-ho-cong-dan"]);
    }

    async fn round_anniversaries_come_by_their_days(world: &World) {
        let nobody = world.nobody();
        let year = nobody.get("/v1/countries:anniversaries?year=2025&multipleOf=25").await.ok();
        let all = year["anniversaries"].as_array().expect("anniversaries");
        let of = |code: &str| all.iter().find(|it| it["country"] == format!("countries/{code}").as_str());
        let bulgaria = of("BG").expect("75 years with Bulgaria");
        assert_eq!((&bulgaria["years"], &bulgaria["date"]), (&json!(75), &json!("2025-02-08")));
        assert_eq!(bulgaria["relationsSince"], "1950-02-08");
        assert!(bulgaria["mission"].as_str().is_some_and(|mission| mission.contains("-bg-")), "{bulgaria}");
        assert!(bulgaria["source"]["confidence"].is_string(), "{bulgaria}");
        assert_eq!(of("DE").map(|it| it["years"].clone()), Some(json!(50)));
        assert!(of("US").is_none(), "30 years are no multiple of 25");
        assert!(all.is_sorted_by_key(|it| it["date"].as_str().expect("a day").to_owned()));
        assert!(all.iter().all(|it| it["years"].as_i64().is_some_and(|years| years % 25 == 0)));

        let fives = nobody.get("/v1/countries:anniversaries?year=2025").await.ok();
        let found = |year: &Value, code: &str| {
            let all = year["anniversaries"].as_array().expect("anniversaries").clone();
            all.into_iter().find(|it| it["country"] == format!("countries/{code}").as_str())
        };
        assert_eq!(found(&fives, "US").expect("30 years with the United States")["date"], "2025-07-12");
        let brunei = nobody.get("/v1/countries:anniversaries?year=2027&multipleOf=5").await.ok();
        assert_eq!(found(&brunei, "BN").expect("35 years with Brunei")["date"], "2027-02-28", "1992-02-29 in a common year");
        for query in ["year=1944", "year=-1", "year=2500", "multipleOf=-5", "multipleOf=101", "year=2025.5"] {
            nobody.get(&format!("/v1/countries:anniversaries?{query}")).await.refused(400);
        }
        let before = nobody.get("/v1/countries:anniversaries?year=1949&multipleOf=1").await.ok();
        assert_eq!(before["anniversaries"], json!([]), "{before}");
    }

    async fn roles_are_told_as_of_a_day(world: &World) {
        let nobody = world.nobody();
        let both = nobody.all("multilateralRoles", "asOf=2020-06-30").await;
        let mut held = names(&both);
        held.sort_unstable();
        assert_eq!(held, ["multilateralRoles/asean-chair-2020", "multilateralRoles/unsc-member-2020"]);
        assert!(both.iter().all(|role| role["stage"] == "SERVING"), "{both:?}");
        assert_eq!(names(&nobody.all("multilateralRoles", "asOf=2021-12-31").await), ["multilateralRoles/unsc-member-2020"]);
        assert_eq!(names(&nobody.all("multilateralRoles", "asOf=2019-06-07&stage=CHOSEN").await), ["multilateralRoles/unsc-member-2020"]);
        let asean = nobody.get("/v1/multilateralRoles/asean-chair-2020").await.ok();
        assert_eq!((&asean["stage"], &asean["mission"]), (&json!("COMPLETED"), &json!("missions/vn-asean-pm-jakarta")), "{asean}");
        let before = nobody.get("/v1/multilateralRoles/unsc-member-2020?asOf=2019-12-31").await.ok();
        assert_eq!(before["stage"], "CHOSEN", "{before}");
        assert_eq!(names(&nobody.all("multilateralRoles", "body=upu poc").await), ["multilateralRoles/upu-poc-member-2021"]);
        assert_eq!(nobody.all("multilateralRoles", "").await.len(), 3);
    }
}

stories! {
    async fn a_candidature_goes_its_way(world: &World) {
        let ministry = world.ministry();
        let council = json!({
            "displayName": "Ứng cử thành viên Hội đồng thử", "body": "Thử", "role": "Thành viên", "candidatureDate": "2025-03"
        });
        ministry.post("/v1/multilateralRoles?multilateralRoleId=thu", council).await.ok();
        let stage = async |day: &str| world.nobody().get(&format!("/v1/multilateralRoles/thu?asOf={day}")).await.ok()["stage"].clone();
        assert_eq!((stage("2025-02-28").await, stage("2026-01-01").await), (json!("NOT_BEGUN"), json!("CANDIDATE")));
        let undecided = ministry.patch("/v1/multilateralRoles/thu", json!({"decidedDate": "2026-05-01"})).await;
        assert_eq!(undecided.reason(400), "ROLE_DATES_BROKEN");
        let elected = json!({"decidedDate": "2026-05-01", "result": "ELECTED", "validFrom": "2027-01-01", "validTo": "2029-12-31"});
        ministry.patch("/v1/multilateralRoles/thu", elected).await.ok();
        for (day, expected) in [("2026-04-30", "CANDIDATE"), ("2026-05-01", "CHOSEN"), ("2027-01-01", "SERVING"), ("2030-01-01", "COMPLETED")] {
            assert_eq!(stage(day).await, expected, "{day}");
            let query = format!("asOf={day}&stage={expected}&body=thu");
            assert_eq!(world.nobody().all("multilateralRoles", &query).await.len(), 1, "{query}");
        }
        let backwards = ministry.patch("/v1/multilateralRoles/thu", json!({"validTo": "2026-12-31"})).await;
        assert_eq!(backwards.reason(400), "ROLE_DATES_BROKEN");
        let lost = ministry.patch("/v1/multilateralRoles/thu", json!({"result": "NOT_ELECTED"})).await;
        assert_eq!(lost.reason(400), "ROLE_DATES_BROKEN");
        let province = world.province("quang-ninh");
        assert_eq!(province.patch("/v1/multilateralRoles/thu", json!({"role": "Chủ tịch"})).await.reason(403), "PERMISSION_DENIED");
    }

    async fn since_when_there_are_relations_may_be_known_by_the_year_alone(world: &World) {
        let ministry = world.ministry();
        ministry.patch("/v1/countries/AD", json!({"relationsSince": "2001"})).await.ok();
        ministry.patch("/v1/countries/SM", json!({"relationsSince": "2001-07"})).await.ok();
        assert_eq!(ministry.patch("/v1/countries/SM", json!({"relationsSince": "2001-13"})).await.reason(400), "INVALID_ARGUMENT");
        let year = world.nobody().get("/v1/countries:anniversaries?year=2026&multipleOf=25").await.ok();
        let all = year["anniversaries"].as_array().expect("anniversaries");
        let date = |code: &str| all.iter().find(|it| it["country"] == format!("countries/{code}").as_str()).map(|it| it["date"].clone());
        assert_eq!((date("AD"), date("SM")), (Some(json!("2026")), Some(json!("2026-07"))), "{year}");
        assert_eq!(all[0]["country"], "countries/AD", "a year alone comes before its days: {year}");
    }

    async fn a_work_area_is_kept_by_the_ministry(world: &World) {
        let ministry = world.ministry();
        let area = json!({"displayName": "Ngoại giao số", "parent": "workAreas/kinh-te"});
        ministry.post("/v1/workAreas?workAreaId=ngoai-giao-so", area).await.ok();
        let own = ministry.patch("/v1/workAreas/ngoai-giao-so", json!({"parent": "workAreas/ngoai-giao-so"})).await;
        assert_eq!(own.reason(400), "INVALID_ARGUMENT");
        ministry.post("/v1/workAreas/ngoai-giao-so:retire", json!({})).await.ok();
        assert!(world.nobody().all("workAreas", "q=ngoai giao so").await.is_empty());
        let titled = ministry.patch("/v1/hsChapters/08", json!({"displayName": "Quả và quả hạch ăn được"})).await.ok();
        assert_eq!(titled["sectionNumeral"], "II", "{titled}");
        assert_eq!(world.province("quang-ninh").patch("/v1/hsChapters/08", json!({"section": 3})).await.reason(403), "PERMISSION_DENIED");
    }
}
