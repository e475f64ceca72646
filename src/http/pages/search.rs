//! `/search?q=`: places (old names lead to the new place), indicators, flags. Without tones; exact tones come first.

use gapwatch_dashboards::{
    Markup,
    pages::search::{Hit, HitKind, View, render},
    part::{Link, PlaceRef},
};
use gapwatch_model::{FlagState, PlaceIx, PlaceLevel, text};

use super::fill::Fill;
use crate::{
    app::App,
    http::{Asked, HttpResult},
};

/// Hits shown at most.
const SHOWN: usize = 50;

/// Makes the page.
pub(crate) fn page(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let world = asked.as_of.world(app)?;
    let fill = Fill::new(app, &world, asked.lang);
    let query = text::clean(asked.query.get("q").unwrap_or_default());
    let mut hits = if query.is_empty() { Vec::new() } else { hits(&fill, &query) };
    let more = hits.len() > SHOWN;
    hits.truncate(SHOWN);
    let view = View { query, hits, more };
    Ok(render(&asked.shell(app, vec![fill.link(world.home)]), &view))
}

/// How well a name fits: smaller is better. `None` does not fit.
fn fit(name: &str, query: &str) -> Option<(bool, u8)> {
    let (plain, wanted) = (text::toneless(name), text::toneless(query));
    let closeness = match plain.find(&wanted)? {
        _ if plain == wanted => 0,
        0 => 1,
        at if plain.as_bytes().get(at - 1) == Some(&b' ') => 2,
        _ => 3,
    };
    let exact = text::fold(name).contains(&text::fold(query));
    Some((!exact, closeness))
}

type Ranked = ((bool, u8, bool, PlaceLevel, bool), Hit);

fn hits(fill: &Fill<'_>, query: &str) -> Vec<Hit> {
    let mut found: Vec<Ranked> = Vec::new();
    let gazetteer = fill.gazetteer();
    let named = text::prefix(query).map_or(query, |prefix| {
        let cut = query.char_indices().nth(prefix.chars().count()).map_or(query.len(), |(at, _)| at);
        query.get(cut..).unwrap_or(query).trim_start_matches(['.', ' '])
    });
    for (ix, place) in gazetteer.all().zip(gazetteer.places()) {
        let names =
            std::iter::once(&place.name).chain(&place.other_names).chain(std::iter::once(&place.name_en));
        let code = (place.id.code.as_str() == query).then_some((false, 0));
        let Some((inexact, closeness)) = code.or_else(|| names.filter_map(|name| fit(name, named)).min())
        else {
            continue;
        };
        let current = place.in_force_on(fill.tree());
        let at_home =
            gazetteer.ancestors_on(ix, fill.tree()).contains(&fill.world.home) || ix == fill.world.home;
        let hit = if current { current_place(fill, ix, !inexact) } else { old_place(fill, ix, !inexact) };
        found.extend(hit.map(|hit| ((inexact, closeness, !at_home, place.level, !current), hit)));
    }
    for indicator in fill.world.facts.indicators().iter() {
        let names = [&indicator.name_vi, &indicator.name_en];
        let id = (indicator.id.as_str() == query).then_some((false, 0));
        let Some((inexact, closeness)) = id.or_else(|| names.into_iter().filter_map(|n| fit(n, query)).min())
        else {
            continue;
        };
        let hit = Hit {
            kind: HitKind::Indicator,
            link: fill.indicator(indicator, fill.world.home),
            note: indicator.id.to_string(),
            exact: !inexact,
        };
        found.push(((inexact, closeness, false, PlaceLevel::Country, false), hit));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.link.text.cmp(&b.1.link.text)));
    let mut hits: Vec<Hit> = found.into_iter().map(|(_, hit)| hit).collect();
    hits.extend(flags(fill, query));
    hits
}

fn above(fill: &Fill<'_>, ix: PlaceIx) -> String {
    let above = fill.gazetteer().ancestors_on(ix, fill.tree());
    let named = above
        .into_iter()
        .map(|ix| fill.gazetteer().get(ix))
        .filter(|place| place.level != PlaceLevel::Country);
    named.map(gapwatch_model::Place::full_name).collect::<Vec<_>>().join(", ")
}

fn current_place(fill: &Fill<'_>, ix: PlaceIx, exact: bool) -> Option<Hit> {
    let place = fill.place(ix);
    (place.level != PlaceLevel::District).then(|| Hit {
        kind: HitKind::Place,
        link: Link::new(place.name.clone(), place.href()),
        note: above(fill, ix),
        exact,
    })
}

/// A name that is no longer in force leads to what became of it.
fn old_place(fill: &Fill<'_>, ix: PlaceIx, exact: bool) -> Option<Hit> {
    let old = fill.gazetteer().get(ix);
    let mut into: Vec<(PlaceRef, String)> = fill
        .gazetteer()
        .successors(ix)
        .map(|(new, step)| (fill.place(new), text::date(step.effective)))
        .collect();
    let (first, on) = into.first().cloned()?;
    let names: Vec<String> = into.drain(..).map(|(place, _)| place.name).collect();
    let names = names.join(", ");
    Some(Hit {
        kind: HitKind::OldPlace,
        link: Link::new(old.full_name(), first.href()),
        note: fill.lang.pick(format!("nay thuộc {names} (từ {on})"), format!("now in {names} (since {on})")),
        exact,
    })
}

fn flags(fill: &Fill<'_>, query: &str) -> Vec<Hit> {
    let firing = fill.world.flags.iter().filter(|flag| flag.state == FlagState::Firing);
    let rows = firing.filter_map(|flag| {
        let row = fill.flag(flag)?;
        let (inexact, _) = fit(&row.explanation, query)?;
        let link = Link::new(format!("{}: {}", row.rule_name, row.place.name), row.href());
        Some(Hit { kind: HitKind::Flag, link, note: row.explanation, exact: !inexact })
    });
    rows.take(SHOWN).collect()
}
