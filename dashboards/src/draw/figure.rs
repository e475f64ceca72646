//! A figure in markup: the number leads to its explanation; parts, period, age and source stand beside it.

use gapwatch_model::{Qualifier, Unit, Value};
use maud::{Markup, html};

use crate::{
    Lang, Shell,
    figure::{Absence, Amount, Figure},
    words,
};

use super::badge;

/// A number with its unit: `97,61%`, `hơn 1.200 vị trí`, `hạng 3`.
pub(crate) fn number_text(lang: Lang, number: f64, qualifier: Qualifier, unit: Unit, decimals: u8) -> String {
    let word = words::qualifier(lang, qualifier);
    let written = match unit {
        Unit::YesNo if number > 0.0 => lang.pick("có", "yes").to_owned(),
        Unit::YesNo => lang.pick("không", "no").to_owned(),
        Unit::Percent => format!("{}%", lang.number(number, decimals)),
        Unit::Rank => format!("{} {}", lang.pick("hạng", "rank"), lang.number(number, 0)),
        _ => match words::unit(lang, unit) {
            "" => lang.number(number, decimals),
            after => format!("{} {after}", lang.number(number, decimals)),
        },
    };
    if word.is_empty() { written } else { format!("{word} {written}") }
}

/// A value in words, absences too; a stale one with its last number.
pub(crate) fn amount_text(
    lang: Lang,
    amount: Amount,
    qualifier: Qualifier,
    unit: Unit,
    decimals: u8,
) -> String {
    match (amount.speaks(), amount) {
        (Ok(number), _) => number_text(lang, number, qualifier, unit, decimals),
        (Err(_), Amount::Stale(value)) => match value.amount() {
            Some(number) => format!(
                "{} ({})",
                number_text(lang, number, qualifier, unit, decimals),
                words::absence(lang, Absence::Stale)
            ),
            None => words::absence(lang, Absence::NoDenominator).to_owned(),
        },
        (Err(_), Amount::Insufficient { samples, minimum }) => format!(
            "{} ({}/{})",
            words::absence(lang, Absence::Insufficient),
            lang.count(samples.into()),
            lang.count(minimum.into())
        ),
        (Err(absence), _) => words::absence(lang, absence).to_owned(),
    }
}

/// A value in markup: a number as it is, an absence as words that look like one.
pub(crate) fn amount(lang: Lang, amount: Amount, qualifier: Qualifier, unit: Unit, decimals: u8) -> Markup {
    let text = amount_text(lang, amount, qualifier, unit, decimals);
    match amount.speaks() {
        Ok(_) => html! { (text) },
        Err(absence) => html! { span class={ "ab a-" (absence.as_str()) } { (text) } },
    }
}

/// The number of a figure, leading to its explanation.
pub(crate) fn value(shell: &Shell, figure: &Figure) -> Markup {
    let drawn = amount(shell.lang, figure.amount, figure.qualifier, figure.unit, figure.decimals);
    match &figure.explain {
        Some(href) => html! { a.n href=(shell.link(href)) { (drawn) } },
        None => html! { span.n { (drawn) } },
    }
}

/// What stands beside a figure: its parts, period, age, evidence and source.
pub(crate) fn beside(shell: &Shell, figure: &Figure) -> Markup {
    let lang = shell.lang;
    let mut facts: Vec<Markup> = Vec::new();
    if let Amount::Known(Value::Ratio { numerator, denominator })
    | Amount::Stale(Value::Ratio { numerator, denominator }) = figure.amount
    {
        let parts = format!("{}/{}", lang.number_up_to(numerator, 2), lang.number_up_to(denominator, 2));
        facts.push(html! { (parts) });
    }
    if let Some(period) = figure.period {
        facts.push(html! { (lang.period(period)) });
    }
    if let Some(days) = figure.age_days {
        facts.push(html! { (age(lang, days)) });
    }
    if let Some(evidence) = figure.evidence {
        facts.push(html! { (words::evidence(lang, evidence)) });
    }
    if let Some(source) = &figure.source {
        facts.push(html! { a href=(shell.link(&source.href)) { (source.text) } });
    }
    html! {
        @if !facts.is_empty() {
            span.by { @for (at, fact) in facts.iter().enumerate() { @if at > 0 { " · " } (fact) } }
        }
    }
}

/// The figure and what stands beside it, one under the other.
pub(crate) fn full(shell: &Shell, figure: &Figure) -> Markup {
    html! { (value(shell, figure)) (beside(shell, figure)) }
}

/// How old something is: `hôm nay`, `12 ngày trước`, `khoảng 4 tháng trước`.
pub(crate) fn age(lang: Lang, days: i64) -> String {
    match days {
        ..=0 => lang.pick("hôm nay", "today").to_owned(),
        1 => lang.pick("1 ngày trước", "1 day ago").to_owned(),
        2..=60 => format!("{days} {}", lang.pick("ngày trước", "days ago")),
        61..=729 => match lang {
            Lang::Vi => format!("khoảng {} tháng trước", days / 30),
            Lang::En => format!("about {} months ago", days / 30),
        },
        _ => match lang {
            Lang::Vi => format!("khoảng {} năm trước", days / 365),
            Lang::En => format!("about {} years ago", days / 365),
        },
    }
}

/// A distance: `850 m`, `2,6 km`.
pub(crate) fn distance(lang: Lang, metres: f64) -> String {
    if metres < 1_000.0 {
        format!("{} m", lang.number(metres, 0))
    } else {
        format!("{} km", lang.number(metres / 1_000.0, 1))
    }
}

/// A share with its parts: `97,61%` and `3.711/3.802`; why there is none in words.
pub(crate) fn share(lang: Lang, share: Result<gapwatch_model::Percent, Absence>) -> Markup {
    match share {
        Ok(share) => html! {
            span.n { (lang.number(share.percent(), 2)) "%" }
            " " span.by { (lang.number_up_to(share.numerator(), 2)) "/" (lang.number_up_to(share.denominator(), 2)) }
        },
        Err(why) => badge::absence(lang, why),
    }
}

#[cfg(test)]
mod tests {
    use super::{age, amount_text};
    use crate::{Lang, figure::Amount};
    use gapwatch_model::{Qualifier, Unit, Value};

    fn check(amount: Amount, qualifier: Qualifier, unit: Unit, vi: &str, en: &str) {
        assert_eq!(amount_text(Lang::Vi, amount, qualifier, unit, 1), vi);
        assert_eq!(amount_text(Lang::En, amount, qualifier, unit, 1), en);
    }

    #[test]
    fn every_answer_has_its_own_words() {
        let known = |number| Amount::Known(Value::Number(number));
        let ratio = |numerator, denominator| Value::Ratio { numerator, denominator };
        check(known(0.0), Qualifier::Exact, Unit::Villages, "0,0 thôn", "0.0 villages");
        check(
            known(1200.0),
            Qualifier::MoreThan,
            Unit::Locations,
            "hơn 1.200,0 vị trí",
            "more than 1,200.0 locations",
        );
        check(known(3.0), Qualifier::Exact, Unit::Rank, "hạng 3", "rank 3");
        check(known(0.0), Qualifier::Exact, Unit::YesNo, "không", "no");
        check(Amount::Known(ratio(1.0, 8.0)), Qualifier::About, Unit::Percent, "khoảng 12,5%", "about 12.5%");
        check(
            Amount::Known(ratio(0.0, 0.0)),
            Qualifier::Exact,
            Unit::Percent,
            "không có giá trị (0/0)",
            "no value (0/0)",
        );
        check(
            Amount::Stale(ratio(1.0, 2.0)),
            Qualifier::Exact,
            Unit::Percent,
            "50,0% (số liệu đã cũ)",
            "50.0% (out of date)",
        );
        let few = Amount::Insufficient { samples: 12, minimum: 300 };
        check(few, Qualifier::Exact, Unit::Percent, "chưa đủ mẫu (12/300)", "too few samples (12/300)");
        check(known(f64::NAN), Qualifier::Exact, Unit::Villages, "chưa có số liệu", "not reported");
        check(Amount::Missing, Qualifier::Exact, Unit::Percent, "chưa có số liệu", "not reported");
        check(Amount::NotApplicable, Qualifier::Exact, Unit::Percent, "không áp dụng", "not applicable");
    }

    #[test]
    fn ages_are_said_in_the_largest_unit_that_is_fair() {
        assert_eq!(age(Lang::Vi, 0), "hôm nay");
        assert_eq!(age(Lang::En, 1), "1 day ago");
        assert_eq!(age(Lang::Vi, 61), "khoảng 2 tháng trước");
        assert_eq!(age(Lang::Vi, 60), "60 ngày trước");
        assert_eq!(age(Lang::Vi, 125), "khoảng 4 tháng trước");
        assert_eq!(age(Lang::En, 800), "about 2 years ago");
    }
}
