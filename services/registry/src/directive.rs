//! Directives, resolutions and conclusions: found by number however it is written, and known to be in force or replaced.

use std::collections::{BTreeMap, BTreeSet};

use api::registry::v1::directive_service_server::DirectiveService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::fold::fold;
use store::sea_orm::sea_query::SelectStatement;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use store::{Desc, Order, Reader, Reply, Scope, Store, Tx, View};
use tonic::Request;

use crate::agency::Agencies;
use crate::child::{self, child, position};
use crate::naming::{apart, plain};
use crate::period::{Span, first_day};
use crate::theme::Themes;
use crate::{reference, visible};

store::entity!(row, "directive", {
    kind: i32,
    number_key: String,
    issuer_text: String,
    issued: String,
    valid_from: String,
    valid_to: String,
});
child!(replaced_row, "directive_replaced", { replaced: String, valid_from: String });
child!(basis_row, "directive_basis", { basis: String });

/// The directives.
pub struct Directives {
    store: Store,
}

impl Directives {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

/// The days on which it is in force, for all that it says itself.
fn force(directive: &Directive) -> Span {
    let Directive { issued_date, valid_from, valid_to, .. } = directive;
    Span::of(if valid_from.is_empty() { issued_date } else { valid_from }, valid_to)
}

/// By name of the directive, those that replace it, each with its first day; the earliest first.
async fn replacements(
    from: &(impl Reader + Sync),
    scope: &Scope,
    names: Vec<String>,
) -> Result<BTreeMap<String, BTreeSet<(String, String)>>> {
    use replaced_row::Column;
    let found = replaced_row::Entity::find()
        .filter(Column::Replaced.is_in(names.iter().map(|name| id_of(name))))
        .filter(Column::Parent.in_subquery(visible::ids::<row::Entity>(scope)))
        .all(from)
        .await
        .map_err(store::database)?;
    let mut by: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for row in found {
        let replaced = format!("directives/{}", row.replaced);
        by.entry(replaced).or_default().insert((row.valid_from, format!("directives/{}", row.parent)));
    }
    Ok(by)
}

impl store::Resource for Directives {
    type Message = Directive;
    type List = ListDirectivesRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(directive: &Directive, row: &mut row::ActiveModel) {
        let Span { from, to } = force(directive);
        row.kind = Set(directive.kind);
        row.number_key = Set(key(&directive.number));
        row.issuer_text = Set(fold(&format!("{} {}", directive.issuer, directive.issuer_english)));
        row.issued = Set(first_day(&directive.issued_date));
        row.valid_from = Set(from);
        row.valid_to = Set(to);
    }

    fn filter(list: &ListDirectivesRequest, view: &View) -> Condition {
        use row::Column;
        let mut wanted = Condition::all();
        if list.kind != directive::Kind::Unspecified as i32 {
            wanted = wanted.add(Column::Kind.eq(list.kind));
        }
        if !list.number.is_empty() {
            wanted = wanted.add(Column::NumberKey.eq(key(&list.number)));
        }
        for word in plain(&list.issuer).split_whitespace() {
            wanted = wanted.add(Column::IssuerText.contains(word));
        }
        if !list.implements.is_empty() {
            let of = basis_row::Entity::find()
                .select_only()
                .column(basis_row::Column::Parent)
                .filter(basis_row::Column::Basis.eq(list.implements.as_str()));
            wanted = wanted.add(Column::Id.in_subquery(of.into_query()));
        }
        if !list.as_of.is_empty() {
            let day = view.as_of.to_string();
            wanted = wanted.add(Column::ValidFrom.lte(day.as_str())).add(Column::ValidTo.gte(day.as_str()));
            wanted = wanted.add(Column::Id.not_in_subquery(replaced_by(&day)));
        }
        wanted
    }

    fn search_words(directive: &Directive) -> Vec<&str> {
        let Directive { number, issuer, issuer_english, title, english_title, .. } = directive;
        let mut words = kind_words(directive.kind()).to_vec();
        // As in "Chỉ thị số 15-CT/TW".
        words.push("số");
        words.extend([number.as_str(), issuer, issuer_english, title, english_title]);
        // So that the number's parts are words by themselves, whatever stands between them.
        words.extend(number.split(|letter: char| !letter.is_alphanumeric()).filter(|part| !part.is_empty()));
        words
    }

    fn order() -> Order {
        Order::by(row::Column::Issued, Desc)
    }

    async fn prepare(tx: &Tx, before: Option<&Directive>, after: &mut Directive) -> Result<()> {
        let span = force(after);
        let broken = |why: String| Err(Error::of(DirectiveFailure::DirectiveOrderBroken).with("why", why));
        if span.is_broken() {
            return broken(format!("it ends on {} and begins on {}", span.to, span.from));
        }
        let themes = reference::new(&after.themes, before.into_iter().flat_map(|before| &before.themes));
        reference::check::<Themes>(tx, "directive.themes", themes).await?;
        let body = reference::new([&after.issuing_body], before.map(|before| &before.issuing_body));
        reference::check::<Agencies>(tx, "directive.issuing_body", body).await?;
        let basis = reference::new(&after.implements, before.into_iter().flat_map(|before| &before.implements));
        reference::check::<Self>(tx, "directive.implements", basis).await?;
        for name in reference::new(&after.replaces, before.into_iter().flat_map(|before| &before.replaces)) {
            if name == after.name {
                return broken("it cannot replace itself".to_owned());
            }
            store::require::<Self>(tx, "directive.replaces", &name).await?;
            let replaced = store::load::<Self>(tx, &tx.scope(), &name).await?;
            if force(&replaced).from > span.from {
                return broken(format!("{name}, which it replaces, begins later, on {}", force(&replaced).from));
            }
        }
        Ok(())
    }

    async fn index(tx: &Tx, directive: &Directive) -> Result<()> {
        let id = api::Resource::id(directive);
        let since = force(directive).from;
        let replaced = directive.replaces.iter().enumerate().map(|(at, name)| replaced_row::Model {
            parent: id.to_owned(),
            position: position(at),
            replaced: id_of(name).to_owned(),
            valid_from: since.clone(),
        });
        child::replace::<replaced_row::Entity>(tx, id, replaced.collect()).await.map_err(store::database)?;
        let basis = directive.implements.iter().enumerate().map(|(at, name)| basis_row::Model {
            parent: id.to_owned(),
            position: position(at),
            basis: name.clone(),
        });
        child::replace::<basis_row::Entity>(tx, id, basis.collect()).await.map_err(store::database)
    }

    /// What other records say of it: what replaced it, and whether it is in force for that.
    async fn complete(
        from: &(impl Reader + Sync),
        scope: &Scope,
        view: &View,
        directives: &mut [Directive],
    ) -> Result<()> {
        let names = directives.iter().map(|directive| directive.name.clone());
        let mut replaced = replacements(from, scope, names.collect()).await?;
        let day = view.as_of.to_string();
        for directive in directives {
            let by = replaced.remove(&directive.name).unwrap_or_default();
            let gone = by.iter().any(|(since, _)| *since <= day);
            directive.in_force = force(directive).contains(&day) && !gone;
            directive.replaced_by = by.into_iter().map(|(_, name)| name).collect();
        }
        Ok(())
    }
}

/// The ids of the directives that others replace from some day up to this one on.
fn replaced_by(day: &str) -> SelectStatement {
    use replaced_row::Column;
    let standing = row::Entity::find().select_only().column(row::Column::Id).filter(row::Column::RetiredAt.is_null());
    replaced_row::Entity::find()
        .select_only()
        .column(Column::Replaced)
        .filter(Column::ValidFrom.lte(day))
        .filter(Column::Parent.in_subquery(standing.into_query()))
        .into_query()
}

/// The id of a directive: kept without the collection, so that it can be compared with ids.
fn id_of(name: &str) -> &str {
    name.trim_start_matches("directives/")
}

/// A number without what its letters and separators differ in: `15-CT/TW` and `15 ct tw` are `15cttw`.
fn key(number: &str) -> String {
    plain(number).replace(' ', "")
}

/// What a document of this kind is called.
pub fn kind_words(kind: directive::Kind) -> &'static [&'static str] {
    use directive::Kind;
    match kind {
        Kind::Unspecified => &[],
        Kind::Directive => &["chỉ thị", "directive"],
        Kind::Resolution => &["nghị quyết", "resolution"],
        Kind::Conclusion => &["kết luận", "conclusion"],
        Kind::Decision => &["quyết định", "decision"],
        Kind::Law => &["luật", "law"],
        Kind::Decree => &["nghị định", "decree"],
        Kind::Plan => &["kế hoạch", "chương trình hành động", "plan"],
        Kind::Notice => &["thông báo", "notice"],
        Kind::Dispatch => &["công văn", "công điện", "dispatch"],
    }
}

#[tonic::async_trait]
impl DirectiveService for Directives {
    async fn get_directive(&self, request: Request<GetDirectiveRequest>) -> Reply<Directive> {
        store::get::<Self>(&self.store, request).await
    }

    async fn list_directives(&self, mut request: Request<ListDirectivesRequest>) -> Reply<ListDirectivesResponse> {
        let list = request.get_mut();
        list.q = apart(&list.q);
        store::list::<Self>(&self.store, request).await
    }

    async fn create_directive(&self, request: Request<CreateDirectiveRequest>) -> Reply<Directive> {
        store::create::<Self>(&self.store, request).await
    }

    async fn update_directive(&self, request: Request<UpdateDirectiveRequest>) -> Reply<Directive> {
        store::update::<Self>(&self.store, request).await
    }

    async fn retire_directive(&self, request: Request<RetireDirectiveRequest>) -> Reply<Directive> {
        store::retire::<Self>(&self.store, request).await
    }
}
