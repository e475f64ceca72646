//! One run of a collector: what it read, what went in, and every row that did not.

use gapwatch_model::{Outcome, Reject, RejectCode, Run};
use maud::{Markup, html};

use crate::{Lang, Shell, draw, shell::percent_encode, table::State, words};

/// What the page shows. Built in `src/http/sources.rs`; its address is `/runs/{id}`.
#[derive(Debug, Clone)]
pub struct View {
    /// The run.
    pub run: Run,
    /// Title of the collector in the page's language.
    pub title: String,
    /// Where the file can be taken away as it came, if it was kept.
    pub file_href: Option<String>,
    /// Where the sender's own table with what is wrong can be taken away.
    pub report_href: Option<String>,
    /// Rejects by code, most first.
    pub counts: Vec<(RejectCode, u64)>,
    /// Rejects of this page.
    pub rejects: Vec<Reject>,
    /// Paging.
    pub table: State,
    /// A row to point at: `/runs/17?row=12`.
    pub row: Option<u32>,
    /// What that row brought: indicator, place, period and value in words.
    pub row_brought: Vec<String>,
}

/// Draws a run.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let run = &view.run;
    let title = format!("{}: {} {}", view.title, lang.pick("lần chạy", "run"), run.id);
    shell.page(
        &title,
        &html! {
            h1 { (title) }
            (draw::answer(&sentence(lang, view)))
            @if let Some(row) = view.row { (brought(lang, view, row)) }
            div.two {
                div { (draw::section("rejects", lang.pick("Những gì chưa vào được", "What did not go in"), &rejects(shell, view))) }
                div { (draw::section("facts", lang.pick("Về lần chạy này", "About this run"), &facts(shell, view))) }
            }
        },
    )
}

fn sentence(lang: Lang, view: &View) -> String {
    let run = &view.run;
    let (read, accepted, rejected) =
        (lang.count(run.read.into()), lang.count(run.accepted.into()), lang.count(run.rejected.into()));
    let mut said = match (lang, run.outcome) {
        (Lang::Vi, Outcome::Succeeded) => format!("Đọc {read} dòng, tất cả đã vào"),
        (Lang::En, Outcome::Succeeded) => format!("Read {read} rows, all of them went in"),
        (Lang::Vi, Outcome::Partial) => {
            format!("Đọc {read} dòng: {accepted} dòng đã vào đủ, {rejected} dòng có chỗ cần sửa hoặc cần hỏi")
        }
        (Lang::En, Outcome::Partial) => {
            format!("Read {read} rows: {accepted} went in whole, {rejected} have something to mend or to ask")
        }
        (Lang::Vi, Outcome::Unchanged) => "Nội dung giống lần trước: không có gì thay đổi".to_owned(),
        (Lang::En, Outcome::Unchanged) => "The content is the same as before: nothing changed".to_owned(),
        (Lang::Vi, Outcome::Empty) => "Không có gì để thu thập".to_owned(),
        (Lang::En, Outcome::Empty) => "There was nothing to collect".to_owned(),
        (Lang::Vi, Outcome::Quarantined) => format!("Cả lô {read} dòng đang chờ người duyệt vì khác thường"),
        (Lang::En, Outcome::Quarantined) => {
            format!("The whole batch of {read} rows waits for a person: it is unusual")
        }
        (Lang::Vi, Outcome::Failed) => "Không lấy hoặc không đọc được nguồn".to_owned(),
        (Lang::En, Outcome::Failed) => "The source could not be fetched or read".to_owned(),
        (Lang::Vi, Outcome::Skipped) => "Lần chạy bị bỏ lỡ khi chương trình tắt".to_owned(),
        (Lang::En, Outcome::Skipped) => "The run was missed while the program was down".to_owned(),
    };
    if let Some(message) = &run.message {
        said.push_str(": ");
        said.push_str(message);
    }
    said.push('.');
    said
}

fn brought(lang: Lang, view: &View, row: u32) -> Markup {
    let title = format!("{} {}", lang.pick("Dòng", "Row"), lang.count(row.into()));
    draw::section(
        "row",
        &title,
        &html! {
            @if view.row_brought.is_empty() {
                p { (lang.pick("Dòng này không mang lại số liệu nào đang được lưu.", "This row brought nothing that is kept.")) }
            } @else {
                ul { @for line in &view.row_brought { li { bdi { (line) } } } }
            }
        },
    )
}

fn rejects(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let blank = lang.pick("để trống", "blank");
    let caption = lang.pick("Từng chỗ chưa vào được", "Everything that did not go in");
    html! {
        @if view.rejects.is_empty() {
            (draw::nothing(lang.pick("Mọi dòng đều đã vào.", "Every row went in.")))
        } @else {
            ul.key { @for (code, count) in &view.counts { li { (words::reject(lang, *code)) " " strong { (lang.count(*count)) } } } }
            div.scroll tabindex="0" role="group" aria-label=(caption) { table {
                caption.vh { (caption) }
                thead { tr {
                    th.r scope="col" { (lang.pick("Dòng", "Row")) }
                    th scope="col" { (lang.pick("Cột", "Column")) }
                    th scope="col" { (lang.pick("Trong tệp ghi", "As written")) }
                    th scope="col" { (lang.pick("Vì sao", "Why")) }
                } }
                tbody { @for reject in &view.rejects { tr {
                    td.r { @if reject.line == 0 { (lang.pick("cả tệp", "whole file")) } @else { (lang.count(reject.line.into())) } }
                    td {
                        bdi { (reject.heading) }
                        span.by { @if reject.column == 0 { (lang.pick("cả dòng", "whole row")) } @else { (lang.pick("cột", "column")) " " (reject.column) } }
                    }
                    td { @if reject.value.is_empty() { span.ab { (blank) } } @else { code { bdi { (reject.value) } } } }
                    td {
                        (reject.sentence)
                        span.by {
                            (words::reject(lang, reject.code))
                            @if !reject.suggestions.is_empty() { " · " (lang.pick("có thể là", "may be")) ": " bdi { (reject.suggestions.join("; ")) } }
                            @if reject.asked { " · " a href=(shell.link("/review")) { (lang.pick("chờ quyết định", "waiting for a decision")) } }
                        }
                    }
                } } }
            } }
            (draw::table::pager(shell, &view.table))
        }
        @if let Some(href) = &view.report_href { p.take { a href=(shell.link(href)) download { (lang.pick("Tải bảng có ghi chỗ sai để gửi lại nơi báo cáo", "Take away the sender's table with what is wrong")) } } }
        @if let Some(href) = &view.file_href { p.take { a href=(shell.link(href)) download { (lang.pick("Tải tệp gốc", "Take away the file as it came")) } } }
    }
}

fn facts(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let run = &view.run;
    let none = lang.pick("không có", "none");
    html! {
        dl.facts {
            div { dt { (lang.pick("Kết quả", "Outcome")) } dd { (draw::badge::outcome(lang, run.outcome)) } }
            div { dt { (lang.pick("Nguồn", "Source")) } dd { a href=(shell.link(&format!("/sources?collector={}", percent_encode(run.collector.as_str())))) { (run.collector) } } }
            div { dt { (lang.pick("Tệp", "File")) } dd { bdi { (run.file.as_deref().unwrap_or(none)) } } }
            div { dt { (lang.pick("Theo lịch", "Planned")) } dd { @match run.planned { Some(at) => (lang.moment(at)), None => (lang.pick("chạy bằng tay", "started by hand")) } } }
            div { dt { (lang.pick("Bắt đầu", "Started")) } dd { (lang.moment(run.started)) } }
            div { dt { (lang.pick("Xong, ghi nhận lúc", "Finished, recorded at")) } dd { (lang.moment(run.finished)) } }
            div { dt { (lang.pick("Đọc / nhận / trả lại", "Read / accepted / rejected")) } dd { (lang.count(run.read.into())) " / " (lang.count(run.accepted.into())) " / " (lang.count(run.rejected.into())) } }
            div { dt { (lang.pick("Người chạy", "Started by")) } dd { bdi { (run.by.as_deref().unwrap_or(lang.pick("lịch tự động", "the schedule"))) } } }
            div { dt { "SHA-256" } dd { code { (run.content_hash.as_deref().unwrap_or(none)) } } }
        }
    }
}
