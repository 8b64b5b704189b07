//! How bodies stand to one another over time.

use api::registry::v1::organization_relation_service_server::OrganizationRelationService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use store::{Scope, Store, Tx, View};

use crate::period::Span;
use crate::reference;

store::entity!(row, "organization_relation", {
    kind: i32,
    source: String,
    target: String,
    valid_from: String,
    valid_to: String,
});

/// The relations.
pub struct OrganizationRelations {
    store: Store,
}

impl OrganizationRelations {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl store::Resource for OrganizationRelations {
    type Message = OrganizationRelation;
    type List = ListOrganizationRelationsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Government;

    fn columns(relation: &OrganizationRelation, row: &mut row::ActiveModel) {
        let span = Span::of(&relation.valid_from, &relation.valid_to);
        row.kind = Set(relation.kind);
        row.source = Set(relation.from.clone());
        row.target = Set(relation.to.clone());
        row.valid_from = Set(span.from);
        row.valid_to = Set(span.to);
    }

    fn filter(list: &ListOrganizationRelationsRequest, _: &View) -> Condition {
        use row::Column;
        let text = |column: Column, value: &str| (!value.is_empty()).then(|| column.eq(value));
        let either =
            Condition::any().add(Column::Source.eq(list.body.as_str())).add(Column::Target.eq(list.body.as_str()));
        let day = list.as_of.as_str();
        let holds = Condition::all().add(Column::ValidFrom.lte(day)).add(Column::ValidTo.gte(day));
        Condition::all()
            .add_option(text(Column::Source, &list.from))
            .add_option(text(Column::Target, &list.to))
            .add_option((list.kind != 0).then(|| Column::Kind.eq(list.kind)))
            .add_option((!list.body.is_empty()).then_some(either))
            .add_option((!day.is_empty()).then_some(holds))
    }

    fn search_words(relation: &OrganizationRelation) -> Vec<&str> {
        vec![&relation.note]
    }

    async fn prepare(tx: &Tx, before: Option<&OrganizationRelation>, after: &mut OrganizationRelation) -> Result<()> {
        if Span::of(&after.valid_from, &after.valid_to).is_broken() {
            return Err(Error::invalid("organization_relation.valid_to", "must not be before valid_from"));
        }
        if after.from == after.to {
            return Err(Error::invalid("organization_relation.to", "must be another body than the first"));
        }
        let (from, to) = before.map(|relation| (relation.from.as_str(), relation.to.as_str())).unwrap_or_default();
        reference::check_body(tx, "organization_relation.from", &after.from, from).await?;
        reference::check_body(tx, "organization_relation.to", &after.to, to).await?;
        let same_as_before = before.is_some_and(|before| is_same(before, after));
        if after.retire_time.is_none() && !same_as_before && has_twin(tx, after).await? {
            return Err(Error::of(OrganizationRelationFailure::RelationRecorded));
        }
        Ok(())
    }
}

/// Whether two records say the same of the same days. What differs in a note or a share is another statement.
fn is_same(one: &OrganizationRelation, other: &OrganizationRelation) -> bool {
    let dates = |relation: &OrganizationRelation| Span::of(&relation.valid_from, &relation.valid_to);
    (one.kind, &one.from, &one.to, dates(one)) == (other.kind, &other.from, &other.to, dates(other))
        && (one.share_percent, &one.note) == (other.share_percent, &other.note)
}

/// Whether another relation that is not retired says the same.
pub async fn has_twin(tx: &Tx, relation: &OrganizationRelation) -> Result<bool> {
    let span = Span::of(&relation.valid_from, &relation.valid_to);
    let alike = row::Entity::find()
        .select_only()
        .column(row::Column::Id)
        .filter(row::Column::Source.eq(relation.from.as_str()))
        .filter(row::Column::Target.eq(relation.to.as_str()))
        .filter(row::Column::Kind.eq(relation.kind))
        .filter(row::Column::ValidFrom.eq(span.from))
        .filter(row::Column::ValidTo.eq(span.to))
        .filter(row::Column::RetiredAt.is_null())
        .filter(row::Column::Id.ne(api::Resource::id(relation)));
    let ids: Vec<String> = alike.into_tuple().all(tx).await.map_err(store::database)?;
    for id in ids {
        let name = format!("organizationRelations/{id}");
        let other = store::load::<OrganizationRelations>(tx, &Scope::everything(), &name).await?;
        if is_same(relation, &other) {
            return Ok(true);
        }
    }
    Ok(false)
}

store::serve!(OrganizationRelationService for OrganizationRelations, organization_relation, organization_relations);
