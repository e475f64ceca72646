//! Bytes → grids: what kind of file it is is told by the bytes, never by the name.

mod biff;
mod compound;
mod csv;
mod html;
mod workbook;
mod zipped;

use crate::{
    config::TableFormat,
    encoding,
    grid::{Grid, MAX_TEXT_BYTES, Unreadable},
};

/// What a file of tables holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sheets {
    /// The sheets a person sees, in order.
    pub(crate) grids: Vec<Grid>,
    /// Kind of file, such as `XLSX`.
    pub(crate) kind: &'static str,
    /// How its text was decoded, for text files.
    pub(crate) encoding: Option<encoding::Found>,
    /// What stands between the cells of a text file.
    pub(crate) delimiter: Option<char>,
}

/// Reads any file of tables.
pub(crate) fn read(bytes: &[u8], format: &TableFormat) -> Result<Sheets, Unreadable> {
    let unpacked;
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        unpacked = gunzip(bytes, MAX_TEXT_BYTES)?;
        unpacked.as_slice()
    } else {
        bytes
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Unreadable::Empty);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return workbook::read_zipped(bytes, &format.sheets);
    }
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
        return workbook::read_xls(bytes, &format.sheets);
    }
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_TEXT_BYTES {
        return Err(Unreadable::too_large("kích thước", "128 MB"));
    }
    let mut decoded = encoding::decode(bytes, format.encoding)?;
    // Lines of before 2001 on a Macintosh end so.
    if decoded.text.contains('\r') && !decoded.text.contains('\n') {
        decoded.text = decoded.text.replace('\r', "\n").into();
    }
    if is_old_xml(&decoded.text) {
        return Err(Unreadable::OldXml);
    }
    if html::looks_like(&decoded.text) {
        let grids = html::read(&decoded.text)?;
        return Ok(Sheets { grids, kind: "HTML", encoding: Some(decoded.found), delimiter: None });
    }
    if decoded.text.contains('\0') {
        return Err(Unreadable::damaged("văn bản", "tệp chứa byte 0, không phải tệp bảng"));
    }
    let delimiter = format.delimiter.unwrap_or_else(|| csv::delimiter(&decoded.text));
    let grid = csv::read(&decoded.text, delimiter)?;
    Ok(Sheets { grids: vec![grid], kind: "CSV", encoding: Some(decoded.found), delimiter: Some(delimiter) })
}

/// Whether a text is a workbook as Excel 2003 wrote it in XML.
fn is_old_xml(text: &str) -> bool {
    let head = text.get(..text.floor_char_boundary(2_000)).unwrap_or(text);
    head.trim_start().starts_with('<')
        && head.contains("<Workbook")
        && head.contains("urn:schemas-microsoft-com:office:spreadsheet")
}

/// Unpacks gzip up to a limit.
pub(crate) fn gunzip(bytes: &[u8], limit: u64) -> Result<Vec<u8>, Unreadable> {
    use std::io::Read;
    let mut unpacked = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(bytes).take(limit + 1);
    reader.read_to_end(&mut unpacked).map_err(|error| Unreadable::damaged("gzip", error))?;
    if u64::try_from(unpacked.len()).unwrap_or(u64::MAX) > limit {
        return Err(Unreadable::too_large("nội dung sau khi giải nén", format!("{} MB", limit >> 20)));
    }
    Ok(unpacked)
}
