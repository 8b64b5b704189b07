//! An authority of the platform's own: whoever has a certificate of it is let in.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike as _, Duration, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::pem;
use crate::complaint::{Complaint, While};

/// How long an authority is good.
const AUTHORITY_DAYS: i64 = 3650;

/// Those that are trusted, the newest last, and the key of the newest.
pub(super) struct Authority {
    folder: PathBuf,
    /// PEM.
    trusted: String,
    key: KeyPair,
}

impl Authority {
    /// Reads it from its folder, or makes it.
    pub(super) fn open(folder: &Path, now: DateTime<Utc>) -> Result<Authority, Complaint> {
        let (ca, key) = (folder.join(pem::CA), folder.join(pem::KEY));
        if !ca.exists() && !key.exists() {
            let mut new = Authority { folder: folder.to_owned(), trusted: String::new(), key: KeyPair::generate()? };
            new.add(now)?;
            return Ok(new);
        }
        let read = |file: &Path| std::fs::read_to_string(file).while_doing(|| format!("reading {}", file.display()));
        let (trusted, text) = (read(&ca)?, read(&key)?);
        let key = KeyPair::from_pem(&text).while_doing(|| key.display().to_string())?;
        let authority = Authority { folder: folder.to_owned(), trusted, key };
        authority.end_is_far(now)?;
        Ok(authority)
    }

    /// The certificates of all that are trusted, in PEM.
    pub(super) fn trusted(&self) -> &str {
        &self.trusted
    }

    /// Makes a new one, which issues from now on; those before stay trusted.
    pub(super) fn add(&mut self, now: DateTime<Utc>) -> Result<(), Complaint> {
        let key = KeyPair::generate()?;
        let serial = format!("{:08x}", rand::random::<u32>());
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        // A name that no other has: by it is known who issued what.
        let name = format!("NGKT authority {} {serial}", now.date_naive());
        params.distinguished_name.push(DnType::CommonName, name);
        period(&mut params, now, AUTHORITY_DAYS);
        self.trusted.push_str(&params.self_signed(&key)?.pem());
        // The key first: an authority without its key could not be mended.
        pem::write_private(&self.folder.join(pem::KEY), &key.serialize_pem())?;
        pem::write(&self.folder.join(pem::CA), &self.trusted)?;
        self.key = key;
        Ok(())
    }

    /// Trusts only the newest any more. Refused while one of the certificates in these files is of an older one.
    pub(super) fn retire(&mut self, issued: &[PathBuf]) -> Result<(), Complaint> {
        let newest = self.newest().to_owned();
        let der = CertificateDer::from_pem_slice(newest.as_bytes())?;
        let (_, authority) = x509_parser::parse_x509_certificate(&der)?;
        for file in issued.iter().filter(|file| file.exists()) {
            let certificates = pem::certificates(file)?;
            let (_, certificate) = x509_parser::parse_x509_certificate(&certificates[0])?;
            if certificate.issuer() != authority.subject() {
                let words = format!("{} is of an older authority: run with --renew first", file.display());
                return Err(Complaint::new(words));
            }
        }
        self.trusted = newest;
        pem::write(&self.folder.join(pem::CA), &self.trusted)
    }

    /// Issues a certificate for `role` with these names, good for calling and for being called, into `folder`.
    pub(super) fn issue(
        &self,
        folder: &Path,
        role: &str,
        names: Vec<String>,
        days: u32,
        now: DateTime<Utc>,
    ) -> Result<(), Complaint> {
        let issuer = Issuer::from_ca_cert_pem(self.newest(), &self.key)?;
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names).while_doing(|| "--name".to_owned())?;
        params.distinguished_name.push(DnType::CommonName, format!("NGKT {role}"));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        period(&mut params, now, i64::from(days));
        let certificate = params.signed_by(&key, &issuer)?;
        pem::write_private(&folder.join(pem::KEY), &key.serialize_pem())?;
        pem::write(&folder.join(pem::CERTIFICATE), &certificate.pem())
    }

    /// The newest, in PEM: those that are added stand at the end.
    fn newest(&self) -> &str {
        self.trusted.rfind("-----BEGIN CERTIFICATE-----").map_or("", |begin| &self.trusted[begin..])
    }

    /// Tells on the standard error output if the newest ends within a year.
    fn end_is_far(&self, now: DateTime<Utc>) -> Result<(), Complaint> {
        let ca = self.folder.join(pem::CA);
        let der = CertificateDer::from_pem_slice(self.newest().as_bytes()).while_doing(|| ca.display().to_string())?;
        let (_, authority) = x509_parser::parse_x509_certificate(&der).while_doing(|| ca.display().to_string())?;
        let days = (authority.validity().not_after.timestamp() - now.timestamp()) / (24 * 60 * 60);
        if days < 365 {
            eprintln!("ngkt: the authority in {} ends in {days} days: make one with --new-authority", ca.display());
        }
        Ok(())
    }
}

/// From yesterday, for clocks that are behind, until so many days after today.
fn period(params: &mut CertificateParams, now: DateTime<Utc>, days: i64) {
    let day = |at: DateTime<Utc>| date_time_ymd(at.year(), at.month() as u8, at.day() as u8);
    params.not_before = day(now - Duration::days(1));
    params.not_after = day(now + Duration::days(days + 1));
}
