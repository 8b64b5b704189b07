//! Records that have several words: the leading one is followed, the others are looked up for each of its records, all within
//! the index. What two frequent words have in common is found without a look at the records of either.

use chassis::error::Result;
use sea_orm::{ConnectionTrait, Value};

use super::{IDS, Index, number};
use crate::database;

impl Index<'_> {
    /// The records that have one of the leading words, and for each word beside it one of its entries: of the next ones, at
    /// least so many of the leading word; by id. And up to which id they are all of them, if there may be more.
    pub async fn together(
        &self,
        leading: &[String],
        beside: &[Vec<String>],
        after: &str,
        each: usize,
    ) -> Result<(Vec<String>, Option<String>)> {
        let until = self.until(leading, after, each).await?;
        let mut values: Vec<Value> =
            vec![self.kind.into(), after.into(), until.clone().unwrap_or_else(|| super::LAST.to_string()).into()];
        let mut places = |entries: &[String]| {
            let places = entries.iter().map(|entry| {
                values.push(entry.as_str().into());
                format!("${}", values.len())
            });
            places.collect::<Vec<_>>().join(", ")
        };
        let leading = places(leading);
        let beside: Vec<String> = beside.iter().map(|entries| places(entries)).collect();
        let mut ids = self.texts(&statement(&leading, &beside), values).await?;
        ids.dedup();
        Ok((ids, until))
    }

    /// Up to which id the next ones of each of these words go; `None` if there are no more of any.
    async fn until(&self, words: &[String], after: &str, each: usize) -> Result<Option<String>> {
        let last = |at: usize| {
            let ids = IDS.replace("$4", &format!("${}", at + 4));
            format!("SELECT max(id), count(*) FROM ({ids}) AS w{at}")
        };
        let sql = (0..words.len()).map(last).collect::<Vec<_>>().join(" UNION ALL ");
        let given = [self.kind.into(), after.into(), number(each)];
        let values = given.into_iter().chain(words.iter().map(|word| word.as_str().into()));
        let mut until: Option<String> = None;
        for row in self.db.query_all_raw(self.statement(&sql, values)).await.map_err(database)? {
            let (last, count): (Option<String>, i64) =
                (row.try_get_by(0).map_err(database)?, row.try_get_by(1).map_err(database)?);
            let full = usize::try_from(count).is_ok_and(|count| count == each);
            if let Some(last) = last.filter(|_| full) {
                until = Some(until.map_or(last.clone(), |until| until.min(last)));
            }
        }
        Ok(until)
    }
}

/// A value, not a join, for each word beside: databases look it up record by record and never read the whole of a frequent
/// word.
fn statement(leading: &str, beside: &[String]) -> String {
    let mut sql =
        format!("SELECT w.id FROM word w WHERE w.kind = $1 AND w.word IN ({leading}) AND w.id > $2 AND w.id <= $3");
    for entries in beside {
        sql.push_str(&format!(
            " AND (SELECT 1 FROM word b WHERE b.kind = $1 AND b.word IN ({entries}) AND b.id = w.id LIMIT 1) = 1"
        ));
    }
    sql.push_str(" ORDER BY w.id");
    sql
}

/// The statement for two words, of which the second has two entries.
pub(super) fn example() -> String {
    statement("$4", &["$5, $6".to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_beside_is_looked_up_by_itself() {
        let expected = "SELECT w.id FROM word w WHERE w.kind = $1 AND w.word IN ($4) AND w.id > $2 AND w.id <= $3 \
             AND (SELECT 1 FROM word b WHERE b.kind = $1 AND b.word IN ($5, $6) AND b.id = w.id LIMIT 1) = 1 ORDER BY w.id";
        assert_eq!(example(), expected);
    }
}
