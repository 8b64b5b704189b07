//! Reads one record, so that the bare server can serve the same one.

use api::investment::v1::GetOpportunityRequest;
use api::investment::v1::opportunity_service_client::OpportunityServiceClient;
use prost::Message;

use crate::{Arguments, Outcome};

/// Writes the record `--name` of `--from` into `--file`, as it travels.
pub async fn run(arguments: &Arguments) -> Outcome {
    let mut client = OpportunityServiceClient::connect(arguments.text("from")?.to_owned()).await?;
    let mut request = tonic::Request::new(GetOpportunityRequest { name: arguments.text("name")?.to_owned() });
    if let Some(token) = arguments.get("token") {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse()?);
    }
    let record = client.get_opportunity(request).await?.into_inner();
    Ok(std::fs::write(arguments.text("file")?, record.encode_to_vec())?)
}
