//! Vietnamese text: mending what arrives, folding what means the same, writing numbers and dates for people.
//!
//! Three strengths of likeness, in order: [`clean`] mends encodings without changing a word; [`fold`] makes equal what
//! a clerk writes in several ways (accepted when unique); [`toneless`] is for search and for *near* matches, which a
//! person decides.

use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};
use unicode_normalization::UnicodeNormalization;

const TONES: [(char, char); 5] =
    [('\u{300}', '2'), ('\u{301}', '1'), ('\u{303}', '4'), ('\u{309}', '3'), ('\u{323}', '5')];

/// A letter without its tone, and the digit of the tone.
type Apart = (char, Option<char>);

/// The letters of Vietnamese and its neighbours without their tones, and the tones: `ộ` is `ô` and `5`. Two rows of the
/// code table.
static LETTERS: LazyLock<[Vec<Apart>; 2]> = LazyLock::new(|| {
    [('\u{c0}'..='\u{1b0}').map(apart).collect(), ('\u{1ea0}'..='\u{1ef9}').map(apart).collect()]
});

/// Kinds of units that stand before a name, longest first. Compared after [`clean`] and lower-casing.
const PREFIXES: [&str; 24] = [
    "ubnd thị trấn",
    "ubnd phường",
    "ubnd huyện",
    "ubnd tỉnh",
    "ubnd xã",
    "thành phố",
    "thị trấn",
    "đặc khu",
    "thị xã",
    "phường",
    "huyện",
    "quận",
    "tỉnh",
    "xã",
    "tp.",
    "tt.",
    "tx.",
    "tp",
    "tt",
    "p.",
    "x.",
    "h.",
    "q.",
    "t.",
];

/// Kinds of villages that stand before a name, longest first.
const VILLAGE_PREFIXES: [&str; 14] = [
    "tổ dân phố",
    "khu dân cư",
    "khu phố",
    "tổ dp",
    "thôn",
    "xóm",
    "bản",
    "tdp",
    "khối",
    "làng",
    "tổ",
    "t.",
    "x.",
    "b.",
];

/// Mends a text without changing a word: NFC, U+00D0 and U+0189 to Đ, wide letters, digits and signs (`６０`) to common
/// ones, no-break and odd spaces to one space, zero-width and direction marks dropped, ends trimmed.
#[must_use]
pub fn clean(text: &str) -> String {
    if is_clean(text) {
        return text.to_owned();
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut space_due = false;
    for letter in text.nfc() {
        match letter {
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{ad}' => {}
            space if space.is_whitespace() || space.is_control() => space_due = !cleaned.is_empty(),
            letter => {
                if space_due {
                    cleaned.push(' ');
                    space_due = false;
                }
                cleaned.push(match letter {
                    '\u{d0}' | '\u{189}' => 'Đ',
                    '\u{f0}' | '\u{256}' => 'đ',
                    wide @ '\u{ff01}'..='\u{ff5e}' => narrow(wide),
                    other => other,
                });
            }
        }
    }
    cleaned
}

/// The key under which two writings of one word are equal: case, spaces, marks of encoding and the place of the tone
/// (`Hòa`, `Hoà`) do not count; letters and tones do (`Văn Lăng` is not `Văn Lang`, `Quí` is not `Quý`).
#[must_use]
pub fn fold(text: &str) -> String {
    let cleaned = clean(text).to_lowercase();
    if cleaned.is_ascii() {
        return cleaned;
    }
    let mut folded = String::with_capacity(cleaned.len() + 8);
    for word in cleaned.split(' ').filter(|word| !word.is_empty()) {
        if !folded.is_empty() {
            folded.push(' ');
        }
        let start = folded.len();
        let mut tone = None;
        for letter in word.chars() {
            let Some((bare, toned)) = letter_apart(letter) else {
                folded.truncate(start);
                tone = fold_rare(word, &mut folded);
                break;
            };
            folded.push(bare);
            tone = toned.or(tone);
        }
        if let Some(digit) = tone {
            // A letter no Vietnamese word ends in keeps the tone apart from digits of the name itself.
            folded.push('\u{b7}');
            folded.push(digit);
        }
    }
    folded
}

/// Writes a word of rare letters or free-standing marks without its tones; the last of them.
fn fold_rare(word: &str, folded: &mut String) -> Option<char> {
    let mut tone = None;
    let mut bare = String::with_capacity(word.len());
    for letter in word.nfd() {
        match TONES.iter().find(|(mark, _)| *mark == letter) {
            Some((_, digit)) => tone = Some(*digit),
            None => bare.push(letter),
        }
    }
    folded.extend(bare.nfc());
    tone
}

/// A letter without its tone, looked up. `None` for letters of no table and for marks.
fn letter_apart(letter: char) -> Option<Apart> {
    let row = |first: char| u32::from(letter).checked_sub(u32::from(first)).map(|at| at as usize);
    let [latin, vietnamese] = &*LETTERS;
    match letter {
        '\0'..='\u{7f}' => Some((letter, None)),
        '\u{c0}'..='\u{1b0}' => latin.get(row('\u{c0}')?).copied(),
        '\u{1ea0}'..='\u{1ef9}' => vietnamese.get(row('\u{1ea0}')?).copied(),
        _ => None,
    }
}

/// A letter without its tone, worked out.
fn apart(letter: char) -> Apart {
    let tone_of = |mark: char| TONES.iter().find(|(tone, _)| *tone == mark).map(|(_, digit)| *digit);
    let parts = || std::iter::once(letter).nfd();
    let bare = parts().filter(|part| tone_of(*part).is_none()).nfc().next().unwrap_or(letter);
    (bare, parts().find_map(tone_of))
}

/// The common form of a letter, digit or sign that an East Asian keyboard wrote wide.
fn narrow(wide: char) -> char {
    u32::from(wide).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(wide)
}

/// Whether nothing of a text needs mending: letters in one piece, single spaces between words. `false` may be said of
/// one that needs none.
fn is_clean(text: &str) -> bool {
    let mut before = ' ';
    let fine = text.chars().all(|letter| {
        let fine = match letter {
            ' ' => before != ' ',
            '\u{d0}' | '\u{f0}' | '\u{189}' => false,
            '!'..='~' | '\u{c0}'..='\u{1b0}' | '\u{1ea0}'..='\u{1ef9}' => true,
            _ => false,
        };
        before = letter;
        fine
    });
    fine && (before != ' ' || text.is_empty())
}

/// [`fold`] without the kind of unit before the name: `Phường Thục Phán`, `P. Thục Phán` and `Thục Phán` are equal.
#[must_use]
pub fn fold_name(text: &str) -> String {
    fold(strip(&clean(text), &PREFIXES))
}

/// [`fold`] without the kind of village before the name: `Xóm Nà Lẹng` and `Nà Lẹng` are equal.
#[must_use]
pub fn fold_village(text: &str) -> String {
    fold(strip(&clean(text), &VILLAGE_PREFIXES))
}

/// A [`clean`] name of a village without the kind before it, as written.
#[must_use]
pub fn without_village_kind(cleaned: &str) -> &str {
    strip(cleaned, &VILLAGE_PREFIXES)
}

/// The kind of unit that stands before a name, in lower case: `phường` for `Phường Thục Phán`.
#[must_use]
pub fn prefix(text: &str) -> Option<&'static str> {
    let cleaned = clean(text);
    find_prefix(&cleaned, &PREFIXES).map(|(prefix, _)| prefix)
}

/// Letters only, without tones and marks, in lower case: for search and near matches. `Đàm Thủy` gives `dam thuy`.
#[must_use]
pub fn toneless(text: &str) -> String {
    let cleaned = clean(text).to_lowercase();
    let plain = cleaned.nfd().filter(|c| !('\u{300}'..='\u{36f}').contains(c));
    plain.map(|c| if c == 'đ' { 'd' } else { c }).nfc().collect()
}

fn strip<'a>(cleaned: &'a str, prefixes: &[&'static str]) -> &'a str {
    find_prefix(cleaned, prefixes).map_or(cleaned, |(_, rest)| rest)
}

/// Finds the longest prefix that leaves a name behind.
fn find_prefix<'a>(cleaned: &'a str, prefixes: &[&'static str]) -> Option<(&'static str, &'a str)> {
    let first = cleaned.chars().next()?.to_lowercase().next()?;
    prefixes.iter().filter(|prefix| prefix.starts_with(first)).find_map(|prefix| {
        let count = prefix.chars().count();
        let cut = cleaned.char_indices().nth(count).map_or(cleaned.len(), |(at, _)| at);
        let (head, rest) = cleaned.split_at_checked(cut)?;
        let apart = prefix.ends_with('.') || rest.starts_with([' ', '.']);
        let rest = rest.trim_start_matches([' ', '.']);
        (apart && !rest.is_empty() && fold(head) == fold(prefix)).then_some((*prefix, rest))
    })
}

/// A number for people: decimal comma, points for thousands, `decimals` digits behind the comma.
#[must_use]
pub fn decimal(number: f64, decimals: u8) -> String {
    group(number, decimals, '.', ',')
}

/// A number for people who read English: decimal point, commas for thousands.
#[must_use]
pub fn decimal_en(number: f64, decimals: u8) -> String {
    group(number, decimals, ',', '.')
}

/// A count for people: points for thousands.
#[must_use]
pub fn count(number: u64) -> String {
    grouped(&number.to_string(), '.')
}

fn group(number: f64, decimals: u8, thousands: char, point: char) -> String {
    let plain = format!("{number:.*}", usize::from(decimals));
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("−", rest));
    let sign = if digits.bytes().any(|b| (b'1'..=b'9').contains(&b)) { sign } else { "" };
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut text = format!("{sign}{}", grouped(whole, thousands));
    if let Some(fraction) = fraction {
        text.push(point);
        text.push_str(fraction);
    }
    text
}

fn grouped(digits: &str, separator: char) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// A day for people: `31/12/2025`.
#[must_use]
pub fn date(day: NaiveDate) -> String {
    format!("{:02}/{:02}/{}", day.day(), day.month(), day.year())
}

/// A moment for people, in the zone it is given in: `17:00, 31/12/2025`.
#[must_use]
pub fn moment(at: NaiveDateTime) -> String {
    format!("{:02}:{:02}, {}", at.hour(), at.minute(), date(at.date()))
}

#[cfg(test)]
mod tests {
    use super::{
        apart, clean, count, decimal, fold, fold_name, fold_rare, fold_village, letter_apart, prefix,
        toneless, without_village_kind,
    };
    use proptest::prelude::{ProptestConfig, proptest};
    use unicode_normalization::UnicodeNormalization;

    #[test]
    fn encodings_are_mended() {
        assert_eq!(clean("  \u{feff}\u{d0}àm\u{a0}Thu\u{309}y\u{200b} "), "Đàm Thủy");
        assert_eq!(clean("\u{189}ức\t\n  Long"), "Đức Long");
    }

    #[test]
    fn the_place_of_the_tone_does_not_count() {
        for (one, other) in
            [("Hòa An", "Hoà An"), ("Thủy", "Thuỷ"), ("khoẻ", "khỏe"), ("XÃ  HÒA AN", "Xã Hoà An")]
        {
            assert_eq!(fold(one), fold(other));
        }
        let decomposed: String = "Hoà An".nfd().collect();
        assert_eq!(fold(&decomposed), fold("Hòa An"));
    }

    #[test]
    fn letters_and_tones_count() {
        for (one, other) in
            [("Văn Lăng", "Văn Lang"), ("Quí", "Quý"), ("Đồng", "Dồng"), ("Tổ 1", "Tổ"), ("Ma", "Mà")]
        {
            assert_ne!(fold(one), fold(other));
        }
    }

    #[test]
    fn kinds_before_a_name_are_dropped() {
        for written in
            ["Phường Thục Phán", "P. Thục Phán", "P.Thục Phán", "phường thục phán", "UBND Phường Thục Phán"]
        {
            assert_eq!(fold_name(written), fold("Thục Phán"), "{written}");
        }
        assert_eq!(fold_name("Thị trấn Bằng Lũng"), fold("TT. Bằng Lũng").replace("tt. ", ""));
        assert_eq!(fold_name("Xã"), fold("xã"), "a kind alone is a name");
        assert_eq!(fold_name("Xãng"), fold("Xãng"), "a prefix ends at a word");
        assert_eq!(fold_village("Xóm Nà Lẹng"), fold("Nà Lẹng"));
        assert_eq!(prefix("Phường Thục Phán"), Some("phường"));
        assert_eq!(prefix("Thục Phán"), None);
    }

    #[test]
    fn search_has_no_tones() {
        assert_eq!(toneless("Xã Đàm Thuỷ"), "xa dam thuy");
        assert_eq!(toneless("Bằng Lũng"), "bang lung");
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(decimal(1_241.0, 0), "1.241");
        assert_eq!(decimal(97.606_5, 2), "97,61");
        assert_eq!(decimal(-0.004, 2), "0,00");
        assert_eq!(decimal(-1_234_567.891, 1), "−1.234.567,9");
        assert_eq!(count(90_000), "90.000");
        assert_eq!(count(138), "138");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn mending_twice_is_mending_once(text in ".{0,40}") {
            let once = clean(&text);
            assert_eq!(clean(&once), once);
            assert_eq!(fold(&once), fold(&text));
            assert_eq!(toneless(&once), toneless(&text));
        }
    }

    #[test]
    fn letters_of_the_table_fold_as_any_others() {
        for letter in ('\u{c0}'..='\u{1b0}').chain('\u{1ea0}'..='\u{1ef9}') {
            let mut folded = String::new();
            let tone = fold_rare(&letter.to_string(), &mut folded);
            assert_eq!(
                letter_apart(letter).map(|(bare, tone)| (bare.to_string(), tone)),
                Some((folded, tone)),
                "{letter}"
            );
            assert_eq!(apart(letter).1, tone);
        }
        // A mark of its own behind a letter in one piece is still its tone.
        assert_eq!(fold("Ho\u{e0}"), fold("Hoa\u{300}"));
        assert_eq!(fold("bô\u{323}"), fold("bộ"));
        assert_eq!(without_village_kind("Tổ dân phố 1"), "1");
    }

    #[test]
    fn what_is_clean_stays_as_it_is() {
        use unicode_normalization::UnicodeNormalization;
        for letter in ('!'..='~').chain('\u{c0}'..='\u{1b0}').chain('\u{1ea0}'..='\u{1ef9}') {
            let text = format!("a {letter} b");
            let mended: String = text
                .nfc()
                .map(|c| match c {
                    '\u{d0}' | '\u{189}' => 'Đ',
                    '\u{f0}' => 'đ',
                    other => other,
                })
                .collect();
            assert_eq!(clean(&text), mended);
        }
        for (text, cleaned) in [
            (" a", "a"),
            ("a ", "a"),
            ("a  b", "a b"),
            ("a\tb", "a b"),
            ("", ""),
            (" ", ""),
            ("６０　Ｘ", "60 X"),
        ] {
            assert_eq!(clean(text), cleaned, "{text:?}");
        }
    }
}
