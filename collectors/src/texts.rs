//! The texts of a file's cells, each kept once however often it stands there, and what was found out about it.
//!
//! Tables say the same few words again and again: a text is allocated, cleaned, folded and read once, later cells only
//! look the answer up by the text's number.

use std::{borrow::Borrow, cell::RefCell, fmt, hash::Hash, ops::Deref, rc::Rc};

use foldhash::{HashSet, HashSetExt};

/// Texts with smaller numbers are remembered: a file of nothing but different texts must not fill the memory.
pub(crate) const REMEMBERED: u32 = 1 << 16;

/// The text of a cell. Clones share it.
#[derive(Clone)]
pub(crate) struct Text(Rc<Inner>);

struct Inner {
    raw: Box<str>,
    /// Its place among the texts of its file; `u32::MAX` for one that belongs to none.
    number: u32,
    blank: bool,
}

impl Text {
    fn new(raw: Box<str>, number: u32) -> Self {
        let nothing = |c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}');
        let blank = raw.chars().all(nothing);
        Self(Rc::new(Inner { raw, number, blank }))
    }

    /// A number that equal texts of one file share. `None` for a text that belongs to no file.
    #[inline]
    pub(crate) fn number(&self) -> Option<u32> {
        (self.0.number != u32::MAX).then_some(self.0.number)
    }

    /// Whether a person sees nothing.
    #[inline]
    pub(crate) fn is_blank(&self) -> bool {
        self.0.blank
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0.raw
    }
}

impl Borrow<[u8]> for Text {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0) || **self == **other
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl From<&str> for Text {
    fn from(raw: &str) -> Self {
        Self::new(raw.into(), u32::MAX)
    }
}

impl From<String> for Text {
    fn from(raw: String) -> Self {
        Self::new(raw.into(), u32::MAX)
    }
}

/// The different texts of one file, numbered as they come.
#[derive(Debug)]
pub(crate) struct Texts(HashSet<Text>);

impl Default for Texts {
    fn default() -> Self {
        Self(HashSet::new())
    }
}

impl Texts {
    /// The text, made where it is new.
    pub(crate) fn of(&mut self, raw: &str) -> Text {
        match self.0.get(raw.as_bytes()) {
            Some(text) => text.clone(),
            None => self.add(raw),
        }
    }

    /// The text of bytes that are UTF-8, which is looked at where the text is new.
    pub(crate) fn of_bytes(&mut self, raw: &[u8]) -> Text {
        match self.0.get(raw) {
            Some(text) => text.clone(),
            None => self.add(&String::from_utf8_lossy(raw)),
        }
    }

    fn add(&mut self, raw: &str) -> Text {
        let text = Text::new(raw.into(), u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.insert(text.clone());
        text
    }
}

/// One question about the texts of one file, with the answers found so far.
#[derive(Debug, Clone)]
pub(crate) struct Memo<T>(RefCell<Vec<Option<T>>>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T: Clone> Memo<T> {
    /// The answer for a text, found where it is not known.
    pub(crate) fn of(&self, text: &Text, find: impl FnOnce() -> T) -> T {
        let number = text.0.number;
        if number >= REMEMBERED {
            return find();
        }
        let number = number as usize;
        if let Some(Some(known)) = self.0.borrow().get(number) {
            return known.clone();
        }
        let found = find();
        let mut known = self.0.borrow_mut();
        if known.len() <= number {
            known.resize_with(number + 1, || None);
        }
        if let Some(place) = known.get_mut(number) {
            *place = Some(found.clone());
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{Memo, REMEMBERED, Texts};
    use std::cell::Cell;

    #[test]
    fn equal_texts_are_one() {
        let mut texts = Texts::default();
        let (one, other) = (texts.of("Nà Lẹng"), texts.of("Nà Lẹng"));
        assert!(std::ptr::eq(&raw const *one, &raw const *other));
        assert_ne!(one, texts.of("Nà Lèng"));
        assert!(texts.of(" \u{200b}").is_blank() && !one.is_blank());
    }

    #[test]
    fn an_answer_is_found_once_for_each_text() {
        let (mut texts, memo, asked) = (Texts::default(), Memo::default(), Cell::new(0));
        let mut length = |text: &str| {
            let text = texts.of(text);
            memo.of(&text, || {
                asked.set(asked.get() + 1);
                text.len()
            })
        };
        assert_eq!([length("ab"), length("c"), length("ab"), length("c")], [2, 1, 2, 1]);
        assert_eq!(asked.get(), 2);
        for number in 0..REMEMBERED {
            length(&number.to_string());
        }
        let before = asked.get();
        assert_eq!([length("late"), length("late")], [4, 4]);
        assert_eq!(asked.get(), before + 2, "beyond the limit nothing is remembered");
    }
}
