//! The sums of published figures by subject and year, kept in the transaction of every write so that a summary reads a few
//! hundred rows however many figures there are. A write touches the row of its own subject and year only: no row is hot.

use api::investment::v1::FdiFlow;
use chassis::error::Result;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, Func, OnConflict, Query, SelectStatement};
use sea_orm::{ConnectionTrait, QueryResult};
use store::{Tx, database};

use crate::fdi_rule;
use crate::figures::{Figure, Figures, NAMES};

/// The table.
pub const TABLE: &str = "fdi_rollup";

/// What identifies a row, in this order.
pub const KEY: [&str; 4] = ["series", "dimension", "subject", "year"];

/// The column that counts how many rows published a figure.
pub fn published(figure: &str) -> String {
    format!("{figure}_published")
}

/// Takes a row's figures as they were out of the sums and adds them as they are. A row that is withdrawn counts for nothing.
/// Gives how many rows the last sum that it touched is of.
pub async fn keep(tx: &Tx, before: Option<&FdiFlow>, after: &FdiFlow) -> Result<i64> {
    let counts = |flow: &&FdiFlow| flow.retire_time.is_none();
    let (before, after) = (before.filter(counts), Some(after).filter(counts));
    let mut flows = 0;
    match (before, after) {
        (Some(before), Some(after)) if place(before) == place(after) => {
            let mut difference = Figures::of(after);
            difference.subtract(&Figures::of(before));
            let renamed = before.published_name != after.published_name;
            if renamed || !difference.is_zero() {
                flows = add(tx, after, &difference).await?;
            }
        }
        _ => {
            if let Some(before) = before {
                let mut less = Figures::default();
                less.subtract(&Figures::of(before));
                flows = add(tx, before, &less).await?;
            }
            if let Some(after) = after {
                flows = add(tx, after, &Figures::of(after)).await?;
            }
        }
    }
    Ok(flows)
}

fn place(flow: &FdiFlow) -> (&str, i32, String, i32) {
    (&flow.series, flow.dimension, fdi_rule::summed_under(flow), fdi_rule::year(flow))
}

async fn add(tx: &Tx, flow: &FdiFlow, figures: &Figures) -> Result<i64> {
    let (series, dimension, subject, year) = place(flow);
    let mut columns: Vec<String> = KEY.iter().map(|column| (*column).to_owned()).collect();
    let mut values: Vec<Expr> = vec![series.into(), dimension.into(), subject.into(), year.into()];
    let mut update = OnConflict::columns(KEY.map(Alias::new));
    columns.push("display_name".into());
    values.push(flow.published_name.as_str().into());
    update.update_column(Alias::new("display_name"));
    for (column, value) in sums(figures) {
        let excluded = Expr::col((Alias::new("excluded"), Alias::new(column.as_str())));
        let sum = Expr::col((Alias::new(TABLE), Alias::new(column.as_str()))).add(excluded);
        update.value(Alias::new(column.as_str()), sum);
        columns.push(column);
        values.push(value.into());
    }
    let mut insert = Query::insert();
    insert
        .into_table(Alias::new(TABLE))
        .columns(columns.into_iter().map(Alias::new))
        .values_panic(values)
        .on_conflict(update)
        .returning_col(Alias::new("flows"));
    let row = tx.query_one(&insert).await.map_err(database)?;
    row.map_or(Ok(0), |row| row.try_get("", "flows")).map_err(database)
}

/// The columns of figures, with their values.
fn sums(figures: &Figures) -> Vec<(String, i64)> {
    let each = NAMES.iter().zip(&figures.values);
    let of_figures =
        each.flat_map(|(name, figure)| [((*name).to_owned(), figure.sum), (published(name), figure.published)]);
    [("flows".to_owned(), figures.flows)].into_iter().chain(of_figures).collect()
}

/// Which sums are read.
pub struct Cut {
    pub series: String,
    pub dimension: i32,
    pub years: (i32, i32),
    /// All subjects, if none.
    pub subjects: Option<Vec<String>>,
    pub by_subject: bool,
    pub by_year: bool,
}

/// A sum as read: of all subjects or all years, where it is not by them.
pub struct Sum {
    pub subject: String,
    pub display_name: String,
    pub year: i32,
    pub figures: Figures,
}

/// Reads the sums of a cut.
pub async fn read(db: &impl ConnectionTrait, cut: &Cut) -> Result<Vec<Sum>> {
    let rows = db.query_all(&select(cut)).await.map_err(database)?;
    rows.iter().map(|row| sum(row, cut)).collect::<Result<_, _>>().map_err(database)
}

fn select(cut: &Cut) -> SelectStatement {
    let column = |name: &str| Expr::col(Alias::new(name));
    let mut select = Query::select();
    let mut wanted = Condition::all()
        .add(column("series").eq(cut.series.as_str()))
        .add(column("dimension").eq(cut.dimension))
        .add(column("year").between(cut.years.0, cut.years.1));
    if let Some(subjects) = &cut.subjects {
        wanted = wanted.add(column("subject").is_in(subjects.iter().map(String::as_str)));
    }
    select.from(Alias::new(TABLE)).cond_where(wanted);
    if cut.by_subject {
        select.column(Alias::new("subject")).group_by_col(Alias::new("subject"));
        // Rows of one subject may bear different spellings; one of them will do.
        select.expr_as(Func::max(column("display_name")), Alias::new("display_name"));
    }
    if cut.by_year {
        select.column(Alias::new("year")).group_by_col(Alias::new("year"));
    }
    for (name, _) in sums(&Figures::default()) {
        // PostgreSQL adds big integers up to a number of another type.
        select.expr_as(column(&name).sum().cast_as(Alias::new("bigint")), Alias::new(name.as_str()));
    }
    select.to_owned()
}

fn sum(row: &QueryResult, cut: &Cut) -> Result<Sum, sea_orm::DbErr> {
    // An aggregate without groups has a row of nothing where there is nothing.
    let number = |column: &str| row.try_get::<Option<i64>>("", column).map(Option::unwrap_or_default);
    let mut figures = Figures { flows: number("flows")?, ..Figures::default() };
    for (figure, name) in figures.values.iter_mut().zip(NAMES) {
        *figure = Figure { sum: number(name)?, published: number(&published(name))? };
    }
    Ok(Sum {
        subject: if cut.by_subject { row.try_get("", "subject")? } else { String::new() },
        display_name: if cut.by_subject { row.try_get("", "display_name")? } else { String::new() },
        year: if cut.by_year { row.try_get("", "year")? } else { 0 },
        figures,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::sea_query::{PostgresQueryBuilder, SqliteQueryBuilder};

    #[test]
    fn a_summary_groups_in_the_database() {
        let cut = Cut {
            series: "annual_flow".into(),
            dimension: 1,
            years: (2015, 2020),
            subjects: Some(vec!["localities/bac-giang".into()]),
            by_subject: true,
            by_year: true,
        };
        for sql in [select(&cut).to_string(PostgresQueryBuilder), select(&cut).to_string(SqliteQueryBuilder)] {
            assert!(sql.contains(r#"GROUP BY "subject", "year""#), "{sql}");
            assert!(sql.contains(r#"CAST(SUM("capital_total") AS bigint)"#), "{sql}");
        }
    }
}
