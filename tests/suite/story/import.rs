//! Taking a file of published figures: in numbers as written in Viet Nam, whole or not at all, twice without effect.

use crate::world::shell::{Printed, ngkt};
use crate::world::{World, scratch_claims};

const HEADER: &str = "series,period_from,period_to,dimension,locality_slug,partner_iso,sector_vsic2018,name_vi,projects_new,\
capital_new_musd,adjustments,capital_adjusted_musd,ma_deals,ma_capital_musd,capital_total_musd,projects_stock,\
capital_stock_musd,capital_realised_musd,source,confidence";

scratch_claims! {
    async fn a_file_with_vietnamese_numbers_is_taken_once(world: &World) {
        let rows = [
            r#"annual_flow,2021-01-01,2021-12-31,locality,bac-giang,,,Bắc Giang,1.234,"4.046,5",2,"1,5",,,"4.048,0",,,,FIA,high"#,
            r#"annual_flow,2021-01-01,2021-12-31,locality,bac-ninh,,,Bắc Ninh,"99","1.000,25",2,"-3,25",1,"3","1.000",,,,FIA,high"#,
        ];
        let file = file(world, "2021.csv", &rows);
        let first = import(world, &file, &["--dry-run"]).await;
        assert!(first.ok().starts_with("2 rows: 2 created, 0 updated, 0 unchanged"), "{first:?}");
        let first = import(world, &file, &[]).await;
        assert_eq!(first.ok(), "2 rows: 2 created, 0 updated, 0 unchanged\n");
        let again = import(world, &file, &[]).await;
        assert_eq!(again.ok(), "2 rows: 0 created, 0 updated, 2 unchanged\n");

        let query = "breakdown=LOCALITY&view=ROLLED_UP&locality=localities/bac-ninh&fromYear=2021&toYear=2021";
        let sums = world.nobody().get(&format!("/v1/fdiFlows:summarize?{query}")).await.ok();
        assert_eq!(sums["total"]["capitalTotalMusd"].as_f64(), Some(5_048.0), "{sums}");
        assert_eq!(sums["total"]["capitalNewMusd"].as_f64(), Some(5_046.75), "{sums}");
        let listed = world.nobody().all("fdiFlows", "locality=localities/bac-giang&fromYear=2021&toYear=2021").await;
        assert_eq!((listed[0]["projectsNew"].as_i64(), listed[0]["capitalTotalMusd"].as_f64()), (Some(1_234), Some(4_048.0)), "{listed:?}");
    }

    async fn a_bad_file_is_refused_whole_with_every_row_and_field(world: &World) {
        let before = world.nobody().all("fdiFlows", "fromYear=2022&toYear=2022").await;
        let rows = [
            "annual_flow,2022-01-01,2022-12-31,locality,ha-noi,,,Hà Nội,1,2.5,,,,,2.5,,,,FIA,high",
            "annual_flow,2022-01-01,2022-12-31,locality,atlantis,,,Atlantis,1,2.5,,,,,2.5,,,,FIA,high",
            "annual_flow,2022-01-01,2022-02-30,locality,ha-noi,,,Hà Nội,many,2.5,,,,,2.5,,,,FIA,high",
        ];
        let refused = import(world, &file(world, "bad.csv", &rows), &[]).await;
        let complaint = refused.complaint();
        for named in ["locality_slug", "period_to", "projects_new"] {
            assert!(complaint.contains(named), "{named} is not named: {complaint}");
        }
        // Rows are counted as a spreadsheet counts them: the header is the first.
        assert!(complaint.contains('3') && complaint.contains('4'), "{complaint}");
        assert_eq!(world.nobody().all("fdiFlows", "fromYear=2022&toYear=2022").await, before);
    }

    async fn whoever_may_not_import_is_told_so(world: &World) {
        let file = file(world, "refused.csv", &[]);
        let nobody = ngkt(&["import", "fdi", &file, "--url", &world.url()]).await;
        assert!(nobody.complaint().contains("401"), "{nobody:?}");
        let mission = world.mission("vn-in-emb");
        let refused = ngkt(&["import", "fdi", &file, "--url", &world.url(), "--token", mission.token()]).await;
        assert!(refused.complaint().contains("403"), "{refused:?}");
        let missing = ngkt(&["import", "fdi", "/nowhere.csv", "--url", &world.url()]).await;
        assert!(missing.complaint().contains("/nowhere.csv"), "{missing:?}");
    }
}

async fn import(world: &World, file: &str, more: &[&str]) -> Printed {
    let (url, ministry) = (world.url(), world.ministry());
    let mut arguments = vec!["import", "fdi", file, "--url", &url, "--token", ministry.token()];
    arguments.extend(more);
    ngkt(&arguments).await
}

fn file(world: &World, name: &str, rows: &[&str]) -> String {
    let path = world.running().folder().join(name);
    std::fs::write(&path, format!("{HEADER}\n{}\n", rows.join("\n"))).expect("the world's folder can be written");
    path.display().to_string()
}
