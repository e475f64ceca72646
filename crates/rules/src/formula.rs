//! The formula language of `indicators.toml`: a small typed expression over other indicators, read and checked here,
//! computed in `values`.
//!
//! Two types only: a *number*, and a *ratio* that keeps its two counts. Ratios cannot be added or averaged: whoever
//! wants their parts says `num(..)` and `den(..)`.

use std::collections::{BTreeMap, BTreeSet};

use gapwatch_model::{IndicatorId, IndicatorSet, SignalState, ValueKind};

use crate::problem::Problem;

/// A read formula.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    /// A number as written.
    Constant(f64),
    /// Value of another indicator at the same place.
    Value(IndicatorId),
    /// Numerator of a ratio at the same place.
    Numerator(IndicatorId),
    /// Denominator of a ratio at the same place.
    Denominator(IndicatorId),
    /// Number of places under the place.
    Count(Counted),
    /// Two numbers that stay together.
    Ratio(Box<Expr>, Box<Expr>),
    /// Capped and scaled: the maximum from the full share on, in proportion below it.
    Score { of: IndicatorId, maximum: f64, full_share: f64 },
    /// Rank among the places of the same level and parent, 1 is best.
    Rank(IndicatorId),
    /// `left op right`.
    Binary(Operator, Box<Expr>, Box<Expr>),
    /// The smallest (`min`) or largest (`max`) of several.
    Extreme(Extreme, Vec<Expr>),
}

/// What can be counted under a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// All villages.
    Villages,
    /// Villages in a state.
    InState(SignalState),
    /// Villages known to have no grid power.
    NoGridPower,
    /// All communes.
    Communes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extreme {
    Least,
    Greatest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Number,
    Ratio,
}

impl Expr {
    /// The indicators it needs.
    pub(crate) fn needs(&self, into: &mut BTreeSet<IndicatorId>) {
        match self {
            Self::Constant(_) | Self::Count(_) => {}
            Self::Value(id)
            | Self::Numerator(id)
            | Self::Denominator(id)
            | Self::Rank(id)
            | Self::Score { of: id, .. } => {
                into.insert(id.clone());
            }
            Self::Ratio(left, right) | Self::Binary(_, left, right) => {
                left.needs(into);
                right.needs(into);
            }
            Self::Extreme(_, items) => items.iter().for_each(|item| item.needs(into)),
        }
    }

    /// Whether it is made of numbers of villages alone, so that it can be computed of some of them.
    pub(crate) fn only_counts(&self) -> bool {
        let mut needs = BTreeSet::new();
        self.needs(&mut needs);
        needs.is_empty()
    }

    fn type_of(&self, indicators: &IndicatorSet) -> Result<Type, String> {
        let number = |expr: &Self| match expr.type_of(indicators)? {
            Type::Number => Ok(()),
            Type::Ratio => {
                Err("a ratio cannot be computed with, expected its parts as num(..) and den(..)".to_owned())
            }
        };
        let declared =
            |id: &IndicatorId| indicators.get(id.as_str()).ok_or(format!("`{id}` is no declared indicator"));
        let ratio = |id: &IndicatorId| match declared(id)?.value {
            ValueKind::Ratio => Ok(()),
            _ => Err(format!("`{id}` is no ratio, expected an indicator with value = \"ratio\"")),
        };
        match self {
            Self::Constant(_) | Self::Count(_) => Ok(Type::Number),
            Self::Value(id) => match declared(id)?.value {
                ValueKind::Ratio => Ok(Type::Ratio),
                ValueKind::YesNo | ValueKind::Count | ValueKind::Number => Ok(Type::Number),
            },
            Self::Numerator(id) | Self::Denominator(id) => ratio(id).map(|()| Type::Number),
            Self::Score { of, .. } => ratio(of).map(|()| Type::Number),
            Self::Rank(id) => declared(id).map(|_| Type::Number),
            Self::Ratio(left, right) => {
                number(left)?;
                number(right).map(|()| Type::Ratio)
            }
            Self::Binary(_, left, right) => {
                number(left)?;
                number(right).map(|()| Type::Number)
            }
            Self::Extreme(_, items) => items.iter().try_for_each(number).map(|()| Type::Number),
        }
    }
}

/// Checks every formula: that it can be read, names declared indicators, computes with numbers only, gives what its
/// indicator holds, and does not need itself.
#[must_use]
pub fn check_formulas(indicators: &IndicatorSet) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut read = BTreeMap::new();
    for indicator in indicators.iter() {
        let Some(text) = &indicator.formula else { continue };
        let key = format!("{}.formula", indicator.id);
        match parse(text) {
            Err(message) => problems.push(Problem::new(key, message)),
            Ok(formula) => {
                match (formula.type_of(indicators), indicator.value) {
                    (Err(message), _) => problems.push(Problem::new(key, message)),
                    (Ok(Type::Ratio), ValueKind::Ratio) => {}
                    (Ok(Type::Ratio), _) => problems.push(Problem::new(
                        key,
                        "gives a ratio, expected an indicator with value = \"ratio\"",
                    )),
                    (Ok(Type::Number), ValueKind::Ratio) => {
                        problems.push(Problem::new(key, "gives a number, expected ratio(.., ..)"));
                    }
                    (Ok(Type::Number), _) => {}
                }
                read.insert(indicator.id.clone(), formula);
            }
        }
    }
    for id in order(indicators, &read).1 {
        problems.push(Problem::new(format!("{id}.formula"), format!("`{id}` needs itself")));
    }
    problems.sort();
    problems
}

/// The formulas that are fit for use, and every indicator in an order in which each comes after what it needs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Formulas {
    pub(crate) by_id: BTreeMap<IndicatorId, Expr>,
    pub(crate) order: Vec<IndicatorId>,
}

impl Formulas {
    /// Reads all formulas. Those with a fault are left out: [`check_formulas`] names them.
    pub(crate) fn read(indicators: &IndicatorSet) -> Self {
        let mut by_id: BTreeMap<IndicatorId, Expr> = indicators
            .iter()
            .filter_map(|i| Some((i.id.clone(), parse(i.formula.as_ref()?).ok()?)))
            .filter(|(_, formula)| formula.type_of(indicators).is_ok())
            .collect();
        let (mut order, circular) = order(indicators, &by_id);
        for id in circular {
            by_id.remove(&id);
            order.push(id);
        }
        Self { by_id, order }
    }
}

/// Indicators in order of need, and those that cannot be ordered.
fn order(
    indicators: &IndicatorSet,
    formulas: &BTreeMap<IndicatorId, Expr>,
) -> (Vec<IndicatorId>, Vec<IndicatorId>) {
    let mut waiting: Vec<(IndicatorId, BTreeSet<IndicatorId>)> = indicators
        .iter()
        .map(|indicator| {
            let mut needs = BTreeSet::new();
            if let Some(formula) = formulas.get(&indicator.id) {
                formula.needs(&mut needs);
            }
            needs.retain(|id| indicators.get(id.as_str()).is_some());
            (indicator.id.clone(), needs)
        })
        .collect();
    let mut done: BTreeSet<IndicatorId> = BTreeSet::new();
    let mut order = Vec::with_capacity(waiting.len());
    loop {
        let (ready, rest): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(_, needs)| needs.is_subset(&done));
        if ready.is_empty() {
            return (order, rest.into_iter().map(|(id, _)| id).collect());
        }
        for (id, _) in ready {
            done.insert(id.clone());
            order.push(id);
        }
        waiting = rest;
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Name(String),
    Sign(char),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = |fits: fn(char) -> bool| rest.find(|c| !fits(c)).unwrap_or(rest.len());
        let taken = if first.is_ascii_digit() {
            let taken = length(|c| c.is_ascii_digit() || c == '.');
            let digits = rest.get(..taken).unwrap_or_default();
            let number =
                digits.parse().map_err(|_| format!("`{digits}` is no number, expected 12 or 1.5"))?;
            found.push(Token::Number(number));
            taken
        } else if first.is_ascii_lowercase() {
            let taken =
                length(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.' || c == '-');
            // A name ends before a minus that stands alone: `a.b - 1` has spaces around it.
            let name = rest.get(..taken).unwrap_or_default().trim_end_matches(['-', '.']);
            found.push(Token::Name(name.to_owned()));
            name.len()
        } else if "+-*/(),".contains(first) {
            found.push(Token::Sign(first));
            1
        } else {
            return Err(format!(
                "`{first}` is no part of a formula, expected a number, an indicator id or + - * / ( ) ,"
            ));
        };
        rest = rest.get(taken..).unwrap_or_default().trim_start();
    }
    Ok(found)
}

/// How deep brackets may lie within each other.
const DEPTH: usize = 50;

/// Reads one formula.
pub(crate) fn parse(text: &str) -> Result<Expr, String> {
    let mut reader = Reader { tokens: tokens(text)?, at: 0, depth: 0 };
    let formula = reader.sum()?;
    match reader.next() {
        None => Ok(formula),
        Some(token) => Err(format!("`{}` is too much, expected the end of the formula", show(&token))),
    }
}

fn show(token: &Token) -> String {
    match token {
        Token::Number(number) => number.to_string(),
        Token::Name(name) => name.clone(),
        Token::Sign(sign) => sign.to_string(),
    }
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn take(&mut self, sign: char) -> bool {
        let there = self.tokens.get(self.at) == Some(&Token::Sign(sign));
        self.at += usize::from(there);
        there
    }

    fn need(&mut self, sign: char) -> Result<(), String> {
        if self.take(sign) {
            return Ok(());
        }
        let found = self.tokens.get(self.at).map_or("the end".to_owned(), show);
        Err(format!("`{found}` is out of place, expected {sign}"))
    }

    fn sum(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("brackets lie more than {DEPTH} deep"));
        }
        let mut left = self.product()?;
        loop {
            let operator = if self.take('+') {
                Operator::Add
            } else if self.take('-') {
                Operator::Subtract
            } else {
                self.depth -= 1;
                return Ok(left);
            };
            left = Expr::Binary(operator, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expr, String> {
        let mut left = self.factor()?;
        loop {
            let operator = if self.take('*') {
                Operator::Multiply
            } else if self.take('/') {
                Operator::Divide
            } else {
                return Ok(left);
            };
            left = Expr::Binary(operator, Box::new(left), Box::new(self.factor()?));
        }
    }

    fn factor(&mut self) -> Result<Expr, String> {
        match self.next() {
            Some(Token::Number(number)) => Ok(Expr::Constant(number)),
            Some(Token::Sign('(')) => {
                let inner = self.sum()?;
                self.need(')').map(|()| inner)
            }
            Some(Token::Name(name)) if self.take('(') => {
                let call = self.call(&name)?;
                self.need(')').map(|()| call)
            }
            Some(Token::Name(name)) => Ok(Expr::Value(IndicatorId::new(&name))),
            Some(token) => {
                Err(format!("`{}` is out of place, expected a number, an indicator id or (", show(&token)))
            }
            None => Err("the formula ends early, expected a number, an indicator id or (".to_owned()),
        }
    }

    fn call(&mut self, function: &str) -> Result<Expr, String> {
        match function {
            "num" => self.indicator().map(Expr::Numerator),
            "den" => self.indicator().map(Expr::Denominator),
            "rank" => self.indicator().map(Expr::Rank),
            "villages" => self.counted(),
            "communes" => match self.word()?.as_str() {
                "all" => Ok(Expr::Count(Counted::Communes)),
                other => Err(format!("`{other}` is no set of communes, expected all")),
            },
            "ratio" => {
                let numerator = self.sum()?;
                self.need(',')?;
                Ok(Expr::Ratio(Box::new(numerator), Box::new(self.sum()?)))
            }
            "score" => {
                let of = self.indicator()?;
                self.need(',')?;
                let maximum = self.positive("maximum")?;
                let full_share = if self.take(',') { self.positive("full share")? } else { 1.0 };
                Ok(Expr::Score { of, maximum, full_share })
            }
            "min" => self.list().map(|items| Expr::Extreme(Extreme::Least, items)),
            "max" => self.list().map(|items| Expr::Extreme(Extreme::Greatest, items)),
            other => Err(format!(
                "`{other}` is no function, expected num, den, ratio, score, rank, villages, communes, min or max"
            )),
        }
    }

    fn word(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Name(name)) => Ok(name),
            Some(token) => Err(format!("`{}` is out of place, expected a name", show(&token))),
            None => Err("the formula ends early, expected a name".to_owned()),
        }
    }

    fn indicator(&mut self) -> Result<IndicatorId, String> {
        self.word().map(|name| IndicatorId::new(&name))
    }

    fn positive(&mut self, what: &str) -> Result<f64, String> {
        match self.next() {
            Some(Token::Number(number)) if number > 0.0 => Ok(number),
            Some(token) => Err(format!("`{}` is no {what}, expected a number above 0", show(&token))),
            None => Err(format!("the formula ends early, expected the {what}")),
        }
    }

    fn list(&mut self) -> Result<Vec<Expr>, String> {
        let mut items = vec![self.sum()?];
        while self.take(',') {
            items.push(self.sum()?);
        }
        Ok(items)
    }

    fn counted(&mut self) -> Result<Expr, String> {
        let word = self.word()?;
        let counted = match word.as_str() {
            "all" => Counted::Villages,
            "no_grid_power" => Counted::NoGridPower,
            other => SignalState::ALL
                .into_iter()
                .find(|state| state.as_str() == other)
                .map(Counted::InState)
                .ok_or(format!("`{other}` is no set of villages, expected all, unknown, no_signal, pocket, covered or no_grid_power"))?,
        };
        Ok(Expr::Count(counted))
    }
}

#[cfg(test)]
mod tests {
    use super::{Expr, Formulas, Operator, check_formulas, parse};
    use gapwatch_model::{Indicator, IndicatorId, IndicatorSet};
    use proptest::prelude::{ProptestConfig, proptest};

    fn set(formulas: &[(&str, &str, &str)]) -> IndicatorSet {
        let declared = formulas.iter().map(|(id, value, formula)| {
            let formula =
                if formula.is_empty() { String::new() } else { format!("formula = \"{formula}\"\n") };
            let text = format!(
                "name_vi = \"a\"\nname_en = \"a\"\nunit = \"items\"\nvalue = \"{value}\"\nlevel = \"commune\"\nperiod = \"month\"\nstaleness = 1\n{formula}"
            );
            ((*id).to_owned(), toml::from_str::<Indicator>(&text).unwrap())
        });
        IndicatorSet::new(declared.collect())
    }

    #[test]
    fn products_bind_before_sums() {
        let value = |id: &str| Box::new(Expr::Value(IndicatorId::new(id)));
        let product = Expr::Binary(Operator::Multiply, value("b"), Box::new(Expr::Constant(2.0)));
        let expected = Expr::Binary(Operator::Add, value("a.x"), Box::new(product));
        assert_eq!(parse("a.x + b*2"), Ok(expected));
        assert_eq!(parse("(a)"), Ok(Expr::Value(IndicatorId::new("a"))));
    }

    #[test]
    fn faults_say_what_was_expected() {
        for (text, part) in [
            ("", "ends early"),
            ("a +", "ends early"),
            ("a b", "`b` is too much"),
            ("ratio(a)", "expected ,"),
            ("mean(a)", "`mean` is no function"),
            ("villages(red)", "`red` is no set of villages"),
            ("score(a, 0)", "expected a number above 0"),
            ("1.2.3", "is no number"),
            ("a ; b", "`;` is no part"),
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
        assert!(parse(&"(".repeat(5_000)).unwrap_err().contains("deep"));
    }

    #[test]
    fn types_and_needs_are_checked_all_at_once() {
        let faulty = set(&[
            ("r", "ratio", ""),
            ("n", "number", ""),
            ("added", "number", "r + r"),
            ("parts", "number", "num(n)"),
            ("lost", "number", "gone + 1"),
            ("bare", "ratio", "n"),
            ("one", "number", "two"),
            ("two", "number", "one"),
        ]);
        let problems = check_formulas(&faulty);
        let keys: Vec<_> = problems.iter().map(|p| p.key.as_str()).collect();
        assert_eq!(
            keys,
            ["added.formula", "bare.formula", "lost.formula", "one.formula", "parts.formula", "two.formula"]
        );
        let fine = set(&[
            ("r", "ratio", ""),
            ("s", "ratio", "ratio(num(r), den(r) + 1)"),
            ("t", "number", "score(s, 18, 0.9)"),
        ]);
        assert_eq!(check_formulas(&fine), []);
        let order: Vec<_> = Formulas::read(&fine).order.iter().map(ToString::to_string).collect();
        assert_eq!(order, ["r", "s", "t"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn any_text_is_read_or_refused(text in "[-a-z0-9.,+*/() ]{0,30}") {
            if let Err(message) = parse(&text) {
                assert!(!message.is_empty());
            }
        }
    }
}
