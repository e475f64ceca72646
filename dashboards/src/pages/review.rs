//! What waits for a person: names of places that are not certain, and batches that broke a contract of their source.

use chrono::{DateTime, FixedOffset};
use gapwatch_model::CollectorName;
use maud::{Markup, html};

use crate::{
    Lang, Shell, draw,
    part::{Link, PlaceRef},
};

/// One name that is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The key a decision is remembered under.
    pub key: String,
    /// The name as it stands in the file.
    pub written: String,
    /// What stands around it: district, commune, date of the row.
    pub context: String,
    /// Why it is asked, in the page's language.
    pub why: String,
    /// Which source asks.
    pub collector: CollectorName,
    /// The run and row it first came from.
    pub first: Link,
    /// Rows that wait for the answer.
    pub rows: u64,
    /// What it may be, best first.
    pub candidates: Vec<Candidate>,
    /// A new village may be made of it.
    pub may_create: bool,
}

/// One place a name may mean.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Which place. Its identity goes into the form as `code@valid_from`.
    pub place: PlaceRef,
    /// The identity: `01273@2025-07-01`.
    pub id: String,
    /// Where it is and why it is proposed.
    pub note: String,
}

/// A decision that was made.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The name as it stood.
    pub written: String,
    /// What was decided, in words.
    pub answer: String,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: DateTime<FixedOffset>,
}

/// A batch that waits.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Its run; decisions go to `POST /runs/{run}/release` and `/runs/{run}/drop`.
    pub run: u64,
    /// Which source.
    pub collector: CollectorName,
    /// When it came.
    pub at: DateTime<FixedOffset>,
    /// The contracts it broke, in the page's language.
    pub breaches: Vec<String>,
    /// The difference to the last one: (what, last time, this time).
    pub differences: Vec<(String, String, String)>,
}

/// What the page shows. `/review`; decisions are `POST /review` with `key`, `choice` (`code@valid_from`, `create` or `ignore`) and `csrf`.
#[derive(Debug, Clone)]
pub struct View {
    /// Open questions.
    pub questions: Vec<Question>,
    /// Open questions in all.
    pub questions_total: u64,
    /// Batches in quarantine.
    pub batches: Vec<Batch>,
    /// Newest decisions.
    pub decisions: Vec<Decision>,
}

/// Draws the page.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let title = lang.pick("Chờ quyết định", "Waiting for a decision");
    shell.page(
        title,
        &html! {
            h1 { (title) }
            (draw::answer(&sentence(lang, view)))
            @if editor(shell).is_none() && (view.questions_total > 0 || !view.batches.is_empty()) {
                p { a href=(shell.link("/sign-in?next=%2Freview")) { (lang.pick("Đăng nhập để quyết định", "Sign in to decide")) } }
            }
            @for batch in &view.batches { (held(shell, batch)) }
            @for (at, question) in view.questions.iter().enumerate() { (asked(shell, question, at)) }
            (draw::section("decided", lang.pick("Đã quyết định", "Decided"), &decided(lang, view)))
        },
    )
}

fn editor(shell: &Shell) -> Option<&crate::shell::Visitor> {
    shell.visitor.as_ref().filter(|visitor| visitor.may_edit && !shell.as_of_chosen)
}

fn sentence(lang: Lang, view: &View) -> String {
    let batches = u64::try_from(view.batches.len()).unwrap_or(u64::MAX);
    match (lang, view.questions_total, batches) {
        (Lang::Vi, 0, 0) => "Không có gì chờ quyết định.".to_owned(),
        (Lang::En, 0, 0) => "Nothing waits for a decision.".to_owned(),
        (Lang::Vi, questions, batches) => format!(
            "{} tên địa bàn và {} lô số liệu đang chờ. Quyết định một lần được nhớ cho các tệp sau.",
            lang.count(questions),
            lang.count(batches)
        ),
        (Lang::En, questions, batches) => format!(
            "{} names of places and {} batches are waiting. A decision is remembered for later files.",
            lang.count(questions),
            lang.count(batches)
        ),
    }
}

fn held(shell: &Shell, batch: &Batch) -> Markup {
    let lang = shell.lang;
    let id = format!("batch-{}", batch.run);
    let caption = lang.pick("So với lần trước", "Against the last one");
    html! {
        section aria-labelledby=(id) {
            h2 #(id) { (lang.pick("Lô chờ duyệt:", "Batch held:")) " " (batch.collector) ", " (lang.moment(batch.at)) }
            ul { @for breach in &batch.breaches { li { (breach) } } }
            @if !batch.differences.is_empty() {
                div.scroll tabindex="0" role="group" aria-label={ (caption) ", " (batch.run) } { table {
                    caption.vh { (caption) }
                    thead { tr {
                        th scope="col" { (lang.pick("Nội dung", "What")) }
                        th.r scope="col" { (lang.pick("Lần trước", "Last time")) }
                        th.r scope="col" { (lang.pick("Lần này", "This time")) }
                    } }
                    tbody { @for (what, last, this) in &batch.differences { tr { th scope="row" { (what) } td.r { (last) } td.r { (this) } } } }
                } }
            }
            p.more { a href=(shell.link(&format!("/runs/{}", batch.run))) { (lang.pick("Xem lần chạy", "See the run")) } " " (batch.run) }
            @if let Some(visitor) = editor(shell) {
                div.acts {
                    @for (action, words) in [("release", lang.pick("Cho vào", "Let it in")), ("drop", lang.pick("Bỏ lô này", "Drop it"))] {
                        form method="post" action={ "/runs/" (batch.run) "/" (action) } {
                            input type="hidden" name="csrf" value=(visitor.csrf);
                            button.go[action == "release"] { (words) }
                        }
                    }
                }
            }
        }
    }
}

fn asked(shell: &Shell, question: &Question, at: usize) -> Markup {
    let lang = shell.lang;
    let id = format!("question-{at}");
    html! {
        section aria-labelledby=(id) {
            h2 #(id) { "“" bdi { (question.written) } "”" @if !question.context.is_empty() { ", " bdi { (question.context) } } }
            p { (question.why) }
            p.by {
                (question.collector) " · " a href=(shell.link(&question.first.href)) { (question.first.text) } " · "
                (lang.count(question.rows)) " " (lang.pick("dòng đang chờ", "rows wait"))
            }
            @match editor(shell) {
                Some(visitor) => form.stack method="post" action="/review" {
                    input type="hidden" name="csrf" value=(visitor.csrf);
                    input type="hidden" name="key" value=(question.key);
                    fieldset {
                        legend { (lang.pick("Tên này là", "This name means")) }
                        @for candidate in &question.candidates {
                            label.pick { input type="radio" name="choice" value=(candidate.id) required; " " bdi { (candidate.place.name) } " " span.by { bdi { (candidate.note) } } }
                        }
                        @if question.may_create {
                            label.pick { input type="radio" name="choice" value="create" required; " " (lang.pick("thôn, xóm mới: thêm vào danh mục", "a new village: add it to the register")) }
                        }
                        label.pick { input type="radio" name="choice" value="ignore" required; " " (lang.pick("không phải địa bàn theo dõi: bỏ qua", "no place that is watched: leave it out")) }
                    }
                    button.go { (lang.pick("Quyết định", "Decide")) }
                },
                None => ul.plain {
                    @for candidate in &question.candidates { li { (draw::lists::place(shell, &candidate.place)) " " span.by { bdi { (candidate.note) } } } }
                },
            }
        }
    }
}

fn decided(lang: Lang, view: &View) -> Markup {
    html! {
        @if !view.decisions.is_empty() {
            ul.plain.spans {
                @for decision in &view.decisions {
                    li {
                        "“" bdi { (decision.written) } "” → " bdi { (decision.answer) } " "
                        span.by { bdi { (decision.by) } ", " (lang.moment(decision.at)) }
                    }
                }
            }
        }
    }
}
