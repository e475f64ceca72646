//! `/review`: names that are not certain, batches that are held back, and what people decided.

use std::collections::BTreeMap;

use gapwatch_dashboards::{
    Markup,
    pages::review::{Batch, Candidate, Decision, Question, View, render},
    part::Link,
};
use gapwatch_model::{IndicatorId, RunId};
use gapwatch_store::{Held, HeldState, Query as SeriesQuery, RunQuery};

use super::fill::Fill;
use crate::{
    app::App,
    collect,
    http::{Asked, HttpResult},
    review,
    world::brought,
};

/// Questions on the page; they come with most rows first.
const QUESTIONS: usize = 50;
/// Decisions on the page, newest first.
const DECISIONS: usize = 50;

/// Makes the page.
pub(crate) fn page(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let world = app.world(asked.as_of.at)?;
    let fill = Fill::new(app, &world, asked.lang);
    let open = app.questions(world.at)?;
    let mut batches = Vec::new();
    for held in app
        .store
        .quarantined()?
        .iter()
        .filter(|held| held.state == HeldState::Held && held.run.finished <= world.at)
    {
        batches.push(batch(&fill, held)?);
    }
    let mut decided = app.store.decisions_as_of(Some(world.at))?;
    decided.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.key.cmp(&b.key)));
    let view = View {
        questions_total: u64::try_from(open.len()).unwrap_or(u64::MAX),
        questions: open.iter().take(QUESTIONS).map(|one| question(&fill, one)).collect(),
        batches,
        decisions: decided.into_iter().take(DECISIONS).map(|one| decision(&fill, one)).collect(),
    };
    let back = Link::new(asked.lang.pick("Nguồn số liệu", "Sources"), "/sources");
    Ok(render(&asked.shell(app, vec![fill.link(world.home), back]), &view))
}

fn question(fill: &Fill<'_>, asked: &review::Question) -> Question {
    let village = asked.key.starts_with("village|");
    // The key of a village names the commune it was looked for in.
    let commune = asked.key.split('|').nth(1).filter(|_| village).and_then(|id| id.split('@').next());
    let commune =
        commune.and_then(|code| fill.gazetteer().by_code_on(code, fill.day())).map(|ix| fill.place(ix).name);
    let file = fill
        .file(asked.run)
        .map(|file| file.rsplit('/').next().unwrap_or_default().to_owned())
        .unwrap_or_default();
    Question {
        key: asked.key.clone(),
        written: asked.value.clone(),
        context: [Some(asked.heading.clone()), commune]
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(", "),
        why: asked.sentence.clone(),
        collector: asked.collector.clone(),
        first: Link::new(
            fill.lang.pick(format!("{file}, dòng {}", asked.line), format!("{file}, row {}", asked.line)),
            format!("/runs/{}?row={}", asked.run, asked.line),
        ),
        rows: asked.rows,
        candidates: asked.suggestions.iter().filter_map(|suggestion| candidate(fill, suggestion)).collect(),
        may_create: village,
    }
}

/// A suggestion is `CODE name, parent` or `old name (cũ) → CODE name`.
fn candidate(fill: &Fill<'_>, suggestion: &str) -> Option<Candidate> {
    let named = suggestion.rsplit("→ ").next()?;
    let (code, _) = named.trim().split_once(' ')?;
    let newest = || fill.gazetteer().versions(code).last().copied();
    let ix = fill.gazetteer().by_code_on(code, fill.day()).or_else(newest)?;
    let note = suggestion.strip_prefix(code).unwrap_or(suggestion).trim();
    let place = fill.place(ix);
    Some(Candidate {
        note: note
            .strip_prefix(place.name.as_str())
            .unwrap_or(note)
            .trim_start_matches([',', ' '])
            .to_owned(),
        place,
        id: fill.gazetteer().get(ix).id.to_string(),
    })
}

fn decision(fill: &Fill<'_>, made: gapwatch_store::Decision) -> Decision {
    let answer = match made.answer.as_str() {
        "create" => fill.lang.pick("thôn, xóm mới", "a new village").to_owned(),
        "ignore" => fill.lang.pick("không phải địa bàn theo dõi", "no place that is watched").to_owned(),
        place => {
            let code = place.split('@').next().unwrap_or_default();
            fill.gazetteer()
                .versions(code)
                .last()
                .map_or_else(|| place.to_owned(), |ix| format!("{} ({code})", fill.place(*ix).name))
        }
    };
    Decision { written: written(&made.key), answer, by: made.by, at: made.at }
}

/// The name in a key such as `commune|04||01273|hung dao|now`: its last part with letters that is not the era.
fn written(key: &str) -> String {
    let parts: Vec<&str> = key.split('|').collect();
    let at = if key.starts_with("village|") { 3 } else { 4 };
    let name = parts.get(at).copied().unwrap_or_default();
    let code = parts.get(at.saturating_sub(1)).copied().unwrap_or_default();
    match (name, code) {
        ("", "") => key.to_owned(),
        ("", code) => code.to_owned(),
        (name, _) => name.to_owned(),
    }
}

/// A batch that waits, with what it would change.
fn batch(fill: &Fill<'_>, held: &Held) -> HttpResult<Batch> {
    let lang = fill.lang;
    let asked = RunQuery {
        collector: Some(held.run.collector.clone()),
        before: Some(held.run.id),
        limit: Some(50),
        ..RunQuery::default()
    };
    let last = fill.app.store.runs(&asked)?.into_iter().find(brought);
    let count = |number: u32| lang.count(number.into());
    let before =
        |number: Option<u32>| number.map_or_else(|| lang.pick("chưa có", "none yet").to_owned(), count);
    let row = |vi, en, old: Option<u32>, new: u32| (lang.pick(vi, en), before(old), count(new));
    let mut differences = vec![
        row("dòng đọc được", "rows read", last.as_ref().map(|run| run.read), held.run.read),
        row("dòng nhận", "rows taken in", last.as_ref().map(|run| run.accepted), held.run.accepted),
        row(
            "dòng bị từ chối hoặc hỏi lại",
            "rows rejected or asked",
            last.as_ref().map(|run| run.rejected),
            held.run.rejected,
        ),
    ];
    let differences_of = |(what, old, new): (&str, String, String)| (what.to_owned(), old, new);
    let mut differences: Vec<(String, String, String)> = differences.drain(..).map(differences_of).collect();
    differences.extend(values(fill, held)?);
    let changes = collect::changes(fill.app, &held.frames, &held.new_places, fill.world.at)?;
    differences.push((
        lang.pick("giá trị mới · thay đổi · như cũ", "values new · changed · unchanged").to_owned(),
        String::new(),
        format!("{} · {} · {}", count(changes.imported), count(changes.updated), count(changes.ignored)),
    ));
    let why = held.run.message.as_deref().unwrap_or_default();
    Ok(Batch {
        run: held.run.id.0,
        collector: held.run.collector.clone(),
        at: held.run.finished,
        breaches: why.split("; ").filter(|part| !part.is_empty()).map(str::to_owned).collect(),
        differences,
    })
}

/// For each indicator: how many places have a value, and their sum; as known and as the batch would have it.
fn values(fill: &Fill<'_>, held: &Held) -> HttpResult<Vec<(String, String, String)>> {
    let mut new: BTreeMap<IndicatorId, (usize, f64)> = BTreeMap::new();
    for frame in &held.frames {
        let sums = new.entry(frame.key.indicator.clone()).or_default();
        sums.0 += frame.points.len();
        sums.1 += frame.points.iter().filter_map(|point| point.value.amount()).sum::<f64>();
    }
    let mut rows = Vec::new();
    for (id, sums) in new {
        let asked = SeriesQuery {
            sources: Some(vec![held.run.collector.clone()]),
            as_of: Some(fill.world.at),
            ..SeriesQuery::new(id.clone())
        };
        let mut old: Option<(usize, f64, RunId)> = None;
        fill.app.store.series().latest(&asked, &mut |head, points| {
            let sums = old.get_or_insert((0, 0.0, head.run));
            sums.0 += points.len();
            sums.1 += points.iter().filter_map(|point| point.value.amount()).sum::<f64>();
        })?;
        let indicator = fill.world.facts.indicators().get(id.as_str());
        let said = |count: usize, sum: f64| {
            let (count, sum) =
                (fill.lang.count(u64::try_from(count).unwrap_or(u64::MAX)), fill.lang.number_up_to(sum, 1));
            fill.lang.pick(format!("{count} giá trị, tổng {sum}"), format!("{count} values, sum {sum}"))
        };
        rows.push((
            indicator.map_or_else(|| id.to_string(), |indicator| fill.indicator_name(indicator)),
            old.map_or_else(
                || fill.lang.pick("chưa có", "none yet").to_owned(),
                |(count, sum, _)| said(count, sum),
            ),
            said(sums.0, sums.1),
        ));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn a_key_tells_the_name_it_was_asked_about() {
        assert_eq!(written("village|01273@2025-07-01||na leng"), "na leng");
        assert_eq!(written("commune|04|nguyen binh||hung dao|2025-07-01"), "hung dao");
        assert_eq!(written("commune|04||01273||2025-07-01"), "01273");
    }
}
