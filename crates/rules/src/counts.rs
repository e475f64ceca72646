//! How many villages of a place are in which state.

use gapwatch_model::{Percent, Period, SignalState};

use crate::{formula::Counted, values::Absence, villages::VillageState};

/// Villages of a place by state. The states are disjoint: they sum to the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// All villages in force.
    pub total: u32,
    /// Nobody reported, or nothing that still speaks.
    pub unknown: u32,
    /// *Trắng sóng*.
    pub no_signal: u32,
    /// *Lõm sóng*.
    pub pocket: u32,
    /// *Phủ sóng*.
    pub covered: u32,
    /// Known to have no grid power.
    pub no_grid_power: u32,
    /// Nobody said whether they have grid power.
    pub power_unknown: u32,
    /// Without grid power among those without signal.
    pub no_signal_no_power: u32,
    /// Without grid power among those with a pocket.
    pub pocket_no_power: u32,
    /// Unknown because all evidence is stale.
    pub stale: u32,
    /// With evidence of too few samples.
    pub insufficient: u32,
    /// With a claim that a measurement contradicts.
    pub disputed: u32,
    /// Communes in force below the place; 1 for a commune itself.
    pub communes: u32,
    /// Period of the newest evidence that decided a state.
    pub newest: Option<Period>,
}

impl Counts {
    /// Villages known to have no grid power. `None` where nobody said of any whether it has.
    #[must_use]
    pub fn powerless(&self) -> Option<u32> {
        (self.power_unknown < self.total).then_some(self.no_grid_power)
    }

    pub(crate) fn count(&mut self, village: &VillageState) {
        self.total += 1;
        let powerless = village.grid_power == Some(false);
        self.no_grid_power += u32::from(powerless);
        self.power_unknown += u32::from(village.grid_power.is_none());
        match village.state {
            SignalState::Unknown => self.unknown += 1,
            SignalState::NoSignal => {
                self.no_signal += 1;
                self.no_signal_no_power += u32::from(powerless);
            }
            SignalState::Pocket => {
                self.pocket += 1;
                self.pocket_no_power += u32::from(powerless);
            }
            SignalState::Covered => self.covered += 1,
        }
        self.stale += u32::from(village.qualification.stale);
        self.insufficient += u32::from(village.qualification.insufficient);
        self.disputed += u32::from(village.qualification.disputed);
        if let Some((head, _)) = &village.decided_by {
            self.saw(head.key.period);
        }
    }

    fn saw(&mut self, period: Period) {
        self.newest =
            Some(self.newest.map_or(period, |best| if best.end() < period.end() { period } else { best }));
    }

    pub(crate) fn add(&mut self, below: &Self) {
        self.total += below.total;
        self.unknown += below.unknown;
        self.no_signal += below.no_signal;
        self.pocket += below.pocket;
        self.covered += below.covered;
        self.no_grid_power += below.no_grid_power;
        self.power_unknown += below.power_unknown;
        self.no_signal_no_power += below.no_signal_no_power;
        self.pocket_no_power += below.pocket_no_power;
        self.stale += below.stale;
        self.insufficient += below.insufficient;
        self.disputed += below.disputed;
        self.communes += below.communes;
        if let Some(newest) = below.newest {
            self.saw(newest);
        }
    }

    /// Share of villages with signal at the centre, pockets included. Unknown ones are in the denominator only.
    #[must_use]
    pub fn headline(&self) -> Option<Percent> {
        Percent::of_counts(self.covered + self.pocket, self.total)
    }

    /// Share of villages covered without a pocket. Unknown ones are in the denominator only.
    #[must_use]
    pub fn strict(&self) -> Option<Percent> {
        Percent::of_counts(self.covered, self.total)
    }

    /// Where nothing is known of any village, none is counted: that is not zero.
    pub(crate) fn of(&self, counted: Counted) -> Result<u32, Absence> {
        let known = |count| match self.total > 0 && self.unknown == self.total {
            false => Ok(count),
            true if self.stale > 0 => Err(Absence::Stale),
            true => Err(Absence::Missing),
        };
        match counted {
            Counted::Villages => Ok(self.total),
            Counted::InState(SignalState::Unknown) => Ok(self.unknown),
            Counted::InState(SignalState::NoSignal) => known(self.no_signal),
            Counted::InState(SignalState::Pocket) => known(self.pocket),
            Counted::InState(SignalState::Covered) => known(self.covered),
            Counted::NoGridPower if self.total == 0 => Ok(0),
            Counted::NoGridPower => self.powerless().ok_or(Absence::Missing),
            Counted::Communes => Ok(self.communes),
        }
    }
}
