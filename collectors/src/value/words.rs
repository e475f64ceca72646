//! The words of cells: yes and no, nothing said, what stands before a number and behind it.

use std::{collections::HashMap, sync::LazyLock};

use gapwatch_model::{
    Qualifier, Unit,
    text::{clean, fold},
};

/// What a known word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Missing,
    Yes,
    No,
}

/// The known words by their folded form.
static WORDS: LazyLock<HashMap<String, Word>> = LazyLock::new(|| {
    let of = |words: &[&str], word| words.iter().map(|text| (fold(text), word)).collect::<Vec<_>>();
    [of(&MISSING, Word::Missing), of(&YES, Word::Yes), of(&NO, Word::No)].into_iter().flatten().collect()
});

/// Writings of "nothing was said", folded.
const MISSING: [&str; 16] = [
    "-",
    "–",
    "—",
    "--",
    "...",
    "…",
    "n/a",
    "na",
    "null",
    "none",
    "không có số liệu",
    "chưa có số liệu",
    "không có dữ liệu",
    "chưa có dữ liệu",
    "không số liệu",
    "không rõ",
];
const YES: [&str; 31] = [
    "x",
    "có",
    "co",
    "1",
    "đã có",
    "rồi",
    "đạt",
    "yes",
    "y",
    "true",
    "đúng",
    "✓",
    "✔",
    "☑",
    "√",
    "có sóng",
    "có điện",
    "có phủ sóng",
    "đã phủ",
    "phủ sóng",
    "đã phủ sóng",
    "đã có sóng",
    "đã có điện",
    "có điện lưới",
    "đã có điện lưới",
    "có điện lưới quốc gia",
    "đã có điện lưới quốc gia",
    "có điện quốc gia",
    "đã có điện quốc gia",
    "có lưới điện quốc gia",
    "đã có lưới điện quốc gia",
];
const NO: [&str; 31] = [
    "không",
    "khong",
    "ko",
    "k",
    "0",
    "chưa",
    "chưa có",
    "không có",
    "no",
    "n",
    "false",
    "sai",
    "không có sóng",
    "chưa có sóng",
    "không có điện",
    "chưa có điện",
    "không có điện lưới",
    "chưa có điện lưới",
    "không phủ sóng",
    "chưa phủ sóng",
    "trắng sóng",
    "chưa đạt",
    "không đạt",
    "không có điện lưới quốc gia",
    "chưa có điện lưới quốc gia",
    "không có điện quốc gia",
    "chưa có điện quốc gia",
    "không có lưới điện quốc gia",
    "chưa có lưới điện quốc gia",
    "không sóng",
    "chưa có phủ sóng",
];
/// Words before a number, longest first.
const QUALIFIERS: [(&str, Qualifier); 17] = [
    ("trên dưới ", Qualifier::About),
    ("ước đạt ", Qualifier::About),
    ("xấp xỉ ", Qualifier::About),
    ("nhiều hơn ", Qualifier::MoreThan),
    ("chưa đến ", Qualifier::LessThan),
    ("chưa tới ", Qualifier::LessThan),
    ("ít hơn ", Qualifier::LessThan),
    ("khoảng ", Qualifier::About),
    ("dưới ", Qualifier::LessThan),
    ("hơn ", Qualifier::MoreThan),
    ("trên ", Qualifier::MoreThan),
    ("gần ", Qualifier::Almost),
    ("ước ", Qualifier::About),
    (">", Qualifier::MoreThan),
    ("<", Qualifier::LessThan),
    ("~", Qualifier::About),
    ("≈", Qualifier::About),
];

/// What a folded text says as a word.
pub(super) fn word(folded: &str) -> Option<Word> {
    WORDS.get(folded).copied()
}

/// Whether a word behind a number is this unit.
pub(super) fn is_unit(unit: Unit, word: &str) -> bool {
    let units: &[&str] = match unit {
        Unit::YesNo => &[],
        Unit::Percent => &["%", "phần trăm", "pct"],
        Unit::Points => &["điểm", "đ"],
        Unit::Rank => &[],
        Unit::MegabitsPerSecond => &["mbps", "mb/s", "mbit/s"],
        Unit::Per100 => &["máy/100 dân", "/100 dân", "thuê bao/100 dân", "máy"],
        Unit::Households => &["hộ", "hộ dân", "hộ gia đình", "hgđ"],
        Unit::Persons => &["người", "nhân khẩu", "khẩu", "lượt", "em", "học sinh", "thành viên"],
        Unit::Villages => &["thôn", "xóm", "bản", "tổ dân phố", "thôn, bản"],
        Unit::Communes => &["xã", "phường", "đơn vị", "xã, phường"],
        Unit::Clusters => &["cụm", "cụm dân cư", "điểm dân cư"],
        Unit::Locations => &["trạm", "vị trí", "vị trí trạm", "điểm"],
        Unit::Items => &[
            "km",
            "đồng",
            "vnđ",
            "vnd",
            "trạm",
            "tổ",
            "dịch vụ",
            "hồ sơ",
            "lượt",
            "mẫu",
            "văn bản",
            "cái",
            "chiếc",
            "chữ ký số",
            "thủ tục",
            "điểm",
            "lượt tải",
            "cơ sở",
            "doanh nghiệp",
            "bộ",
        ],
    };
    let folded = fold(word.trim_end_matches('.'));
    units.iter().any(|known| fold(known) == folded)
}

/// What Excel shows where a formula failed, as it stands in text files made of workbooks.
pub(super) fn is_error(text: &str) -> bool {
    ["#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"].contains(&text)
}

/// Splits off the word before a number.
pub(super) fn qualified(text: &str) -> (Qualifier, String) {
    let cleaned = clean(text).to_lowercase();
    for (word, qualifier) in QUALIFIERS {
        if let Some(rest) = strip_folded(&cleaned, word) {
            return (qualifier, rest.trim_start().to_owned());
        }
    }
    (Qualifier::Exact, cleaned)
}

fn strip_folded<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let cut = text.char_indices().nth(word.chars().count()).map_or(text.len(), |(at, _)| at);
    let (head, rest) = text.split_at_checked(cut)?;
    (head == word || (head.ends_with(' ') && fold(head) == fold(word))).then_some(rest)
}

/// Reads a qualifier written alone in its own column.
pub(crate) fn qualifier(text: &str) -> Option<Qualifier> {
    let folded = fold(text);
    let ids =
        [Qualifier::Exact, Qualifier::MoreThan, Qualifier::LessThan, Qualifier::Almost, Qualifier::About];
    if folded.is_empty() || folded == fold("đúng") || folded == "=" {
        return Some(Qualifier::Exact);
    }
    let by_word =
        || QUALIFIERS.iter().find(|(word, _)| fold(word) == folded).map(|(_, qualifier)| *qualifier);
    ids.into_iter().find(|id| id.as_str() == folded).or_else(by_word)
}

/// Splits off `nghìn`, `triệu`, `tỷ` behind a number.
pub(super) fn multiplier(rest: &str) -> (Option<f64>, &str) {
    for (word, times) in [("nghìn", 1e3), ("ngàn", 1e3), ("triệu", 1e6), ("tỷ", 1e9), ("tỉ", 1e9)] {
        if let Some(unit) = rest.strip_prefix(word)
            && !unit.starts_with(char::is_alphabetic)
        {
            return (Some(times), unit.trim());
        }
    }
    (None, rest)
}
