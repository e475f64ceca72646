//! Claims held against measurements: which points differ, with both sides, and how often each operator's claims do.

use std::collections::BTreeMap;

use gapwatch_model::{Evidence, PlaceIx, PlaceLevel};

use crate::{
    config::Rules,
    facts::{Facts, Moment, Said},
    judge::Judgement,
    signal::{Columns, Compared, Heard, point_name},
};

/// A claim and a measurement of one point that differ.
#[derive(Debug, Clone)]
pub struct Dispute<'a> {
    /// The village.
    pub village: PlaceIx,
    /// Name of the measuring point. `None` is the centre.
    pub point: Option<&'a str>,
    /// The claim.
    pub claim: Said<'a>,
    /// Whether it claims signal.
    pub claims_signal: bool,
    /// The measurement, which speaks.
    pub measurement: Said<'a>,
    /// Whether signal was measured.
    pub measured_signal: bool,
}

/// How an operator's claims compare with what was measured of the same points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClaimGap {
    /// Points with a claim and a fresh measurement within the window.
    pub compared: u32,
    /// Of them, those claimed to have signal.
    pub claimed: u32,
    /// Signal was claimed, none was measured.
    pub overstated: u32,
    /// No signal was claimed, some was measured.
    pub understated: u32,
}

impl ClaimGap {
    /// Points compared and found to have signal by measurement.
    #[must_use]
    pub fn measured(&self) -> u32 {
        (self.claimed + self.understated).saturating_sub(self.overstated)
    }

    fn add(&mut self, claimed: bool, measured: bool) {
        self.compared += 1;
        self.claimed += u32::from(claimed);
        self.overstated += u32::from(claimed && !measured);
        self.understated += u32::from(!claimed && measured);
    }
}

/// Every claim about a village's points that a fresh measurement within the window contradicts, in order of points and
/// sources.
#[must_use]
pub fn disputes<'a>(
    facts: &'a Facts,
    rules: &'a Rules,
    village: PlaceIx,
    moment: Moment,
) -> Vec<Dispute<'a>> {
    let all = compared(facts, rules, village, moment).into_iter().filter(Compared::differs);
    let shown = all.map(|Compared { claim, measurement }| Dispute {
        village,
        point: point_name(&claim.0),
        claim: claim.0,
        claims_signal: claim.1,
        measurement: measurement.0,
        measured_signal: measurement.1,
    });
    shown.collect()
}

/// Claimed against measured for each commune of a place and each operator. The operator is empty where the claim names
/// none. Compared point by point: an operator's best claim with what was measured of it, or of the point at large.
#[must_use]
pub fn claim_gaps(
    facts: &Facts,
    rules: &Rules,
    judgement: &Judgement,
    place: PlaceIx,
) -> BTreeMap<(PlaceIx, String), ClaimGap> {
    let moment = judgement.moment;
    let mut gaps: BTreeMap<(PlaceIx, String), ClaimGap> = BTreeMap::new();
    for village in facts.gazetteer.under_on(place, PlaceLevel::Village, moment.day) {
        let Some(commune) = facts.gazetteer.parent_on(village, moment.day) else { continue };
        // Of one operator and point the best counts, on either side.
        let mut points: BTreeMap<(String, Option<&str>), (bool, bool)> = BTreeMap::new();
        for Compared { claim: (claim, claimed), measurement: (_, measured) } in
            compared(facts, rules, village, moment)
        {
            let operator = claim.head.key.dimensions.operator.as_deref().unwrap_or_default().to_owned();
            let best = points.entry((operator, point_name(&claim))).or_default();
            best.0 |= claimed;
            best.1 |= measured;
        }
        for ((operator, _), (claimed, measured)) in points {
            gaps.entry((commune, operator)).or_default().add(claimed, measured);
        }
    }
    gaps
}

/// Every claim about a village's points with the fresh measurement it is held against, in order of points.
fn compared<'a>(facts: &'a Facts, rules: &'a Rules, village: PlaceIx, moment: Moment) -> Vec<Compared<'a>> {
    let columns = Columns::of(facts, &rules.signal);
    let said = columns.speaking(&columns.gather(village, moment.as_of), moment);
    let mut points: BTreeMap<Option<&str>, [Vec<Heard<'a>>; 2]> = BTreeMap::new();
    for (said, yes) in said {
        let [claims, measured] = points.entry(point_name(&said)).or_default();
        match said.head.key.evidence {
            Evidence::Claimed => claims.push((said, yes)),
            Evidence::Measured if said.fresh(moment.day) => measured.push((said, yes)),
            Evidence::Measured | Evidence::Modelled | Evidence::Crowd => {}
        }
    }
    points.values().flat_map(|[claims, measured]| columns.held_together(claims, measured)).collect()
}

/// The operators of which it is known whether they have signal at a village's centre, in order of names, each by the
/// weightiest evidence about it that still speaks.
#[must_use]
pub fn operators_at(facts: &Facts, rules: &Rules, village: PlaceIx, moment: Moment) -> Vec<(String, bool)> {
    let columns = Columns::of(facts, &rules.signal);
    let said = columns.speaking(&columns.gather(village, moment.as_of), moment);
    let mut best: BTreeMap<&str, (Evidence, bool)> = BTreeMap::new();
    for (said, yes) in said.iter().filter(|(said, _)| said.fresh(moment.day) && point_name(said).is_none()) {
        let Some(operator) = said.head.key.dimensions.operator.as_deref() else { continue };
        // Devices that passed and saw nothing prove nothing.
        if said.head.key.evidence == Evidence::Crowd && !yes {
            continue;
        }
        let found = (said.head.key.evidence, *yes);
        best.entry(operator).and_modify(|best| *best = found.max(*best)).or_insert(found);
    }
    best.into_iter().map(|(operator, (_, yes))| (operator.to_owned(), yes)).collect()
}
