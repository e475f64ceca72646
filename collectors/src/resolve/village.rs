//! Villages: by their department's code, or by name within the commune of the row.

use gapwatch_model::{PlaceIx, PlaceLevel, RejectCode, text};

use super::{
    Found, Named, Scope, missing,
    names::{is_near, plain_village, village_keys},
};
use crate::{config::Role, context::Choice};

impl Scope<'_> {
    /// Finds the village of a row.
    pub(super) fn village(&self, named: &Named, province: Option<PlaceIx>) -> Found {
        let has_commune = named.commune_code.is_some() || named.commune_name.is_some();
        let (commune, note) = if has_commune {
            match self.commune(named, province) {
                Found::Place(commune, note) => (Some(commune), note),
                other => return other,
            }
        } else {
            (None, None)
        };
        let name = named.village_name.as_deref().unwrap_or("");
        let key = |code: &str| {
            let parent = commune.map(|ix| self.gazetteer.get(ix).id.to_string()).unwrap_or_default();
            format!("village|{parent}|{code}|{}", text::fold(name))
        };
        match (&named.village_code, commune) {
            (Some(code), _) => self.village_by_code(&text::clean(code), name, commune, note, &|| key(code)),
            (None, _) if name.is_empty() => missing(Role::VillageName, "thiếu tên hoặc mã thôn, bản"),
            (None, Some(commune)) => self.village_by_name(name, commune, note, &|| key("")),
            (None, None) => missing(Role::CommuneName, "thiếu xã, nên không tìm được thôn, bản theo tên"),
        }
    }

    /// The commune of a row; the rows of one commune ask only once.
    fn commune(&self, named: &Named, province: Option<PlaceIx>) -> Found {
        let key = Named { village_code: None, village_name: None, ..named.clone() };
        let epoch = self.resolver.epoch(self.day);
        if let Some(found) = self.communes.borrow().get(&key, epoch, self.day) {
            return found;
        }
        let found = self.unit(named, PlaceLevel::Commune, province);
        self.communes.borrow_mut().keep(key, epoch, self.day, found.clone());
        found
    }

    fn village_by_code(
        &self,
        code: &str,
        name: &str,
        commune: Option<PlaceIx>,
        note: Option<String>,
        key: &dyn Fn() -> String,
    ) -> Found {
        if let Some(found) = self.decided_before(key) {
            return found;
        }
        let bearer = self.gazetteer.by_code_on(code, self.day);
        let Some(village) = bearer.filter(|ix| self.gazetteer.get(*ix).level == PlaceLevel::Village) else {
            return match commune {
                Some(commune) => self.unknown_village(Role::VillageCode, code, name, commune, key()),
                None => self.unknown(Role::VillageCode, code, &[], key()),
            };
        };
        let place = self.gazetteer.get(village);
        let elsewhere =
            commune.is_some_and(|commune| self.gazetteer.parent_on(village, self.day) != Some(commune));
        let renamed = !name.is_empty() && !self.village_bears(village, name);
        let others =
            commune.filter(|_| renamed).map(|commune| self.villages_named(name, commune)).unwrap_or_default();
        let misspelt = renamed && others.is_empty() && self.village_nearly(village, name);
        if elsewhere || (renamed && !misspelt) {
            let parent =
                self.gazetteer.parent_on(village, self.day).map(|up| self.gazetteer.get(up).full_name());
            let parent = parent.unwrap_or_default();
            let sentence =
                format!("mã “{code}” là {}, {parent}, khác với tên ghi trên dòng này", place.full_name());
            let candidates: Vec<_> = std::iter::once(village).chain(others).collect();
            return self.fault(
                Role::VillageCode,
                RejectCode::CodeContradictsName,
                sentence,
                &candidates,
                key(),
            );
        }
        Found::Place(village, note)
    }

    fn village_by_name(
        &self,
        name: &str,
        commune: PlaceIx,
        note: Option<String>,
        key: &dyn Fn() -> String,
    ) -> Found {
        if let Some(found) = self.decided_before(key) {
            return found;
        }
        let named = self.villages_named(name, commune);
        match self.exact(&named, name).as_slice() {
            [one] => Found::Place(*one, note),
            [] => self.unknown_village(Role::VillageName, name, name, commune, key()),
            several => {
                let commune = self.gazetteer.get(commune).full_name();
                let sentence = format!("{commune} có {} thôn, bản tên “{name}”; cần chọn một", several.len());
                self.fault(Role::VillageName, RejectCode::AmbiguousPlace, sentence, several, key())
            }
        }
    }

    /// What was decided of a row. Its key is written only where anything was decided at all.
    fn decided_before(&self, key: &dyn Fn() -> String) -> Option<Found> {
        if self.decisions.is_empty() { None } else { self.decided(&key()) }
    }

    fn unknown_village(&self, role: Role, written: &str, name: &str, commune: PlaceIx, key: String) -> Found {
        let near: Vec<_> = self
            .resolver
            .villages_of
            .get(&commune)
            .into_iter()
            .flatten()
            .copied()
            .filter(|ix| self.lies_in(*ix, commune) && self.village_nearly(*ix, name))
            .take(8)
            .collect();
        // A village that is nearly there is asked even where new ones are made: it may be a misspelling.
        let decided = self.decisions.get(&key).is_some_and(|decision| decision.choice == Choice::Create);
        if decided || (self.create_villages && near.is_empty() && !name.is_empty()) {
            return Found::New(commune);
        }
        let commune = self.gazetteer.get(commune).full_name();
        let on = text::date(self.day);
        if near.is_empty() {
            let sentence = format!("{commune} không có thôn, bản “{written}” vào ngày {on}");
            self.fault(role, RejectCode::UnknownPlace, sentence, &[], key)
        } else {
            let sentence =
                format!("{commune} không có thôn, bản “{written}” vào ngày {on}; chỉ có tên gần giống");
            self.fault(role, RejectCode::AmbiguousPlace, sentence, &near, key)
        }
    }

    fn villages_named(&self, name: &str, commune: PlaceIx) -> Vec<PlaceIx> {
        let bearers = |key| {
            let bearers = self.resolver.villages.get(&(commune, key)).into_iter().flatten().copied();
            bearers.filter(|ix| self.lies_in(*ix, commune)).collect::<Vec<_>>()
        };
        village_keys(name).into_iter().map(bearers).find(|bearers| !bearers.is_empty()).unwrap_or_default()
    }

    fn lies_in(&self, village: PlaceIx, commune: PlaceIx) -> bool {
        self.in_force(village) && self.gazetteer.parent_on(village, self.day) == Some(commune)
    }

    fn village_bears(&self, ix: PlaceIx, name: &str) -> bool {
        let place = self.gazetteer.get(ix);
        let keys = village_keys(name);
        let full = place.full_name();
        std::iter::once(&place.name)
            .chain(&place.other_names)
            .chain([&full])
            .any(|own| village_keys(own).iter().any(|key| keys.contains(key)))
    }

    fn village_nearly(&self, ix: PlaceIx, name: &str) -> bool {
        let (own, other) = (plain_village(&self.gazetteer.get(ix).name), plain_village(name));
        !other.is_empty() && (own == other || is_near(&own, &other))
    }
}
