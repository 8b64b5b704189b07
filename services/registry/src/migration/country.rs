//! Countries.

store::migration!(M20261122Country, "country", []);
