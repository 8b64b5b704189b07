//! The contract as OpenAPI 3.1.
pub fn document() -> Vec<u8> {
    b"{}".to_vec()
}
