//! market_languages.csv

use api::registry::v1::Market;
use serde::Deserialize;

use super::{Broken, parts, rows, source};

#[derive(Deserialize)]
struct Row {
    country_iso: String,
    languages: String,
    source: String,
    confidence: String,
}

/// The countries and territories as markets, with the languages in which buyers there are addressed.
pub fn markets() -> Result<Vec<Market>, Broken> {
    let rows: Vec<Row> = rows("market_languages.csv", include_str!("../../data/market_languages.csv"))?;
    Ok(rows.into_iter().map(market).collect())
}

fn market(row: Row) -> Market {
    Market {
        name: format!("markets/{}", row.country_iso),
        country: format!("countries/{}", row.country_iso),
        languages: parts(&row.languages).collect(),
        source: source(row.source, row.confidence),
        ..Market::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_great_markets_have_their_languages() {
        let markets = markets().expect("the file parses");
        let spoken = |code: &str| {
            let market = markets.iter().find(|it| it.name == format!("markets/{code}")).expect("a market");
            market.languages.join(" ")
        };
        for (code, languages) in
            [("US", "en"), ("AU", "en"), ("JP", "ja"), ("CN", "zh"), ("KR", "ko"), ("CH", "de fr it"), ("AQ", "")]
        {
            assert_eq!(spoken(code), languages, "{code}");
        }
    }
}
