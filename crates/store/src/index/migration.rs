//! The index's table, and its first entries in a database that has records already.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, SchemaManagerConnection};

use super::{Words, insertion, kind};
use crate::words::{entries, text};

/// How many rows are brought up to date at a time.
const CHUNK: i64 = 500;

/// Records that the platform makes many at a time: found through their owner, not by the index.
const NOT_INDEXED: [&str; 2] = ["delivery", "inbox_message"];

/// Makes the table, brings the kept texts of all records into their form, and indexes them. Their texts did not tell names
/// apart, so that of each all names are one, until [`refill`](super::refill).
pub(crate) struct M20261122Words;

impl MigrationName for M20261122Words {
    fn name(&self) -> &str {
        "M20261122Words"
    }
}

#[tonic::async_trait]
impl MigrationTrait for M20261122Words {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let (text, end) = match db.get_database_backend() {
            DbBackend::Postgres => (r#"text COLLATE "C" NOT NULL"#, ""),
            // The key is all there is to an entry: no second copy of it beside the table.
            _ => ("text NOT NULL", " WITHOUT ROWID"),
        };
        let create = format!(
            "CREATE TABLE word (kind integer NOT NULL, word {text}, id {text}, PRIMARY KEY (kind, word, id)){end}"
        );
        db.execute_unprepared(&create).await?;
        for table in tables(db).await? {
            fill(db, &table).await?;
        }
        Ok(())
    }
}

/// The tables of records.
async fn tables(db: &SchemaManagerConnection<'_>) -> Result<Vec<String>, DbErr> {
    let backend = db.get_database_backend();
    let select = match backend {
        DbBackend::Postgres => {
            "SELECT table_name::text FROM information_schema.columns \
             WHERE table_schema = current_schema() AND column_name = 'search_text' ORDER BY 1"
        }
        _ => {
            "SELECT m.name FROM sqlite_master m WHERE m.type = 'table' AND EXISTS \
             (SELECT 1 FROM pragma_table_info(m.name) c WHERE c.name = 'search_text') ORDER BY 1"
        }
    };
    let rows = db.query_all_raw(Statement::from_string(backend, select)).await?;
    rows.iter().map(|row| row.try_get_by(0)).collect()
}

async fn fill(db: &SchemaManagerConnection<'_>, table: &str) -> Result<(), DbErr> {
    let backend = db.get_database_backend();
    let select = format!(r#"SELECT id, search_text FROM "{table}" WHERE id > $1 ORDER BY id LIMIT $2"#);
    let update = format!(r#"UPDATE "{table}" SET search_text = $1 WHERE id = $2"#);
    let mut after = String::new();
    loop {
        let values = [after.as_str().into(), CHUNK.into()];
        let rows = db.query_all_raw(Statement::from_sql_and_values(backend, &select, values)).await?;
        let mut added = Vec::new();
        for row in &rows {
            let (id, known): (String, String) = (row.try_get_by(0)?, row.try_get_by(1)?);
            let text = text([known.as_str()]);
            after.clone_from(&id);
            let words: Vec<String> = entries(&text).into_iter().collect();
            db.execute_raw(Statement::from_sql_and_values(backend, &update, [text.into(), id.as_str().into()])).await?;
            if !words.is_empty() {
                added.push(Words { kind: kind(table), id, words });
            }
        }
        if !NOT_INDEXED.contains(&table) && !added.is_empty() {
            db.execute_raw(insertion(&added, backend)).await?;
        }
        if rows.is_empty() {
            return Ok(());
        }
    }
}
