//! Administrative units through time. Codes are reused, so a place is a code *and* the day it came into force.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::Arc,
};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Code of the statistics office (2 digits for a province, 5 for a commune) or of the department (villages).
/// Text: leading zeros count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlaceCode(Arc<str>);

impl PlaceCode {
    /// Wraps a code as it is written.
    #[must_use]
    pub fn new(code: &str) -> Self {
        Self(Arc::from(code))
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlaceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for PlaceCode {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Identity of a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PlaceId {
    /// Its code while it is in force.
    pub code: PlaceCode,
    /// First day in force. `1900-01-01` where it is older than our records.
    pub valid_from: NaiveDate,
}

impl PlaceId {
    /// Puts a code and its first day together.
    #[must_use]
    pub fn new(code: &str, valid_from: NaiveDate) -> Self {
        Self { code: PlaceCode::new(code), valid_from }
    }
}

impl fmt::Display for PlaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.code, self.valid_from)
    }
}

/// Number of a place in the gazetteer, which is also its slot in the store. Stable for the life of a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlaceIx(pub u32);

impl PlaceIx {
    /// As an index into a column over all places.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Level of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceLevel {
    /// The country, code `VN`.
    Country,
    /// Tỉnh, thành phố.
    Province,
    /// Huyện, quận, thị xã: until 30/06/2025.
    District,
    /// Xã, phường, đặc khu; until 30/06/2025 also thị trấn.
    Commune,
    /// Thôn, bản, xóm, tổ dân phố. No national code.
    Village,
}

impl PlaceLevel {
    /// The word used in JSON, in files and in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Province => "province",
            Self::District => "district",
            Self::Commune => "commune",
            Self::Village => "village",
        }
    }
}

/// Area class that decides who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AreaClass {
    /// Extremely difficult area: the universal-service fund pays.
    ExtremelyDifficult,
    /// Any other.
    Other,
}

/// Position on WGS 84, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GeoPoint {
    /// Latitude in degrees north.
    pub lat: f64,
    /// Longitude in degrees east.
    pub lon: f64,
}

impl GeoPoint {
    /// Great-circle distance in metres (haversine, mean radius 6 371 009 m).
    #[must_use]
    pub fn distance_m(self, other: Self) -> f64 {
        let (phi1, phi2) = (self.lat.to_radians(), other.lat.to_radians());
        let half_dphi = (phi2 - phi1) / 2.0;
        let half_dlambda = (other.lon - self.lon).to_radians() / 2.0;
        let a = half_dphi.sin().powi(2) + phi1.cos() * phi2.cos() * half_dlambda.sin().powi(2);
        2.0 * 6_371_009.0 * a.sqrt().min(1.0).asin()
    }
}

/// From a day on, a place belongs to a parent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The place above.
    pub parent: PlaceId,
    /// First day under it.
    pub from: NaiveDate,
}

/// One place as long as it bears one code under one identity.
///
/// A village whose commune is merged stays the same village and gets another membership; a commune that is merged or
/// divided ends, and its successors are other places reached through [`Lineage`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Code and first day.
    pub id: PlaceId,
    /// First day no longer in force.
    pub valid_to: Option<NaiveDate>,
    /// Where it stands in the tree.
    pub level: PlaceLevel,
    /// Its kind in Vietnamese, lower case: `xã`, `phường`, `xóm`.
    pub kind: String,
    /// Name without the kind.
    pub name: String,
    /// Name in English, where one is used; otherwise empty.
    pub name_en: String,
    /// Other spellings that mean the same place.
    pub other_names: Vec<String>,
    /// The places above, in order of their first day. Empty only for the country.
    pub memberships: Vec<Membership>,
    /// A point inside it.
    pub point: Option<GeoPoint>,
    /// Who pays for its coverage.
    pub area_class: Option<AreaClass>,
    /// Made up for the example: said on every screen.
    pub synthetic: bool,
}

impl Place {
    /// Whether it is in force on the day.
    #[must_use]
    pub fn in_force_on(&self, day: NaiveDate) -> bool {
        self.id.valid_from <= day && self.valid_to.is_none_or(|end| day < end)
    }

    /// The place above on the day. Before the first membership the first one counts.
    #[must_use]
    pub fn parent_on(&self, day: NaiveDate) -> Option<&PlaceId> {
        let current = self.memberships.iter().rev().find(|m| m.from <= day);
        current.or(self.memberships.first()).map(|m| &m.parent)
    }

    /// Name with its kind, as on screen: `xã Hưng Đạo`.
    #[must_use]
    pub fn full_name(&self) -> String {
        if self.kind.is_empty() { self.name.clone() } else { format!("{} {}", self.kind, self.name) }
    }
}

/// How much of an old place went to a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// All of it. The data files say `full`.
    #[serde(alias = "full")]
    Whole,
    /// Some of it: the old place has several successors.
    Partial,
}

/// Old place → new place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lineage {
    /// The place that ended.
    pub old: PlaceId,
    /// The place that goes on.
    pub new: PlaceId,
    /// How much of the old one.
    pub part: Part,
    /// First day of the new order.
    pub effective: NaiveDate,
    /// The legal act.
    pub act: String,
    /// Share of the old place's counts that goes to the new one, 0 to 1, for partial parts where it is declared.
    pub weight: Option<f64>,
}

/// A fault in the places or the lineage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GazetteerError {
    /// Two places with one identity.
    #[error("place `{0}` is there twice")]
    Duplicate(PlaceId),
    /// A membership or lineage names a place that is not there.
    #[error("`{by}` names `{missing}`, which is no place")]
    Dangling {
        /// Who names it.
        by: PlaceId,
        /// What is not there.
        missing: PlaceId,
    },
    /// Two places bear one code on one day.
    #[error("code `{code}` is borne by two places on {day}")]
    CodeTwice {
        /// The code.
        code: PlaceCode,
        /// A day on which both are in force.
        day: NaiveDate,
    },
    /// Partial weights of one old place sum to more than one.
    #[error("weights of the parts of `{0}` sum to more than 1")]
    Overweight(PlaceId),
    /// A place is its own ancestor.
    #[error("place `{0}` lies inside itself")]
    Cycle(PlaceId),
}

/// All places through time, by number, with their tree and lineage. Immutable: a change makes a new one.
#[derive(Debug, Default, Clone)]
pub struct Gazetteer {
    places: Vec<Place>,
    lineage: Vec<Lineage>,
    by_id: HashMap<PlaceId, PlaceIx>,
    by_code: HashMap<PlaceCode, Vec<PlaceIx>>,
    parents: Vec<Vec<(NaiveDate, PlaceIx)>>,
    children: Vec<Vec<PlaceIx>>,
    successors: HashMap<PlaceIx, Vec<(PlaceIx, usize)>>,
    predecessors: HashMap<PlaceIx, Vec<(PlaceIx, usize)>>,
}

impl Gazetteer {
    /// Numbers the places in the order given and links them.
    ///
    /// # Errors
    /// All faults at once: doubles, names of places that are not there, codes borne twice on one day, weights above one.
    pub fn new(places: Vec<Place>, lineage: Vec<Lineage>) -> Result<Self, Vec<GazetteerError>> {
        let mut errors = Vec::new();
        let mut this = Self { children: vec![Vec::new(); places.len()], ..Self::default() };
        for (number, place) in (0..).zip(&places) {
            if this.by_id.insert(place.id.clone(), PlaceIx(number)).is_some() {
                errors.push(GazetteerError::Duplicate(place.id.clone()));
            }
            this.by_code.entry(place.id.code.clone()).or_default().push(PlaceIx(number));
        }
        for (number, place) in (0..).zip(&places) {
            let mut chain = Vec::with_capacity(place.memberships.len());
            for membership in &place.memberships {
                match this.by_id.get(&membership.parent) {
                    Some(parent) => chain.push((membership.from, *parent)),
                    None => errors.push(GazetteerError::Dangling {
                        by: place.id.clone(),
                        missing: membership.parent.clone(),
                    }),
                }
            }
            chain.sort_by_key(|(from, _)| *from);
            for parent in chain.iter().map(|(_, parent)| *parent).collect::<BTreeSet<_>>() {
                if let Some(children) = this.children.get_mut(parent.index()) {
                    children.push(PlaceIx(number));
                }
            }
            this.parents.push(chain);
        }
        for (index, step) in lineage.iter().enumerate() {
            match (this.by_id.get(&step.old), this.by_id.get(&step.new)) {
                (Some(old), Some(new)) => {
                    this.successors.entry(*old).or_default().push((*new, index));
                    this.predecessors.entry(*new).or_default().push((*old, index));
                }
                (None, _) => {
                    errors.push(GazetteerError::Dangling { by: step.new.clone(), missing: step.old.clone() });
                }
                (_, None) => {
                    errors.push(GazetteerError::Dangling { by: step.old.clone(), missing: step.new.clone() });
                }
            }
        }
        this.places = places;
        this.lineage = lineage;
        errors.extend(this.faults());
        if errors.is_empty() { Ok(this) } else { Err(errors) }
    }

    fn faults(&self) -> Vec<GazetteerError> {
        let mut errors = Vec::new();
        for (code, bearers) in &self.by_code {
            for (position, one) in bearers.iter().enumerate() {
                for other in bearers.iter().skip(position + 1) {
                    let (one, other) = (self.get(*one), self.get(*other));
                    let day = one.id.valid_from.max(other.id.valid_from);
                    if one.id != other.id && one.in_force_on(day) && other.in_force_on(day) {
                        errors.push(GazetteerError::CodeTwice { code: code.clone(), day });
                    }
                }
            }
        }
        for (old, steps) in &self.successors {
            let sum: f64 = steps.iter().filter_map(|(_, i)| self.lineage.get(*i)?.weight).sum();
            if sum > 1.0 + 1e-9 {
                errors.push(GazetteerError::Overweight(self.get(*old).id.clone()));
            }
        }
        for ix in self.all() {
            let rises =
                |ix: PlaceIx| self.parents.get(ix.index()).map(|p| p.iter().map(|(_, p)| self.get(*p).level));
            if rises(ix).into_iter().flatten().any(|above| above >= self.get(ix).level) {
                errors.push(GazetteerError::Cycle(self.get(ix).id.clone()));
            }
        }
        errors.sort_by_key(ToString::to_string);
        errors
    }

    /// Every number, in order.
    pub fn all(&self) -> impl Iterator<Item = PlaceIx> + use<> {
        (0..u32::try_from(self.places.len()).unwrap_or(u32::MAX)).map(PlaceIx)
    }

    /// Every place, in order of its number.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Every lineage step.
    #[must_use]
    pub fn lineage(&self) -> &[Lineage] {
        &self.lineage
    }

    /// How many places there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no place at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The place of this number.
    ///
    /// # Panics
    /// When the number is of another gazetteer: numbers come only from here and from the store.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "numbers are handed out by this gazetteer, like keys of an arena"
    )]
    pub fn get(&self, ix: PlaceIx) -> &Place {
        &self.places[ix.index()]
    }

    /// The number of this place.
    #[must_use]
    pub fn ix(&self, id: &PlaceId) -> Option<PlaceIx> {
        self.by_id.get(id).copied()
    }

    /// Which place bore the code on the day.
    #[must_use]
    pub fn by_code_on(&self, code: &str, day: NaiveDate) -> Option<PlaceIx> {
        self.versions(code).iter().copied().find(|ix| self.get(*ix).in_force_on(day))
    }

    /// Every place that ever bore the code, in order of numbers.
    #[must_use]
    pub fn versions(&self, code: &str) -> &[PlaceIx] {
        self.by_code.get(code).map_or(&[], Vec::as_slice)
    }

    /// The place above on the day.
    #[must_use]
    pub fn parent_on(&self, ix: PlaceIx, day: NaiveDate) -> Option<PlaceIx> {
        let chain = self.parents.get(ix.index())?;
        chain.iter().rev().find(|(from, _)| *from <= day).or(chain.first()).map(|(_, parent)| *parent)
    }

    /// The places above on the day, nearest first.
    #[must_use]
    pub fn ancestors_on(&self, ix: PlaceIx, day: NaiveDate) -> Vec<PlaceIx> {
        std::iter::successors(self.parent_on(ix, day), |above| self.parent_on(*above, day)).collect()
    }

    /// The places directly below that are in force and belong here on the day.
    #[must_use]
    pub fn children_on(&self, ix: PlaceIx, day: NaiveDate) -> Vec<PlaceIx> {
        let children = self.children.get(ix.index()).map_or(&[][..], Vec::as_slice);
        let here =
            |child: &PlaceIx| self.get(*child).in_force_on(day) && self.parent_on(*child, day) == Some(ix);
        children.iter().copied().filter(here).collect()
    }

    /// The places of a level below (or the place itself, if it is of that level) on the day, in order of numbers.
    #[must_use]
    pub fn under_on(&self, ix: PlaceIx, level: PlaceLevel, day: NaiveDate) -> Vec<PlaceIx> {
        let mut found = Vec::new();
        let mut open = vec![ix];
        while let Some(next) = open.pop() {
            if self.get(next).level == level {
                found.push(next);
            } else if self.get(next).level < level {
                open.extend(self.children_on(next, day));
            }
        }
        found.sort_unstable();
        found
    }

    /// The places that this one went on in, with the step that says so. Directly: ask again for theirs.
    pub fn successors(&self, ix: PlaceIx) -> impl Iterator<Item = (PlaceIx, &Lineage)> {
        self.steps(&self.successors, ix)
    }

    /// The places that went on in this one, with the step that says so.
    pub fn predecessors(&self, ix: PlaceIx) -> impl Iterator<Item = (PlaceIx, &Lineage)> {
        self.steps(&self.predecessors, ix)
    }

    fn steps<'a>(
        &'a self,
        map: &'a HashMap<PlaceIx, Vec<(PlaceIx, usize)>>,
        ix: PlaceIx,
    ) -> impl Iterator<Item = (PlaceIx, &'a Lineage)> {
        let steps = map.get(&ix).map_or(&[][..], Vec::as_slice);
        steps.iter().filter_map(|(other, index)| Some((*other, self.lineage.get(*index)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Gazetteer, GazetteerError, GeoPoint, Lineage, Membership, Part, Place, PlaceId, PlaceLevel};
    use chrono::NaiveDate;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn place(id: &str, to: Option<&str>, level: PlaceLevel, name: &str, parents: &[(&str, &str)]) -> Place {
        let read = |id: &str| {
            let (code, from) = id.split_once('@').unwrap();
            PlaceId::new(code, day(from))
        };
        Place {
            id: read(id),
            valid_to: to.map(day),
            level,
            kind: String::new(),
            name: name.to_owned(),
            name_en: String::new(),
            other_names: Vec::new(),
            memberships: parents
                .iter()
                .map(|(p, from)| Membership { parent: read(p), from: day(from) })
                .collect(),
            point: None,
            area_class: None,
            synthetic: false,
        }
    }

    /// The code 01273 was phường Hợp Giang until 30/06/2025 and is phường Thục Phán since.
    fn thuc_phan() -> (Vec<Place>, Vec<Lineage>) {
        let old = "1900-01-01";
        let places = vec![
            place("04@1900-01-01", None, PlaceLevel::Province, "Cao Bằng", &[]),
            place(
                "01273@1900-01-01",
                Some("2025-07-01"),
                PlaceLevel::Commune,
                "Hợp Giang",
                &[("04@1900-01-01", old)],
            ),
            place(
                "01273@2025-07-01",
                None,
                PlaceLevel::Commune,
                "Thục Phán",
                &[("04@1900-01-01", "2025-07-01")],
            ),
            place(
                "v1@1900-01-01",
                None,
                PlaceLevel::Village,
                "Tổ 1",
                &[("01273@1900-01-01", old), ("01273@2025-07-01", "2025-07-01")],
            ),
        ];
        let lineage = vec![Lineage {
            old: places[1].id.clone(),
            new: places[2].id.clone(),
            part: Part::Whole,
            effective: day("2025-07-01"),
            act: "1657/NQ-UBTVQH15".to_owned(),
            weight: None,
        }];
        (places, lineage)
    }

    #[test]
    fn a_reused_code_is_two_places() {
        let (places, lineage) = thuc_phan();
        let gazetteer = Gazetteer::new(places, lineage).unwrap();
        let name_on =
            |date| gazetteer.by_code_on("01273", day(date)).map(|ix| gazetteer.get(ix).name.as_str());
        assert_eq!(name_on("2025-06-30"), Some("Hợp Giang"));
        assert_eq!(name_on("2025-07-01"), Some("Thục Phán"));
        let old = gazetteer.by_code_on("01273", day("2025-06-30")).unwrap();
        let next: Vec<_> = gazetteer.successors(old).map(|(ix, _)| gazetteer.get(ix).name.as_str()).collect();
        assert_eq!(next, ["Thục Phán"]);
    }

    #[test]
    fn a_village_keeps_its_identity_and_changes_its_parent() {
        let (places, lineage) = thuc_phan();
        let gazetteer = Gazetteer::new(places, lineage).unwrap();
        let province = gazetteer.by_code_on("04", day("2025-01-01")).unwrap();
        let village = gazetteer.by_code_on("v1", day("2025-01-01")).unwrap();
        for date in ["2025-06-30", "2025-07-01"] {
            assert_eq!(gazetteer.under_on(province, PlaceLevel::Village, day(date)), [village]);
            let above: Vec<_> = gazetteer
                .ancestors_on(village, day(date))
                .iter()
                .map(|ix| gazetteer.get(*ix).name.clone())
                .collect();
            assert_eq!(above[1], "Cao Bằng");
            assert_eq!(above[0], if date < "2025-07" { "Hợp Giang" } else { "Thục Phán" });
        }
    }

    #[test]
    fn faults_are_said_all_at_once() {
        let (mut places, lineage) = thuc_phan();
        places[1].valid_to = None;
        places[3].memberships[1].parent.valid_from = day("2025-07-02");
        let errors = Gazetteer::new(places, lineage).unwrap_err();
        assert!(errors.iter().any(|e| matches!(e, GazetteerError::CodeTwice { .. })), "{errors:?}");
        assert!(errors.iter().any(|e| matches!(e, GazetteerError::Dangling { .. })), "{errors:?}");
    }

    #[test]
    fn distances_are_metres() {
        let cao_bang = GeoPoint { lat: 22.66667, lon: 106.25 };
        let hanoi = GeoPoint { lat: 21.02833, lon: 105.85417 };
        let km = cao_bang.distance_m(hanoi) / 1000.0;
        assert!((186.0..188.0).contains(&km), "{km}");
    }
}
