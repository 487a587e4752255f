//! TLS to a PostgreSQL server as libpq's `sslmode` and `sslrootcert` have it: `require` alone hides
//! what is said, with a root certificate it also checks who answers, `verify-ca` and `verify-full`
//! always do, and `verify-full` checks the name as well.
//!
//! libpq's library takes two kinds of certificate that rustls refuses, and servers that people set
//! up by hand have them: one that is its own root, and one whose name is its common name alone.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_postgres_rustls::MakeRustlsConnect;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::asn1::{PrintableStringRef, Utf8StringRef};
use x509_cert::der::oid::db::rfc4519::COMMON_NAME;
use x509_cert::ext::pkix::SubjectAltName;

use crate::failure::{Failure, Result};

/// What connects with TLS, by libpq's words.
///
/// # Errors
/// A file of root certificates that cannot be read or holds none, or a system without any.
pub fn connector(sslmode: &str, sslrootcert: Option<&str>) -> Result<MakeRustlsConnect> {
    let checks = match sslmode {
        "verify-ca" | "verify-full" => true,
        // As libpq: a root certificate that is there is not there for nothing.
        "require" => sslrootcert.is_some(),
        _ => false,
    };
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier {
        trusted: checks.then(|| Trusted::read(sslrootcert)).transpose()?,
        checks_name: sslmode == "verify-full",
        provider: Arc::clone(&provider),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::machine(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Whom to believe.
#[derive(Debug)]
struct Trusted {
    roots: RootCertStore,
    /// The same, as they are written.
    written: Vec<CertificateDer<'static>>,
}

impl Trusted {
    fn read(sslrootcert: Option<&str>) -> Result<Self> {
        let written = match sslrootcert {
            Some(path) if path != "system" => {
                let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
                let read: Vec<_> = read.map_err(|error| {
                    Failure::settings(format!("sslrootcert {path}: {error}"))
                        .hint("it has to be a file of certificates in PEM form")
                })?;
                if read.is_empty() {
                    return Err(Failure::settings(format!(
                        "sslrootcert {path} holds no certificate"
                    ))
                    .hint("it has to be a file of certificates in PEM form"));
                }
                read
            }
            _ => {
                let found = rustls_native_certs::load_native_certs().certs;
                if found.is_empty() {
                    return Err(Failure::machine("this system has no root certificates").hint(
                        "install ca-certificates, or name a file of certificates as sslrootcert",
                    ));
                }
                found
            }
        };
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(written.iter().cloned());
        Ok(Self { roots, written })
    }
}

#[derive(Debug)]
struct Verifier {
    /// None: whoever answers.
    trusted: Option<Trusted>,
    checks_name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(trusted) = &self.trusted else {
            return Ok(ServerCertVerified::assertion());
        };
        let parsed = ParsedCertificate::try_from(end_entity)?;
        if trusted.written.contains(end_entity) {
            check_dates(&decoded(end_entity)?, now)?;
        } else {
            verify_server_cert_signed_by_trust_anchor(
                &parsed,
                &trusted.roots,
                intermediates,
                now,
                self.provider.signature_verification_algorithms.all,
            )?;
        }
        if self.checks_name
            && let Err(wrong) = verify_server_name(&parsed, server_name)
            && !is_common_name(&decoded(end_entity)?, server_name)
        {
            return Err(wrong);
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn decoded(certificate: &CertificateDer<'_>) -> Result<Certificate, Error> {
    Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding.into())
}

fn check_dates(certificate: &Certificate, now: UnixTime) -> Result<(), Error> {
    let now = Duration::from_secs(now.as_secs());
    let validity = &certificate.tbs_certificate.validity;
    if now < validity.not_before.to_unix_duration() {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > validity.not_after.to_unix_duration() {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

/// Whether the certificate names nothing but its subject, whose common name is this host; where it
/// has alternative names, those alone count (RFC 6125).
fn is_common_name(certificate: &Certificate, host: &ServerName<'_>) -> bool {
    let ServerName::DnsName(host) = host else {
        return false;
    };
    let body = &certificate.tbs_certificate;
    if !matches!(body.get::<SubjectAltName>(), Ok(None)) {
        return false;
    }
    let parts = body.subject.0.iter().flat_map(|part| part.0.iter());
    parts.filter(|part| part.oid == COMMON_NAME).any(|part| {
        let utf8 = part.value.decode_as::<Utf8StringRef<'_>>();
        let plain = part.value.decode_as::<PrintableStringRef<'_>>();
        let name = utf8.as_ref().map(|name| name.as_ref());
        let name: Result<&str, _> = name.or_else(|_| plain.as_ref().map(|name| name.as_ref()));
        name.is_ok_and(|name| name.eq_ignore_ascii_case(host.as_ref()))
    })
}
