//! TLS, and with an authority for clients mutual TLS, with certificates that can change while the server
//! runs.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What clients can ask for, the better first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The files that certificates and keys are in, as PEM.
#[derive(Clone, Debug)]
pub struct Files {
    /// The server's certificate, and those between it and the authority.
    pub certificate: PathBuf,
    /// The key of the server's certificate.
    pub key: PathBuf,
    /// The authorities whose clients may connect; without it, everybody may.
    pub client_authority: Option<PathBuf>,
}

/// Why certificates cannot be used. None of it repeats what is in a key's file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read, or is not PEM.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// The file holds no certificate.
    #[error("{}: there is no certificate in it", .0.display())]
    Empty(PathBuf),
    /// The certificate and the key cannot be used, or not together.
    #[error("{} and {}: {source}", certificate.display(), key.display())]
    Unusable {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with its key.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// The certificates of the authorities cannot be used.
    #[error("{}: {problem}", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

/// Encrypts connections. Copies share the certificates.
#[derive(Clone)]
pub struct Tls(Arc<Shared>);

struct Shared {
    files: Files,
    config: RwLock<Arc<ServerConfig>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.0.files).finish()
    }
}

impl Tls {
    /// With what is in these files now.
    pub fn open(files: Files) -> Result<Self, Error> {
        let config = RwLock::new(read(&files)?);
        Ok(Self(Arc::new(Shared { files, config })))
    }

    /// Reads the files again. New connections get what is in them now; what is open stays. If they cannot be
    /// used, all stays as it was.
    pub fn reload(&self) -> Result<(), Error> {
        let new = read(&self.0.files)?;
        *self.0.config.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Agrees on encryption with a client, or finds that it is not who may connect.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = self.0.config.read().unwrap_or_else(PoisonError::into_inner).clone();
        TlsAcceptor::from(config).accept(stream).await
    }
}

fn read(files: &Files) -> Result<Arc<ServerConfig>, Error> {
    let chain = certificates(&files.certificate)?;
    let unreadable = |source| Error::Unreadable { path: files.key.clone(), source };
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(unreadable)?;
    let unusable = |source| Error::Unusable {
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        source,
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let clients = match &files.client_authority {
        None => versions.with_no_client_auth(),
        Some(path) => {
            let broken = |problem: String| Error::Authority { path: path.clone(), problem };
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| broken(error.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            let verifier = verifier
                .build()
                .map_err(|error: VerifierBuilderError| broken(error.to_string()))?;
            versions.with_client_cert_verifier(verifier)
        }
    };
    let mut config = clients.with_single_cert(chain, key).map_err(unusable)?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    let certificates = CertificateDer::pem_file_iter(path).map_err(unreadable)?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(unreadable)?;
    if certificates.is_empty() { Err(Error::Empty(path.to_owned())) } else { Ok(certificates) }
}
