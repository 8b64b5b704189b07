//! Changes of provincial units: recorded once, whole, with everything that goes over.

mod effects;
mod figures;
mod form;
mod peers;
mod record;
mod unit;

use api::registry::v1::succession_service_server::SuccessionService;
use api::registry::v1::*;
use api::shared::v1::audience::Circle;
use chassis::context::Context;
use chassis::error::{Error, Result};
use chassis::host::Host;
use store::sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use store::{Reply, Scope, Store, Tx, View};
use tonic::{Request, Response};

use crate::child::{self, child, position};
use crate::locality::lineage;

store::entity!(row, "succession", { kind: i32, effective_date: String });
child!(party_row, "succession_party", { locality: String, succeeds: bool });

/// The recorded successions.
pub struct Successions {
    store: Store,
    host: Host,
}

impl Successions {
    /// Over this database; the host knows the other services.
    pub fn new(store: Store, host: Host) -> Self {
        Self { store, host }
    }
}

impl store::Resource for Successions {
    type Message = Succession;
    type List = ListSuccessionsRequest;
    type Row = row::Entity;
    const AUDIENCE: Circle = Circle::Public;

    fn columns(succession: &Succession, row: &mut row::ActiveModel) {
        row.kind = Set(succession.kind);
        row.effective_date = Set(succession.effective_date.clone());
    }

    fn filter(list: &ListSuccessionsRequest, _: &View) -> Condition {
        let mut wanted = Condition::all();
        if list.kind != succession::Kind::Unspecified as i32 {
            wanted = wanted.add(row::Column::Kind.eq(list.kind));
        }
        if !list.from_date.is_empty() {
            wanted = wanted.add(row::Column::EffectiveDate.gte(list.from_date.as_str()));
        }
        if !list.to_date.is_empty() {
            wanted = wanted.add(row::Column::EffectiveDate.lte(list.to_date.as_str()));
        }
        if !list.locality.is_empty() {
            let party = party_row::Entity::find()
                .select_only()
                .column(party_row::Column::Parent)
                .filter(party_row::Column::Locality.eq(list.locality.as_str()));
            wanted = wanted.add(row::Column::Id.in_subquery(party.into_query()));
        }
        wanted
    }

    fn search_words(succession: &Succession) -> Vec<&str> {
        let mut words = vec![succession.legal_basis.as_str()];
        for unit in &succession.successors {
            words.extend([unit.display_name.as_str(), &unit.english_name]);
            words.extend(unit.other_names.iter().map(String::as_str));
        }
        // Of the predecessors only the identifiers stand here; their words are those of a name in ASCII letters.
        let ids = succession.predecessors.iter().filter_map(|name| name.split_once('/'));
        words.extend(ids.flat_map(|(_, id)| id.split('-')));
        words
    }

    async fn index(tx: &Tx, succession: &Succession) -> Result<()> {
        let id = api::Resource::id(succession);
        let before = succession.predecessors.iter().map(|name| (name, false));
        let after = succession.successors.iter().map(|unit| (&unit.locality, true));
        let parties = before.chain(after).enumerate().map(|(at, (locality, succeeds))| party_row::Model {
            parent: id.to_owned(),
            position: position(at),
            locality: locality.clone(),
            succeeds,
        });
        child::replace::<party_row::Entity>(tx, id, parties.collect()).await.map_err(store::database)
    }
}

/// The identifier of a succession: so chosen that lists by identifier are lists by date, and that a change of a unit of one
/// kind is on record once for a day.
pub fn id(kind: succession::Kind, effective_date: &str, unit: &str) -> String {
    let kind = match kind {
        succession::Kind::Merge => "merge",
        succession::Kind::Split => "split",
        succession::Kind::Rename => "rename",
        succession::Kind::Retype => "retype",
        succession::Kind::Unspecified => "change",
    };
    let unit = unit.split_once('/').map_or(unit, |(_, id)| id);
    format!("{effective_date}-{kind}-{unit}")
}

fn taken(succession: Option<Succession>) -> Result<Succession> {
    succession.ok_or_else(|| Error::invalid("succession", "is required"))
}

#[tonic::async_trait]
impl SuccessionService for Successions {
    async fn get_succession(&self, request: Request<GetSuccessionRequest>) -> Reply<Succession> {
        store::get::<Self>(&self.store, request).await
    }

    async fn list_successions(&self, request: Request<ListSuccessionsRequest>) -> Reply<ListSuccessionsResponse> {
        store::list::<Self>(&self.store, request).await
    }

    async fn record_succession(&self, request: Request<RecordSuccessionRequest>) -> Reply<Succession> {
        let given = taken(request.get_ref().succession.clone())?;
        // The record is read by everybody: it names what everybody may see.
        let everybody = Scope::of(&chassis::Caller::anonymous());
        let recorded = self
            .store
            .write(&request, async move |tx: Tx| Ok(record::record(&tx, given, &everybody).await?.succession));
        Ok(Response::new(recorded.await?))
    }

    async fn preview_succession(&self, request: Request<PreviewSuccessionRequest>) -> Reply<PreviewSuccessionResponse> {
        let given = taken(request.get_ref().succession.clone())?;
        let caller = Context::of(&request).caller.clone();
        let sees = Scope::of(&caller);
        let rehearsed = self.store.rehearse(&request, async move |tx: Tx| {
            let record::Recorded { succession, localities } = record::record(&tx, given, &sees).await?;
            Ok(PreviewSuccessionResponse { succession: Some(succession), localities, ..Default::default() })
        });
        let mut preview = rehearsed.await?;
        let succession = preview.succession.clone().unwrap_or_default();
        let family = lineage::with_merged(&self.store, &succession.predecessors).await?;
        let peers = peers::Peers { host: &self.host, caller };
        let (mentions, figures) =
            futures::join!(peers.mentions(&succession.predecessors), peers.figures(&succession, &family));
        preview.mentions = mentions;
        preview.figures = Some(figures);
        Ok(Response::new(preview))
    }
}
