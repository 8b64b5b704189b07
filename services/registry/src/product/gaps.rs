//! What a product has and lacks in a market: rules without a database.

use api::registry::v1::ProductMarketGaps;
use api::registry::v1::product_market_gaps::Gap;
use chassis::error::{Error, Result};

use crate::channel_listing::Shelf;
use crate::naming::named;
use crate::promotion_asset::Material;

/// The most markets that one question is about, however they are written.
const MARKETS_MAX: usize = 250;

/// A market as it was asked for.
#[derive(Debug, PartialEq)]
pub struct Asked {
    /// The field in which it was given.
    pub field: String,
    /// The country.
    pub country: String,
}

/// The markets that the values of a parameter name, each once: one in a value, or several parted by commas.
pub fn asked(values: &[String]) -> Result<Vec<Asked>> {
    let mut markets: Vec<Asked> = Vec::new();
    for (at, value) in values.iter().enumerate() {
        let field = format!("markets[{at}]");
        for part in value.split(',').map(str::trim) {
            if part.is_empty() {
                return Err(Error::invalid(field, "names no country where one is expected"));
            }
            let country = named("countries", part);
            if markets.iter().all(|market| market.country != country) {
                markets.push(Asked { field: field.clone(), country });
            }
        }
    }
    match markets.get(MARKETS_MAX) {
        Some(one) => Err(Error::invalid(&one.field, format!("must leave at most {MARKETS_MAX} markets in all"))),
        None => Ok(markets),
    }
}

/// Whether what is in this language is understood where that one is spoken: ja covers ja, and so does ja-JP; zh-Hans is not
/// what a market of zh-Hant wants.
pub fn covers(tag: &str, spoken: &str) -> bool {
    let (tag, spoken) = (tag.to_lowercase(), spoken.to_lowercase());
    tag == spoken || tag.strip_prefix(&spoken).is_some_and(|rest| rest.starts_with('-'))
}

/// What there is for one market, and what is not.
pub fn of(market: &str, languages: &[String], materials: &[Material], shelves: &[Shelf]) -> ProductMarketGaps {
    let spoken = |it: &&Material| languages.iter().any(|language| covers(&it.language, language));
    let meant: Vec<&Material> = materials.iter().filter(|it| it.is_for(market)).filter(spoken).collect();
    let (approved, drafts): (Vec<&Material>, Vec<&Material>) = meant.into_iter().partition(|it| it.approved);
    let covered = |language: &&String| approved.iter().any(|it| covers(&it.language, language));
    let (_, uncovered): (Vec<&String>, Vec<&String>) = languages.iter().partition(covered);
    let there: Vec<&Shelf> = shelves.iter().filter(|shelf| shelf.markets.iter().any(|it| it == market)).collect();
    let mut gaps = Vec::new();
    match (languages.is_empty(), approved.is_empty(), drafts.is_empty()) {
        (true, ..) => gaps.push(Gap::LanguagesUnknown),
        (false, true, true) => gaps.push(Gap::NoAsset),
        (false, true, false) => gaps.push(Gap::NoApprovedAsset),
        (false, false, _) => {}
    }
    if there.is_empty() {
        gaps.push(Gap::NoListing);
    }
    let names = |materials: &[&Material]| materials.iter().map(|it| it.name.clone()).collect();
    ProductMarketGaps {
        market: market.to_owned(),
        languages: languages.to_vec(),
        assets: names(&approved),
        drafts: names(&drafts),
        uncovered_languages: uncovered.into_iter().cloned().collect(),
        listings: there.into_iter().map(|shelf| shelf.name.clone()).collect(),
        gaps: gaps.into_iter().map(|gap| gap as i32).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn material(name: &str, language: &str, markets: &[&str], approved: bool) -> Material {
        let markets = markets.iter().map(|code| format!("countries/{code}")).collect();
        Material { name: name.into(), language: language.into(), markets, approved }
    }

    fn spoken(languages: &str) -> Vec<String> {
        languages.split(' ').filter(|it| !it.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn markets_are_given_with_commas_or_one_by_one() {
        let values = |values: &[&str]| values.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let codes = |given: &[&str]| {
            let found = asked(&values(given)).expect("markets");
            found.iter().map(|it| it.country.trim_start_matches("countries/").to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(codes(&["US,AU, jp"]), "US AU JP");
        assert_eq!(codes(&["US", "countries/AU", "US,KR"]), "US AU KR");
        for (given, field) in [(&["US,,AU"][..], "markets[0]"), (&["US", " "], "markets[1]")] {
            assert!(asked(&values(given)).expect_err("an empty one").to_string().contains(field), "{given:?}");
        }
    }

    #[test]
    fn a_language_covers_itself_in_every_region() {
        for (tag, market, expected) in [
            ("ja", "ja", true),
            ("ja-JP", "ja", true),
            ("JA", "ja", true),
            ("jav", "ja", false),
            ("zh", "zh-Hant", false),
            ("zh-Hans", "zh-Hant", false),
            ("zh-Hant-TW", "zh-Hant", true),
            ("zxx", "en", false),
        ] {
            assert_eq!(covers(tag, market), expected, "{tag} in a market of {market}");
        }
    }

    #[test]
    fn each_market_tells_what_it_lacks() {
        use Gap::*;
        let materials = [
            material("clip-en", "en", &["US", "AU"], true),
            material("clip-ja", "ja", &["JP"], true),
            material("leaflet-en", "en-GB", &[], true),
            material("clip-fr", "fr", &["CH"], false),
            material("picture", "zxx", &[], true),
        ];
        let shelf = Shelf { name: "shop".into(), markets: vec!["countries/US".into()] };
        for (market, languages, assets, drafts, uncovered, gaps) in [
            ("US", "en", "clip-en leaflet-en", "", "", vec![]),
            ("AU", "en", "clip-en leaflet-en", "", "", vec![NoListing]),
            ("JP", "ja", "clip-ja", "", "", vec![NoListing]),
            ("KR", "ko", "", "", "ko", vec![NoAsset, NoListing]),
            ("CH", "de fr it", "", "clip-fr", "de fr it", vec![NoApprovedAsset, NoListing]),
            ("SG", "en zh", "leaflet-en", "", "zh", vec![NoListing]),
            ("AQ", "", "", "", "", vec![LanguagesUnknown, NoListing]),
        ] {
            let country = format!("countries/{market}");
            let found = of(&country, &spoken(languages), &materials, std::slice::from_ref(&shelf));
            assert_eq!(found.assets.join(" "), assets, "{market}");
            assert_eq!(found.drafts.join(" "), drafts, "{market}");
            assert_eq!(found.uncovered_languages.join(" "), uncovered, "{market}");
            assert_eq!(found.gaps().collect::<Vec<_>>(), gaps, "{market}");
        }
    }
}
