//! Events: visits, calls, meetings and working sessions, and what was promised there.

mod commitment;
mod date;
mod engagement;
mod migration;

use api::events::v1::servers::*;
use chassis::error::Result;
use futures::FutureExt;
use store::register::Register;
use store::{Service, Start, calendar};
use tonic::service::Routes;

use commitment::Commitments;
use engagement::Engagements;

store::change_service!(api::events::v1);

/// The service as the platform starts it.
pub const SERVICE: Service =
    Service { name: "events", migrations: migration::all, start: |start| serve(start).boxed() };

async fn serve(Start { host, store }: Start) -> Result<Routes> {
    Register::follow(&host, &store).await?;
    calendar::keep(&host, &store, vec![calendar::teller::<Commitments>()]);
    let mut routes = Routes::builder();
    routes
        .add_service(EngagementServiceServer::new(Engagements { store: store.clone() }))
        .add_service(CommitmentServiceServer::new(Commitments { store: store.clone() }))
        .add_service(Changes::server(&store));
    Ok(routes.routes())
}
