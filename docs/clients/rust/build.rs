//! Generates the messages and the stubs of the contract.

use std::{error::Error, fs};

const CONTRACT: &str = "../../../proto";
const GOOGLE_RPC: &str = "../../../third_party/googleapis";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={CONTRACT}");
    let mut files = Vec::new();
    for entry in fs::read_dir(format!("{CONTRACT}/rostrum/v1"))? {
        files.push(entry?.path());
    }
    tonic_prost_build::configure()
        .build_server(false)
        .extern_path(".google.rpc", "::tonic_types::pb") // imported, not generated
        .compile_fds(protox::compile(files, [CONTRACT, GOOGLE_RPC])?)?;
    Ok(())
}
