//! The seeded workloads: W1 a province with daily figures, W2 the nation. Every point is a function of its position.

use chrono::{DateTime, Days, FixedOffset, NaiveDate};
use gapwatch_model::{
    Dimensions, Evidence, Frame, FrameKey, Membership, Period, PeriodKind, Place, PlaceId, PlaceIx,
    PlaceLevel, Point, Qualifier, Value,
};

/// First day of every workload.
pub(crate) fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2016, 1, 4).expect("a Monday")
}

/// When the figures of a period become known: at eight on the day after.
pub(crate) fn known(period: Period) -> DateTime<FixedOffset> {
    let day = period.next().start();
    day.and_hms_opt(8, 0, 0)
        .expect("a time")
        .and_local_timezone(FixedOffset::east_opt(25_200).expect("an offset"))
        .unwrap()
}

/// Who reports what how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Series {
    pub(crate) indicator: u32,
    pub(crate) kind: PeriodKind,
    pub(crate) level: Option<PlaceLevel>,
}

/// A set of places and the indicators reported for them.
#[derive(Debug, Clone)]
pub(crate) struct Workload {
    /// Level of every slot.
    pub(crate) levels: Vec<PlaceLevel>,
    /// First slot of every province, and the end.
    pub(crate) provinces: Vec<u32>,
    pub(crate) series: Vec<Series>,
    pub(crate) days: u32,
}

impl Workload {
    /// A province of 60 communes and 2,500 villages; every indicator is daily for all of them.
    pub(crate) fn province(indicators: u32, days: u32) -> Self {
        let mut levels = vec![PlaceLevel::Province];
        levels.extend([PlaceLevel::Commune; 60]);
        levels.extend([PlaceLevel::Village; 2500]);
        let series = (0..indicators)
            .map(|indicator| Series { indicator, kind: PeriodKind::Day, level: None })
            .collect();
        Self { provinces: vec![0, 2561], levels, series, days }
    }

    /// 34 provinces with 3,321 communes (20 daily indicators) and 90,000 villages (6 weekly ones).
    pub(crate) fn nation(days: u32) -> Self {
        let (mut levels, mut provinces) = (Vec::new(), Vec::new());
        for province in 0..34_usize {
            provinces.push(u32::try_from(levels.len()).expect("few"));
            levels.push(PlaceLevel::Province);
            levels.extend(vec![PlaceLevel::Commune; 97 + usize::from(province < 23)]);
            levels.extend(vec![PlaceLevel::Village; 2647 + usize::from(province < 2)]);
        }
        provinces.push(u32::try_from(levels.len()).expect("few"));
        let weekly =
            (0..6).map(|i| Series { indicator: i, kind: PeriodKind::Week, level: Some(PlaceLevel::Village) });
        let daily =
            (6..26).map(|i| Series { indicator: i, kind: PeriodKind::Day, level: Some(PlaceLevel::Commune) });
        Self { levels, provinces, series: weekly.chain(daily).collect(), days }
    }

    /// Whether the indicator is reported for the slot.
    pub(crate) fn reports(&self, series: Series, slot: u32) -> bool {
        let level = self.levels[slot as usize];
        series.level.map_or(level > PlaceLevel::Province, |wanted| level == wanted)
    }

    /// The periods of a kind.
    pub(crate) fn periods(&self, kind: PeriodKind) -> Vec<Period> {
        let end = first_day() + Days::new(u64::from(self.days));
        let first = Period::containing(kind, first_day());
        std::iter::successors(Some(first), |period| Some(period.next()))
            .take_while(|p| p.start() < end)
            .collect()
    }

    /// What a run brings: one indicator and period over some slots.
    pub(crate) fn frame(&self, series: Series, period: Period, slots: std::ops::Range<u32>) -> Frame {
        let points = slots
            .filter(|slot| self.reports(series, *slot))
            .filter_map(|slot| point(series.indicator, slot, number(series.kind, period)))
            .collect();
        Frame { key: key(series.indicator, period), points }
    }

    /// The places, country left out: provinces stand alone so that slots are those of the workload.
    pub(crate) fn places(&self) -> Vec<Place> {
        let epoch = NaiveDate::from_ymd_opt(1900, 1, 1).expect("a day");
        let id = |slot: u32| PlaceId::new(&format!("s{slot:06}"), epoch);
        let mut province = 0;
        (0..)
            .zip(&self.levels)
            .map(|(slot, level)| {
                if *level == PlaceLevel::Province {
                    province = slot;
                }
                let parent = (slot != province).then(|| Membership { parent: id(province), from: epoch });
                Place {
                    id: id(slot),
                    valid_to: None,
                    level: *level,
                    kind: String::new(),
                    name: format!("{slot}"),
                    name_en: String::new(),
                    other_names: Vec::new(),
                    memberships: parent.into_iter().collect(),
                    point: None,
                    area_class: None,
                    synthetic: true,
                }
            })
            .collect()
    }
}

pub(crate) fn key(indicator: u32, period: Period) -> FrameKey {
    FrameKey {
        indicator: format!("i{indicator:02}").as_str().into(),
        period,
        source: "survey".into(),
        evidence: Evidence::Claimed,
        dimensions: Dimensions::default(),
        method: None,
    }
}

/// Number of a period since the first day.
pub(crate) fn number(kind: PeriodKind, period: Period) -> u32 {
    u32::try_from(period.index() - Period::containing(kind, first_day()).index()).expect("later")
}

/// A mixed bag: yes/no that seldom changes, counts that grow, shares with parts, noisy counts, measured decimals. One
/// point in fifty is missing.
pub(crate) fn point(indicator: u32, slot: u32, number: u32) -> Option<Point> {
    let place = hash(&[indicator, slot]);
    let now = hash(&[indicator, slot, number]);
    if now.is_multiple_of(50) {
        return None;
    }
    let stage = u64::from(number) / (200 + place % 500);
    let base = 20 + place % 180;
    let grown = base + u64::from(number) * (place % 7) / 90;
    let (value, samples) = match indicator % 20 {
        0..6 => (Value::Number(real(u64::from(hash(&[indicator, slot, low(stage)]) % 100 < 85))), None),
        6..10 => (Value::Number(real(grown)), None),
        10..14 => {
            (Value::Ratio { numerator: real(grown.min(base + 60)), denominator: real(base + 60) }, None)
        }
        14..17 => (Value::Number(real(now % 30)), None),
        17..19 => (Value::Number(real(200 + now % 700) / 10.0), Some(low(now >> 32) % 500)),
        _ => (Value::Number(real(now % 10_000) / 100.0), None),
    };
    let qualifier = if place % 100 == 1 { Qualifier::MoreThan } else { Qualifier::Exact };
    Some(Point { place: PlaceIx(slot), value, qualifier, samples, row: slot + 7 })
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn real(value: u64) -> f64 {
    value as f64
}

fn low(value: u64) -> u32 {
    u32::try_from(value & 0xffff_ffff).expect("cut")
}

/// `SplitMix64` over the parts.
pub(crate) fn hash(parts: &[u32]) -> u64 {
    parts.iter().fold(0x1234_5678, |state: u64, part| {
        let mut z = (state ^ u64::from(*part)).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}
