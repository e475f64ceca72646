//! Help: the keys, the words, the signs. `/keys`, also opened by `?`.

use gapwatch_model::{SignalState, TargetStatus};
use maud::{Markup, html};

use crate::{Lang, Shell, draw, figure::Absence, words};

/// Draws the page. It has nothing of its own to show.
#[must_use]
pub fn render(shell: &Shell) -> Markup {
    let lang = shell.lang;
    let title = lang.pick("Phím tắt và ký hiệu", "Keys and signs");
    shell.page(
        title,
        &html! {
            h1 { (title) }
            (draw::answer(lang.pick(
                "Mọi việc đều làm được bằng phím Tab và Enter. Các phím dưới đây chỉ nhanh hơn.",
                "Everything works with Tab and Enter. The keys below are only quicker.",
            )))
            div.two {
                div {
                    (draw::section("keys", lang.pick("Phím", "Keys"), &keys(lang)))
                    (draw::section("rates", lang.pick("Hai tỷ lệ", "The two rates"), &rates(lang)))
                    (draw::section("status", lang.pick("So với mục tiêu", "Against a target"), &statuses(lang)))
                }
                div {
                    (draw::section("states", lang.pick("Tình trạng sóng", "States of signal"), &states(lang)))
                    (draw::section("absent", lang.pick("Khi không có số", "When there is no number"), &absences(lang)))
                }
            }
        },
    )
}

fn keys(lang: Lang) -> Markup {
    let keys = [
        ("/", lang.pick("đến ô tìm kiếm", "go to the search field")),
        ("?", lang.pick("mở trang này", "open this page")),
        ("g o", lang.pick("tổng quan", "overview")),
        ("g v", lang.pick("thôn, xóm", "villages")),
        ("g f", lang.pick("cảnh báo", "flags")),
        ("g b", lang.pick("biến động", "changes")),
        ("g t", lang.pick("tài liệu họp", "meeting packs")),
        ("g s", lang.pick("nguồn số liệu", "sources")),
        ("n, p", lang.pick("trang sau, trang trước của bảng", "next and previous page of a table")),
        ("Esc", lang.pick("rời ô đang gõ", "leave the field")),
    ];
    html! { dl.facts { @for (key, words) in keys { div { dt { kbd { (key) } } dd { (words) } } } } }
}

fn states(lang: Lang) -> Markup {
    let meaning = |state| match state {
        SignalState::NoSignal => {
            lang.pick("không có sóng di động ở trung tâm thôn", "no mobile signal at the village centre")
        }
        SignalState::Pocket => {
            lang.pick("trung tâm có sóng, còn cụm dân cư chưa có", "signal at the centre, a cluster has none")
        }
        SignalState::Covered => {
            lang.pick("trung tâm và các cụm dân cư đều có sóng", "the centre and its clusters have signal")
        }
        SignalState::Unknown => lang.pick(
            "chưa ai báo cáo, hoặc số liệu không còn giá trị; không phải là tốt",
            "nobody reported, or it no longer speaks; not the same as fine",
        ),
    };
    html! { dl.facts { @for state in SignalState::ALL { div { dt { span class={ "st " (state.as_str()) } { (words::signal(lang, state)) } } dd { (meaning(state)) } } } } }
}

fn absences(lang: Lang) -> Markup {
    let meaning = |absence| match absence {
        Absence::Missing => lang.pick("không ai báo cáo cho kỳ này", "nobody reported for this period"),
        Absence::Stale => lang.pick(
            "quá số kỳ cho phép; số cũ được ghi kèm",
            "older than allowed; the last number stands beside",
        ),
        Absence::Insufficient => lang.pick(
            "ít mẫu hơn mức tối thiểu nên không kết luận",
            "fewer samples than the minimum, so nothing is concluded",
        ),
        Absence::NotApplicable => {
            lang.pick("chỉ số không có ý nghĩa ở đây", "the indicator has no meaning here")
        }
        Absence::NoDenominator => {
            lang.pick("không có gì để chia: khác với 0%", "nothing to divide by: not the same as 0%")
        }
    };
    html! { dl.facts { @for absence in Absence::ALL { div { dt { (draw::badge::absence(lang, absence)) } dd { (meaning(absence)) } } } } }
}

fn statuses(lang: Lang) -> Markup {
    let meaning = |status| match status {
        TargetStatus::Met => lang.pick("giá trị đã đạt mục tiêu", "the value meets the target"),
        TargetStatus::OnTrack => {
            lang.pick("chưa đạt, không thấp hơn lộ trình hôm nay", "not yet, but not below today's path")
        }
        TargetStatus::Behind => lang.pick("thấp hơn lộ trình hôm nay", "below today's path"),
        TargetStatus::Missed => lang.pick("đã quá hạn mà chưa đạt", "past the due date and not met"),
        TargetStatus::Unknown => lang.pick("không có giá trị để so", "no value to compare"),
    };
    let all = [
        TargetStatus::Met,
        TargetStatus::OnTrack,
        TargetStatus::Behind,
        TargetStatus::Missed,
        TargetStatus::Unknown,
    ];
    html! { dl.facts { @for status in all { div { dt { (draw::badge::status(lang, status)) } dd { (meaning(status)) } } } } }
}

fn rates(lang: Lang) -> Markup {
    html! {
        p { (lang.pick(
            "Tỷ lệ có sóng tại trung tâm tính cả thôn lõm sóng. Tỷ lệ phủ sóng hoàn toàn không tính. Cả hai chia cho tất cả các thôn, kể cả thôn chưa rõ.",
            "Signal at the centre counts pockets as covered. Fully covered does not. Both are over all villages, unknown ones included.",
        )) }
    }
}
