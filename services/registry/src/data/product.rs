//! products.csv, geographical_indications.csv and promotion_assets.csv

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use api::registry::v1::promotion_asset::{Media, Status};
use api::registry::v1::{GeographicalIndication, Product, ProductSeason, PromotionAsset};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Broken, countries_of, parts, rows, source};

#[derive(Deserialize)]
struct Row {
    id: String,
    name_vi: String,
    name_en: String,
    other_names: String,
    localities: String,
    hs_codes: String,
    seasons: String,
    description: String,
    source: String,
    confidence: String,
}

#[derive(Deserialize)]
struct IndicationRow {
    product: String,
    country_iso: String,
    title: String,
    number: String,
    registered: String,
    source: String,
    confidence: String,
}

#[derive(Deserialize)]
struct AssetRow {
    id: String,
    product: String,
    media: String,
    language: String,
    title: String,
    target_markets: String,
    approved: String,
    source: String,
    confidence: String,
}

type Indications = BTreeMap<String, Vec<GeographicalIndication>>;

/// The products.
pub fn products() -> Result<Vec<Product>, Broken> {
    const FILE: &str = "geographical_indications.csv";
    let found: Vec<IndicationRow> = rows(FILE, include_str!("../../data/geographical_indications.csv"))?;
    let mut indications = Indications::new();
    for row in found {
        let indication = GeographicalIndication {
            country: format!("countries/{}", row.country_iso),
            title: row.title,
            number: row.number,
            registered_date: row.registered,
            source: source(row.source, row.confidence),
        };
        indications.entry(row.product).or_default().push(indication);
    }
    let rows: Vec<Row> = rows("products.csv", include_str!("../../data/products.csv"))?;
    let products = rows.into_iter().map(|row| product(row, &mut indications)).collect::<Result<_, _>>()?;
    match indications.keys().next() {
        Some(unknown) => Err(Broken(format!("{FILE}: {unknown} is not in products.csv"))),
        None => Ok(products),
    }
}

fn product(row: Row, indications: &mut Indications) -> Result<Product, Broken> {
    Ok(Product {
        name: format!("products/{}", row.id),
        display_name: row.name_vi,
        english_name: row.name_en,
        other_names: parts(&row.other_names).collect(),
        localities: parts(&row.localities).map(|slug| format!("localities/{slug}")).collect(),
        hs_codes: parts(&row.hs_codes).collect(),
        seasons: parts(&row.seasons).map(|months| season(&months)).collect::<Result<_, _>>()?,
        geographical_indications: indications.remove(&row.id).unwrap_or_default(),
        description: row.description,
        source: source(row.source, row.confidence),
        ..Product::default()
    })
}

/// Months as the file has them: 5-7.
fn season(months: &str) -> Result<ProductSeason, Broken> {
    let broken = || Broken(format!("products.csv: {months:?} is no season, such as 5-7"));
    let (from, to) = months.split_once('-').ok_or_else(broken)?;
    let month = |text: &str| text.parse::<i32>().map_err(|_| broken());
    Ok(ProductSeason { from_month: month(from)?, to_month: month(to)?, note: String::new() })
}

/// The promotion assets of these products.
pub fn promotion_assets(products: &[Product]) -> Result<Vec<PromotionAsset>, Broken> {
    let known: BTreeSet<&str> = products.iter().map(|product| product.name.as_str()).collect();
    let rows: Vec<AssetRow> = rows("promotion_assets.csv", include_str!("../../data/promotion_assets.csv"))?;
    rows.into_iter().map(|row| asset(row, &known)).collect()
}

fn asset(row: AssetRow, known: &BTreeSet<&str>) -> Result<PromotionAsset, Broken> {
    let broken = |what: &str, value: &str| Broken(format!("promotion_assets.csv: {}: no {what} {value:?}", row.id));
    let product = format!("products/{}", row.product);
    if !known.contains(product.as_str()) {
        return Err(broken("product", &product));
    }
    let media = Media::from_str_name(&row.media).ok_or_else(|| broken("media", &row.media))?;
    let noon: DateTime<Utc> =
        format!("{}T12:00:00+07:00", row.approved).parse().map_err(|_| broken("day", &row.approved))?;
    Ok(PromotionAsset {
        name: format!("promotionAssets/{}", row.id),
        product,
        title: row.title,
        media: media as i32,
        language: row.language,
        target_markets: countries_of(&row.target_markets),
        version: 1,
        status: Status::Approved as i32,
        approve_time: Some(SystemTime::from(noon).into()),
        source: source(row.source, row.confidence),
        ..PromotionAsset::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn litchi_and_noodles_are_there_in_three_languages() {
        let products = products().expect("the files parse");
        let named: Vec<&str> = products.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(named, ["products/vai-thieu", "products/my-chu"]);
        let litchi = &products[0];
        assert_eq!(
            (litchi.hs_codes.join(" ").as_str(), litchi.localities.join(" ").as_str()),
            ("081090", "localities/bac-giang")
        );
        assert_eq!((litchi.seasons[0].from_month, litchi.seasons[0].to_month), (5, 7));
        assert_eq!(litchi.geographical_indications.len(), 2);
        let assets = promotion_assets(&products).expect("the file parses");
        for product in named {
            let languages: BTreeSet<&str> =
                assets.iter().filter(|it| it.product == product).map(|it| it.language.as_str()).collect();
            assert_eq!(languages.into_iter().collect::<Vec<_>>(), ["en", "ja", "zh"], "{product}");
        }
    }

    #[test]
    fn a_season_is_two_months() {
        assert!(season("11-2").is_ok());
        for broken in ["5", "May-July", "-", ""] {
            assert!(season(broken).is_err(), "{broken}");
        }
    }
}
