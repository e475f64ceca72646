//! The two languages of the screen, and how each writes numbers and days.

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_model::{Period, text};

/// Language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Lang {
    /// Vietnamese, unless asked otherwise.
    #[default]
    Vi,
    /// English, by `?lang=en`.
    En,
}

impl Lang {
    /// The language tag, as in `lang="vi"` and `?lang=en`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    /// The language a tag names; anything but `en` is Vietnamese.
    #[must_use]
    pub fn of_tag(tag: &str) -> Self {
        if tag == "en" { Self::En } else { Self::Vi }
    }

    /// Chooses between the two writings of one text.
    #[must_use]
    pub fn pick<T>(self, vi: T, en: T) -> T {
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }

    /// A number with its decimals: `97,61` in Vietnamese, `97.61` in English.
    #[must_use]
    pub fn number(self, number: f64, decimals: u8) -> String {
        match self {
            Self::Vi => text::decimal(number, decimals),
            Self::En => text::decimal_en(number, decimals),
        }
    }

    /// A number with at most this many decimals, without trailing zeros: for counts that may have parts.
    #[must_use]
    pub fn number_up_to(self, number: f64, decimals: u8) -> String {
        let written = self.number(number, decimals);
        let point = self.pick(',', '.');
        match written.split_once(point) {
            Some((whole, parts)) => match parts.trim_end_matches('0') {
                "" => whole.to_owned(),
                kept => format!("{whole}{point}{kept}"),
            },
            None => written,
        }
    }

    /// A count: `1.450` in Vietnamese, `1,450` in English.
    #[must_use]
    pub fn count(self, number: u64) -> String {
        match self {
            Self::Vi => text::count(number),
            Self::En => text::count(number).replace('.', ","),
        }
    }

    /// A day: `31/12/2025` in both languages.
    #[must_use]
    pub fn date(self, day: NaiveDate) -> String {
        text::date(day)
    }

    /// A moment in its own zone: `17:00, 31/12/2025` in both languages.
    #[must_use]
    pub fn moment(self, at: DateTime<FixedOffset>) -> String {
        text::moment(at.naive_local())
    }

    /// A period: `tháng 11/2025`, `11/2025`.
    #[must_use]
    pub fn period(self, period: Period) -> String {
        match self {
            Self::Vi => period.vietnamese(),
            Self::En => period.english(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lang;

    #[test]
    fn each_language_writes_numbers_its_way() {
        assert_eq!(Lang::Vi.number(1_234.5, 1), "1.234,5");
        assert_eq!(Lang::En.number(1_234.5, 1), "1,234.5");
        assert_eq!(Lang::Vi.count(90_000), "90.000");
        assert_eq!(Lang::En.count(90_000), "90,000");
        assert_eq!(Lang::Vi.number_up_to(12.50, 2), "12,5");
        assert_eq!(Lang::En.number_up_to(1_200.0, 2), "1,200");
    }
}
