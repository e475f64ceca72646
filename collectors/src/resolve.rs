//! Codes and names → places, on the row's date. Exact beats folded; near, ambiguous and unknown ones are asked.
//!
//! A row belongs to the place that bore its code or name on its date. Units that ended are followed through the lineage
//! only where all of them went to one successor. Names are compared by `gapwatch_model::text`.

mod index;
mod names;
mod village;

use std::cell::RefCell;

use chrono::NaiveDate;
use foldhash::HashMap;
use gapwatch_model::{Gazetteer, Part, PlaceIx, PlaceLevel, RejectCode, text};

use crate::{
    config::Role,
    context::{Choice, Decisions},
    texts::Text,
};
pub use index::Resolver;
use names::{bare, head, is_near, padded};

/// What a row says of its place. Blank cells are `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Named {
    pub(crate) province_code: Option<Text>,
    pub(crate) province_name: Option<Text>,
    pub(crate) district_code: Option<Text>,
    pub(crate) district_name: Option<Text>,
    pub(crate) commune_code: Option<Text>,
    pub(crate) commune_name: Option<Text>,
    pub(crate) village_code: Option<Text>,
    pub(crate) village_name: Option<Text>,
    pub(crate) place_code: Option<Text>,
}

/// Why a row has no place, ready to become a reject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlaceFault {
    /// The column to point at.
    pub(crate) role: Role,
    pub(crate) code: RejectCode,
    pub(crate) sentence: String,
    pub(crate) suggestions: Vec<String>,
    /// Empty where no decision can help.
    pub(crate) key: String,
}

/// Which place a row is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// A place, and how it was reached where that deserves to be said.
    Place(PlaceIx, Option<String>),
    /// A village to be made below this commune.
    New(PlaceIx),
    /// A person decided to leave such rows out.
    Ignored,
    /// Nobody knows.
    Fault(PlaceFault),
}

/// What was found in one file. It holds for the whole epoch of its day, but for faults: they name their day.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers(HashMap<u32, HashMap<Named, (NaiveDate, Found)>>);

impl Answers {
    pub(crate) fn get(&self, named: &Named, epoch: u32, day: NaiveDate) -> Option<Found> {
        let (asked_on, found) = self.0.get(&epoch)?.get(named)?;
        (*asked_on == day || !matches!(found, Found::Fault(_))).then(|| found.clone())
    }

    pub(crate) fn keep(&mut self, named: Named, epoch: u32, day: NaiveDate, found: Found) {
        self.0.entry(epoch).or_default().insert(named, (day, found));
    }
}

/// The day and the scope names are looked up in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) gazetteer: &'a Gazetteer,
    pub(crate) resolver: &'a Resolver,
    pub(crate) decisions: &'a Decisions,
    pub(crate) day: NaiveDate,
    /// Code of the province where the row names none.
    pub(crate) province: Option<&'a str>,
    pub(crate) create_villages: bool,
    /// Communes found before in the same file.
    pub(crate) communes: &'a RefCell<Answers>,
}

/// A unit that ended and what became of it.
enum Fate {
    /// All of it is in one place that is in force.
    Whole(PlaceIx),
    /// It was divided, or nobody knows.
    Parts(Vec<PlaceIx>),
}

impl<'a> Scope<'a> {
    /// Finds the place of a row at a level.
    pub(crate) fn find(&self, named: &Named, level: PlaceLevel) -> Found {
        if let Some(code) = &named.place_code {
            return self.by_code(code, level, Role::PlaceCode);
        }
        let province = match self.province_of(named) {
            Ok(province) => province,
            Err(fault) => return Found::Fault(fault),
        };
        match level {
            PlaceLevel::Country => self.by_code("VN", level, Role::PlaceCode),
            PlaceLevel::Province => match province {
                Some(province) => Found::Place(province, None),
                None => missing(Role::ProvinceName, "thiếu tỉnh"),
            },
            PlaceLevel::District => self.unit(named, PlaceLevel::District, province),
            PlaceLevel::Commune => self.unit(named, PlaceLevel::Commune, province),
            PlaceLevel::Village => self.village(named, province),
        }
    }

    fn by_code(&self, written: &str, level: PlaceLevel, role: Role) -> Found {
        let code = padded(written, level);
        let at = |code: &str| self.gazetteer.by_code_on(code, self.day);
        match at(written).or_else(|| at(&code)) {
            Some(place) => Found::Place(place, None),
            None => self.unknown(role, written, &[], format!("place|{code}|{}", self.resolver.era(self.day))),
        }
    }

    /// The province of a row: said in the row, or the one the collector reports for.
    fn province_of(&self, named: &Named) -> Result<Option<PlaceIx>, PlaceFault> {
        if let Some(code) = &named.province_code {
            let padded = padded(code, PlaceLevel::Province);
            return self.gazetteer.by_code_on(&padded, self.day).map(Some).ok_or_else(|| PlaceFault {
                role: Role::ProvinceCode,
                code: RejectCode::UnknownPlace,
                sentence: format!("mã tỉnh “{code}” không có hiệu lực vào ngày {}", text::date(self.day)),
                suggestions: Vec::new(),
                key: String::new(),
            });
        }
        if let Some(name) = &named.province_name {
            let bearers = self.bearers(PlaceLevel::Province, name);
            let in_force: Vec<_> = bearers.iter().copied().filter(|ix| self.in_force(*ix)).collect();
            let fates = || bearers.iter().map(|ix| self.fate(*ix));
            return match (in_force.as_slice(), fates().next()) {
                ([one], _) => Ok(Some(*one)),
                ([], Some(Fate::Whole(successor))) => Ok(Some(successor)),
                _ => Err(PlaceFault {
                    role: Role::ProvinceName,
                    code: RejectCode::UnknownPlace,
                    sentence: format!("không có tỉnh “{name}” vào ngày {}", text::date(self.day)),
                    suggestions: Vec::new(),
                    key: String::new(),
                }),
            };
        }
        Ok(self.province.and_then(|code| self.gazetteer.by_code_on(code, self.day)))
    }

    /// Finds a commune or district by code and name.
    fn unit(&self, named: &Named, level: PlaceLevel, province: Option<PlaceIx>) -> Found {
        let (code, name, code_role, name_role) = if level == PlaceLevel::District {
            (&named.district_code, &named.district_name, Role::DistrictCode, Role::DistrictName)
        } else {
            (&named.commune_code, &named.commune_name, Role::CommuneCode, Role::CommuneName)
        };
        let key = |code: &str, name: &str| {
            let province = province.map_or("", |ix| self.gazetteer.get(ix).id.code.as_str());
            let district = named.district_name.as_deref().map(text::fold_name).unwrap_or_default();
            let era = self.resolver.era(self.day);
            format!("{}|{province}|{district}|{code}|{}|{era}", level.as_str(), text::fold_name(name))
        };
        let (Some(code), name) = (code, name.as_deref().unwrap_or("")) else {
            return match name {
                Some(name) => self.by_name(named, level, province, name, name_role, key("", name)),
                None => missing(name_role, "thiếu tên hoặc mã của đơn vị hành chính"),
            };
        };
        let padded = padded(code, level);
        let key = key(&padded, name);
        if let Some(found) = self.decided(&key) {
            return found;
        }
        let bearer =
            self.gazetteer.by_code_on(&padded, self.day).filter(|ix| self.gazetteer.get(*ix).level == level);
        let Some(place) = bearer else {
            return self.by_ended_code(level, &padded, name, code_role, key);
        };
        if name.is_empty() || self.bears(place, name) {
            return Found::Place(place, None);
        }
        let others: Vec<_> =
            self.bearers(level, name).iter().copied().filter(|ix| self.in_force(*ix)).collect();
        if others.is_empty() && self.nearly(place, name) && self.bearers(level, name).is_empty() {
            return Found::Place(place, None);
        }
        let mut candidates = vec![place];
        candidates.extend(self.within(&self.living(level, name), province));
        self.fault(
            code_role,
            RejectCode::CodeContradictsName,
            format!("mã “{padded}” là {}, nhưng tên ghi là “{name}”", self.gazetteer.get(place).full_name()),
            &candidates,
            key,
        )
    }

    /// A code that nobody bears on the day: an ended unit is followed, anything else is asked.
    fn by_ended_code(&self, level: PlaceLevel, code: &str, name: &str, role: Role, key: String) -> Found {
        let mut ended = self.gazetteer.versions(code).iter().copied().filter(|ix| {
            let place = self.gazetteer.get(*ix);
            place.level == level && place.id.valid_from <= self.day
        });
        if let Some(old) = ended.next_back()
            && (name.is_empty() || self.bears(old, name) || self.nearly(old, name))
        {
            return match self.fate(old) {
                Fate::Whole(successor) => Found::Place(successor, Some(self.step(old, successor))),
                Fate::Parts(parts) => self.divided(role, old, &parts, key),
            };
        }
        self.unknown(role, code, &self.living(level, name), key)
    }

    fn by_name(
        &self,
        named: &Named,
        level: PlaceLevel,
        province: Option<PlaceIx>,
        name: &str,
        role: Role,
        key: String,
    ) -> Found {
        if let Some(found) = self.decided(&key) {
            return found;
        }
        let bearers = self.within(self.bearers(level, name), province);
        let (current, ended): (Vec<_>, Vec<_>) = bearers
            .iter()
            .copied()
            .filter(|ix| self.gazetteer.get(*ix).id.valid_from <= self.day)
            .partition(|ix| self.in_force(*ix));
        let current = self.in_district(&current, named);
        let ended_here = self.in_district(&ended, named);
        let named_district = named.district_name.is_some() || named.district_code.is_some();
        match self.exact(&current, name).as_slice() {
            [one] if named_district && !self.has_district(*one) && !ended.is_empty() => {
                let mut candidates = vec![*one];
                for old in &ended_here {
                    candidates.extend(self.successors(*old));
                }
                let sentence =
                    format!("“{name}” vừa là tên hiện nay vừa là tên cũ, mà dòng này còn ghi huyện");
                self.fault(role, RejectCode::AmbiguousPlace, sentence, &candidates, key)
            }
            [one] => Found::Place(*one, None),
            [] => self.by_ended_name(level, province, name, &ended_here, role, key),
            several => {
                let sentence =
                    format!("có {} đơn vị tên “{name}” vào ngày {}", several.len(), text::date(self.day));
                self.fault(role, RejectCode::AmbiguousPlace, sentence, several, key)
            }
        }
    }

    fn by_ended_name(
        &self,
        level: PlaceLevel,
        province: Option<PlaceIx>,
        name: &str,
        ended: &[PlaceIx],
        role: Role,
        key: String,
    ) -> Found {
        let mut parts = Vec::new();
        let mut whole = true;
        for old in ended {
            match self.fate(*old) {
                Fate::Whole(successor) => parts.push(successor),
                Fate::Parts(several) => {
                    whole = false;
                    parts.extend(several);
                }
            }
        }
        parts.sort_unstable();
        parts.dedup();
        match (ended, parts.as_slice()) {
            ([old, ..], [successor]) if whole => Found::Place(*successor, Some(self.step(*old, *successor))),
            ([old], _) if !parts.is_empty() => self.divided(role, *old, &parts, key),
            ([_, _, ..], _) => {
                let sentence =
                    format!("“{name}” là tên của {} đơn vị cũ đã sáp nhập vào nơi khác nhau", ended.len());
                self.fault(role, RejectCode::AmbiguousPlace, sentence, &parts, key)
            }
            _ => {
                let near = self.near(level, province, name);
                if near.is_empty() {
                    return self.unknown(role, name, &[], key);
                }
                let sentence =
                    format!("không có “{name}” vào ngày {}; chỉ có tên gần giống", text::date(self.day));
                self.fault(role, RejectCode::AmbiguousPlace, sentence, &near, key)
            }
        }
    }

    /// Units of nearly this name: the same without tones, or a letter away. Ended ones stand for their successors.
    fn near(&self, level: PlaceLevel, province: Option<PlaceIx>, name: &str) -> Vec<PlaceIx> {
        let bare = bare(name);
        let same = self.resolver.by_toneless.get(&(level, bare.clone())).map_or(&[][..], Vec::as_slice);
        let mut found = self.follow(&self.within(same, province));
        if found.is_empty() {
            let close: Vec<PlaceIx> = self
                .resolver
                .by_toneless
                .iter()
                .filter(|((other_level, other), _)| *other_level == level && is_near(&bare, other))
                .flat_map(|(_, bearers)| bearers.iter().copied())
                .collect();
            found = self.follow(&self.within(&close, province));
        }
        let head = head(name);
        if found.is_empty() && !head.is_empty() && head.len() < name.trim().len() {
            return self.near(level, province, head);
        }
        found.truncate(8);
        found
    }

    /// Those in force, and the successors of those that ended; sorted, each once.
    fn follow(&self, places: &[PlaceIx]) -> Vec<PlaceIx> {
        let mut found: Vec<_> = places
            .iter()
            .flat_map(|ix| if self.in_force(*ix) { vec![*ix] } else { self.successors(*ix) })
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Those of a name in force on the day, or the successors of those that ended.
    fn living(&self, level: PlaceLevel, name: &str) -> Vec<PlaceIx> {
        self.follow(self.bearers(level, name))
    }

    fn bearers(&self, level: PlaceLevel, name: &str) -> &'a [PlaceIx] {
        self.resolver.by_name.get(&(level, text::fold_name(name))).map_or(&[], Vec::as_slice)
    }

    fn in_force(&self, ix: PlaceIx) -> bool {
        self.gazetteer.get(ix).in_force_on(self.day)
    }

    /// A day on which the place is in force, as near to the row's day as can be.
    fn its_day(&self, ix: PlaceIx) -> NaiveDate {
        let place = self.gazetteer.get(ix);
        let last = place.valid_to.and_then(|end| end.pred_opt()).unwrap_or(self.day);
        self.day.min(last).max(place.id.valid_from)
    }

    /// Those of the province. A province that was merged stands for its successor.
    fn within(&self, places: &[PlaceIx], province: Option<PlaceIx>) -> Vec<PlaceIx> {
        let Some(province) = province else { return places.to_vec() };
        let belongs = |ix: &PlaceIx| {
            let above = self.gazetteer.ancestors_on(*ix, self.its_day(*ix));
            above.iter().any(|up| *up == province || self.successors(*up).contains(&province))
        };
        places.iter().copied().filter(belongs).collect()
    }

    fn has_district(&self, ix: PlaceIx) -> bool {
        let above = self.gazetteer.parent_on(ix, self.its_day(ix));
        above.is_some_and(|up| self.gazetteer.get(up).level == PlaceLevel::District)
    }

    /// Those of the row's district, where it names one and they have one.
    fn in_district(&self, places: &[PlaceIx], named: &Named) -> Vec<PlaceIx> {
        let name = named.district_name.as_deref().map(text::fold_name);
        let code = named.district_code.as_deref().map(|code| padded(code, PlaceLevel::District));
        if name.is_none() && code.is_none() {
            return places.to_vec();
        }
        let fits = |ix: &PlaceIx| {
            let above = self.gazetteer.parent_on(*ix, self.its_day(*ix)).map(|up| self.gazetteer.get(up));
            match above {
                Some(up) if up.level == PlaceLevel::District => {
                    code.as_deref().is_none_or(|code| up.id.code.as_str() == code)
                        && name.as_deref().is_none_or(|name| text::fold_name(&up.name) == name)
                }
                _ => true,
            }
        };
        places.iter().copied().filter(fits).collect()
    }

    /// Of several of one folded name, the one whose kind and name are written just so.
    fn exact(&self, places: &[PlaceIx], written: &str) -> Vec<PlaceIx> {
        if places.len() < 2 {
            return places.to_vec();
        }
        let folded = text::fold(written);
        let same = |ix: &PlaceIx| {
            let place = self.gazetteer.get(*ix);
            text::fold(&place.full_name()) == folded || text::fold(&place.name) == folded
        };
        let exact: Vec<_> = places.iter().copied().filter(same).collect();
        if exact.len() == 1 { exact } else { places.to_vec() }
    }

    fn bears(&self, ix: PlaceIx, name: &str) -> bool {
        let place = self.gazetteer.get(ix);
        let folded = text::fold_name(name);
        std::iter::once(&place.name).chain(&place.other_names).any(|own| text::fold_name(own) == folded)
    }

    fn nearly(&self, ix: PlaceIx, name: &str) -> bool {
        let (own, other) = (bare(&self.gazetteer.get(ix).name), bare(name));
        own == other || is_near(&own, &other)
    }

    /// Where a unit went on, on the row's day.
    fn fate(&self, ix: PlaceIx) -> Fate {
        let mut whole = true;
        let mut open = vec![ix];
        let mut ends = Vec::new();
        while let Some(next) = open.pop() {
            if self.in_force(next) {
                ends.push(next);
                continue;
            }
            for (successor, step) in
                self.gazetteer.successors(next).filter(|(_, step)| step.effective <= self.day)
            {
                whole &= step.part == Part::Whole;
                open.push(successor);
            }
        }
        ends.sort_unstable();
        ends.dedup();
        match ends.as_slice() {
            [one] if whole => Fate::Whole(*one),
            _ => Fate::Parts(ends),
        }
    }

    fn successors(&self, ix: PlaceIx) -> Vec<PlaceIx> {
        match self.fate(ix) {
            Fate::Whole(one) => vec![one],
            Fate::Parts(parts) => parts,
        }
    }

    fn decided(&self, key: &str) -> Option<Found> {
        match &self.decisions.get(key)?.choice {
            Choice::Place { place } => {
                let ix = self.gazetteer.ix(place)?;
                let on_day = if self.in_force(ix) { Some(ix) } else { self.successors(ix).first().copied() };
                on_day.map(|ix| Found::Place(ix, None))
            }
            Choice::Ignore => Some(Found::Ignored),
            Choice::Create => None,
        }
    }

    fn step(&self, old: PlaceIx, successor: PlaceIx) -> String {
        let (old, new) = (self.gazetteer.get(old), self.gazetteer.get(successor));
        format!("{} (cũ) → {} {}", old.full_name(), new.id.code, new.full_name())
    }

    fn divided(&self, role: Role, old: PlaceIx, parts: &[PlaceIx], key: String) -> Found {
        let name = self.gazetteer.get(old).full_name();
        let sentence = if parts.is_empty() {
            format!("{name} đã thôi hiệu lực mà không rõ nhập vào đâu")
        } else {
            format!("{name} (cũ) đã được chia về {} đơn vị; cần chọn một", parts.len())
        };
        self.fault(role, RejectCode::AmbiguousPlace, sentence, parts, key)
    }

    fn unknown(&self, role: Role, written: &str, candidates: &[PlaceIx], key: String) -> Found {
        let sentence = format!("không có nơi nào là “{written}” vào ngày {}", text::date(self.day));
        self.fault(role, RejectCode::UnknownPlace, sentence, candidates, key)
    }

    /// A question about a place, unless it was decided already.
    fn fault(
        &self,
        role: Role,
        code: RejectCode,
        sentence: String,
        places: &[PlaceIx],
        key: String,
    ) -> Found {
        if let Some(found) = self.decided(&key) {
            return found;
        }
        let mut suggestions: Vec<String> = Vec::new();
        for ix in places.iter().take(12) {
            let shown = self.shown(*ix);
            if !suggestions.contains(&shown) {
                suggestions.push(shown);
            }
        }
        Found::Fault(PlaceFault { role, code, sentence, suggestions, key })
    }

    /// `code name, parent`.
    fn shown(&self, ix: PlaceIx) -> String {
        let place = self.gazetteer.get(ix);
        let parent =
            self.gazetteer.parent_on(ix, self.its_day(ix)).map(|up| self.gazetteer.get(up).full_name());
        let parent = parent.map(|name| format!(", {name}")).unwrap_or_default();
        format!("{} {}{parent}", place.id.code, place.full_name())
    }
}

fn missing(role: Role, sentence: &str) -> Found {
    let sentence = sentence.to_owned();
    Found::Fault(PlaceFault {
        role,
        code: RejectCode::Missing,
        sentence,
        suggestions: Vec::new(),
        key: String::new(),
    })
}
