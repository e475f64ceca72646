//! One file per page: a `View` and a `render`.

pub mod claims;
pub mod commune;
pub mod compare;
pub mod completeness;
pub mod error;
pub mod flag;
pub mod flags;
pub mod indicator;
pub mod keys;
pub mod ledger;
pub mod listing;
pub mod maps;
pub mod overview;
pub mod pack;
pub mod packs;
pub mod review;
pub mod run;
pub mod search;
pub mod sign_in;
pub mod sources;
pub mod village;
