//! `ebs-stage`: see the library.

fn main() {}
