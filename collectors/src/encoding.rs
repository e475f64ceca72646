//! Bytes → text: UTF-8, UTF-16, Windows-1258 and the legacy TCVN3 and VNI, found by how Vietnamese the result is.
//!
//! What cannot be decided is an error that names the candidates, never a guess.

use std::borrow::Cow;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252, WINDOWS_1258};

use crate::{
    config::Encoding,
    grid::{Cell, Grid, Unreadable},
    legacy, syllable,
    texts::{Memo, Text},
};

/// How sure one has to be that words are Vietnamese: share of words that can be.
const SURE: f64 = 0.7;
/// How far the second-best encoding has to be behind.
const MARGIN: f64 = 0.15;

/// How a text was decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The encoding.
    pub(crate) encoding: Encoding,
    /// How one knows, for the dry run: *khai trong cấu hình*, *theo dấu BOM*, *theo nội dung*.
    pub(crate) why: &'static str,
}

/// A decoded text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decoded<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) found: Found,
}

impl Encoding {
    /// The name on screen.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16le => "UTF-16 LE",
            Self::Utf16be => "UTF-16 BE",
            Self::Windows1258 => "Windows-1258",
            Self::Tcvn3 => "TCVN3",
            Self::Vni => "VNI",
        }
    }
}

/// Decodes bytes, by the declared encoding or by finding it.
pub(crate) fn decode(bytes: &[u8], declared: Option<Encoding>) -> Result<Decoded<'_>, Unreadable> {
    if let Some(encoding) = declared {
        return Ok(made(encoding, decode_as(bytes, encoding), "khai trong cấu hình"));
    }
    for (mark, encoding) in [
        (&b"\xef\xbb\xbf"[..], Encoding::Utf8),
        (&b"\xff\xfe"[..], Encoding::Utf16le),
        (&b"\xfe\xff"[..], Encoding::Utf16be),
    ] {
        if bytes.starts_with(mark) {
            return Ok(made(encoding, decode_as(bytes, encoding), "theo dấu BOM"));
        }
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return Ok(made(encoding, decode_as(bytes, encoding), "theo nội dung"));
    }
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        return Ok(made(Encoding::Utf8, text.into(), "theo nội dung"));
    }
    let candidates = [Encoding::Utf8, Encoding::Windows1258, Encoding::Tcvn3, Encoding::Vni];
    let mut scored: Vec<(f64, Encoding, Cow<'_, str>)> = candidates
        .into_iter()
        .map(|encoding| {
            let text = decode_as(bytes, encoding);
            (syllable::likeness(&text).unwrap_or(0.0), encoding, text)
        })
        .collect();
    scored.sort_by(|one, other| other.0.total_cmp(&one.0));
    let best = scored.first().map_or(0.0, |(score, ..)| *score);
    let near: Vec<&str> = scored
        .iter()
        .filter(|(score, ..)| *score > best - MARGIN)
        .map(|(_, encoding, _)| encoding.label())
        .collect();
    match scored.into_iter().next() {
        Some((score, encoding, text)) if score >= SURE && near.len() == 1 => {
            Ok(made(encoding, text, "theo nội dung"))
        }
        _ => Err(Unreadable::Encoding(near.join(", "))),
    }
}

/// The text without the mark that may stand before it.
fn made<'a>(encoding: Encoding, text: Cow<'a, str>, why: &'static str) -> Decoded<'a> {
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Cow::Owned(text) => Cow::Owned(text.strip_prefix('\u{feff}').map(ToOwned::to_owned).unwrap_or(text)),
    };
    Decoded { text, found: Found { encoding, why } }
}

fn decode_as(bytes: &[u8], encoding: Encoding) -> Cow<'_, str> {
    match encoding {
        Encoding::Utf8 => {
            simdutf8::basic::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
        }
        Encoding::Utf16le => UTF_16LE.decode(bytes).0,
        Encoding::Utf16be => UTF_16BE.decode(bytes).0,
        Encoding::Windows1258 => WINDOWS_1258.decode_without_bom_handling(bytes).0,
        Encoding::Tcvn3 => legacy::tcvn3(bytes).into(),
        Encoding::Vni => legacy::vni(&WINDOWS_1252.decode_without_bom_handling(bytes).0).into(),
    }
}

/// UTF-16 without a mark has a zero in every other byte of its digits, spaces and plain letters.
fn utf16_without_mark(bytes: &[u8]) -> Option<Encoding> {
    let sample = bytes.get(..4096).unwrap_or(bytes);
    if bytes.len() < 4 || !bytes.len().is_multiple_of(2) {
        return None;
    }
    let zeros = |offset: usize| sample.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, pairs) = (zeros(0), zeros(1), sample.len() / 2);
    match (even * 3 > pairs, odd * 3 > pairs) {
        (false, true) => Some(Encoding::Utf16le),
        (true, false) => Some(Encoding::Utf16be),
        _ => None,
    }
}

/// Mends columns whose letters are TCVN3 or VNI shown by an old font (`Hµ Néi`), as workbooks from before Unicode have
/// them. Says which columns were mended, 1-based, and from what.
pub(crate) fn mend_fonts(grid: &mut Grid) -> Vec<(usize, Encoding)> {
    let mut mended = Vec::new();
    for column in 0..grid.width() {
        let mut text = String::new();
        for cell in grid.rows.iter().map(|row| row.cell(column)) {
            if let Cell::Text(cell) = cell
                && !cell.is_ascii()
                && text.len() < 20_000
            {
                text.push_str(cell);
                text.push('\n');
            }
        }
        let high = text.chars().any(|letter| ('\u{a1}'..='\u{ff}').contains(&letter));
        let Some(as_it_is) = syllable::likeness(&text).filter(|_| high) else { continue };
        let score =
            |encoding| mend(&text, encoding).and_then(|mended| syllable::likeness(&mended)).unwrap_or(0.0);
        let (tcvn3, vni) = (score(Encoding::Tcvn3), score(Encoding::Vni));
        let (best, other, encoding) =
            if tcvn3 >= vni { (tcvn3, vni, Encoding::Tcvn3) } else { (vni, tcvn3, Encoding::Vni) };
        if best < SURE || best - MARGIN < as_it_is.max(other) {
            continue;
        }
        mend_column(grid, column, encoding);
        mended.push((column + 1, encoding));
    }
    // What could be either (`Sè hé`) is taken for what its neighbours are.
    let Some((_, encoding)) = mended.first().copied() else { return mended };
    for column in 0..grid.width() {
        let texts: Vec<&str> = grid
            .rows
            .iter()
            .filter_map(|row| if let Cell::Text(text) = row.cell(column) { Some(&**text) } else { None })
            .filter(|text| !text.is_ascii())
            .collect();
        let text = texts.join("\n");
        let done = mended.iter().any(|(done, _)| *done == column + 1);
        let Some(as_it_is) = syllable::likeness(&text).filter(|_| !done) else { continue };
        let score = mend(&text, encoding).and_then(|mended| syllable::likeness(&mended)).unwrap_or(0.0);
        if score >= SURE && score >= as_it_is {
            mend_column(grid, column, encoding);
            mended.push((column + 1, encoding));
        }
    }
    mended.sort_unstable_by_key(|(column, _)| *column);
    mended
}

fn mend_column(grid: &mut Grid, column: usize, encoding: Encoding) {
    let known = Memo::default();
    for row in &mut grid.rows {
        if let Some(Cell::Text(cell)) = row.cells.get_mut(column)
            && !cell.is_ascii()
            && let Some(text) = known.of(cell, || mend(cell, encoding).map(Text::from))
        {
            *cell = text;
        }
    }
}

/// Takes letters for the bytes of an old font. `None` where there are other letters than those.
fn mend(text: &str, encoding: Encoding) -> Option<String> {
    let (bytes, _, lossy) = WINDOWS_1252.encode(text);
    (!lossy).then(|| decode_as(&bytes, encoding).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{decode, mend_fonts};
    use crate::{
        config::Encoding,
        grid::{Cell, Grid, Row, Unreadable},
    };
    use gapwatch_model::text::clean;

    const TEXT: &str =
        "Tên xã;Số hộ\nĐàm Thủy;120\nPhường Thục Phán;3\nHưng Đạo;Đã có điện lưới\nNguyên Bình;Trường Hà\n";
    /// The same in TCVN3 and VNI, as Windows shows the bytes in a Latin font.
    const TCVN3: &str = "Tªn x·;Sè hé\n§µm Thñy;120\nPh\u{ad}êng Thôc Ph¸n;3\nH\u{ad}ng §¹o;§· cã ®iÖn l\u{ad}íi\nNguyªn B×nh;Tr\u{ad}êng Hµ\n";
    const VNI: &str = "Teân xaõ;Soá hoä\nÑaøm Thuûy;120\nPhöôøng Thuïc Phaùn;3\nHöng Ñaïo;Ñaõ coù ñieän löôùi\nNguyeân Bình;Tröôøng Haø\n";

    fn latin(text: &str) -> Vec<u8> {
        let (bytes, _, lossy) = encoding_rs::WINDOWS_1252.encode(text);
        assert!(!lossy);
        bytes.into_owned()
    }

    fn check(bytes: &[u8], encoding: Encoding) {
        let decoded = decode(bytes, None).unwrap();
        assert_eq!(decoded.found.encoding, encoding);
        assert_eq!(clean(&decoded.text), clean(TEXT));
    }

    #[test]
    fn each_encoding_is_found() {
        use unicode_normalization::UnicodeNormalization;
        check(TEXT.as_bytes(), Encoding::Utf8);
        check(format!("\u{feff}{TEXT}").as_bytes(), Encoding::Utf8);
        check(TEXT.nfd().collect::<String>().as_bytes(), Encoding::Utf8);
        check(&latin(TCVN3), Encoding::Tcvn3);
        check(&latin(VNI), Encoding::Vni);
        let utf16: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_le_bytes).collect();
        check(&utf16, Encoding::Utf16le);
        check(&[b"\xff\xfe", utf16.as_slice()].concat(), Encoding::Utf16le);
        let utf16: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_be_bytes).collect();
        check(&utf16, Encoding::Utf16be);
        check(&windows_1258(TEXT), Encoding::Windows1258);
    }

    /// Windows-1258 keeps the letters with their hooks whole and puts the five tones behind.
    fn windows_1258(text: &str) -> Vec<u8> {
        use unicode_normalization::UnicodeNormalization;
        let tones = ['\u{300}', '\u{301}', '\u{303}', '\u{309}', '\u{323}'];
        let mut apart = String::new();
        for letter in text.nfc() {
            let parts: Vec<char> = std::iter::once(letter).nfd().collect();
            let (tone, base): (Vec<char>, Vec<char>) = parts.iter().copied().partition(|c| tones.contains(c));
            apart.extend(base.into_iter().nfc());
            apart.extend(tone);
        }
        let (bytes, _, lossy) = encoding_rs::WINDOWS_1258.encode(&apart);
        assert!(!lossy);
        bytes.into_owned()
    }

    #[test]
    fn what_cannot_be_decided_is_asked() {
        assert!(matches!(decode(b"x\n\xe9\n", None), Err(Unreadable::Encoding(_))));
        assert!(matches!(decode(&[0xfe, 0x80, 0x99, 0x10], None), Err(Unreadable::Encoding(_))));
        let declared = decode(b"x\n\xe9\n", Some(Encoding::Tcvn3)).unwrap();
        assert_eq!(declared.text, "x\nộ\n");
    }

    #[test]
    fn letters_of_old_fonts_are_mended_by_column() {
        let row = |a: &str, b: &str| Row {
            line: 1,
            cells: vec![Cell::Text(a.into()), Cell::Text(b.into())],
            fault: None,
        };
        let rows = vec![row("Tªn x·", "Số hộ"), row("§µm Thñy", "trạm"), row("Nguyªn B×nh", "à, đúng")];
        let mut grid = Grid { rows, ..Grid::default() };
        assert_eq!(mend_fonts(&mut grid), [(1, Encoding::Tcvn3)]);
        assert_eq!(grid.rows[1].cells, row("Đàm Thủy", "trạm").cells);
        let mut unicode =
            Grid { rows: vec![row("Hà Lâu", "Nà Cáp"), row("Bó Lò", "ý")], ..Grid::default() };
        assert_eq!(mend_fonts(&mut unicode), []);
    }
}
