//! How names of places are compared, beyond `gapwatch_model::text`: keys of villages, and what is nearly the same.

use gapwatch_model::{PlaceLevel, text};

/// Kinds of villages without their tones, longest first.
const KINDS: [&str; 11] =
    ["to dan pho", "khu dan cu", "khu pho", "to dp", "thon", "xom", "ban", "tdp", "khoi", "lang", "to"];

/// A name without its kind, tones and marks.
pub(super) fn bare(name: &str) -> String {
    let cleaned = text::clean(name);
    let skip = text::prefix(&cleaned).map_or(0, |prefix| prefix.chars().count());
    let rest: String = cleaned.chars().skip(skip).collect();
    text::toneless(rest.trim_start_matches([' ', '.']))
}

/// What a cell says before it says more: `Tam Kim` of `Tam Kim (Nguyên Bình)` and of `Tam Kim - huyện Nguyên Bình`.
pub(super) fn head(name: &str) -> &str {
    let name = name.split(['(', ',', ';', '/']).next().unwrap_or(name);
    name.split(" - ").next().unwrap_or(name).trim()
}

/// The keys under which a village is found, the strongest first: as written, and without its kind. `Bản Mò` may be the bản
/// of `Mò` or the name of a xóm.
pub(super) fn village_keys(name: &str) -> Vec<String> {
    let cleaned = text::clean(name);
    let mut keys = vec![text::fold(&cleaned), text::fold(text::without_village_kind(&cleaned))];
    keys.dedup();
    keys
}

/// A village's name for near matches: no tones, no kind, no *số* before a number, no zeros that only fill up.
pub(super) fn plain_village(name: &str) -> String {
    // Tones fall away with the marks; the kind falls away first, while its tones are still there.
    let plain = text::toneless(text::without_village_kind(&text::clean(name)));
    let stripped =
        KINDS.iter().find_map(|kind| plain.strip_prefix(kind)?.strip_prefix(' ')).unwrap_or(&plain);
    let words: Vec<&str> = stripped.split(' ').collect();
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let counted = |at: usize| words.get(at + 1).is_some_and(|next| is_number(next));
    let kept = words.iter().enumerate().filter(|(at, word)| !(**word == "so" && counted(*at)));
    let filled_up = |word: &str| match word.trim_start_matches('0') {
        "" => "0".to_owned(),
        number => number.to_owned(),
    };
    kept.map(|(_, word)| if is_number(word) { filled_up(word) } else { (*word).to_owned() })
        .collect::<Vec<_>>()
        .join(" ")
}

/// A code with the leading zeros a spreadsheet takes away.
pub(super) fn padded(code: &str, level: PlaceLevel) -> String {
    let width = match level {
        PlaceLevel::Country | PlaceLevel::Village => 0,
        PlaceLevel::Province => 2,
        PlaceLevel::District => 3,
        PlaceLevel::Commune => 5,
    };
    let code = text::clean(code);
    let code = code.trim_start_matches('\'');
    // A number that went through a program: `1273.0`.
    let code =
        code.strip_suffix(".0").filter(|whole| whole.bytes().all(|b| b.is_ascii_digit())).unwrap_or(code);
    if code.bytes().all(|b| b.is_ascii_digit()) { format!("{code:0>width$}") } else { code.to_owned() }
}

/// Whether two names without tones are one misspelling apart: one letter, two in names of eight letters and more.
pub(super) fn is_near(one: &str, other: &str) -> bool {
    let one: Vec<char> = one.chars().map(|c| if c == 'y' { 'i' } else { c }).collect();
    let other: Vec<char> = other.chars().map(|c| if c == 'y' { 'i' } else { c }).collect();
    let shorter = one.len().min(other.len());
    let allowed = if shorter >= 8 { 2 } else { 1 };
    if shorter < 3
        || one.len().abs_diff(other.len()) > allowed
        || one.iter().chain(&other).any(char::is_ascii_digit)
    {
        return one == other;
    }
    let mut previous: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, (there, steps)) in other.iter().zip(previous.windows(2)).enumerate() {
            let [diagonal, above] = steps else { continue };
            let left = current.get(column).copied().unwrap_or(usize::MAX);
            current.push((diagonal + usize::from(letter != there)).min(above + 1).min(left + 1));
        }
        previous = current;
    }
    previous.last().is_some_and(|distance| *distance <= allowed)
}

#[cfg(test)]
mod tests {
    use super::{head, is_near, plain_village, village_keys};

    fn shared(one: &str, other: &str) -> bool {
        let others = village_keys(other);
        village_keys(one).iter().any(|key| others.contains(key))
    }

    #[test]
    fn a_name_that_begins_with_a_kind_is_found_from_both_sides() {
        assert!(shared("Xóm Bản Mò", "Bản Mò"));
        assert!(shared("Bản Mò", "Mò"));
        assert!(shared("xóm  bản mò", "Xóm Bản Mò"));
        assert!(!shared("Xóm Bản Mò", "Bản Mỏ"));
        assert!(!shared("Xóm Bản Mò", "Mò"), "one kind falls away, not two");
        assert!(!shared("Tổ dân phố 1", "Tổ dân phố 11"));
    }

    #[test]
    fn villages_are_near_without_tones_kinds_and_fillings() {
        for (one, other) in [
            ("xom Cao Din", "Xóm Cao Đin"),
            ("Tổ dân phố số 1", "Tổ 1"),
            ("Tổ dân phố 01", "tổ dân phố 1"),
            ("Bản Mò", "Xóm Mo"),
        ] {
            assert_eq!(plain_village(one), plain_village(other), "{one} {other}");
        }
        assert_ne!(plain_village("Tổ 1"), plain_village("Tổ 10"));
        assert!(is_near("cao din", "cao den"));
        assert!(!is_near("to 1", "to 2"));
    }

    #[test]
    fn a_district_in_the_same_cell_is_not_part_of_the_name() {
        for name in
            ["Tam Kim (Nguyên Bình)", "Tam Kim, Nguyên Bình", "Tam Kim - huyện Nguyên Bình", "Tam Kim"]
        {
            assert_eq!(head(name), "Tam Kim");
        }
    }
}
