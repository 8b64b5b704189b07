//! Files of certificates and keys.

use std::io::Write as _;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::complaint::{Complaint, While};

/// What the files of one folder are called.
pub(super) const CA: &str = "ca.pem";
pub(super) const CERTIFICATE: &str = "certificate.pem";
pub(super) const KEY: &str = "key.pem";

/// Writes a file that everybody may read, whole or not at all.
pub(super) fn write(file: &Path, text: &str) -> Result<(), Complaint> {
    put(file, text, 0o644)
}

/// Writes a file that only this user may read, whole or not at all.
pub(super) fn write_private(file: &Path, text: &str) -> Result<(), Complaint> {
    put(file, text, 0o600)
}

fn put(file: &Path, text: &str, mode: u32) -> Result<(), Complaint> {
    let written = || -> std::io::Result<()> {
        if std::fs::read_to_string(file).is_ok_and(|there| there == text) {
            return Ok(());
        }
        let draft = file.with_extension("draft");
        let mut options = std::fs::OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        let mut new = options.write(true).create(true).truncate(true).open(&draft)?;
        new.write_all(text.as_bytes())?;
        new.sync_all()?;
        std::fs::rename(&draft, file)
    };
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).while_doing(|| format!("making {}", folder.display()))?;
    }
    written().while_doing(|| format!("writing {}", file.display()))
}

/// The certificates in a file, in their order.
pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Complaint> {
    let text = std::fs::read(file).while_doing(|| format!("reading {}", file.display()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if found.is_empty() => Err(Complaint::new(format!("{} holds no certificate", file.display()))),
        found => found.while_doing(|| file.display().to_string()),
    }
}

/// The end of the first certificate in a file, in seconds since 1970.
pub(super) fn expires(file: &Path) -> Result<i64, Complaint> {
    let certificates = certificates(file)?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&certificates[0])?;
    Ok(certificate.validity().not_after.timestamp())
}
