//! Numbers as people write them. Whether the comma or the point is the decimal sign is decided per column, never per cell.

/// How the numbers of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `1.241,5`.
    Comma,
    /// `1,241.5`.
    Point,
    /// No number of the column has a sign that matters.
    Plain,
}

impl Style {
    /// The words shown in the dry run.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Comma => "dấu phẩy thập phân",
            Self::Point => "dấu chấm thập phân",
            Self::Plain => "không có dấu thập phân",
        }
    }
}

/// What one writing says of its column's style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    /// No separator: says nothing.
    Plain,
    /// Only the comma can be the decimal sign.
    Comma,
    /// Only the point can be the decimal sign.
    Point,
    /// One separator before three digits: `1.241` is 1241 or 1.241.
    Either,
    /// No number.
    None,
}

/// What a bare number says of its column's style.
pub(crate) fn hint(token: &str) -> Hint {
    let token = token.trim_start_matches(['-', '−', '+']);
    let digits_only = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits_only(token) {
        return Hint::Plain;
    }
    let (commas, points) = (token.matches(',').count(), token.matches('.').count());
    if !token.bytes().all(|b| b.is_ascii_digit() || matches!(b, b',' | b'.'))
        || !token.contains(|c: char| c.is_ascii_digit())
    {
        return Hint::None;
    }
    let reads = |style| parse(token, style).is_some();
    match (commas, points) {
        (1, 0) | (0, 1) => {
            let (whole, rest) = token.split_once([',', '.']).unwrap_or((token, ""));
            let decimal = rest.len() != 3 || whole.len() > 3 || whole.starts_with('0') || whole.is_empty();
            match (decimal, commas) {
                (false, _) => Hint::Either,
                (true, 1) => Hint::Comma,
                (true, _) => Hint::Point,
            }
        }
        _ if reads(Style::Comma) && !reads(Style::Point) => Hint::Comma,
        _ if reads(Style::Point) && !reads(Style::Comma) => Hint::Point,
        _ => Hint::None,
    }
}

/// What the numbers of a column say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// They agree.
    Decided(Style),
    /// Some can only be read one way and some only the other: an example of each.
    Conflict(String, String),
    /// Nothing but writings such as `1.241`: an example.
    Ambiguous(String),
}

/// Decides the style of a column from its bare numbers.
pub(crate) fn decide<'a>(tokens: impl Iterator<Item = &'a str>) -> Decision {
    let (mut comma, mut point, mut either) = (None, None, None);
    for token in tokens {
        let slot = match hint(token) {
            Hint::Comma => &mut comma,
            Hint::Point => &mut point,
            Hint::Either => &mut either,
            Hint::Plain | Hint::None => continue,
        };
        slot.get_or_insert(token);
    }
    match (comma, point, either) {
        (Some(one), Some(other), _) => Decision::Conflict(one.to_owned(), other.to_owned()),
        (Some(_), None, _) => Decision::Decided(Style::Comma),
        (None, Some(_), _) => Decision::Decided(Style::Point),
        (None, None, Some(example)) => Decision::Ambiguous(example.to_owned()),
        (None, None, None) => Decision::Decided(Style::Plain),
    }
}

/// Reads a bare number in a style. Thousands must be in groups of three.
pub(crate) fn parse(token: &str, style: Style) -> Option<f64> {
    let (negative, token) = match token.strip_prefix(['-', '−']) {
        Some(rest) => (true, rest),
        None => (false, token.strip_prefix('+').unwrap_or(token)),
    };
    let (thousands, decimal) = match style {
        Style::Comma => ('.', ','),
        Style::Point | Style::Plain => (',', '.'),
    };
    let (whole, fraction) =
        token.split_once(decimal).map_or((token, None), |(whole, rest)| (whole, Some(rest)));
    let mut digits = ungroup(whole, thousands)?;
    if let Some(fraction) = fraction {
        if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.push('.');
        digits.push_str(fraction);
    }
    let number: f64 = digits.parse().ok()?;
    number.is_finite().then_some(if negative { -number } else { number })
}

/// Reads a whole number with either separator for thousands: a count has no decimals. `12,0` and `12.0` are 12.
pub(crate) fn parse_count(token: &str) -> Option<f64> {
    let unsigned = token.strip_prefix('+').unwrap_or(token);
    let whole =
        [".0", ",0", ".00", ",00"].iter().find_map(|zero| unsigned.strip_suffix(zero)).unwrap_or(unsigned);
    let digits = ['.', ','].into_iter().find_map(|separator| ungroup(whole, separator))?;
    digits.parse().ok().filter(|number: &f64| number.is_finite())
}

fn ungroup(whole: &str, separator: char) -> Option<String> {
    let mut groups = whole.split(separator);
    let first =
        groups.next().filter(|g| !g.is_empty() && g.len() <= 15 && g.bytes().all(|b| b.is_ascii_digit()))?;
    let mut digits = first.to_owned();
    for group in groups {
        if group.len() != 3 || !group.bytes().all(|b| b.is_ascii_digit()) || first.len() > 3 {
            return None;
        }
        digits.push_str(group);
    }
    Some(digits)
}

/// Splits a text into its leading number (spaces between groups of three closed up) and the rest.
pub(crate) fn leading(text: &str) -> Option<(String, &str)> {
    let mut token = String::new();
    let mut rest = text;
    if let Some(sign @ ('-' | '−' | '+')) = rest.chars().next() {
        token.push(sign);
        rest = rest.get(sign.len_utf8()..)?.trim_start();
    }
    loop {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ','))).unwrap_or(rest.len());
        let (head, tail) = rest.split_at_checked(end)?;
        token.push_str(head);
        rest = tail;
        // "1 241": a space before exactly three digits, after at most three.
        let Some(next) = tail.strip_prefix([' ', '\u{a0}', '\u{202f}']) else { break };
        let group = next.bytes().take_while(u8::is_ascii_digit).count();
        if group != 3 || head.is_empty() || head.len() > 3 || !head.bytes().all(|b| b.is_ascii_digit()) {
            break;
        }
        rest = next;
    }
    // A full stop or comma behind the number belongs to the sentence.
    let closed = token.trim_end_matches(['.', ',']).to_owned();
    closed.contains(|c: char| c.is_ascii_digit()).then_some((closed, rest))
}

#[cfg(test)]
mod tests {
    use super::{Decision, Style, decide, leading, parse, parse_count};

    fn column(tokens: &[&str]) -> Decision {
        decide(tokens.iter().copied())
    }

    #[test]
    fn the_style_is_decided_over_the_column() {
        assert_eq!(column(&["1.241", "66,13", "7"]), Decision::Decided(Style::Comma));
        assert_eq!(column(&["1,241", "66.13", "7"]), Decision::Decided(Style::Point));
        assert_eq!(column(&["1.234.567", "12"]), Decision::Decided(Style::Comma));
        assert_eq!(column(&["1.234,5"]), Decision::Decided(Style::Comma));
        assert_eq!(column(&["0.125", "1.241"]), Decision::Decided(Style::Point));
        assert_eq!(column(&["12", "7"]), Decision::Decided(Style::Plain));
        assert_eq!(column(&["1.241", "2.500"]), Decision::Ambiguous("1.241".to_owned()));
        assert_eq!(column(&["66,13", "70.5"]), Decision::Conflict("66,13".to_owned(), "70.5".to_owned()));
    }

    #[test]
    fn numbers_are_read_in_a_style() {
        assert_eq!(parse("1.241,5", Style::Comma), Some(1241.5));
        assert_eq!(parse("1,241.5", Style::Point), Some(1241.5));
        assert_eq!(parse("1.24", Style::Comma), None);
        assert_eq!(parse("12.34.567", Style::Comma), None);
        assert_eq!(parse("-0,5", Style::Comma), Some(-0.5));
        assert_eq!(parse("9".repeat(400).as_str(), Style::Plain), None);
    }

    #[test]
    fn counts_have_no_decimals() {
        assert_eq!(parse_count("1.241"), Some(1241.0));
        assert_eq!(parse_count("1,241"), Some(1241.0));
        assert_eq!(parse_count("12.0"), Some(12.0));
        assert_eq!(parse_count("12,5"), None);
        assert_eq!(parse_count("-3"), None);
    }

    #[test]
    fn numbers_stand_before_their_unit() {
        let check = |text: &str, token: &str, rest: &str| {
            assert_eq!(leading(text), Some((token.to_owned(), rest)), "{text}");
        };
        check("2,6km", "2,6", "km");
        check("1 241 hộ", "1241", " hộ");
        check("91/3.802", "91", "/3.802");
        check("12 1234", "12", " 1234");
        check("5.", "5", "");
        assert_eq!(leading("khoảng"), None);
    }
}
