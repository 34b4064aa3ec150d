//! The description of all that can be called, for programs at `/openapi.json` and for people as
//! Swagger UI at `/docs`. Everything is in the program; nothing comes from elsewhere.

use std::io::Read;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};

use super::{middleware, openapi};

const PAGE: &[u8] = include_bytes!("docs/index.html");
const START: &[u8] = include_bytes!("docs/start.js");
const STYLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz"));
const SCRIPT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.gz"));

/// The page loads nothing from elsewhere. It may ask any server, since the contract has a port of its
/// own.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src *; frame-ancestors 'none'; base-uri 'none'";

/// Serves both. The contract's calls are served at `contract`, or without it where this is.
pub fn router(contract: Option<&str>) -> Router {
    let document = Bytes::from(openapi::document(contract).to_string());
    let document = move || {
        let document = document.clone();
        async move { plain("application/json", document) }
    };
    let page = get(async || plain("text/html; charset=utf-8", Bytes::from_static(PAGE)));
    let script = "text/javascript; charset=utf-8";
    let router = Router::new()
        .route("/openapi.json", get(document))
        .route("/docs", page.clone())
        .route("/docs/", page)
        .route("/docs/start.js", get(async || plain(script, Bytes::from_static(START))))
        .route(
            "/docs/swagger-ui-bundle.js",
            get(async |request: Request| packed(&request, script, SCRIPT)),
        )
        .route(
            "/docs/swagger-ui.css",
            get(async |request: Request| packed(&request, "text/css", STYLE)),
        );
    middleware::rest(router, |_| StatusCode::SERVICE_UNAVAILABLE.into_response())
}

/// The origin of pages under this address.
pub fn origin(url: &str) -> Option<HeaderValue> {
    let uri: Uri = url.parse().ok()?;
    HeaderValue::try_from(format!("{}://{}", uri.scheme_str()?, uri.authority()?)).ok()
}

fn plain(content_type: &'static str, bytes: Bytes) -> Response {
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, bytes).into_response()
}

/// Sends what is kept compressed, and unpacks it for the few who do not take it so.
fn packed(request: &Request, content_type: &'static str, gzip: &'static [u8]) -> Response {
    if takes_gzip(request.headers()) {
        let mut response = plain(content_type, Bytes::from_static(gzip));
        let encoding = HeaderValue::from_static("gzip");
        response.headers_mut().insert(header::CONTENT_ENCODING, encoding);
        return response;
    }
    let mut unpacked = Vec::new();
    match GzDecoder::new(gzip).read_to_end(&mut unpacked) {
        Ok(_) => plain(content_type, unpacked.into()),
        Err(error) => {
            tracing::error!(%error, "a page of the documentation cannot be unpacked");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let mut codings = accepted.unwrap_or_default().split(',').map(str::trim);
    codings.any(|coding| coding == "gzip")
}
