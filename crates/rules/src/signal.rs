//! The mobile signal of one village, from everything said of its centre and its clusters.
//!
//! Measuring point by measuring point: what is fresh and has samples enough may speak; the highest class of evidence
//! does; within it the best of the operators counts. Crowd data speaks only where it says there is signal. The centre
//! is asked first, so the states are disjoint: no signal there is *no signal*, signal there and a cluster without is a
//! *pocket*, and only when every point known of speaks can a village be *covered*.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{Evidence, Head, PlaceIx, Qualification, SignalState, Value};

use crate::{
    config::Signal,
    facts::{Column, Facts, Moment, Said, newest_of},
};

pub(crate) const SIGNAL: &str = "village.signal";
pub(crate) const CLUSTERS: &str = "village.clusters_without_signal";
pub(crate) const GRID_POWER: &str = "village.grid_power";

/// The state of a village and on what it rests.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) state: SignalState,
    pub(crate) qualification: Qualification,
    /// The statement that decided it.
    pub(crate) decided_by: Option<(Arc<Head>, u32)>,
}

/// One measuring point of a village.
#[derive(Debug, Clone)]
pub(crate) struct PointFound<'a> {
    /// `None` is the centre.
    pub(crate) name: Option<&'a str>,
    /// Whether there is signal; `None` when nobody speaks.
    pub(crate) signal: Option<bool>,
    pub(crate) decided_by: Option<Said<'a>>,
    pub(crate) qualification: Qualification,
}

/// Everything said of one village's signal.
pub(crate) struct Gathered<'a> {
    pub(crate) signal: Vec<Said<'a>>,
    pub(crate) clusters: Vec<Said<'a>>,
}

/// The columns a village's state is found in, looked up once.
pub(crate) struct Columns<'a> {
    facts: &'a Facts,
    signal: Option<&'a Column>,
    clusters: Option<&'a Column>,
    minimum_samples: u32,
    settings: &'a Signal,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(facts: &'a Facts, settings: &'a Signal) -> Self {
        let minimum_samples = minimum_samples(facts, settings);
        let (signal, clusters) = (facts.column(SIGNAL), facts.column(CLUSTERS));
        Self { facts, signal, clusters, minimum_samples, settings }
    }

    /// Everything said of a village's points and clusters, from which its state at any moment up to `as_of` follows.
    pub(crate) fn gather(&self, village: PlaceIx, as_of: DateTime<FixedOffset>) -> Gathered<'a> {
        Gathered {
            signal: self.facts.gather(self.signal, village, as_of),
            clusters: self.facts.gather(self.clusters, village, as_of),
        }
    }

    /// State of a village at a moment.
    pub(crate) fn state(&self, gathered: &Gathered<'a>, moment: Moment) -> Found {
        decide(&self.points(gathered, moment), &self.clusters(gathered, moment))
    }

    /// Every measuring point somebody spoke of, the centre first.
    pub(crate) fn points(&self, gathered: &Gathered<'a>, moment: Moment) -> Vec<PointFound<'a>> {
        let said = newest_of(&gathered.signal, self.minimum_samples, moment);
        let mut names: Vec<Option<&'a str>> = said.iter().map(|said| point_name(said)).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(|name| self.point(name, &said, moment)).collect()
    }

    /// What can speak of a village's points, whatever its class and age, with what it says.
    pub(crate) fn speaking(&self, gathered: &Gathered<'a>, moment: Moment) -> Vec<Heard<'a>> {
        let minimum = self.minimum_samples;
        let said = newest_of(&gathered.signal, minimum, moment).into_iter();
        let said = said.filter(|said| self.counts(said) && said.enough(minimum));
        said.filter_map(|said| Some((said, self.yes(said.point.value)?))).collect()
    }

    /// How many clusters are said to have no signal: a point of its own.
    pub(crate) fn clusters(&self, gathered: &Gathered<'a>, moment: Moment) -> Option<ClustersFound<'a>> {
        let said = newest_of(&gathered.clusters, self.minimum_samples, moment);
        if said.is_empty() {
            return None;
        }
        let mut qualification = Qualification::default();
        let fit = said.iter().filter(|said| {
            let fresh = said.fresh(moment.day);
            let enough = said.enough(self.minimum_samples);
            qualification.stale |= !fresh;
            qualification.insufficient |= fresh && !enough;
            // Passing devices that saw nothing prove nothing.
            fresh && enough && (said.head.key.evidence != Evidence::Crowd)
        });
        let fit: Vec<_> = fit.copied().collect();
        let class = fit.iter().map(|said| said.head.key.evidence).max();
        let mut best: Option<Said<'a>> = None;
        for said in fit {
            if Some(said.head.key.evidence) == class && best.as_ref().is_none_or(|best| said.newer_than(best))
            {
                best = Some(said);
            }
        }
        let without = best.and_then(|said| said.point.value.amount());
        Some(ClustersFound { without, decided_by: best, qualification })
    }

    /// Whether a statement says there is signal. `None` when it has no value.
    pub(crate) fn yes(&self, value: Value) -> Option<bool> {
        match value {
            Value::Number(number) => Some(number >= self.settings.threshold),
            Value::Ratio { numerator, denominator } => {
                let share = gapwatch_model::Percent::of(numerator, denominator)?.percent() / 100.0;
                Some(share >= self.settings.threshold)
            }
        }
    }

    /// Whether a statement says anything the rules count: of a technology that does, and no device that passed unseeing.
    pub(crate) fn may_speak(&self, said: &Said<'_>) -> bool {
        let yes = self.yes(said.point.value);
        self.counts(said) && yes.is_some() && (said.head.key.evidence != Evidence::Crowd || yes == Some(true))
    }

    /// Whether a statement's technology is one of those that count.
    fn counts(&self, said: &Said<'_>) -> bool {
        said.head.key.dimensions.technology.as_ref().is_none_or(|technology| {
            self.settings.technologies.iter().any(|counted| counted.eq_ignore_ascii_case(technology))
        })
    }

    fn point(&self, name: Option<&'a str>, said: &[Said<'a>], moment: Moment) -> PointFound<'a> {
        let mut qualification = Qualification::default();
        let mut fit: Vec<Heard<'a>> = Vec::with_capacity(said.len());
        let mut claims: Vec<Heard<'a>> = Vec::new();
        for said in said.iter().filter(|said| point_name(said) == name) {
            let Some(yes) = self.yes(said.point.value).filter(|_| self.may_speak(said)) else { continue };
            let fresh = said.fresh(moment.day);
            let enough = said.enough(self.minimum_samples);
            qualification.stale |= !fresh;
            qualification.insufficient |= fresh && !enough;
            if said.head.key.evidence == Evidence::Claimed && enough {
                claims.push((*said, yes));
            }
            if fresh && enough {
                fit.push((*said, yes));
            }
        }
        let class = fit.iter().map(|(said, _)| said.head.key.evidence).max();
        fit.retain(|(said, _)| Some(said.head.key.evidence) == class);
        let fit = newest_of_each_network(&fit);
        let signal = (!fit.is_empty()).then(|| fit.iter().any(|(_, yes)| *yes));
        let mut decided_by: Option<Said<'a>> = None;
        for (said, yes) in &fit {
            if Some(*yes) == signal && decided_by.as_ref().is_none_or(|best| said.newer_than(best)) {
                decided_by = Some(*said);
            }
        }
        if class == Some(Evidence::Measured) {
            qualification.disputed = self.held_together(&claims, &fit).iter().any(Compared::differs);
        }
        PointFound { name, signal, decided_by, qualification }
    }

    /// Holds the claims about one point against what was measured of it. A claim is held against the measurements of its
    /// own operator, or else against those of the point at large; of several networks the best counts. Where each claim
    /// agrees with its own and yet all claims together say otherwise than all measurements, that is one more difference.
    pub(crate) fn held_together(&self, claims: &[Heard<'a>], measured: &[Heard<'a>]) -> Vec<Compared<'a>> {
        let (claims, measured) = (newest_of_each_network(claims), newest_of_each_network(measured));
        let window = i64::from(self.settings.dispute_window_days);
        let near = |one: &Said<'_>, other: &Said<'_>| (one.ends - other.ends).num_days().abs() <= window;
        let mut found: Vec<Compared<'a>> = Vec::new();
        for claim in &claims {
            let (operator, technology) = network(&claim.0);
            let within = measured.iter().filter(|(other, _)| {
                let other_technology = network(other).1;
                let one_technology =
                    technology.is_none() || other_technology.is_none() || technology == other_technology;
                one_technology && near(&claim.0, other)
            });
            let of = |wanted: Option<&str>| -> Vec<Heard<'a>> {
                within.clone().filter(|(other, _)| network(other).0 == wanted).copied().collect()
            };
            let own = match operator {
                None => within.clone().copied().collect(),
                Some(_) => {
                    let own = of(operator);
                    if own.is_empty() { of(None) } else { own }
                }
            };
            found.extend(best(&own).map(|measurement| Compared { claim: *claim, measurement }));
        }
        let within = claims.iter().filter(|(claim, _)| measured.iter().any(|(other, _)| near(claim, other)));
        let within: Vec<_> = within.copied().collect();
        if let (Some(claim), Some(measurement)) = (best(&within), best(&measured))
            && claim.1 != measurement.1
            && !found.iter().any(Compared::differs)
        {
            found.push(Compared { claim, measurement });
        }
        found
    }
}

/// A claim and the measurement it is held against, each with whether it says there is signal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compared<'a> {
    pub(crate) claim: Heard<'a>,
    pub(crate) measurement: Heard<'a>,
}

impl Compared<'_> {
    pub(crate) fn differs(&self) -> bool {
        self.claim.1 != self.measurement.1
    }
}

/// The best of several statements: one that says there is signal, if any does; of equals the newest.
fn best<'a>(all: &[Heard<'a>]) -> Option<Heard<'a>> {
    let better = |one: Heard<'a>, other: Heard<'a>| {
        if (other.1, other.0.newer_than(&one.0)) > (one.1, false) { other } else { one }
    };
    all.iter().copied().reduce(better)
}

/// What is known of all clusters together.
#[derive(Debug, Clone)]
pub(crate) struct ClustersFound<'a> {
    /// Clusters without signal; `None` when nobody speaks.
    pub(crate) without: Option<f64>,
    pub(crate) decided_by: Option<Said<'a>>,
    pub(crate) qualification: Qualification,
}

fn decide(points: &[PointFound<'_>], count: &Option<ClustersFound<'_>>) -> Found {
    let found = |state, by: Option<Said<'_>>, qualification| Found {
        state,
        qualification,
        decided_by: by.map(|said| (Arc::clone(said.head), said.point.row)),
    };
    let disputed = points.iter().any(|point| point.qualification.disputed);
    let centre = points.iter().find(|point| point.name.is_none());
    let insufficient = points.iter().any(|point| point.qualification.insufficient);
    let clear = Qualification { disputed, insufficient, stale: false };
    let (Some(centre), Some(signal)) = (centre, centre.and_then(|centre| centre.signal)) else {
        let mut qualification = centre.map_or_else(Qualification::default, |centre| centre.qualification);
        qualification.disputed = disputed;
        return found(SignalState::Unknown, None, qualification);
    };
    if !signal {
        return found(SignalState::NoSignal, centre.decided_by, clear);
    }
    let mut silent = false;
    let mut why = clear;
    for cluster in points.iter().filter(|point| point.name.is_some()) {
        match cluster.signal {
            Some(false) => return found(SignalState::Pocket, cluster.decided_by, clear),
            Some(true) => {}
            None => {
                silent = true;
                why.stale |= cluster.qualification.stale;
                why.insufficient |= cluster.qualification.insufficient;
            }
        }
    }
    match count {
        Some(ClustersFound { without: Some(without), decided_by, .. }) if *without > 0.0 => {
            return found(SignalState::Pocket, *decided_by, clear);
        }
        // The count is about every cluster, also those whose own voice is silent.
        Some(ClustersFound { without: Some(_), .. }) => silent = false,
        Some(quiet) if points.len() == 1 => {
            silent = true;
            why.stale |= quiet.qualification.stale;
            why.insufficient |= quiet.qualification.insufficient;
        }
        Some(_) | None => {}
    }
    if silent {
        return found(SignalState::Unknown, None, why);
    }
    found(SignalState::Covered, centre.decided_by, clear)
}

/// Samples below which a statement about signal does not speak: what the rules ask, or the indicator if it asks more.
pub(crate) fn minimum_samples(facts: &Facts, settings: &Signal) -> u32 {
    let declared = facts.indicators.get(SIGNAL).and_then(|indicator| indicator.minimum_samples);
    settings.minimum_samples.max(declared.unwrap_or(0))
}

/// What the centre is called where a measuring point is named.
const CENTRE: [&str; 7] =
    ["centre", "center", "trung tâm", "trung tam", "nhà văn hóa", "nhà văn hoá", "nha van hoa"];

/// Whether a measuring point's name says that it is the centre of the village, in capitals or not.
#[must_use]
pub fn is_centre(name: &str) -> bool {
    let small = || name.chars().flat_map(char::to_lowercase);
    CENTRE.iter().any(|word| small().eq(word.chars()))
}

/// Name of the measuring point; the centre has none.
pub(crate) fn point_name<'a>(said: &Said<'a>) -> Option<&'a str> {
    said.head.key.dimensions.measuring_point.as_deref().filter(|name| !is_centre(name))
}

/// A statement, with whether it says there is signal.
pub(crate) type Heard<'a> = (Said<'a>, bool);

type Network<'a> = (Option<&'a str>, Option<&'a str>);

fn network<'a>(said: &Said<'a>) -> Network<'a> {
    let dimensions = &said.head.key.dimensions;
    (dimensions.operator.as_deref(), dimensions.technology.as_deref())
}

/// Of several sources on one operator and technology the newest speaks.
fn newest_of_each_network<'a>(all: &[Heard<'a>]) -> Vec<Heard<'a>> {
    let mut kept: Vec<Heard<'a>> = Vec::with_capacity(all.len());
    for (said, yes) in all {
        match kept.iter_mut().find(|(other, _)| network(other) == network(said)) {
            Some(other) if said.newer_than(&other.0) => *other = (*said, *yes),
            Some(_) => {}
            None => kept.push((*said, *yes)),
        }
    }
    kept
}
