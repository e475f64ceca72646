//! `/compare?place=&from=&to=&borders=then|now`: two days side by side, each as it was known.

use std::{collections::HashMap, sync::Arc};

use chrono::NaiveDate;
use gapwatch_dashboards::{
    Markup,
    figure::Amount,
    map::Map,
    pages::compare::{IndicatorPair, PlacePair, Side, View, render},
    part::{Borders, Tally},
};
use gapwatch_model::{Part, PlaceIx, SignalState};
use gapwatch_rules::FindingKind;

use super::fill::{Fill, in_words};
use crate::{
    app::App,
    clock,
    http::{Asked, HttpError, HttpResult, api},
    world::World,
};

/// Places listed at most.
const PLACES: usize = 60;

/// Makes the page.
pub(crate) fn page(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let (from, to) = api::two_days(&asked.query, asked.as_of)?;
    let borders = match asked.query.get("borders") {
        None | Some("now") => Borders::Now,
        Some("then") => Borders::Then,
        Some(other) => return Err(HttpError::bad_request("borders", other, "then, now")),
    };
    let now = app.world(clock::end_of(to).min(asked.as_of.at))?;
    let then = app.world(clock::end_of(from).min(asked.as_of.at))?;
    let place = api::chosen_place(&now, &asked.query)?;
    let sides = Sides {
        now: Fill::new(app, &now, asked.lang),
        then: Fill::new(app, &then, asked.lang),
        place,
        borders,
        carried: carried(&then, to),
    };
    let view = View {
        place: sides.now.place(place),
        then: sides.earlier(from),
        now: sides.later(to),
        borders,
        indicators: sides.indicators(),
        places: sides.places(),
        notes: sides.notes(from),
    };
    let mut crumbs = sides.now.crumbs(place);
    crumbs.push(sides.now.link(place));
    Ok(render(&asked.shell(app, crumbs), &view))
}

/// Both days and how they are compared.
struct Sides<'a> {
    now: Fill<'a>,
    then: Fill<'a>,
    place: PlaceIx,
    borders: Borders,
    /// Villages of the earlier day, counted in the places they belong to on the later one.
    carried: HashMap<PlaceIx, Tally>,
}

/// Villages as they were known, counted in the borders of another day.
fn carried(world: &Arc<World>, borders: NaiveDate) -> HashMap<PlaceIx, Tally> {
    let mut tallies: HashMap<PlaceIx, Tally> = HashMap::new();
    for village in &world.judgement.villages {
        for above in world.gazetteer.ancestors_on(village.place, borders) {
            let tally = tallies.entry(above).or_default();
            tally.total += 1;
            match village.state {
                SignalState::Unknown => tally.unknown += 1,
                SignalState::NoSignal => tally.no_signal += 1,
                SignalState::Pocket => tally.pocket += 1,
                SignalState::Covered => tally.covered += 1,
            }
            tally.stale += u32::from(village.qualification.stale);
            tally.insufficient += u32::from(village.qualification.insufficient);
            tally.disputed += u32::from(village.qualification.disputed);
            if let Some(power) = village.grid_power {
                let powerless = u32::from(!power);
                tally.no_grid_power = Some(tally.no_grid_power.unwrap_or(0) + powerless);
                let both = if village.state == SignalState::NoSignal { powerless } else { 0 };
                tally.no_signal_no_power = Some(tally.no_signal_no_power.unwrap_or(0) + both);
            }
        }
    }
    tallies
}

/// A count of villages without signal, where anything was known of any.
fn known(tally: &Tally) -> Option<u32> {
    (tally.total > tally.unknown).then_some(tally.no_signal)
}

impl Sides<'_> {
    /// Villages of a place on the earlier day, in the borders that are compared.
    fn before(&self, ix: PlaceIx) -> Option<Tally> {
        match self.borders {
            Borders::Now => self.carried.get(&ix).copied(),
            Borders::Then => self.then.world.judgement.counts(ix).map(super::fill::tally),
        }
    }

    fn earlier(&self, on: NaiveDate) -> Side {
        let tally = self.before(self.place).unwrap_or_default();
        let map = match self.borders {
            Borders::Then => self.then.villages_map(&self.then.children(self.place)),
            Borders::Now => self.map_before(),
        };
        Side { on, tally, map }
    }

    fn later(&self, on: NaiveDate) -> Side {
        let tally = self.now.tally(self.place);
        Side { on, tally, map: self.now.villages_map(&self.now.children(self.place)) }
    }

    /// Today's places, coloured by what was known of their villages on the earlier day.
    fn map_before(&self) -> Option<Map> {
        let children = self.now.children(self.place);
        let mut map = self.now.villages_map(&children)?;
        for (area, child) in map.areas.iter_mut().zip(&children) {
            let tally = self.before(*child).unwrap_or_default();
            area.amount = known(&tally).map_or(Amount::Missing, Amount::count);
            area.note = in_words(self.now.lang, &tally);
        }
        Some(map)
    }

    fn indicators(&self) -> Vec<IndicatorPair> {
        let mut pairs = Vec::new();
        for indicator in self.now.world.facts.indicators().iter() {
            let value =
                |fill: &Fill<'_>| fill.world.judgement.value(self.place, indicator.id.as_str()).cloned();
            let (then, now) = (value(&self.then), value(&self.now));
            let spoke = [&then, &now].into_iter().flatten().any(|value| value.value.is_some());
            if spoke {
                pairs.push(IndicatorPair {
                    indicator: self.now.indicator(indicator, self.place),
                    then: self.then.figure(self.place, indicator, then.as_ref()),
                    now: self.now.figure(self.place, indicator, now.as_ref()),
                    direction: indicator.direction,
                });
            }
        }
        pairs
    }

    fn places(&self) -> Vec<PlacePair> {
        let mut below = self.now.children(self.place);
        if self.borders == Borders::Then {
            below.extend(self.then.children(self.place));
            below.sort_unstable();
            below.dedup();
        }
        let mut pairs: Vec<PlacePair> = below
            .into_iter()
            .filter(|ix| self.now.gazetteer().get(*ix).level < gapwatch_model::PlaceLevel::Village)
            .map(|ix| PlacePair {
                place: self.now.place(ix),
                then: self.before(ix).and_then(|tally| known(&tally)),
                now: self.now.world.judgement.counts(ix).and_then(|_| known(&self.now.tally(ix))),
            })
            .filter(|pair| pair.then != pair.now)
            .collect();
        let change = |pair: &PlacePair| pair.then.unwrap_or(0).abs_diff(pair.now.unwrap_or(0));
        pairs.sort_by(|a, b| change(b).cmp(&change(a)).then_with(|| a.place.name.cmp(&b.place.name)));
        pairs.truncate(PLACES);
        pairs
    }

    /// What cannot be compared, and why.
    fn notes(&self, from: NaiveDate) -> Vec<String> {
        let (lang, gazetteer) = (self.now.lang, self.now.gazetteer());
        let mut notes = Vec::new();
        let place = gazetteer.get(self.place);
        if !place.in_force_on(from) {
            let old: Vec<String> =
                gazetteer.predecessors(self.place).map(|(ix, _)| self.now.place(ix).name).collect();
            let (name, since, old) = (place.full_name(), lang.date(place.id.valid_from), old.join(", "));
            notes.push(lang.pick(
                format!("{name} có từ {since}; trước đó là {old}. Các chỉ số của đơn vị cũ không được cộng sang."),
                format!("{name} has been in force since {since}; before it was {old}. Indicators of the old places are not carried over."),
            ));
        }
        let mut apart: Vec<String> = Vec::new();
        for found in &self.now.world.judgement.findings {
            let inside = found.place == self.place
                || gazetteer.ancestors_on(found.place, self.now.day()).contains(&self.place);
            if let FindingKind::PartsApart { old } = &found.kind
                && inside
            {
                apart.extend(old.iter().map(|ix| self.now.place(*ix).name));
            }
        }
        apart.sort();
        apart.dedup();
        if !apart.is_empty() {
            let names = apart.join(", ");
            notes.push(lang.pick(
                format!("Được để riêng vì chia cho nhiều đơn vị mà chưa có tỷ trọng: {names}."),
                format!("Kept apart: divided between several places without declared weights: {names}."),
            ));
        }
        let divided = gazetteer
            .predecessors(self.place)
            .filter(|(_, step)| step.part == Part::Partial && step.weight.is_none());
        for (ix, _) in divided {
            let name = self.now.place(ix).name;
            notes.push(lang.pick(
                format!("Chỉ một phần của {name} nhập vào đây, chưa có tỷ trọng."),
                format!("Only a part of {name} went on in this place; no weight is declared."),
            ));
        }
        if self.borders == Borders::Then && self.then.villages_map(&self.then.children(self.place)).is_none()
        {
            notes.push(
                lang.pick(
                    "Không có ranh giới của các đơn vị cũ để vẽ bản đồ.",
                    "There are no boundaries of the old places to draw a map.",
                )
                .to_owned(),
            );
        }
        notes
    }
}
