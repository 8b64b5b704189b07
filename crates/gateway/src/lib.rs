//! The face to other systems: REST/JSON, gRPC and gRPC-Web on one port, all of it worked out from the contract.
//! There is no code for any resource here.

mod json;
