//! The command `tuneup`.
fn main() {}
