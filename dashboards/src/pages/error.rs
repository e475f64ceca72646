//! An error for a person: what happened, what to do next, nothing of our insides.

use maud::{Markup, html};

use crate::{Lang, Shell, draw};

/// What the page shows.
#[derive(Debug, Clone)]
pub struct View {
    /// HTTP status: 400, 401, 403, 404, 413, 429, 500, 503; any other is drawn by its hundred.
    pub status: u16,
    /// One more sentence in the page's language, such as which query key could not be read.
    pub detail: Option<String>,
    /// Seconds to wait, for 429 and 503.
    pub retry_after_s: Option<u64>,
    /// Id under which the cause is in the log, for 500.
    pub reference: Option<String>,
}

/// Draws an error.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let (title, next) = words(lang, view.status);
    shell.page(
        title,
        &html! {
            h1 { (title) }
            @if let Some(detail) = &view.detail { (draw::answer(detail)) }
            section.narrow aria-label=(lang.pick("Làm gì tiếp", "What to do next")) {
                p { (next) }
                @if let Some(seconds) = view.retry_after_s {
                    p { (lang.pick("Hãy thử lại sau", "Try again in")) " " (lang.count(seconds)) " " (lang.pick("giây.", "seconds.")) }
                }
                p.by {
                    (lang.pick("Mã lỗi", "Status")) " " (view.status)
                    @if let Some(reference) = &view.reference { " · " (lang.pick("mã tra cứu", "reference")) " " code { (reference) } }
                }
                p { a href=(shell.link("/")) { (lang.pick("Về trang tổng quan", "To the overview")) } }
            }
        },
    )
}

/// What happened and what to do next.
fn words(lang: Lang, status: u16) -> (&'static str, &'static str) {
    match status {
        400 => lang.pick(
            ("Địa chỉ hoặc biểu mẫu không hợp lệ", "Kiểm tra lại ngày (năm-tháng-ngày), mã và các điều kiện trong địa chỉ."),
            ("The address or form is not valid", "Check the date (year-month-day), codes and conditions in the address."),
        ),
        401 => lang.pick(
            ("Cần đăng nhập", "Việc này thay đổi dữ liệu nên cần đăng nhập bằng mã truy cập."),
            ("Sign-in needed", "This changes data, so it needs you to sign in with a token."),
        ),
        403 => lang.pick(
            ("Không có quyền", "Mã truy cập của bạn không cho phép việc này. Hãy hỏi người quản trị."),
            ("Not allowed", "Your token does not allow this. Ask an administrator."),
        ),
        404 => lang.pick(
            ("Không có trang này", "Có thể mã đã đổi sau sáp nhập: hãy tìm theo tên ở ô tìm kiếm phía trên."),
            ("There is no such page", "The code may have changed with the merger: search by name above."),
        ),
        405 => lang.pick(
            ("Không dùng được cách này ở đây", "Hãy quay lại và dùng nút trên trang."),
            ("That cannot be done here", "Go back and use the button on the page."),
        ),
        413 => lang.pick(
            ("Tệp hoặc yêu cầu quá lớn", "Hãy chia tệp thành nhiều phần nhỏ hơn rồi gửi lại."),
            ("The file or request is too large", "Split the file into smaller parts and send them again."),
        ),
        429 => lang.pick(
            ("Quá nhiều yêu cầu", "Hãy đợi một chút rồi thử lại."),
            ("Too many requests", "Wait a moment and try again."),
        ),
        503 => lang.pick(
            ("Chương trình chưa sẵn sàng", "Đang nạp số liệu hoặc kho đang bận. Trang sẽ dùng được sau ít phút."),
            ("Not ready yet", "Data is being loaded or the store is busy. The page will work in a few minutes."),
        ),
        other if (400..500).contains(&other) => lang.pick(
            ("Yêu cầu không thực hiện được", "Hãy quay lại trang trước và thử lại."),
            ("The request cannot be done", "Go back and try again."),
        ),
        _ => lang.pick(
            ("Có lỗi ở phía chương trình", "Lỗi đã được ghi lại, số liệu không bị mất. Hãy thử lại; nếu vẫn lỗi, hãy báo mã tra cứu cho người quản trị."),
            ("Something went wrong here", "The error was logged and no data was lost. Try again; if it stays, give the reference to an administrator."),
        ),
    }
}
