//! Whether a word can be a Vietnamese syllable: what decides between encodings.

use unicode_normalization::UnicodeNormalization;

const INITIALS: [&str; 28] = [
    "ngh", "ch", "gh", "gi", "kh", "ng", "nh", "ph", "qu", "th", "tr", "b", "c", "d", "đ", "g", "h", "k",
    "l", "m", "n", "p", "r", "s", "t", "v", "x", "",
];
const FINALS: [&str; 9] = ["ch", "ng", "nh", "c", "m", "n", "p", "t", ""];
const NUCLEI: [&str; 57] = [
    "a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y", "ai", "ao", "au", "ay", "âu", "ây", "eo",
    "êu", "ia", "iê", "iu", "oa", "oă", "oe", "oi", "ôi", "ơi", "oo", "ua", "uâ", "uê", "ui", "uô", "uơ",
    "uy", "ưa", "ưi", "ươ", "ưu", "yê", "oai", "oay", "oao", "oeo", "uây", "uya", "uyê", "uyu", "uôi", "ươi",
    "ươu", "iêu", "yêu", "uyn", "uă",
];

/// Share of the words with a sign above plain ASCII that can be Vietnamese. `None` where there is no such word.
pub(crate) fn likeness(text: &str) -> Option<f64> {
    let mut words = 0_u32;
    let mut good = 0_u32;
    let is_letter = |c: char| {
        c.is_alphabetic() || ('\u{300}'..='\u{36f}').contains(&c) || c == '\u{fffd}' || high_sign(c)
    };
    for word in text.split(|c| !is_letter(c)).filter(|word| !word.is_ascii()).take(20_000) {
        words += 1;
        good += u32::from(is_syllable(word));
    }
    (words > 0).then(|| f64::from(good) / f64::from(words))
}

/// Signs of Latin-1 that are no letters but stand for letters in the old fonts.
fn high_sign(letter: char) -> bool {
    ('\u{a1}'..='\u{bf}').contains(&letter) || matches!(letter, '×' | '÷')
}

/// Whether a word is made like a Vietnamese syllable, with one tone at most.
pub(crate) fn is_syllable(word: &str) -> bool {
    let mut tones = 0;
    let mut bare = String::with_capacity(word.len());
    for letter in word.to_lowercase().nfd() {
        match letter {
            '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}' => tones += 1,
            other => bare.push(other),
        }
    }
    let bare: String = bare.nfc().collect();
    tones <= 1
        && INITIALS.iter().any(|initial| {
            bare.strip_prefix(initial).is_some_and(|rest| {
                FINALS
                    .iter()
                    .any(|end| rest.strip_suffix(end).is_some_and(|nucleus| NUCLEI.contains(&nucleus)))
            })
        })
}

#[cfg(test)]
mod tests {
    use super::{is_syllable, likeness};

    #[test]
    fn syllables_are_told_from_rubbish() {
        for word in [
            "Thủy",
            "nghĩa",
            "khuỷu",
            "đường",
            "Quảng",
            "quyết",
            "giếng",
            "ý",
            "xoong",
            "Lẹng",
            "Pác",
            "khuya",
        ] {
            assert!(is_syllable(word), "{word}");
        }
        for word in ["Tªn", "hoä", "löôùi", "Ph\u{ad}êng", "ñieän", "Ã¡", "cộộ", "\u{fffd}"] {
            assert!(!is_syllable(word), "{word}");
        }
        assert_eq!(likeness("abc 123"), None);
    }
}
