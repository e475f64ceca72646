//! Drawing: view structs in, markup and files out. Pages, SVG charts and maps, one style sheet, one small script.
//!
//! This room knows no clock, no store, no rule and no HTTP. The same view gives the same bytes. What is not known is
//! said in words ([`figure::Absence`]), never drawn as zero or left blank. A page is a file in [`pages`] with a `View`
//! and a `render`; addresses inside the program are plain paths, [`shell::Shell::link`] adds the language and the day.

pub mod assets;
pub mod chart;
mod draw;
pub mod export;
pub mod figure;
pub mod lang;
pub mod map;
pub mod pages;
pub mod part;
pub mod shell;
pub mod table;
pub mod words;

pub use lang::Lang;
pub use maud::Markup;
pub use shell::Shell;
