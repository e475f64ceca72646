//! Words for every closed set the screen shows, in both languages. One place, so that a word means one thing.

use gapwatch_model::{
    AreaClass, Condition, Evidence, FlagState, LedgerKind, Outcome, PlaceLevel, Qualifier, RejectCode,
    SignalState, TargetStatus, Unit,
};

use crate::{Lang, figure::Absence, part::Actor};

/// A state of a village.
#[must_use]
pub fn signal(lang: Lang, state: SignalState) -> &'static str {
    match state {
        SignalState::Unknown => lang.pick("chưa rõ", "unknown"),
        SignalState::NoSignal => lang.pick("trắng sóng", "no signal"),
        SignalState::Pocket => lang.pick("lõm sóng", "pocket"),
        SignalState::Covered => lang.pick("phủ sóng", "covered"),
    }
}

/// Why there is no number.
#[must_use]
pub fn absence(lang: Lang, absence: Absence) -> &'static str {
    match absence {
        Absence::Missing => lang.pick("chưa có số liệu", "not reported"),
        Absence::Stale => lang.pick("số liệu đã cũ", "out of date"),
        Absence::Insufficient => lang.pick("chưa đủ mẫu", "too few samples"),
        Absence::NotApplicable => lang.pick("không áp dụng", "not applicable"),
        Absence::NoDenominator => lang.pick("không có giá trị (0/0)", "no value (0/0)"),
    }
}

/// Where a value stands against its target.
#[must_use]
pub fn status(lang: Lang, status: TargetStatus) -> &'static str {
    match status {
        TargetStatus::Met => lang.pick("đã đạt", "met"),
        TargetStatus::OnTrack => lang.pick("đúng tiến độ", "on track"),
        TargetStatus::Behind => lang.pick("chậm tiến độ", "behind"),
        TargetStatus::Missed => lang.pick("không đạt hạn", "missed"),
        TargetStatus::Unknown => lang.pick("chưa rõ", "unknown"),
    }
}

/// Where a flag is in its life.
#[must_use]
pub fn flag_state(lang: Lang, state: FlagState) -> &'static str {
    match state {
        FlagState::Inactive => lang.pick("không có", "inactive"),
        FlagState::Pending => lang.pick("đang theo dõi", "pending"),
        FlagState::Firing => lang.pick("đang cảnh báo", "firing"),
        FlagState::Resolved => lang.pick("đã hết", "resolved"),
        FlagState::NoData => lang.pick("thiếu số liệu", "no data"),
    }
}

/// How a run ended.
#[must_use]
pub fn outcome(lang: Lang, outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => lang.pick("thành công", "succeeded"),
        Outcome::Partial => lang.pick("một phần", "partial"),
        Outcome::Unchanged => lang.pick("không đổi", "unchanged"),
        Outcome::Empty => lang.pick("không có gì", "empty"),
        Outcome::Quarantined => lang.pick("chờ duyệt", "quarantined"),
        Outcome::Failed => lang.pick("thất bại", "failed"),
        Outcome::Skipped => lang.pick("bỏ lỡ", "skipped"),
    }
}

/// How much weight a figure has.
#[must_use]
pub fn evidence(lang: Lang, evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Crowd => lang.pick("cộng đồng", "crowd"),
        Evidence::Claimed => lang.pick("báo cáo", "claimed"),
        Evidence::Modelled => lang.pick("mô hình", "modelled"),
        Evidence::Measured => lang.pick("đo thực tế", "measured"),
    }
}

/// The word before a number; empty for an exact one.
#[must_use]
pub fn qualifier(lang: Lang, qualifier: Qualifier) -> &'static str {
    match qualifier {
        Qualifier::Exact => "",
        Qualifier::MoreThan => lang.pick("hơn", "more than"),
        Qualifier::LessThan => lang.pick("dưới", "less than"),
        Qualifier::Almost => lang.pick("gần", "almost"),
        Qualifier::About => lang.pick("khoảng", "about"),
    }
}

/// A unit after its number; empty where the indicator's name says what is counted.
#[must_use]
pub fn unit(lang: Lang, unit: Unit) -> &'static str {
    match unit {
        Unit::Percent => "%",
        Unit::Points => lang.pick("điểm", "points"),
        Unit::MegabitsPerSecond => "Mb/s",
        Unit::Per100 => lang.pick("trên 100 dân", "per 100 people"),
        Unit::Households => lang.pick("hộ", "households"),
        Unit::Persons => lang.pick("người", "people"),
        Unit::Villages => lang.pick("thôn", "villages"),
        Unit::Communes => lang.pick("xã", "communes"),
        Unit::Clusters => lang.pick("cụm dân cư", "clusters"),
        Unit::Locations => lang.pick("vị trí", "locations"),
        Unit::YesNo | Unit::Rank | Unit::Items => "",
    }
}

/// A level of places, singular.
#[must_use]
pub fn level(lang: Lang, level: PlaceLevel) -> &'static str {
    match level {
        PlaceLevel::Country => lang.pick("cả nước", "country"),
        PlaceLevel::Province => lang.pick("tỉnh, thành phố", "province"),
        PlaceLevel::District => lang.pick("huyện (cũ)", "district (former)"),
        PlaceLevel::Commune => lang.pick("xã, phường", "commune"),
        PlaceLevel::Village => lang.pick("thôn, xóm", "village"),
    }
}

/// Class of an area.
#[must_use]
pub fn area_class(lang: Lang, class: AreaClass) -> &'static str {
    match class {
        AreaClass::ExtremelyDifficult => lang.pick("đặc biệt khó khăn", "extremely difficult"),
        AreaClass::Other => lang.pick("địa bàn khác", "other area"),
    }
}

/// Who must act.
#[must_use]
pub fn actor(lang: Lang, actor: Actor) -> &'static str {
    match actor {
        Actor::Fund => lang.pick("Quỹ Dịch vụ viễn thông công ích", "Universal-service fund"),
        Actor::Operator => lang.pick("Doanh nghiệp viễn thông", "Telecom operator"),
        Actor::Electricity => lang
            .pick("Điện lực trước, rồi doanh nghiệp viễn thông", "Electricity company first, then operator"),
        Actor::Unknown => {
            lang.pick("chưa rõ: thiếu số liệu điện hoặc địa bàn", "unknown: power or area not reported")
        }
    }
}

/// Kind of a ledger line.
#[must_use]
pub fn ledger(lang: Lang, kind: LedgerKind) -> &'static str {
    match kind {
        LedgerKind::Closed => lang.pick("đã phủ sóng", "closed"),
        LedgerKind::NewlyFound => lang.pick("mới phát hiện", "newly found"),
        LedgerKind::Regressed => lang.pick("mất sóng trở lại", "regressed"),
        LedgerKind::Boundary => lang.pick("thay đổi địa giới", "boundary change"),
        LedgerKind::Reclassified => lang.pick("phân loại lại", "reclassified"),
        LedgerKind::NotBrokenDown => lang.pick("không tách được", "not broken down"),
    }
}

/// Why a cell, row or column did not go in.
#[must_use]
pub fn reject(lang: Lang, code: RejectCode) -> &'static str {
    match code {
        RejectCode::BadValue => lang.pick("giá trị không đọc được", "unreadable value"),
        RejectCode::OutOfRange => lang.pick("ngoài khoảng cho phép", "out of range"),
        RejectCode::Missing => lang.pick("ô bắt buộc bị trống", "required cell is empty"),
        RejectCode::UnknownPlace => lang.pick("không có địa danh này", "unknown place"),
        RejectCode::AmbiguousPlace => lang.pick("địa danh chưa chắc chắn", "ambiguous place"),
        RejectCode::CodeContradictsName => lang.pick("mã và tên không khớp", "code contradicts name"),
        RejectCode::ConflictingDuplicate => lang.pick("hai dòng mâu thuẫn", "conflicting duplicate"),
        RejectCode::AmbiguousColumn => lang.pick("cột đọc được hai cách", "ambiguous column"),
        RejectCode::MissingColumn => lang.pick("thiếu cột", "missing column"),
        RejectCode::BadDate => lang.pick("ngày không rõ", "unclear date"),
        RejectCode::AmbiguousEncoding => lang.pick("bảng mã chưa rõ", "ambiguous encoding"),
        RejectCode::BadRow => lang.pick("dòng bị hỏng", "damaged row"),
    }
}

/// Which villages or areas a target holds for.
#[must_use]
pub fn condition(lang: Lang, condition: &Condition) -> &'static str {
    match condition {
        Condition::GridPower(true) => lang.pick("cho các thôn có điện lưới", "for villages with grid power"),
        Condition::GridPower(false) => {
            lang.pick("cho các thôn chưa có điện lưới", "for villages without grid power")
        }
        Condition::DifficultArea(true) => {
            lang.pick("cho địa bàn đặc biệt khó khăn", "for extremely difficult areas")
        }
        Condition::DifficultArea(false) => {
            lang.pick("ngoài địa bàn đặc biệt khó khăn", "outside extremely difficult areas")
        }
    }
}
