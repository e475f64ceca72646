//! Claims held against measurements: which points differ, with both sides, and how often each operator's claims do.

use std::collections::BTreeMap;

use gapwatch_model::{Evidence, PlaceIx, PlaceLevel};

use crate::{
    config::Rules,
    facts::{Facts, Moment, Said},
    judge::Judgement,
    signal::{Columns, point_name},
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
    /// Signal was claimed, none was measured.
    pub overstated: u32,
    /// No signal was claimed, some was measured.
    pub understated: u32,
}

impl ClaimGap {
    fn add(&mut self, claimed: bool, measured: bool) {
        self.compared += 1;
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
    let mut found = Vec::new();
    pairs(facts, rules, village, moment, |claim, claims_signal, measurement, measured_signal| {
        if claims_signal != measured_signal {
            let point = point_name(&claim);
            found.push(Dispute { village, point, claim, claims_signal, measurement, measured_signal });
        }
    });
    found
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
        pairs(facts, rules, village, moment, |claim, claimed, _, measured| {
            let operator = claim.head.key.dimensions.operator.as_deref().unwrap_or_default().to_owned();
            let best = points.entry((operator, point_name(&claim))).or_default();
            best.0 |= claimed;
            best.1 |= measured;
        });
        for ((operator, _), (claimed, measured)) in points {
            gaps.entry((commune, operator)).or_default().add(claimed, measured);
        }
    }
    gaps
}

/// Gives each claim that can be compared with the newest fresh measurement of the same point and operator, or else of
/// the point without an operator.
fn pairs<'a>(
    facts: &'a Facts,
    rules: &'a Rules,
    village: PlaceIx,
    moment: Moment,
    mut each: impl FnMut(Said<'a>, bool, Said<'a>, bool),
) {
    let columns = Columns::of(facts, &rules.signal);
    let gathered = columns.gather(village, moment.as_of);
    let said = columns.speaking(&gathered, moment);
    let window = i64::from(rules.signal.dispute_window_days);
    for (claim, claimed) in said.iter().filter(|(said, _)| said.head.key.evidence == Evidence::Claimed) {
        let comparable = said.iter().filter(|(other, _)| {
            let (one, two) = (&claim.head.key.dimensions, &other.head.key.dimensions);
            other.head.key.evidence == Evidence::Measured
                && other.fresh(moment.day)
                && point_name(other) == point_name(claim)
                && (one.operator == two.operator || two.operator.is_none())
                && (one.technology == two.technology || two.technology.is_none() || one.technology.is_none())
                && (claim.ends - other.ends).num_days().abs() <= window
        });
        let newest = comparable.reduce(|best, next| if next.0.newer_than(&best.0) { next } else { best });
        if let Some((measurement, measured)) = newest {
            each(*claim, *claimed, *measurement, *measured);
        }
    }
}
