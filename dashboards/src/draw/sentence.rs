//! The sentences that answer first. Numbers come with what they are of, and unknown ones are said.

use crate::{
    Lang,
    pages::overview::Plan,
    part::{Before, Expected, Tally},
};

/// A text with its first letter large: names of places start with their kind in lower case, sentences do not.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A sentence that goes on behind a colon: its first letter small.
pub(crate) fn small(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// `138 trong 1.450 thôn, xóm của tỉnh Cao Bằng chưa có sóng di động, ít hơn 12 so với 30/06/2025.`
pub(crate) fn coverage(lang: Lang, name: &str, tally: &Tally, before: Option<Before>) -> String {
    let (total, none) = (lang.count(tally.total.into()), lang.count(tally.no_signal.into()));
    let mut said = match (lang, tally.total, tally.no_signal, tally.unknown) {
        (Lang::Vi, 0, ..) => return format!("Danh mục chưa có thôn, xóm nào của {name}."),
        (Lang::En, 0, ..) => return format!("The register holds no villages of {name}."),
        (Lang::Vi, all, _, unknown) if all == unknown => {
            return format!("Chưa rõ tình trạng sóng của cả {total} thôn, xóm của {name}.");
        }
        (Lang::En, all, _, unknown) if all == unknown => {
            return format!("Nothing is known yet about the signal of the {total} villages of {name}.");
        }
        (Lang::Vi, _, 0, 0) => {
            format!("Không còn thôn, xóm trắng sóng nào trong {total} thôn, xóm của {name}")
        }
        (Lang::En, _, 0, 0) => format!("None of the {total} villages of {name} is without mobile signal"),
        (Lang::Vi, _, 0, _) => {
            format!("Không thấy thôn, xóm trắng sóng nào trong số đã có số liệu của {name}")
        }
        (Lang::En, _, 0, _) => format!("No village of {name} that was reported is without mobile signal"),
        (Lang::Vi, ..) => format!("{none} trong {total} thôn, xóm của {name} chưa có sóng di động"),
        (Lang::En, ..) => format!("{none} of {total} villages of {name} have no mobile signal"),
    };
    if let Some(before) = before {
        let day = lang.date(before.on);
        let change = i64::from(tally.no_signal) - i64::from(before.no_signal);
        let size = lang.count(change.unsigned_abs());
        said.push_str(&match (lang, change) {
            (Lang::Vi, 0) => format!(", không đổi so với {day}"),
            (Lang::En, 0) => format!(", as many as on {day}"),
            (Lang::Vi, ..0) => format!(", ít hơn {size} so với {day}"),
            (Lang::En, ..0) => format!(", {size} fewer than on {day}"),
            (Lang::Vi, _) => format!(", nhiều hơn {size} so với {day}"),
            (Lang::En, _) => format!(", {size} more than on {day}"),
        });
    }
    said.push('.');
    if tally.unknown > 0 {
        let unknown = lang.count(tally.unknown.into());
        said.push_str(&match lang {
            Lang::Vi => format!(" Chưa rõ tình trạng của {unknown} thôn, xóm."),
            Lang::En => format!(" The state of {unknown} is unknown."),
        });
    }
    said
}

/// `Với tốc độ hiện nay, 100% đạt vào khoảng tháng 03/2028; kế hoạch là 31/12/2026.`
pub(crate) fn plan(lang: Lang, plan: &Plan) -> String {
    let goal = format!("{}%", lang.number_up_to(plan.percent, 2));
    let due = lang.date(plan.due);
    match plan.pace.map(|pace| pace.expected) {
        Some(Expected::Reached) => match lang {
            Lang::Vi => format!("Đã đạt {goal}; kế hoạch là {due}."),
            Lang::En => format!("{goal} is reached; the plan says {due}."),
        },
        Some(Expected::Around { day, .. }) => {
            let month = day.format("%m/%Y");
            match lang {
                Lang::Vi => {
                    format!("Với tốc độ hiện nay, {goal} đạt vào khoảng tháng {month}; kế hoạch là {due}.")
                }
                Lang::En => format!("At this pace {goal} is reached around {month}; the plan says {due}."),
            }
        }
        Some(Expected::Never) => match lang {
            Lang::Vi => format!("Với tốc độ hiện nay sẽ không đạt {goal}; kế hoạch là {due}."),
            Lang::En => format!("At this pace {goal} will not be reached; the plan says {due}."),
        },
        Some(Expected::TooLittleHistory) | None => match lang {
            Lang::Vi => format!("Kế hoạch là {goal} vào {due}; chưa đủ số liệu để ước tính ngày đạt."),
            Lang::En => format!("The plan says {goal} by {due}; too little history to expect a date."),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::coverage;
    use crate::{
        Lang,
        part::{Before, Tally},
    };

    #[test]
    fn the_answer_says_what_is_not_known() {
        let tally = |total, no_signal, unknown| Tally { total, no_signal, unknown, ..Tally::default() };
        let before = Before { on: "2025-06-30".parse().unwrap(), no_signal: 150 };
        assert_eq!(
            coverage(Lang::Vi, "tỉnh Cao Bằng", &tally(1450, 138, 3), Some(before)),
            "138 trong 1.450 thôn, xóm của tỉnh Cao Bằng chưa có sóng di động, ít hơn 12 so với 30/06/2025. \
             Chưa rõ tình trạng của 3 thôn, xóm."
        );
        assert_eq!(
            coverage(Lang::En, "Cao Bằng", &tally(1450, 151, 0), Some(before)),
            "151 of 1,450 villages of Cao Bằng have no mobile signal, 1 more than on 30/06/2025."
        );
        assert_eq!(
            coverage(Lang::En, "X", &tally(5, 0, 5), None),
            "Nothing is known yet about the signal of the 5 villages of X."
        );
        assert_eq!(coverage(Lang::Vi, "X", &tally(0, 0, 0), None), "Danh mục chưa có thôn, xóm nào của X.");
        assert!(
            coverage(Lang::Vi, "X", &tally(9, 0, 2), None)
                .starts_with("Không thấy thôn, xóm trắng sóng nào trong số đã có")
        );
    }
}
