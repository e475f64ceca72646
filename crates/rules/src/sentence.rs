//! Why a flag is as it is, in one sentence with its figures: Vietnamese and English.
//!
//! Only what is judged goes in, no running clock, so a sentence changes when the facts or the path do.

use std::sync::Arc;

use gapwatch_model::{
    CollectorName, Comparator, Condition, Evidence, FlagKey, Head, Indicator, PeriodKind, PlaceIx, Qualifier,
    SignalState, Subject, TargetStatus, Unit,
    text::{date, decimal, decimal_en},
};

use crate::{
    act::Who,
    config::{Rules, When},
    judge::Judgement,
    standing::Standing,
    values::{Absence, IndicatorValue},
    villages::VillageState,
};

/// Words in both languages: a sentence, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Sentence {
    /// In Vietnamese.
    pub vi: String,
    /// In English.
    pub en: String,
}

impl Sentence {
    pub(crate) fn new(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { vi: vi.into(), en: en.into() }
    }
}

impl Judgement {
    /// Says how the subject of a flag stands, whatever the rule's verdict: a whole sentence with its full stop.
    #[must_use]
    pub fn sentence(&self, key: &FlagKey, rules: &Rules) -> Sentence {
        let said = self.standing_of(key, rules);
        Sentence::new(format!("{}.", capital(&said.vi)), format!("{}.", capital(&said.en)))
    }

    /// What people call a collector.
    fn title(&self, source: &CollectorName) -> Sentence {
        self.titles.get(source).cloned().unwrap_or_else(|| Sentence::new(source.as_str(), source.as_str()))
    }

    fn standing_of(&self, key: &FlagKey, rules: &Rules) -> Sentence {
        let Some(place) = self.gazetteer.ix(&key.place) else {
            return Sentence::new(
                format!("không có đơn vị `{}`", key.place),
                format!("there is no place `{}`", key.place),
            );
        };
        let name = self.name(place);
        let Some(rule) = rules.rules.get(&key.rule) else {
            return Sentence::new(
                format!("{name}: quy tắc `{}` không còn hiệu lực", key.rule),
                format!("{name}: the rule `{}` is no longer in force", key.rule),
            );
        };
        let gone = || {
            Sentence::new(
                format!("{name} không còn thuộc diện theo dõi"),
                format!("{name} is no longer watched"),
            )
        };
        match (&rule.when, &key.subject) {
            (When::Signal { .. }, _) => self.village(place).map_or_else(gone, |v| self.signal(&name, v)),
            (When::GridPower { .. }, _) => self.village(place).map_or_else(gone, |v| self.power(&name, v)),
            (When::Target { .. }, Subject::Indicator(id)) => {
                match (self.standing(place, id), self.indicators.get(id.as_str())) {
                    (Some(standing), Some(indicator)) => target(&name, indicator, standing),
                    _ => gone(),
                }
            }
            (When::Value { comparator, value, .. }, Subject::Indicator(id)) => {
                match (self.value(place, id.as_str()), self.indicators.get(id.as_str())) {
                    (Some(found), Some(indicator)) => fixed(&name, indicator, found, *comparator, *value),
                    _ => gone(),
                }
            }
            (When::Overdue { .. }, Subject::Source(source)) => {
                let status = self.sources.iter().find(|s| s.collector == *source && s.place == place);
                status.map_or_else(gone, |status| overdue(self, status))
            }
            (When::Target { .. } | When::Value { .. } | When::Overdue { .. }, _) => gone(),
        }
    }

    fn signal(&self, name: &str, village: &VillageState) -> Sentence {
        let (vi, en) = match village.state {
            SignalState::NoSignal => {
                ("trắng sóng: trung tâm không có sóng di động", "no mobile signal at the centre")
            }
            SignalState::Pocket => (
                "lõm sóng: trung tâm có sóng, còn cụm dân cư chưa có sóng",
                "pocket: signal at the centre, a population cluster has none",
            ),
            SignalState::Covered => ("đã phủ sóng", "covered"),
            SignalState::Unknown => return unknown(name, village),
        };
        let by = self.by(village.decided_by.as_ref());
        let disputed = village.qualification.disputed;
        let disputed = Sentence::new(
            if disputed { ", trái với báo cáo của nhà mạng (đang tranh chấp)" } else { "" },
            if disputed { ", against the operator's claim (disputed)" } else { "" },
        );
        let act = act(village);
        let since = village.since.map(date).map_or_else(
            || Sentence::new("", ""),
            |day| Sentence::new(format!(", biết từ {day}"), format!(", known since {day}")),
        );
        Sentence::new(
            format!("{name} {vi}{}{}{}{}", since.vi, by.vi, disputed.vi, act.vi),
            format!("{name}: {en}{}{}{}{}", since.en, by.en, disputed.en, act.en),
        )
    }

    fn power(&self, name: &str, village: &VillageState) -> Sentence {
        let by = self.by(village.power_by.as_ref());
        let (vi, en) = match village.grid_power {
            Some(true) => ("đã có điện lưới", "has grid power"),
            Some(false) => ("chưa có điện lưới", "has no grid power"),
            None => ("chưa rõ có điện lưới hay không", "whether there is grid power is unknown"),
        };
        Sentence::new(format!("{name} {vi}{}", by.vi), format!("{name} {en}{}", by.en))
    }

    /// Who said it, about when, with which weight.
    fn by(&self, statement: Option<&(Arc<Head>, u32)>) -> Sentence {
        let Some((head, row)) = statement else { return Sentence::new("", "") };
        let key = &head.key;
        let (vi, en) = evidence_name(key.evidence);
        let title = self.title(&key.source);
        Sentence::new(
            format!(" (nguồn: {}, kỳ {}, {vi}, dòng {row})", title.vi, key.period.vietnamese()),
            format!(" (source: {}, period {}, {en}, row {row})", title.en, key.period.english()),
        )
    }

    /// Name of a place with the place above it: `Xóm Nà Lẹng (xã Hưng Đạo)`.
    pub(crate) fn name(&self, place: PlaceIx) -> String {
        let own = capital(&self.gazetteer.get(place).full_name());
        match self.gazetteer.parent_on(place, self.moment.day) {
            Some(above) if self.gazetteer.get(above).level > gapwatch_model::PlaceLevel::Country => {
                format!("{own} ({})", self.gazetteer.get(above).full_name())
            }
            _ => own,
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn unknown(name: &str, village: &VillageState) -> Sentence {
    let (vi, en) = if village.qualification.insufficient {
        ("số mẫu đo quá ít", "too few samples")
    } else if village.qualification.stale {
        ("số liệu đã quá cũ", "the evidence is stale")
    } else {
        ("chưa có ai báo cáo", "nobody has reported")
    };
    Sentence::new(
        format!("{name} chưa rõ tình trạng sóng: {vi}"),
        format!("{name}: the state of the signal is unknown, {en}"),
    )
}

fn act(village: &VillageState) -> Sentence {
    let Some((who, due)) = village.must_act.and_then(|act| Some((act.who?, act.due?))) else {
        return Sentence::new("", "");
    };
    let name = who_name(who);
    Sentence::new(
        format!("; {} phải xử lý trước hết ngày {}", name.vi, date(due)),
        format!("; {} must act by {}", name.en, date(due)),
    )
}

/// Who must act, in words.
#[must_use]
pub fn who_name(who: Who) -> Sentence {
    match who {
        Who::Fund => Sentence::new("Quỹ dịch vụ viễn thông công ích", "the universal-service fund"),
        Who::Operator => Sentence::new("doanh nghiệp viễn thông", "the operator"),
        Who::Electricity => Sentence::new("công ty điện lực", "the electricity company"),
    }
}

/// Class of evidence in Vietnamese and English.
#[must_use]
pub fn evidence_name(evidence: Evidence) -> (&'static str, &'static str) {
    match evidence {
        Evidence::Crowd => ("ghi nhận cộng đồng", "crowd"),
        Evidence::Claimed => ("báo cáo", "claimed"),
        Evidence::Modelled => ("tính toán mô phỏng", "modelled"),
        Evidence::Measured => ("đo kiểm", "measured"),
    }
}

fn target(name: &str, indicator: &Indicator, standing: &Standing) -> Sentence {
    let promise = &standing.target;
    let goal = bound(promise.comparator, promise.value, indicator);
    let due = date(promise.due);
    let document = &promise.document;
    let Some(value) = standing.value else {
        let why = standing.absence.as_ref().map_or_else(|| Sentence::new("", ""), absence_name);
        return Sentence::new(
            format!(
                "{name}: {} chưa có giá trị để so với chỉ tiêu {} vào {due} ({document}): {}",
                indicator.name_vi, goal.vi, why.vi
            ),
            format!(
                "{name}: {} has no value to hold against the target of {} by {due} ({document}): {}",
                indicator.name_en, goal.en, why.en
            ),
        );
    };
    let amount = amount(value, standing.qualifier, indicator);
    let period = standing.period.map_or_else(
        || Sentence::new("", ""),
        |period| Sentence::new(format!(" ({})", period.vietnamese()), format!(" ({})", period.english())),
    );
    let path = standing.path_value.map(|path| plain_amount(path, indicator));
    let tail = match (standing.status, path) {
        (TargetStatus::Met, _) => Sentence::new(
            format!("đạt chỉ tiêu {} vào {due}", goal.vi),
            format!("meets the target of {} by {due}", goal.en),
        ),
        (TargetStatus::OnTrack, Some(path)) => Sentence::new(
            format!("kịp lộ trình {} để đạt chỉ tiêu {} vào {due}", path.vi, goal.vi),
            format!("on the path of {} to the target of {} by {due}", path.en, goal.en),
        ),
        (TargetStatus::OnTrack, None) => Sentence::new(
            format!("chưa đạt chỉ tiêu {}, hạn {due}", goal.vi),
            format!("not yet at the target of {}, due {due}", goal.en),
        ),
        (TargetStatus::Behind, path) => {
            let path = path.unwrap_or_else(|| Sentence::new("", ""));
            Sentence::new(
                format!("chậm so với lộ trình {} để đạt chỉ tiêu {} vào {due}", path.vi, goal.vi),
                format!("behind the path of {} to the target of {} by {due}", path.en, goal.en),
            )
        }
        (TargetStatus::Missed | TargetStatus::Unknown, _) => Sentence::new(
            format!("không đạt chỉ tiêu {}, đã hết hạn {due}", goal.vi),
            format!("missed the target of {}, due {due}", goal.en),
        ),
    };
    let (only_vi, only_en) = match promise.condition {
        Some(Condition::GridPower(true)) => {
            (" (riêng các thôn có điện lưới)", " (villages with grid power only)")
        }
        Some(Condition::GridPower(false)) => {
            (" (riêng các thôn chưa có điện lưới)", " (villages without grid power only)")
        }
        Some(Condition::DifficultArea(_)) | None => ("", ""),
    };
    Sentence::new(
        format!(
            "{name}: {}{only_vi} {}{}, {} ({document})",
            indicator.name_vi, amount.vi, period.vi, tail.vi
        ),
        format!(
            "{name}: {}{only_en} {}{}, {} ({document})",
            indicator.name_en, amount.en, period.en, tail.en
        ),
    )
}

fn fixed(
    name: &str,
    indicator: &Indicator,
    found: &IndicatorValue,
    comparator: Comparator,
    limit: f64,
) -> Sentence {
    let limit = bound(comparator, limit, indicator);
    let Some(value) = found.amount() else {
        let why = found.absence.as_ref().map_or_else(|| Sentence::new("", ""), absence_name);
        return Sentence::new(
            format!(
                "{name}: {} chưa có giá trị ({}); ngưỡng cảnh báo {}",
                indicator.name_vi, why.vi, limit.vi
            ),
            format!("{name}: {} has no value ({}); raised at {}", indicator.name_en, why.en, limit.en),
        );
    };
    let amount = amount(value, found.qualifier, indicator);
    let period = found.period.map_or_else(
        || Sentence::new("", ""),
        |period| Sentence::new(format!(" ({})", period.vietnamese()), format!(" ({})", period.english())),
    );
    Sentence::new(
        format!("{name}: {} {}{}; ngưỡng cảnh báo {}", indicator.name_vi, amount.vi, period.vi, limit.vi),
        format!("{name}: {} {}{}; raised at {}", indicator.name_en, amount.en, period.en, limit.en),
    )
}

fn overdue(judgement: &Judgement, status: &crate::judge::SourceStatus) -> Sentence {
    let (source, kind) = (judgement.title(&status.collector), period_name(status.period));
    match (status.overdue(judgement.moment.day), status.last_success) {
        (Some((missed, from)), Some(_)) => Sentence::new(
            format!(
                "nguồn “{}” có số liệu lần cuối ngày {}, đã qua {missed} kỳ ({}) không báo cáo",
                source.vi,
                date(from),
                kind.vi
            ),
            format!(
                "source “{}” last reported on {}, {missed} whole periods ({}) ago",
                source.en,
                date(from),
                kind.en
            ),
        ),
        (Some((missed, from)), None) => Sentence::new(
            format!(
                "nguồn “{}” chưa báo cáo lần nào, chờ từ ngày {}, đã qua {missed} kỳ ({})",
                source.vi,
                date(from),
                kind.vi
            ),
            format!(
                "source “{}” has never reported, expected since {}, {missed} whole periods ({}) ago",
                source.en,
                date(from),
                kind.en
            ),
        ),
        (None, _) => Sentence::new(
            format!("nguồn “{}” chưa báo cáo lần nào", source.vi),
            format!("source “{}” has never reported", source.en),
        ),
    }
}

fn period_name(kind: PeriodKind) -> Sentence {
    match kind {
        PeriodKind::Day => Sentence::new("ngày", "days"),
        PeriodKind::Week => Sentence::new("tuần", "weeks"),
        PeriodKind::Month => Sentence::new("tháng", "months"),
        PeriodKind::Quarter => Sentence::new("quý", "quarters"),
        PeriodKind::Half => Sentence::new("nửa năm", "half-years"),
        PeriodKind::Year => Sentence::new("năm", "years"),
    }
}

/// Why there is no value, in words.
#[must_use]
pub fn absence_name(absence: &Absence) -> Sentence {
    match absence {
        Absence::Missing => Sentence::new("chưa có số liệu", "no data"),
        Absence::Stale => Sentence::new("số liệu đã quá cũ", "stale"),
        Absence::Insufficient => Sentence::new("số mẫu quá ít", "too few samples"),
        Absence::NotApplicable => Sentence::new("không áp dụng", "not applicable"),
        Absence::ZeroDenominator => Sentence::new("mẫu số bằng 0", "the denominator is zero"),
        Absence::Needs(id) => Sentence::new(format!("thiếu giá trị của {id}"), format!("needs {id}")),
        Absence::OnlyShares => {
            Sentence::new("chỉ có tỷ lệ, không cộng được", "only shares are known, which cannot be summed")
        }
        Absence::OnlyInParts => Sentence::new(
            "chỉ có số liệu theo nhà mạng, công nghệ hoặc đơn vị",
            "known only by operator, technology or organisation",
        ),
    }
}

/// A value with its word and unit.
#[must_use]
pub fn amount(value: f64, qualifier: Qualifier, indicator: &Indicator) -> Sentence {
    let (vi, en) = match qualifier {
        Qualifier::Exact => ("", ""),
        Qualifier::MoreThan => ("trên ", "more than "),
        Qualifier::LessThan => ("dưới ", "less than "),
        Qualifier::Almost => ("gần ", "almost "),
        Qualifier::About => ("khoảng ", "about "),
    };
    let plain = plain_amount(value, indicator);
    Sentence::new(format!("{vi}{}", plain.vi), format!("{en}{}", plain.en))
}

fn bound(comparator: Comparator, value: f64, indicator: &Indicator) -> Sentence {
    let sign = match comparator {
        Comparator::AtLeast => "≥",
        Comparator::MoreThan => ">",
        Comparator::AtMost => "≤",
        Comparator::LessThan => "<",
    };
    let plain = plain_amount(value, indicator);
    Sentence::new(format!("{sign} {}", plain.vi), format!("{sign} {}", plain.en))
}

fn plain_amount(value: f64, indicator: &Indicator) -> Sentence {
    let (vi, en) = unit_name(indicator.unit);
    let decimals = indicator.decimals;
    Sentence::new(format!("{}{vi}", decimal(value, decimals)), format!("{}{en}", decimal_en(value, decimals)))
}

/// Unit behind a number, in Vietnamese and English, with its space.
fn unit_name(unit: Unit) -> (&'static str, &'static str) {
    match unit {
        Unit::YesNo | Unit::Rank => ("", ""),
        Unit::Percent => ("%", "%"),
        Unit::Points => (" điểm", " points"),
        Unit::MegabitsPerSecond => (" Mb/s", " Mb/s"),
        Unit::Per100 => (" trên 100 dân", " per 100 inhabitants"),
        Unit::Households => (" hộ", " households"),
        Unit::Persons => (" người", " persons"),
        Unit::Villages => (" thôn", " villages"),
        Unit::Communes => (" xã", " communes"),
        Unit::Clusters => (" cụm dân cư", " clusters"),
        Unit::Locations => (" vị trí trạm", " locations"),
        Unit::Items => ("", ""),
    }
}
