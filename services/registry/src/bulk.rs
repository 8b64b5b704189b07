//! Records in files: templates, imports and exports of every collection, by the contract's own descriptors.

mod collection;
mod export;
mod fault;
mod import;
mod path;
mod plan;
mod sheet;
mod template;
mod value;

use api::registry::v1::bulk_file::Format;
use api::registry::v1::bulk_service_server::BulkService;
use api::registry::v1::*;
use chrono::NaiveDate;
use store::{Reply, Store};
use tonic::{Request, Response};

/// The largest file, either way: what a request and an answer hold.
const FILE_BYTES_MAX: usize = 3_000_000;

/// Files in and out.
pub struct Bulk {
    store: Store,
}

impl Bulk {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

/// A file as it is answered.
fn file(format: Format, collection: &str, today: NaiveDate, content: Vec<u8>) -> BulkFile {
    let (media_type, ending) = match format {
        Format::Xlsx => ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        Format::Csv | Format::Unspecified => ("text/csv; charset=utf-8", "csv"),
    };
    BulkFile {
        format: format as i32,
        content: content.into(),
        media_type: media_type.to_owned(),
        file_name: format!("{collection}-{}.{ending}", today.format("%Y%m%d")),
    }
}

#[tonic::async_trait]
impl BulkService for Bulk {
    async fn get_import_template(
        &self,
        request: Request<GetImportTemplateRequest>,
    ) -> Reply<GetImportTemplateResponse> {
        let collection = collection::find(&request.get_ref().collection)?;
        let today = self.store.clock().today();
        Ok(Response::new(template::template(collection, request.get_ref().format(), today)?))
    }

    async fn import_records(&self, request: Request<ImportRecordsRequest>) -> Reply<ImportRecordsResponse> {
        Ok(Response::new(import::import(&self.store, request).await?))
    }

    async fn export_records(&self, request: Request<ExportRecordsRequest>) -> Reply<ExportRecordsResponse> {
        Ok(Response::new(export::export(&self.store, request).await?))
    }
}
