//! Makes messages and clients of the contract, without an external compiler. The services are made where
//! they are served.

use std::error::Error;
use std::path::Path;

#[expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts this way")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=roster");
    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(["roster/v1/space_service.proto", "roster/v1/membership_service.proto"])?;
    compiler.open_files(["roster/v1/people_service.proto", "roster/v1/error_reason.proto"])?;
    compiler
        .open_files(["roster/v1/moderation_service.proto", "roster/v1/erasure_service.proto"])?;
    compiler.open_files(["roster/v1/invite_link_service.proto"])?;
    let out = std::env::var("OUT_DIR")?;
    std::fs::write(Path::new(&out).join("roster.bin"), compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure()
        .build_server(false)
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
