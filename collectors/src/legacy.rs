//! The two encodings from before Unicode that are still sent: TCVN3 (`.VnTime` fonts) and VNI. No kept library has them.

/// TCVN 5712:1993 VN3, from 0xA0 on. `\u{fffd}` where there is no letter. Capitals with tones are a matter of the font.
const TCVN3: &str = concat!(
    "\u{a0}ĂÂÊÔƠƯĐăâêôơưđ\u{fffd}",
    "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}àảãáạ\u{fffd}ằẳẵắ\u{fffd}",
    "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}ặầẩẫấậè\u{fffd}ẻẽ",
    "éẹềểễếệìỉ\u{fffd}\u{fffd}\u{fffd}ĩíịò",
    "\u{fffd}ỏõóọồổỗốộờởỡớợù",
    "\u{fffd}ủũúụừửữứựỳỷỹýỵ\u{fffd}",
);

/// Decodes TCVN3.
pub(crate) fn tcvn3(bytes: &[u8]) -> String {
    let table: Vec<char> = TCVN3.chars().collect();
    let letter = |byte: u8| match byte {
        0..=0x7f => char::from(byte),
        0x80..=0x9f => typographic(byte),
        _ => table.get(usize::from(byte - 0xa0)).copied().unwrap_or('\u{fffd}'),
    };
    bytes.iter().map(|byte| letter(*byte)).collect()
}

/// Quotes and dashes that Windows programs put into any text.
fn typographic(byte: u8) -> char {
    match byte {
        0x85 => '…',
        0x91 => '‘',
        0x92 => '’',
        0x93 => '“',
        0x94 => '”',
        0x96 => '–',
        0x97 => '—',
        _ => '\u{fffd}',
    }
}

/// Decodes VNI, given the bytes as Windows-1252 letters: a plain letter and the sign behind it make one letter.
pub(crate) fn vni(latin: &str) -> String {
    let mut text = String::with_capacity(latin.len());
    let mut letters = latin.chars().peekable();
    while let Some(letter) = letters.next() {
        if let Some(whole) = single(letter) {
            // Hooked letters may carry a tone: `ôù` is `ớ`.
            text.push(whole);
            if matches!(whole, 'ơ' | 'Ơ' | 'ư' | 'Ư')
                && let Some(mark) = letters.peek().and_then(|sign| tone_only(*sign))
            {
                text.push(mark);
                letters.next();
            }
        } else if "aeouyAEOUY".contains(letter)
            && let Some(marks) = letters.peek().and_then(|sign| marks(*sign))
        {
            text.push(letter);
            text.push_str(marks);
            letters.next();
        } else if letter.is_ascii() || letter == '\u{a0}' || !letter.is_alphabetic() {
            text.push(letter);
        } else {
            text.push('\u{fffd}');
        }
    }
    unicode_normalization::UnicodeNormalization::nfc(text.as_str()).collect()
}

fn single(letter: char) -> Option<char> {
    Some(match letter {
        'ñ' => 'đ',
        'Ñ' => 'Đ',
        'ô' => 'ơ',
        'Ô' => 'Ơ',
        'ö' => 'ư',
        'Ö' => 'Ư',
        'í' | 'Í' | 'ì' | 'Ì' => letter,
        'æ' => 'ỉ',
        'Æ' => 'Ỉ',
        'ó' => 'ĩ',
        'Ó' => 'Ĩ',
        'ò' => 'ị',
        'Ò' => 'Ị',
        'î' => 'ỵ',
        'Î' => 'Ỵ',
        _ => return None,
    })
}

fn tone_only(sign: char) -> Option<char> {
    Some(match sign {
        'ù' | 'Ù' => '\u{301}',
        'ø' | 'Ø' => '\u{300}',
        'û' | 'Û' => '\u{309}',
        'õ' | 'Õ' => '\u{303}',
        'ï' | 'Ï' => '\u{323}',
        _ => return None,
    })
}

fn marks(sign: char) -> Option<&'static str> {
    Some(match sign {
        'ù' | 'Ù' => "\u{301}",
        'ø' | 'Ø' => "\u{300}",
        'û' | 'Û' => "\u{309}",
        'õ' | 'Õ' => "\u{303}",
        'ï' | 'Ï' => "\u{323}",
        'â' | 'Â' => "\u{302}",
        'á' | 'Á' => "\u{302}\u{301}",
        'à' | 'À' => "\u{302}\u{300}",
        'å' | 'Å' => "\u{302}\u{309}",
        'ã' | 'Ã' => "\u{302}\u{303}",
        'ä' | 'Ä' => "\u{302}\u{323}",
        'ê' | 'Ê' => "\u{306}",
        'é' | 'É' => "\u{306}\u{301}",
        'è' | 'È' => "\u{306}\u{300}",
        'ú' | 'Ú' => "\u{306}\u{309}",
        'ü' | 'Ü' => "\u{306}\u{303}",
        'ë' | 'Ë' => "\u{306}\u{323}",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{TCVN3, tcvn3, vni};

    #[test]
    fn the_table_has_a_place_for_every_byte() {
        assert_eq!(TCVN3.chars().count(), 0x60);
        assert_eq!(
            tcvn3(b"C\xe9ng h\xdfa x\xb7 h\xe9i ch\xf1 ngh\xdca Vi\xd6t Nam"),
            "Cộng hòa xã hội chủ nghĩa Việt Nam"
        );
    }

    #[test]
    fn letters_and_signs_make_letters() {
        assert_eq!(vni("Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam"), "Cộng hòa xã hội chủ nghĩa Việt Nam");
        assert_eq!(vni("ÑÖÔØNG Kyø Sôn, Haèng, Quyønh, tænh"), "ĐƯỜNG Kỳ Sơn, Hằng, Quỳnh, tỉnh");
    }
}
