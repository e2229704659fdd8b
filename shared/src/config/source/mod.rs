//! Where a dynamic configuration is read from: a file, a file at an address, or a git repository. Watches nothing by itself, does
//! *not* judge what it reads.

mod error;
mod git;
mod link;
mod process;
mod read;
mod web;

pub use error::{SourceError, SourceErrorKind};
pub use link::{Link, LinkError, Login, Repository, Web};
pub use read::{Fetched, Origin, Source, Version};
