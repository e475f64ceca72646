//! Signing in with a token. Reading needs none.

use maud::{Markup, html};

use crate::{Lang, Shell, draw};

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
    let lang = shell.lang;
    let title = lang.pick("Đăng nhập", "Sign in");
    shell.page(
        title,
        &html! {
            h1 { (title) }
            (draw::answer(lang.pick(
                "Xem thì không cần đăng nhập. Để quyết định, nhận phụ trách hoặc chạy nguồn, hãy nhập mã truy cập được cấp.",
                "Reading needs no sign-in. To decide, take on flags or run a source, enter the token you were given.",
            )))
            section.narrow aria-label=(title) {
                @if let Some(fault) = view.fault { p.fault role="alert" #fault { (words(lang, fault)) } }
                form.stack method="post" action="/sign-in" {
                    input type="hidden" name="csrf" value=(view.csrf);
                    input type="hidden" name="next" value=(view.next);
                    label { span { (lang.pick("Mã truy cập", "Token")) }
                        input type="password" name="token" required autocomplete="current-password" maxlength="500" aria-describedby=[view.fault.map(|_| "fault")];
                    }
                    button.go { (title) }
                }
                p.by { (lang.pick("Quên mã? Người quản trị tạo mã mới bằng lệnh ", "Lost it? An administrator makes a new one with ")) code { "gapwatch token add" } "." }
            }
        },
    )
}

fn words(lang: Lang, fault: Fault) -> String {
    match fault {
        Fault::WrongToken => {
            lang.pick("Mã không đúng hoặc đã bị thu hồi.", "The token is wrong or was withdrawn.").to_owned()
        }
        Fault::TooMany { retry_after_s } => match lang {
            Lang::Vi => format!("Sai quá nhiều lần. Hãy thử lại sau {retry_after_s} giây."),
            Lang::En => format!("Too many attempts. Try again in {retry_after_s} seconds."),
        },
        Fault::BadForm => {
            lang.pick("Biểu mẫu đã hết hạn. Hãy thử lại.", "The form has expired. Try again.").to_owned()
        }
    }
}
