//! All programs in one file, as the image has them: what they share is there once. Which of them it is says the name it is called by.

use std::{
    env,
    ffi::OsStr,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What a program does, from its command line to its exit code.
type Program = fn() -> ExitCode;

/// The programs, by name.
const PROGRAMS: &[(&str, Program)] = &[
    ("ebs-coordinator", ebs_coordinator::program),
    ("ebs-worker", ebs_worker::program),
    ("ebsctl", ebs_ctl::program),
];

/// The exit code of a command line that cannot be understood.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let called = env::args_os().next().unwrap_or_default();
    if let Some(program) = meant(&called) {
        return program();
    }
    let names: Vec<_> = PROGRAMS.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    let called = called.display();
    // Nobody may be there to read it.
    let _ = writeln!(
        io::stderr(),
        "This file is several programs. Call it by the name of one, by a link: {names}; it was called {called}."
    );
    ExitCode::from(USAGE)
}

/// The program that is called by this path.
fn meant(called: &OsStr) -> Option<Program> {
    let called = Path::new(called).file_name()?;
    PROGRAMS.iter().find(|(name, _)| *name == called).map(|(_, program)| *program)
}
