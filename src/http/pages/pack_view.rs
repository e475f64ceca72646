//! What a meeting pack says of a place: the overview at the cut-off, the account since the last pack, who took what on.

use chrono::{DateTime, FixedOffset, NaiveDate};
use gapwatch_dashboards::{
    pages::pack::View,
    part::{Before, FlagRow, Link},
};
use gapwatch_model::{Flag, FlagState, PlaceIx, PlaceLevel};

use super::{exports, fill::Fill, near, overview, packs};
use crate::{
    clock,
    http::{HttpError, HttpResult},
};

/// Flags in a pack at most: those somebody took on, then the newest.
const FLAGS: usize = 40;

/// Fills a pack.
///
/// # Errors
/// 400 for a village, which has no report of its own; when the store cannot be read.
pub(crate) fn view(
    fill: &Fill<'_>,
    place: PlaceIx,
    cut_off: NaiveDate,
    author: &str,
    now: DateTime<FixedOffset>,
) -> HttpResult<View> {
    let (world, lang) = (fill.world, fill.lang);
    let found = world.gazetteer.get(place);
    if found.level == PlaceLevel::Village {
        return Err(HttpError::bad_request(
            "place",
            found.id.code.as_str(),
            "tỉnh hoặc xã / a province or a commune",
        ));
    }
    let overview = overview::view(fill, place)?;
    let last = packs::last_before(fill, place, cut_off)?;
    // Both ends in the same borders, where others were asked for.
    let opening = last.map(|day| fill.app.world_over(clock::end_of(day), fill.over)).transpose()?;
    let then = opening.as_ref().and_then(|opening| opening.judgement.counts(place));
    let commune = found.level == PlaceLevel::Commune;
    let stations = fill.app.stations(world.at)?;
    let mut near = near::list(fill, &stations, found.point.filter(|_| commune));
    let mut map = if commune { commune_map(fill, place) } else { overview.map };
    if let Some(map) = map.as_mut().filter(|_| commune) {
        near.unmarked = near::mark(fill, &stations, place, map);
    }
    let (authority, body) = heading(fill, place);
    Ok(View {
        lang,
        authority,
        body,
        number: String::new(),
        signed_at: match found.level {
            PlaceLevel::Country => "Hà Nội".to_owned(),
            _ => found.name.clone(),
        },
        place: overview.place,
        cut_off,
        borders: fill.tree(),
        made_at: now,
        author: author.to_owned(),
        synthetic: fill.app.synthetic(),
        tally: overview.tally,
        strict_before: then.and_then(gapwatch_rules::Counts::strict),
        before: last.zip(then).map(|(on, counts)| Before { on, no_signal: counts.no_signal }),
        plan: overview.plan,
        lagging: overview.lagging,
        map,
        stations: near,
        ledger: opening
            .as_ref()
            .map(|opening| gapwatch_rules::ledger(&opening.judgement, &world.judgement, place)),
        targets: overview.targets,
        worst: if commune { Vec::new() } else { overview.worst },
        flags: flags(fill, place),
        indicators: overview.indicators,
        method: method(fill),
        sources: sources(fill)?,
    })
}

/// The authority above and the body that reports.
fn heading(fill: &Fill<'_>, place: PlaceIx) -> (String, String) {
    let found = fill.gazetteer().get(place);
    match found.level {
        PlaceLevel::Country => (
            fill.lang.pick("CHÍNH PHỦ", "GOVERNMENT").to_owned(),
            fill.lang.pick("BỘ KHOA HỌC VÀ CÔNG NGHỆ", "MINISTRY OF SCIENCE AND TECHNOLOGY").to_owned(),
        ),
        PlaceLevel::Province => (
            fill.lang.pick(
                format!("UBND {}", found.full_name().to_uppercase()),
                format!("PEOPLE'S COMMITTEE OF {}", found.name.to_uppercase()),
            ),
            fill.lang.pick("SỞ KHOA HỌC VÀ CÔNG NGHỆ", "DEPARTMENT OF SCIENCE AND TECHNOLOGY").to_owned(),
        ),
        PlaceLevel::District | PlaceLevel::Commune | PlaceLevel::Village => {
            let above = fill.gazetteer().parent_on(place, fill.tree()).map(|ix| fill.gazetteer().get(ix));
            let above = above.map_or_else(String::new, |above| above.full_name().to_uppercase());
            (
                fill.lang.pick(format!("UBND {above}"), format!("PEOPLE'S COMMITTEE OF {above}")),
                fill.lang.pick(
                    format!("UBND {}", found.full_name().to_uppercase()),
                    format!("PEOPLE'S COMMITTEE OF {}", found.name.to_uppercase()),
                ),
            )
        }
    }
}

fn commune_map(fill: &Fill<'_>, commune: PlaceIx) -> Option<gapwatch_dashboards::map::Map> {
    let villages = fill.gazetteer().under_on(commune, PlaceLevel::Village, fill.tree());
    let states: Vec<_> = villages.into_iter().filter_map(|ix| fill.world.judgement.village(ix)).collect();
    fill.commune_map(commune, &states)
}

fn flags(fill: &Fill<'_>, place: PlaceIx) -> Vec<FlagRow> {
    let mut firing: Vec<&Flag> = fill
        .world
        .flags
        .iter()
        .filter(|flag| flag.state == FlagState::Firing && fill.world.lies_in(flag, place))
        .collect();
    firing.sort_by(|a, b| {
        let open = |flag: &Flag| flag.acknowledgement.is_none();
        open(a).cmp(&open(b)).then(b.since.cmp(&a.since)).then_with(|| a.key.cmp(&b.key))
    });
    firing.into_iter().take(FLAGS).filter_map(|flag| fill.flag(flag)).collect()
}

fn method(fill: &Fill<'_>) -> Vec<String> {
    let (rules, lang) = (&fill.world.rules, fill.lang);
    let technologies = rules.signal.technologies.join(", ");
    let window = rules.signal.dispute_window_days;
    lang.pick(
        vec![
            format!("Thôn trắng sóng: trung tâm thôn không có sóng ({technologies}). Lõm sóng: trung tâm có sóng, còn cụm dân cư chưa có. Xét theo thứ tự đó nên không trùng nhau."),
            "Tỷ lệ có sóng tại trung tâm tính cả thôn lõm sóng; tỷ lệ phủ sóng hoàn toàn không tính. Cả hai chia cho tất cả các thôn, kể cả thôn chưa rõ.".to_owned(),
            format!("Đo thực tế có giá trị hơn báo cáo. Báo cáo và đo khác nhau trong vòng {window} ngày thì dùng kết quả đo và ghi là có mâu thuẫn. Số liệu quá cũ hoặc quá ít mẫu thì coi là chưa rõ, không coi là tốt."),
            "Biến động: đầu kỳ − đã phủ sóng + mới phát hiện + mất sóng trở lại ± thay đổi địa giới ± phân loại lại = cuối kỳ. Mỗi đầu kỳ theo những gì đã biết vào chính ngày đó.".to_owned(),
            format!("Bộ quy tắc {}.", rules.version),
        ],
        vec![
            format!("No signal: none at the village centre ({technologies}). Pocket: signal at the centre, a population cluster has none. Tested in that order, so the classes are disjoint."),
            "Signal at the centre counts pockets as covered; fully covered does not. Both are over all villages, unknown ones included.".to_owned(),
            format!("Measurements outweigh claims. Where the two differ within {window} days the measurement speaks and the village is marked disputed. What is too old or rests on too few samples is unknown, not fine."),
            "Changes: opening − closed + newly found + regressed ± boundary ± reclassified = closing. Each end is what was known on its own day.".to_owned(),
            format!("Rules {}.", rules.version),
        ],
    )
}

fn sources(fill: &Fill<'_>) -> HttpResult<Vec<Link>> {
    let ids: Vec<&str> =
        fill.world.facts.indicators().iter().map(|indicator| indicator.id.as_str()).collect();
    exports::sources(fill, &ids)
}
