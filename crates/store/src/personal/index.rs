//! The blind index: words of personal data, by which whoever may see it finds its record. Of a word its beginnings are kept,
//! each as a keyed hash, so that one can search while typing, and whoever reads the table learns no word.

use std::collections::BTreeSet;

use api::Resource as _;
use chassis::caller::Caller;
use chassis::error::{Error, Result};
use prost_reflect::{DynamicMessage, Value};
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait};

use super::schema::PersonalWord as Column;
use super::seal::part;
use super::vault::Vault;
use crate::database;
use crate::entity::Row;
use crate::fold::fold;
use crate::pattern;
use crate::resource::Resource;
use crate::tx::Tx;
use crate::words::Wanted;

/// Text that is longer than this is told, not looked for.
const TEXT_MAX: usize = 300;
/// The longest beginning of a word that is kept; of a longer word, itself besides.
const BEGINNING_MAX: usize = 16;
/// So many digits are a number by which one is reached.
const DIGITS_MIN: usize = 6;
/// Rows that are inserted at once.
const CHUNK: usize = 200;

/// Something by which a person is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trait {
    /// A whole text, such as an e-mail address; case and diacritics do not matter.
    Whole(String),
    /// A number; nothing but its digits matters.
    Digits(String),
    /// Words of a name, all of them, in any order.
    Words(String),
}

impl Trait {
    fn tokens(&self) -> Vec<String> {
        match self {
            Trait::Whole(text) => vec![format!("={}", fold(text))],
            Trait::Digits(text) => vec![format!("#{}", digits(text))],
            Trait::Words(text) => words(&fold(text)).map(|word| format!("={word}")).collect(),
        }
    }

    /// The ids of the records of a collection that it fits.
    pub(super) fn ids(&self, vault: &Vault, collection: &str) -> Result<Vec<SelectStatement>> {
        self.tokens().iter().map(|token| with(vault, collection, token)).collect()
    }
}

/// The condition that a record has all of these words, each in its names, or in its personal data where the caller may see that.
pub(crate) fn having<R: Resource>(vault: &Vault, caller: &Caller, words: &[Wanted]) -> Result<Condition> {
    let may = R::PERSONAL_READERS.condition::<R>(caller);
    let mut all = Condition::all();
    for wanted in words {
        let named = pattern::like(R::Row::SEARCH_TEXT.as_column_ref(), wanted.pattern());
        let mut either = Condition::any().add(named);
        if let Some(may) = &may {
            let token = if wanted.whole { format!("={}", wanted.word) } else { format!("w{}", wanted.word) };
            let found = R::Row::ID.in_subquery(with(vault, R::Message::COLLECTION, &token)?);
            either = either.add(Condition::all().add(may.clone()).add(found));
        }
        all = all.add(either);
    }
    Ok(all)
}

fn with(vault: &Vault, collection: &str, token: &str) -> Result<SelectStatement> {
    let mut select = Query::select();
    select
        .column(Column::Id)
        .from(Column::Table)
        .and_where(Expr::col(Column::Collection).eq(collection))
        .and_where(Expr::col(Column::Word).eq(vault.blind(token)?));
    Ok(select)
}

/// Brings the index in line with a record that was written.
pub(crate) async fn keep<M: api::Resource>(tx: &Tx, record: &M) -> Result<()> {
    if M::PERSONAL.is_empty() {
        return Ok(());
    }
    let (collection, id) = (M::COLLECTION, record.id());
    let mut delete = Query::delete();
    delete
        .from_table(Column::Table)
        .and_where(Expr::col(Column::Collection).eq(collection))
        .and_where(Expr::col(Column::Id).eq(id));
    tx.execute(&delete).await.map_err(database)?;
    let vault = tx.vault()?;
    let tokens: Vec<Vec<u8>> =
        tokens(&texts(&part(record))?).iter().map(|token| vault.blind(token)).collect::<Result<_>>()?;
    for chunk in tokens.chunks(CHUNK) {
        let mut insert = Query::insert();
        insert.into_table(Column::Table).columns([Column::Collection, Column::Word, Column::Id]);
        for token in chunk {
            insert.values_panic([collection.into(), token.clone().into(), id.into()]);
        }
        tx.execute(&insert).await.map_err(database)?;
    }
    Ok(())
}

/// All texts in a message.
fn texts<M: api::Resource>(record: &M) -> Result<Vec<String>> {
    let described = api::pool().get_message_by_name(&M::full_name()).ok_or_else(|| Error::internal(M::full_name()))?;
    let message = DynamicMessage::decode(described, &*record.encode_to_vec()).map_err(Error::internal)?;
    let mut texts = Vec::new();
    message.fields().for_each(|(_, value)| collect(value, &mut texts));
    Ok(texts)
}

fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::List(values) => values.iter().for_each(|value| collect(value, into)),
        Value::Map(values) => values.values().for_each(|value| collect(value, into)),
        Value::Message(message) => message.fields().for_each(|(_, value)| collect(value, into)),
        _ => {}
    }
}

/// What is kept of texts: `=` and the whole or a whole word, `#` and the digits of a number, `w` and the beginnings of words.
fn tokens(texts: &[String]) -> BTreeSet<String> {
    let mut tokens = BTreeSet::new();
    for text in texts.iter().filter(|text| text.chars().count() <= TEXT_MAX) {
        let folded = fold(text);
        tokens.insert(format!("={folded}"));
        let digits = digits(&folded);
        let number = digits.len() >= DIGITS_MIN && !folded.chars().any(char::is_alphabetic);
        if number {
            tokens.insert(format!("#{digits}"));
        }
        for word in words(&folded).chain(number.then_some(digits.as_str())) {
            tokens.insert(format!("={word}"));
            let ends = word.char_indices().skip(1).map(|(at, _)| at).chain([word.len()]);
            tokens.extend(ends.take(BEGINNING_MAX).chain([word.len()]).map(|end| format!("w{}", &word[..end])));
        }
    }
    tokens
}

/// Runs of letters and digits.
fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::registry::v1::Contact;

    #[test]
    fn beginnings_of_words_whole_texts_and_numbers_are_kept() {
        let contact = Contact {
            display_name: "Nguyễn Lan".into(),
            phone: "+84 (24) 3799".into(),
            channels: vec!["Zalo: lan".into()],
            organization: "organizations/a".into(),
            ..Contact::default()
        };
        let tokens = tokens(&texts(&part(&contact)).unwrap());
        for token in ["=nguyen lan", "=lan", "wn", "wngu", "wnguyen", "#84243799", "w8424", "w3799", "=zalo: lan"] {
            assert!(tokens.contains(token), "{token} {tokens:?}");
        }
        assert!(tokens.iter().all(|token| !token.contains("organizations")), "{tokens:?}");
        assert_eq!(Trait::Words("LAN nguyễn".into()).tokens(), ["=lan", "=nguyen"]);
        assert_eq!(Trait::Digits("+84.24-3799".into()).tokens(), ["#84243799"]);
    }
}
