//! Keys under which bodies that may be the same are found together, so that of a million a few hundred are compared. A body
//! has some dozen of them; two bodies that a person would take for one share at least one.

use std::collections::BTreeSet;

use store::Tx;
use store::sea_orm::sea_query::{Alias, Expr, ExprTrait, IntoIden, Query, SelectStatement, UnionType};
use store::sea_orm::{ConnectionTrait, DbErr};

use super::name::Name;
use super::score::Profile;
use super::words::Weight;

/// How keys are made: raised when they are made otherwise, so that those of before are made anew.
pub const VERSION: i32 = 1;

/// The table of keys.
pub const TABLE: &str = "organization_key";

/// The longest key, in characters.
const LENGTH_MAX: usize = 80;
/// Letters at either end of a name, by which names with a slip in them are found.
const END: usize = 8;
/// Of how many names keys are made, and of how many words of each pairs.
const NAMES_MAX: usize = 20;
const WORDS_MAX: usize = 5;
/// Bodies that are looked at for each key: those of a key that more bear are found by their other keys.
const EACH_MAX: u64 = 100;
/// Bodies that are looked at in all.
const ALL_MAX: usize = 500;

/// The keys under which a body is kept.
pub fn kept(body: &Profile) -> BTreeSet<String> {
    let mut keys = common(body);
    for (_, name) in body.names.iter().take(NAMES_MAX) {
        if let [word] = telling(name).as_slice() {
            keys.insert(key('o', word));
        }
    }
    keys
}

/// The keys under which bodies are looked for that may be this one, the surest first.
fn asked(body: &Profile) -> Vec<String> {
    let mut keys = common(body);
    for (_, name) in body.names.iter().take(NAMES_MAX) {
        keys.extend(telling(name).iter().take(WORDS_MAX).map(|word| key('o', word)));
    }
    let mut keys: Vec<String> = keys.into_iter().collect();
    let rank = |key: &String| "#@=~pio<>".find(key.chars().next().unwrap_or_default());
    keys.sort_by_key(rank);
    keys
}

fn common(body: &Profile) -> BTreeSet<String> {
    let mut keys: BTreeSet<String> =
        body.numbers.iter().flat_map(|number| number.forms()).map(|form| key('#', &form)).collect();
    if !body.site.is_empty() {
        keys.insert(key('@', &body.site));
    }
    for (_, name) in body.names.iter().take(NAMES_MAX) {
        of_name(name, &mut keys);
    }
    keys
}

fn of_name(name: &Name, keys: &mut BTreeSet<String>) {
    let joined = name.joined();
    keys.insert(key('=', &joined));
    keys.insert(key('=', &name.spelled));
    keys.insert(key('~', &name.sorted().join(" ")));
    let telling = telling(name);
    let words: Vec<&str> = telling.into_iter().take(WORDS_MAX).collect();
    for (at, one) in words.iter().enumerate() {
        keys.extend(words[at + 1..].iter().map(|other| key('p', &format!("{one} {other}"))));
    }
    match name.words.as_slice() {
        [word] if word.weight == Weight::Own => {
            keys.insert(key('i', &word.text));
        }
        [_, _, _, ..] => {
            keys.insert(key('i', &name.initials));
        }
        _ => {}
    }
    let letters: Vec<char> = joined.chars().collect();
    if letters.len() >= END {
        keys.insert(key('<', &letters[..END].iter().collect::<String>()));
        keys.insert(key('>', &letters[letters.len() - END..].iter().collect::<String>()));
    }
}

/// The words that tell which body is meant, in alphabetical order.
fn telling(name: &Name) -> Vec<&str> {
    let tells = |weight: Weight| matches!(weight, Weight::Own | Weight::Number | Weight::Place);
    let words: BTreeSet<&str> =
        name.words.iter().filter(|word| tells(word.weight)).map(|word| word.text.as_str()).collect();
    words.into_iter().collect()
}

fn key(kind: char, text: &str) -> String {
    std::iter::once(kind).chain(text.chars().take(LENGTH_MAX)).collect()
}

/// Writes the keys of a body in place of those that it had.
pub async fn keep(tx: &Tx, id: &str, body: &Profile) -> Result<(), DbErr> {
    let mut delete = Query::delete();
    delete.from_table(Alias::new(TABLE)).and_where(Expr::col(Alias::new("parent")).eq(id));
    tx.execute(&delete).await?;
    let mut insert = Query::insert();
    insert.into_table(Alias::new(TABLE)).columns([Alias::new("key"), Alias::new("parent")]);
    let keys = kept(body);
    if keys.is_empty() {
        return Ok(());
    }
    for key in keys {
        insert.values_panic([key.into(), id.into()]);
    }
    tx.execute(&insert).await.map(drop)
}

/// The ids of the bodies that share a key with this one, those with the surest keys first.
pub async fn candidates(db: &impl ConnectionTrait, body: &Profile) -> Result<Vec<String>, DbErr> {
    let mut parts = asked(body).into_iter().enumerate().map(|(rank, key)| part(rank, &key));
    let Some(mut select) = parts.next() else { return Ok(Vec::new()) };
    for part in parts {
        select.union(UnionType::All, part);
    }
    let mut found: Vec<(i32, String)> = Vec::new();
    for row in db.query_all(&select).await? {
        found.push((row.try_get_by(0)?, row.try_get_by(1)?));
    }
    found.sort();
    let mut seen = BTreeSet::new();
    let ids = found.into_iter().map(|(_, id)| id).filter(|id| seen.insert(id.clone()));
    Ok(ids.take(ALL_MAX).collect())
}

/// The bodies with one key.
fn part(rank: usize, key: &str) -> SelectStatement {
    let mut inner = Query::select();
    inner
        .column(Alias::new("parent"))
        .from(Alias::new(TABLE))
        .and_where(Expr::col(Alias::new("key")).eq(key))
        .order_by(Alias::new("parent"), store::sea_orm::Order::Asc)
        .limit(EACH_MAX);
    let rank = i32::try_from(rank).unwrap_or(i32::MAX);
    let mut part = Query::select();
    part.expr(Expr::cust(rank.to_string()))
        .column(Alias::new("parent"))
        .from_subquery(inner, Alias::new(format!("k{rank}")).into_iden());
    part
}

#[cfg(test)]
mod tests {
    use super::super::score::taken_apart;
    use super::*;

    fn profile(name: &str) -> Profile {
        Profile { names: taken_apart(std::iter::once(&name.to_owned())), ..Profile::default() }
    }

    #[test]
    fn whoever_may_be_one_shares_a_key() {
        for (one, other) in [
            ("Công ty TNHH Một thành viên ABC Việt Nam", "ABC Vietnam Co., Ltd"),
            ("Hoàng Minh Phát JSC", "Phát Hoàng Minh"),
            ("Vingroup", "Vin Group"),
            ("Công ty CP Sữa Vinamilk", "CTCP Sua Vinamilc"),
            ("May 10", "Tổng công ty May 10 - CTCP"),
            ("Hòa Phát Dung Quất Steel", "Thép Hòa Phát"),
            ("PVD", "Petro Viet Drill"),
        ] {
            let kept = kept(&profile(other));
            let asked = asked(&profile(one));
            assert!(asked.iter().any(|key| kept.contains(key)), "{one} ~ {other}: {asked:?} {kept:?}");
            assert!(kept.len() <= 24, "{kept:?}");
        }
    }
}
