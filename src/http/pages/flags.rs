//! `/flags` and `/flags/{id}`.

use std::cmp::Ordering;

use chrono::DateTime;
use gapwatch_dashboards::{
    Markup,
    figure::{Amount, Figure},
    pages::{flag, flags},
    part::{Link, RuleRef},
    shell::percent_encode,
    table::{Filter, Format, State},
};
use gapwatch_model::{
    Evidence, Flag, FlagKey, FlagState, Period, PlaceIx, PlaceLevel, Qualifier, RunId, Value, text,
};
use gapwatch_rules::{Input, Sentence};

use super::fill::Fill;
use crate::{
    app::App,
    http::{Asked, HttpError, HttpResult, api},
};

/// Flags on one page.
const ROWS: usize = 100;

/// The states that are listed, in the order of their tabs.
const STATES: [FlagState; 4] =
    [FlagState::Firing, FlagState::Pending, FlagState::NoData, FlagState::Resolved];

/// The flags an address asks for: what is firing, unless it names another state.
pub(crate) struct Chosen<'f> {
    /// Where.
    pub(crate) place: PlaceIx,
    /// The state it asks for. `None` for every one.
    state: Option<FlagState>,
    /// Flags of every state.
    all: Vec<&'f Flag>,
    /// Flags of the state, the newest first.
    pub(crate) chosen: Vec<&'f Flag>,
}

impl<'f> Chosen<'f> {
    /// Reads the address.
    ///
    /// # Errors
    /// 400 for a state that is none, 404 for a place.
    pub(crate) fn of(fill: &Fill<'f>, asked: &Asked) -> HttpResult<Self> {
        let world = fill.world;
        let place = api::chosen_place(world, &asked.query)?;
        let state = match asked.query.get("state") {
            None => Some(FlagState::Firing),
            Some("all") => None,
            Some(word) => {
                let known = STATES.into_iter().find(|state| state.as_str() == word);
                Some(known.ok_or_else(|| {
                    HttpError::bad_request("state", word, "firing, pending, no_data, resolved, all")
                })?)
            }
        };
        let rule = asked.query.get("rule");
        let words = text::toneless(asked.query.get("q").unwrap_or_default());
        let all: Vec<&Flag> = world
            .flags
            .iter()
            .filter(|flag| flag.state != FlagState::Inactive && world.lies_in(flag, place))
            .filter(|flag| rule.is_none_or(|rule| flag.key.rule.as_str() == rule))
            .filter(|flag| words.is_empty() || text::toneless(&said(fill, flag)).contains(&words))
            .collect();
        let mut chosen: Vec<&Flag> =
            all.iter().copied().filter(|flag| state.is_none_or(|state| flag.state == state)).collect();
        chosen.sort_by(|a, b| b.since.cmp(&a.since).then_with(|| a.key.cmp(&b.key)));
        Ok(Self { place, state, all, chosen })
    }

    fn count(&self, state: FlagState) -> u64 {
        u64::try_from(self.all.iter().filter(|flag| flag.state == state).count()).unwrap_or(u64::MAX)
    }

    /// Where a flag stands in the order, as it goes into addresses.
    fn cursor(&self, at: usize) -> String {
        let flag = self.chosen.get(at);
        flag.map(|flag| format!("{}~{}", flag.since.timestamp_micros(), flag.key)).unwrap_or_default()
    }

    /// How a flag stands against a cursor.
    fn against(&self, at: usize, cursor: &str) -> Option<Ordering> {
        let (flag, (since, key)) = (self.chosen.get(at)?, cursor.split_once('~')?);
        let (since, key): (i64, FlagKey) = (since.parse().ok()?, key.parse().ok()?);
        Some(since.cmp(&flag.since.timestamp_micros()).then_with(|| flag.key.cmp(&key)))
    }
}

/// Makes the list.
pub(crate) fn list(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let world = asked.as_of.world(app)?;
    let fill = Fill::new(app, &world, asked.lang);
    let flags = Chosen::of(&fill, asked)?;
    let (all, against) = (flags.chosen.len(), |at, cursor: &str| flags.against(at, cursor));
    let window = super::window(&asked.query, all, ROWS, against, |at| flags.cursor(at));
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let table = State {
        sort: None,
        filters: vec![Filter {
            key: "q".to_owned(),
            label: asked.lang.pick("Lọc theo tên hoặc nội dung", "Filter by name or text").to_owned(),
            choices: Vec::new(),
            value: asked.query.get("q").unwrap_or_default().to_owned(),
        }],
        columns: Vec::new(),
        matching: number(all),
        total: number(flags.all.len()),
        first: if all == 0 { 0 } else { number(window.range.start + 1) },
        before: window.before,
        after: window.after,
    };
    let rows = flags.chosen.get(window.range).unwrap_or_default();
    let view = flags::View {
        place: fill.place(flags.place),
        counts: STATES.map(|state| (state, flags.count(state))).to_vec(),
        rules: world
            .rules
            .rules
            .keys()
            .map(|id| RuleRef { id: id.clone(), name: fill.rule_name(id.as_str()) })
            .collect(),
        rule: asked.query.get("rule").map(Into::into),
        state: flags.state,
        rows: rows.iter().filter_map(|flag| fill.flag(flag)).collect(),
        table,
        downloads: super::downloads(asked, "/flags/export", &[Format::Csv, Format::Xlsx]),
    };
    Ok(flags::render(&asked.shell(app, fill.crumbs(flags.place)), &view))
}

fn said(fill: &Fill<'_>, flag: &Flag) -> String {
    let place = fill
        .gazetteer()
        .ix(&flag.key.place)
        .map(|ix| fill.gazetteer().get(ix).full_name())
        .unwrap_or_default();
    format!("{place} {}", fill.lang.pick(&flag.explanation_vi, &flag.explanation_en))
}

/// Makes the page of one flag: everything behind it.
pub(crate) fn page(app: &App, asked: &Asked, id: &str) -> HttpResult<Markup> {
    let world = asked.as_of.world(app)?;
    let fill = Fill::new(app, &world, asked.lang);
    let key: FlagKey = id.parse().map_err(|_| HttpError::not_found(id))?;
    let found = world.flags.iter().find(|flag| flag.key == key).ok_or_else(|| HttpError::not_found(id))?;
    let row = fill.flag(found).ok_or_else(|| HttpError::not_found(id))?;
    let explanation = world.explain(found);
    let words = |sentence: &Sentence| fill.lang.pick(&sentence.vi, &sentence.en).clone();
    let place = fill.gazetteer().ix(&key.place);
    let target = place.zip(explanation.target.as_ref()).and_then(|(place, target)| {
        let standing = world.judgement.standing(place, &target.indicator.as_str().into())?;
        fill.target(standing)
    });
    let history = app.store.flag_history(&key)?;
    let mut changes: Vec<flag::Change> = Vec::new();
    for (at, past) in history.into_iter().filter(|(at, _)| *at <= world.at) {
        let taken = past.acknowledgement.map(|taken| taken.owner);
        match changes.last_mut() {
            Some(last) if last.state == past.state => {
                last.acknowledged_by = taken.or(last.acknowledged_by.take())
            }
            _ => changes.push(flag::Change {
                state: past.state,
                at,
                explanation: fill.lang.pick(past.explanation_vi, past.explanation_en),
                acknowledged_by: taken,
            }),
        }
    }
    changes.reverse();
    let view = flag::View {
        flag: row,
        rule_text: words(&explanation.rule_name),
        rules_version: explanation.rules_version.clone(),
        inputs: explanation.inputs.iter().filter_map(|input| self::input(&fill, &key, input)).collect(),
        arithmetic: explanation.steps.iter().map(words).collect(),
        target,
        clears: words(&explanation.clears),
        history: changes,
    };
    let mut crumbs = place.map(|place| fill.crumbs(place)).unwrap_or_default();
    crumbs.extend(place.map(|place| fill.link(place)));
    Ok(flag::render(&asked.shell(app, crumbs), &view))
}

fn input(fill: &Fill<'_>, key: &FlagKey, input: &Input) -> Option<flag::Input> {
    let indicator = fill.world.facts.indicators().get(&input.indicator)?;
    let place = fill.gazetteer().by_code_on(&input.place, fill.day());
    let at = place.unwrap_or(fill.world.home);
    let run = RunId(input.run);
    let file = fill.file(run);
    let value = match input.value.split_once('/') {
        Some((n, d)) => Value::Ratio { numerator: n.parse().ok()?, denominator: d.parse().ok()? },
        None => Value::Number(input.value.parse().ok()?),
    };
    let period: Period = input.period.parse().ok()?;
    let amount = match input.silent_because {
        "stale" => Amount::Stale(value),
        "insufficient" => Amount::Insufficient {
            samples: input.samples.unwrap_or_default(),
            minimum: indicator.minimum_samples.unwrap_or(fill.world.rules.signal.minimum_samples),
        },
        _ => Amount::Known(value),
    };
    let classes = [Evidence::Crowd, Evidence::Claimed, Evidence::Modelled, Evidence::Measured];
    let evidence = classes.into_iter().find(|class| class.as_str() == input.evidence)?;
    let qualifiers =
        [Qualifier::Exact, Qualifier::MoreThan, Qualifier::LessThan, Qualifier::Almost, Qualifier::About];
    let other = place.filter(|_| input.place != key.place.code.as_str()).map(|place| fill.link(place));
    let source = fill.source(&input.source, run, input.row);
    Some(flag::Input {
        indicator: if fill.gazetteer().get(at).level == PlaceLevel::Village {
            Link::new(
                fill.indicator_name(indicator),
                format!("/indicators/{}", percent_encode(&input.indicator)),
            )
        } else {
            fill.indicator(indicator, at)
        },
        place: other,
        dimensions: input.dimensions.clone(),
        period,
        value: Figure {
            amount,
            qualifier: qualifiers.into_iter().find(|q| q.as_str() == input.qualifier).unwrap_or_default(),
            unit: indicator.unit,
            decimals: indicator.decimals,
            period: Some(period),
            age_days: Some((fill.day() - period.end()).num_days().max(0)),
            evidence: Some(evidence),
            source: Some(source.clone()),
            explain: Some(source.href.clone()),
        },
        evidence,
        file,
        row: input.row,
        run: source,
        recorded_at: DateTime::parse_from_rfc3339(&input.recorded_at).ok()?,
        not_counted: (!input.speaks).then(|| match input.silent_because {
            "stale" => fill.lang.pick("đã cũ, không còn được tính", "too old to count").to_owned(),
            "not_counted" => fill.lang.pick("quy tắc không tính", "does not count by the rules").to_owned(),
            "outweighed" => {
                fill.lang.pick("có bằng chứng mạnh hơn", "outweighed by stronger evidence").to_owned()
            }
            _ => fill.lang.pick("chưa đủ số mẫu", "too few samples").to_owned(),
        }),
    })
}
