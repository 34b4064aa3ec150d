//! Makes the services of `proto/` without an external compiler, takes the files of Swagger UI out of their archive,
//! and tells the program of which commit it is.

use std::error::Error;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

#[expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts this way")]
fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    name_the_source();
    make_services()?;
    unpack_swagger_ui(&out)
}

/// The services alone: messages and clients are those of the crate `roster-proto`.
fn make_services() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto/roster");
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(["roster/v1/space_service.proto", "roster/v1/membership_service.proto"])?;
    compiler.open_files(["roster/v1/people_service.proto"])?;
    compiler
        .open_files(["roster/v1/moderation_service.proto", "roster/v1/erasure_service.proto"])?;
    compiler.open_files(["roster/v1/invite_link_service.proto"])?;
    tonic_prost_build::configure()
        .build_client(false)
        .extern_path(".roster.v1", "::roster_proto::v1")
        .codec_path("crate::transport::grpc::codec::Codec")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

/// The commit and its date: from the variables BUILD_COMMIT and BUILD_DATE if they are set, else from
/// git; `unknown` where there is neither, as in an archive.
#[expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts this way")]
fn name_the_source() {
    let from_git = [
        ("BUILD_COMMIT", ["show", "--no-patch", "--abbrev=12", "--format=%h"]),
        ("BUILD_DATE", ["show", "--no-patch", "--abbrev=12", "--format=%cs"]),
    ];
    for (variable, arguments) in from_git {
        println!("cargo:rerun-if-env-changed={variable}");
        let given = std::env::var(variable).ok().filter(|given| !given.is_empty());
        let value = given.or_else(|| git(&arguments)).unwrap_or_else(|| "unknown".to_owned());
        println!("cargo:rustc-env={variable}={value}");
    }
    // Written to whenever another commit is checked out. What is not there would count as changed.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"]);
    if let Some(log) = log.filter(|log| Path::new(log).exists()) {
        println!("cargo:rerun-if-changed={log}");
    }
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !said.trim().is_empty()).then(|| said.trim().to_owned())
}

/// Stays compressed: what deflate made for the archive is what gzip holds, between a head and a sum.
fn unpack_swagger_ui(out: &Path) -> Result<(), Box<dyn Error>> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for index in 0..archive.len() {
        let mut file = archive.by_index_raw(index)?;
        let path = file.name()?.into_owned();
        let Some((_, name)) = path.split_once("/dist/") else { continue };
        if ["swagger-ui-bundle.js", "swagger-ui.css"].contains(&name) {
            let mut gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
            file.read_to_end(&mut gzip)?;
            gzip.extend(file.crc32().to_le_bytes());
            gzip.extend(u32::try_from(file.size())?.to_le_bytes());
            std::fs::write(out.join(format!("{name}.gz")), gzip)?;
        }
    }
    Ok(())
}
