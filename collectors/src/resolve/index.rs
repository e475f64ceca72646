//! The names of all places, indexed once for every file.

use chrono::NaiveDate;
use foldhash::HashMap;
use gapwatch_model::{Gazetteer, PlaceIx, PlaceLevel, text};

use super::names::{bare, village_keys};

/// Name indexes of a gazetteer. Build once, use for every file.
#[derive(Debug, Clone, Default)]
pub struct Resolver {
    pub(super) by_name: HashMap<(PlaceLevel, String), Vec<PlaceIx>>,
    pub(super) by_toneless: HashMap<(PlaceLevel, String), Vec<PlaceIx>>,
    pub(super) villages: HashMap<(PlaceIx, String), Vec<PlaceIx>>,
    pub(super) villages_of: HashMap<PlaceIx, Vec<PlaceIx>>,
    order_days: Vec<NaiveDate>,
    /// The days on which anything of any place changed: between two of them every name means the same.
    change_days: Vec<NaiveDate>,
}

impl Resolver {
    /// Indexes the names of all places.
    #[must_use]
    pub fn new(gazetteer: &Gazetteer) -> Self {
        let mut this = Self::default();
        for ix in gazetteer.all() {
            this.add(gazetteer, ix);
        }
        this.order_days = gazetteer.lineage().iter().map(|step| step.effective).collect();
        this.order_days.sort_unstable();
        this.order_days.dedup();
        let of_place = |ix| {
            let place = gazetteer.get(ix);
            let moved = place.memberships.iter().map(|membership| membership.from);
            std::iter::once(place.id.valid_from).chain(place.valid_to).chain(moved)
        };
        this.change_days =
            gazetteer.all().flat_map(of_place).chain(this.order_days.iter().copied()).collect();
        this.change_days.sort_unstable();
        this.change_days.dedup();
        this
    }

    /// The number of the time between changes in which a day lies.
    pub(crate) fn epoch(&self, day: NaiveDate) -> u32 {
        u32::try_from(self.change_days.partition_point(|change| *change <= day)).unwrap_or(u32::MAX)
    }

    fn add(&mut self, gazetteer: &Gazetteer, ix: PlaceIx) {
        let place = gazetteer.get(ix);
        let names = || std::iter::once(&place.name).chain(&place.other_names);
        if place.level == PlaceLevel::Village {
            let mut keys: Vec<String> = names().flat_map(|name| village_keys(name)).collect();
            keys.extend(village_keys(&place.full_name()));
            keys.sort_unstable();
            keys.dedup();
            let mut parents: Vec<_> =
                place.memberships.iter().filter_map(|m| gazetteer.ix(&m.parent)).collect();
            parents.sort_unstable();
            parents.dedup();
            for parent in parents {
                self.villages_of.entry(parent).or_default().push(ix);
                for key in &keys {
                    self.villages.entry((parent, key.clone())).or_default().push(ix);
                }
            }
            return;
        }
        for name in names() {
            for (index, key) in
                [(&mut self.by_name, text::fold_name(name)), (&mut self.by_toneless, bare(name))]
            {
                let bearers = index.entry((place.level, key)).or_default();
                if !bearers.contains(&ix) {
                    bearers.push(ix);
                }
            }
        }
    }

    /// The last day on or before `day` on which units changed, as a mark of the era.
    pub(super) fn era(&self, day: NaiveDate) -> String {
        let last = self.order_days.iter().rev().find(|order| **order <= day);
        last.map_or_else(|| "0".to_owned(), ToString::to_string)
    }
}
