//! One flag explained: rule, inputs with their rows, arithmetic, target, what would clear it, and its whole history.

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{Evidence, FlagState, Period};
use maud::{Markup, html};

use crate::{
    Lang, Shell, draw,
    figure::Figure,
    part::{FlagRow, Link, TargetRow},
    words,
};

/// One observation the rule looked at.
#[derive(Debug, Clone)]
pub struct Input {
    /// The indicator and its page.
    pub indicator: Link,
    /// Which place, when it is another than the flag's.
    pub place: Option<Link>,
    /// Operator, technology, measuring point in words.
    pub dimensions: String,
    /// Period it is about.
    pub period: Period,
    /// The value.
    pub value: Figure,
    /// How much weight it has.
    pub evidence: Evidence,
    /// File as shown to people.
    pub file: Option<String>,
    /// 1-based row in the file.
    pub row: u32,
    /// The run that brought it: words and page.
    pub run: Link,
    /// When it became known.
    pub recorded_at: DateTime<FixedOffset>,
    /// Why it did not count, when it did not.
    pub not_counted: Option<String>,
}

/// One change of the flag's state.
#[derive(Debug, Clone)]
pub struct Change {
    /// The state it went to.
    pub state: FlagState,
    /// When.
    pub at: DateTime<FixedOffset>,
    /// Why, in the page's language.
    pub explanation: String,
    /// Who took it on while it lasted.
    pub acknowledged_by: Option<String>,
}

/// What a flag's page shows. Built in `src/http/flags.rs`.
#[derive(Debug, Clone)]
pub struct View {
    /// The flag.
    pub flag: FlagRow,
    /// The rule in one sentence, in the page's language.
    pub rule_text: String,
    /// Version of `rules.toml`.
    pub rules_version: String,
    /// What it looked at.
    pub inputs: Vec<Input>,
    /// The arithmetic, line by line.
    pub arithmetic: Vec<String>,
    /// The target in force.
    pub target: Option<TargetRow>,
    /// What would clear it, in the page's language.
    pub clears: String,
    /// Its history, newest first.
    pub history: Vec<Change>,
}

/// Draws a flag.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let flag = &view.flag;
    shell.page(
        &format!("{} · {}", flag.rule_name, flag.place.name),
        &html! {
            h1 { (flag.rule_name) ": " bdi { (flag.place.name) } }
            (draw::answer(&flag.explanation))
            p { (draw::badge::flag(lang, flag.state)) " " (lang.pick("từ", "since")) " " (lang.moment(flag.since))
                " · " (draw::lists::place(shell, &flag.place))
                @if let Some(parent) = &flag.parent { ", " (draw::lists::place(shell, parent)) }
            }
            @if let Some(since) = flag.clear_since { p { (draw::lists::lingers(lang, since)) } }
            (draw::section("inputs", lang.pick("Số liệu đã xét", "What was looked at"), &inputs(shell, view)))
            (draw::section("target", lang.pick("Mục tiêu đang hiệu lực", "Target in force"), &html! {
                @if let Some(target) = &view.target { (draw::lists::targets(shell, std::slice::from_ref(target))) }
            }))
            div.two {
                div {
                    (draw::section("arithmetic", lang.pick("Phép tính", "Arithmetic"), &html! {
                        @if !view.arithmetic.is_empty() { ol.sums { @for line in &view.arithmetic { li { (line) } } } }
                    }))
                    (draw::section("history", lang.pick("Lịch sử", "History"), &history(lang, view)))
                }
                div {
                    (draw::section("rule", lang.pick("Quy tắc", "Rule"), &html! {
                        p { (view.rule_text) }
                        p.by { code { (flag.key.rule) } " · " (lang.pick("phiên bản", "version")) " " code { (view.rules_version) } }
                    }))
                    (draw::section("clears", lang.pick("Khi nào hết cảnh báo", "What would clear it"), &html! { p { (view.clears) } }))
                    (draw::section("owner", lang.pick("Người phụ trách", "Owner"), &owner(shell, view)))
                }
            }
            p.by { (lang.pick("Mã cảnh báo", "Flag id")) " " code { (flag.key) } }
        },
    )
}

fn inputs(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let caption = lang.pick(
        "Từng quan sát với nguồn, tệp, dòng và thời điểm ghi nhận",
        "Every observation with source, file, row and time of recording",
    );
    html! {
        @if view.inputs.is_empty() {
            (draw::nothing(lang.pick("Không có quan sát nào: đó chính là lý do.", "There is no observation: that is the reason.")))
        } @else {
            div.scroll tabindex="0" role="group" aria-label=(caption) { table {
                caption.vh { (caption) }
                thead { tr {
                    th scope="col" { (lang.pick("Chỉ số", "Indicator")) }
                    th scope="col" { (lang.pick("Kỳ", "Period")) }
                    th scope="col" { (lang.pick("Giá trị", "Value")) }
                    th scope="col" { (lang.pick("Bằng chứng", "Evidence")) }
                    th scope="col" { (lang.pick("Tệp, dòng", "File, row")) }
                    th scope="col" { (lang.pick("Ghi nhận", "Recorded")) }
                } }
                tbody { @for input in &view.inputs { (input_row(shell, input)) } }
            } }
        }
    }
}

fn input_row(shell: &Shell, input: &Input) -> Markup {
    let lang = shell.lang;
    html! {
        tr class=[input.not_counted.as_ref().map(|_| "mute")] {
            th scope="row" {
                a href=(shell.link(&input.indicator.href)) { (input.indicator.text) }
                span.by {
                    @if let Some(place) = &input.place { a href=(shell.link(&place.href)) { bdi { (place.text) } } " " }
                    bdi { (input.dimensions) }
                }
            }
            td { (lang.period(input.period)) }
            td {
                (draw::figure::value(shell, &input.value))
                @if let Some(why) = &input.not_counted { span.by { (lang.pick("không tính:", "not counted:")) " " (why) } }
            }
            td { (words::evidence(lang, input.evidence)) }
            td {
                bdi { (input.file.as_deref().unwrap_or(lang.pick("gửi trực tiếp", "pushed"))) } ", " (lang.pick("dòng", "row")) " " (lang.count(input.row.into()))
                span.by { a href=(shell.link(&input.run.href)) { (input.run.text) } }
            }
            td.d { (lang.moment(input.recorded_at)) }
        }
    }
}

fn history(lang: Lang, view: &View) -> Markup {
    html! {
        @if !view.history.is_empty() {
            ol.plain.spans {
                @for change in &view.history {
                    li {
                        (draw::badge::flag(lang, change.state)) " " span.by { (lang.moment(change.at)) }
                        div { (change.explanation) }
                        @if let Some(by) = &change.acknowledged_by { span.by { (lang.pick("phụ trách", "owner")) ": " (by) } }
                    }
                }
            }
        }
    }
}

/// Who took it on; for those who may, the form to do so.
fn owner(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let href = view.flag.href();
    let editor = shell.visitor.as_ref().filter(|visitor| visitor.may_edit && !shell.as_of_chosen);
    html! {
        @match &view.flag.acknowledgement {
            Some(taken) => {
                p { strong { bdi { (taken.owner) } } ": " bdi { (taken.reason) } }
                p.by {
                    @if let Some(due) = taken.due { (lang.pick("hạn", "due")) " " (lang.date(due)) " · " }
                    (lang.pick("ghi bởi", "recorded by")) " " bdi { (taken.by) } ", " (lang.moment(taken.at))
                }
            },
            None => p { (lang.pick("Chưa có ai nhận phụ trách.", "Nobody has taken it on yet.")) },
        }
        @if let Some(visitor) = editor {
            form.stack method="post" action={ (href) "/acknowledge" } {
                input type="hidden" name="csrf" value=(visitor.csrf);
                label { span { (lang.pick("Người phụ trách", "Owner")) } input name="owner" required maxlength="200"; }
                label { span { (lang.pick("Lý do, việc đang làm", "Reason, what is being done")) } textarea name="reason" rows="2" required maxlength="2000" {} }
                label { span { (lang.pick("Hạn", "Due")) } input type="date" name="due" min=(shell.now.date_naive()); }
                button.go { (lang.pick("Nhận phụ trách", "Take it on")) }
            }
        }
    }
}
