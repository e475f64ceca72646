//! What people are told of changed flags: a webhook in the shape of Alertmanager's, a mail, an Atom feed, a digest
//! since the last meeting. Messages only; sending, retrying and keeping quiet are the program's.

use std::fmt::Write;

use chrono::NaiveDate;
use gapwatch_model::{
    Flag, FlagKey, FlagState, Ledger, PlaceIx,
    text::{count, date},
};
use serde_json::{Map, Value, json};

use crate::{
    config::Rules,
    facts::day_in_vietnam,
    groups::{FlagChange, FlagGroup, changes},
    judge::Judgement,
    ledger::ledger,
    sentence::Sentence,
};

/// Identity of one change of one flag: told once, whatever happens to the telling.
#[must_use]
pub fn change_id(flag: &Flag) -> String {
    format!("{}/{}/{}", flag.key, flag.state.as_str(), flag.since.to_utc().to_rfc3339())
}

/// Whether a change is worth telling: it fires, it is over after it was told, or it can no longer be known.
#[must_use]
pub fn worth_telling(change: &FlagChange) -> bool {
    match (change.before, change.after.state) {
        (_, FlagState::Firing) | (Some(FlagState::Firing), FlagState::Resolved | FlagState::NoData) => true,
        (_, FlagState::Inactive | FlagState::Pending | FlagState::Resolved | FlagState::NoData) => false,
    }
}

/// Address of a flag's page under the program's own.
fn link(base: &str, key: &FlagKey) -> String {
    format!("{}/flags/{key}", base.trim_end_matches('/'))
}

/// The body of a webhook for one group, as Alertmanager (version 4) sends it.
#[must_use]
pub fn webhook(
    group: &FlagGroup,
    judgement: &Judgement,
    rules: &Rules,
    base: &str,
    receiver: &str,
) -> String {
    let firing = group.flags.iter().any(|flag| flag.state == FlagState::Firing);
    let place = judgement.gazetteer.get(group.place);
    let common = json!({ "alertname": group.rule.as_str(), "place": place.id.code.as_str(), "place_name": place.full_name() });
    let alerts: Vec<Value> = group.flags.iter().map(|flag| alert(flag, judgement, base, &common)).collect();
    let rule = rules.rules.get(&group.rule);
    let body = json!({
        "version": "4",
        "groupKey": format!("{{}}:{{alertname=\"{}\", place=\"{}\"}}", group.rule, place.id.code),
        "truncatedAlerts": 0,
        "status": if firing { "firing" } else { "resolved" },
        "receiver": receiver,
        "groupLabels": { "alertname": group.rule.as_str(), "place": place.id.code.as_str() },
        "commonLabels": common,
        "commonAnnotations": {
            "rule_vi": rule.map_or("", |rule| rule.name_vi.as_str()),
            "rule_en": rule.map_or("", |rule| rule.name_en.as_str()),
        },
        "externalURL": base,
        "alerts": alerts,
    });
    body.to_string()
}

fn alert(flag: &Flag, judgement: &Judgement, base: &str, common: &Value) -> Value {
    let mut labels: Map<String, Value> = common.as_object().cloned().unwrap_or_default();
    labels.insert("flag".to_owned(), flag.key.to_string().into());
    labels.insert("subject_place".to_owned(), flag.key.place.code.as_str().into());
    let over = flag.state != FlagState::Firing;
    json!({
        "status": if over { "resolved" } else { "firing" },
        "labels": labels,
        "annotations": {
            "summary": flag.explanation_vi.as_str(),
            "summary_en": flag.explanation_en.as_str(),
            "state": flag.state.as_str(),
            "rules_version": flag.rules_version.as_str(),
        },
        "startsAt": flag.since.to_rfc3339(),
        // Alertmanager's word for an alert that has not ended.
        "endsAt": if over { flag.since.to_rfc3339() } else { "0001-01-01T00:00:00Z".to_owned() },
        "generatorURL": link(base, &flag.key),
        "fingerprint": fingerprint(&flag.key.to_string()),
        "as_of": judgement.moment.as_of.to_rfc3339(),
    })
}

/// Sixteen hexadecimal digits of a name (FNV-1a): the same for one flag for ever.
fn fingerprint(name: &str) -> String {
    let start = 0xcbf2_9ce4_8422_2325_u64;
    let hash = name.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

/// A plain-text mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// One line.
    pub subject: String,
    /// Lines of text, Vietnamese first, English under it.
    pub body: String,
}

/// The mail for some groups of changed flags. `None` when there is nothing to tell.
#[must_use]
pub fn mail(groups: &[FlagGroup], judgement: &Judgement, rules: &Rules, base: &str) -> Option<Mail> {
    let flags: Vec<&Flag> = groups.iter().flat_map(|group| &group.flags).collect();
    if flags.is_empty() {
        return None;
    }
    let firing = flags.iter().filter(|flag| flag.state == FlagState::Firing).count();
    let over = flags.len() - firing;
    let day = date(judgement.moment.day);
    let mut body = String::new();
    for group in groups {
        let rule = rules.rules.get(&group.rule);
        let name = rule
            .map_or_else(|| group.rule.to_string(), |rule| format!("{} / {}", rule.name_vi, rule.name_en));
        line(&mut body, format_args!("{} – {name}", judgement.name(group.place)));
        for flag in &group.flags {
            let sign = if flag.state == FlagState::Firing { "▲" } else { "✓" };
            line(&mut body, format_args!("  {sign} {}", flag.explanation_vi));
            line(&mut body, format_args!("    {}", flag.explanation_en));
            line(&mut body, format_args!("    {}", link(base, &flag.key)));
        }
        line(&mut body, format_args!(""));
    }
    Some(Mail { subject: format!("gapwatch {day}: {firing} cảnh báo mới, {over} đã hết"), body })
}

fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    if writeln!(text, "{what}").is_err() {
        text.push('\n');
    }
}

/// The Atom feed of a place (RFC 4287): its changed flags, newest first.
#[must_use]
pub fn atom(place: PlaceIx, flags: &[Flag], judgement: &Judgement, base: &str) -> String {
    let base = base.trim_end_matches('/');
    let code = &judgement.gazetteer.get(place).id.code;
    let inside = |flag: &&Flag| {
        judgement.gazetteer.ix(&flag.key.place).is_some_and(|ix| {
            ix == place || judgement.gazetteer.ancestors_on(ix, judgement.moment.day).contains(&place)
        })
    };
    let mut shown: Vec<&Flag> = flags.iter().filter(inside).collect();
    shown.sort_by(|one, other| other.since.cmp(&one.since).then(one.key.cmp(&other.key)));
    let updated = shown.first().map_or(judgement.moment.as_of, |flag| flag.since);
    let mut feed = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"vi\">\n",
    );
    line(&mut feed, format_args!("<id>{}</id>", escaped(&format!("{base}/feeds/{code}"))));
    line(&mut feed, format_args!("<title>{}</title>", escaped(&judgement.name(place))));
    line(&mut feed, format_args!("<updated>{}</updated>", updated.to_rfc3339()));
    line(&mut feed, format_args!("<author><name>gapwatch</name></author>"));
    line(
        &mut feed,
        format_args!("<link rel=\"self\" href=\"{}\"/>", escaped(&format!("{base}/feeds/{code}"))),
    );
    for flag in shown {
        line(&mut feed, format_args!("<entry>"));
        line(&mut feed, format_args!("<id>{}</id>", escaped(&format!("{base}/flags/{}", change_id(flag)))));
        line(&mut feed, format_args!("<title>{}</title>", escaped(&flag.explanation_vi)));
        line(&mut feed, format_args!("<updated>{}</updated>", flag.since.to_rfc3339()));
        line(&mut feed, format_args!("<link href=\"{}\"/>", escaped(&link(base, &flag.key))));
        line(&mut feed, format_args!("<category term=\"{}\"/>", escaped(flag.state.as_str())));
        line(&mut feed, format_args!("<summary xml:lang=\"en\">{}</summary>", escaped(&flag.explanation_en)));
        line(&mut feed, format_args!("</entry>"));
    }
    feed.push_str("</feed>\n");
    feed
}

/// Text safe inside XML; control characters XML cannot hold are left out.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\t' | '\n' | '\r' => safe.push(letter),
            control if control.is_control() => {}
            '\u{fffe}' | '\u{ffff}' => {}
            other => safe.push(other),
        }
    }
    safe
}

/// What happened in a place since an earlier moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Digest {
    /// The answer first.
    pub sentence: Sentence,
    /// Why the number of villages without signal changed.
    pub ledger: Ledger,
    /// Flags of the place that began to fire.
    pub fired: Vec<Flag>,
    /// Flags of the place that were resolved.
    pub resolved: Vec<Flag>,
}

/// Sums up a place since the last meeting, by what was judged and flagged then and now.
#[must_use]
pub fn digest(place: PlaceIx, then: (&Judgement, &[Flag]), now: (&Judgement, &[Flag])) -> Digest {
    let account = ledger(then.0, now.0, place);
    let inside = |flag: &Flag| {
        now.0.gazetteer.ix(&flag.key.place).is_some_and(|ix| {
            ix == place || now.0.gazetteer.ancestors_on(ix, now.0.moment.day).contains(&place)
        })
    };
    let changed: Vec<FlagChange> =
        changes(then.1, now.1).into_iter().filter(|change| inside(&change.after)).collect();
    let now_in = |state: FlagState| -> Vec<Flag> {
        changed.iter().map(|change| &change.after).filter(|flag| flag.state == state).cloned().collect()
    };
    let (fired, resolved) = (now_in(FlagState::Firing), now_in(FlagState::Resolved));
    let since = date(day_in_vietnam(then.0.moment.as_of));
    let name = now.0.name(place);
    let total = now.0.counts(place).map_or(0, |counts| counts.total);
    let moved = i64::from(account.closing) - i64::from(account.opening);
    let (vi, en) = match moved {
        0 => (format!("bằng ngày {since}"), format!("as many as on {since}")),
        fewer if fewer < 0 => {
            (format!("giảm {} so với {since}", -fewer), format!("{} fewer than on {since}", -fewer))
        }
        more => (format!("tăng {more} so với {since}"), format!("{more} more than on {since}")),
    };
    let shown = |number: u32| count(u64::from(number));
    Digest {
        sentence: Sentence::new(
            format!(
                "{name}: {} trên {} thôn trắng sóng, {vi}; {} cảnh báo mới, {} đã hết.",
                shown(account.closing),
                shown(total),
                fired.len(),
                resolved.len()
            ),
            format!(
                "{name}: {} of {total} villages have no signal, {en}; {} flags began to fire, {} were resolved.",
                account.closing,
                fired.len(),
                resolved.len()
            ),
        ),
        ledger: account,
        fired,
        resolved,
    }
}

impl Digest {
    /// How the count came to be another, in one line.
    #[must_use]
    pub fn account(&self) -> Sentence {
        let Ledger { opening, closed, newly_found, regressed, boundary, reclassified, closing, .. } =
            &self.ledger;
        Sentence::new(
            format!(
                "Đầu kỳ {opening} − đã phủ {closed} + mới phát hiện {newly_found} + mất sóng lại {regressed} \
                 + địa giới {boundary:+} + phân loại lại {reclassified:+} = cuối kỳ {closing}"
            ),
            format!(
                "Opening {opening} − closed {closed} + newly found {newly_found} + regressed {regressed} \
                 + boundary {boundary:+} + reclassified {reclassified:+} = closing {closing}"
            ),
        )
    }

    /// The mail that tells it. Its body depends on nothing but what happened, so that the same news have the same body.
    #[must_use]
    pub fn mail(&self, day: NaiveDate, base: &str) -> Mail {
        let mut body = String::new();
        let account = self.account();
        for text in [&self.sentence.vi, &account.vi, &self.sentence.en, &account.en] {
            line(&mut body, format_args!("{text}"));
        }
        line(&mut body, format_args!(""));
        for (sign, flags) in [("▲", &self.fired), ("✓", &self.resolved)] {
            for flag in flags {
                line(&mut body, format_args!("{sign} {}", flag.explanation_vi));
                line(&mut body, format_args!("  {}", flag.explanation_en));
                line(&mut body, format_args!("  {}", link(base, &flag.key)));
            }
        }
        Mail { subject: format!("gapwatch {}: {}", date(day), self.sentence.vi), body }
    }
}
