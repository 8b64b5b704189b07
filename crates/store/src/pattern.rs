//! Conditions on what a text holds. The pattern is joined to an empty text: where a bound value alone stands behind LIKE,
//! SQLite plans the statement anew for each value.

use sea_orm::sea_query::{BinOper, Expr, ExprTrait, IntoColumnRef};

/// The column holds this text.
pub(crate) fn holds(column: impl IntoColumnRef, text: &str) -> Expr {
    escaped(column, format!("%{}%", escape(text)))
}

/// The column begins with this text.
pub(crate) fn begins(column: impl IntoColumnRef, text: &str) -> Expr {
    escaped(column, format!("{}%", escape(text)))
}

/// The column is as a pattern says that has nothing to escape.
pub(crate) fn like(column: impl IntoColumnRef, pattern: String) -> Expr {
    Expr::col(column).binary(BinOper::Like, joined(pattern))
}

fn escaped(column: impl IntoColumnRef, pattern: String) -> Expr {
    let escape = Expr::Constant('\\'.into());
    Expr::col(column).binary(BinOper::Like, joined(pattern).binary(BinOper::Escape, escape))
}

fn joined(pattern: String) -> Expr {
    Expr::cust("''").binary(BinOper::Custom("||"), pattern)
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::{Query, SqliteQueryBuilder};

    use super::*;

    #[test]
    fn wildcards_are_letters_like_others() {
        assert_eq!(escape(r"50%_a\b"), r"50\%\_a\\b");
    }

    #[test]
    fn a_pattern_is_no_bound_value_by_itself() {
        let sql = |condition| Query::select().expr(condition).build(SqliteQueryBuilder).0;
        assert_eq!(sql(like("c", "%a%".to_owned())), r#"SELECT "c" LIKE (('') || ?)"#);
        assert_eq!(sql(holds("c", "a")), r#"SELECT "c" LIKE (('') || ?) ESCAPE '\'"#);
    }
}
