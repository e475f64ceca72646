//! The sources: is each collector healthy, when did it last run, what did not go in, what waits for a person.

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{CollectorName, Outcome, Run};
use maud::{Markup, html};

use crate::{
    Lang, Shell, draw,
    figure::Absence,
    part::Link,
    shell::percent_encode,
    table::{Cell, Column, Kind, Row, Table},
    words,
};

/// How a collector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Health {
    /// The last run brought what was expected, in time.
    Good,
    /// Due, and not yet here.
    Overdue,
    /// The last run failed.
    Failing,
    /// A batch waits for a person.
    Quarantined,
    /// Paused by a person.
    Paused,
    /// Has not run yet.
    NeverRan,
}

/// One collector.
#[derive(Debug, Clone)]
pub struct CollectorRow {
    /// Its name; its runs are `/sources?collector={name}`.
    pub name: CollectorName,
    /// Its title in the page's language.
    pub title: String,
    /// Kind and place: `XLSX · coverage/2025-12.xlsx`, without secrets.
    pub location: String,
    /// Its schedule in words.
    pub schedule: String,
    /// How it is.
    pub health: Health,
    /// Its last run.
    pub last: Option<Run>,
    /// When it runs next.
    pub next: Option<DateTime<FixedOffset>>,
    /// Reporting periods it is late by.
    pub overdue_periods: u32,
    /// Rejects and questions of its last run that had any rows.
    pub open_rejects: u32,
    /// Outcomes of its last runs, oldest first.
    pub recent: Vec<Outcome>,
    /// How long ago the newest fresh figure's period ended, in days.
    pub age_days: Option<i64>,
}

/// The spool before InfluxDB.
#[derive(Debug, Clone)]
pub struct Spool {
    /// Batches of one indicator that wait.
    pub batches: u64,
    /// Points in them.
    pub points: u64,
    /// Points it may hold before it refuses more.
    pub capacity_points: u64,
    /// Age of the oldest, in seconds.
    pub oldest_age_s: Option<u64>,
    /// Failures since the last success.
    pub failed_attempts: u32,
    /// Not before this time the next attempt is made.
    pub next_attempt: Option<DateTime<FixedOffset>>,
    /// The last error, without secrets.
    pub last_error: Option<String>,
}

/// How the messages for one receiver stand.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// Its name in the configuration.
    pub name: String,
    /// It takes mails; otherwise it is a webhook.
    pub mail: bool,
    /// Nothing is sent now: it is held, or these are its quiet hours.
    pub quiet: bool,
    /// Messages that wait.
    pub waiting: u64,
    /// When the oldest of them was made.
    pub oldest: Option<DateTime<FixedOffset>>,
    /// Most attempts without success among them.
    pub failed_attempts: u32,
    /// Not before this time the next attempt is made.
    pub next_attempt: Option<DateTime<FixedOffset>>,
    /// What the last attempt said, without secrets.
    pub last_error: Option<String>,
}

/// What the page shows. Built in `src/http/sources.rs`.
#[derive(Debug, Clone)]
pub struct View {
    /// Every collector.
    pub collectors: Vec<CollectorRow>,
    /// The collector whose runs are listed; all of them without one.
    pub chosen: Option<CollectorName>,
    /// Newest runs first.
    pub runs: Vec<Run>,
    /// Address of older runs.
    pub older: Option<String>,
    /// The spool, where there is one.
    pub spool: Option<Spool>,
    /// Who is told of changed flags.
    pub receivers: Vec<Receiver>,
    /// Places waiting for a decision (`/review`).
    pub reviews_open: u64,
    /// Batches in quarantine (`/review`).
    pub quarantined: u64,
}

/// Draws the sources.
#[must_use]
pub fn render(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let title = lang.pick("Nguồn số liệu", "Sources");
    shell.page(
        title,
        &html! {
            h1 { (title) }
            (draw::answer(&sentence(lang, view)))
            nav.tabs aria-label=(lang.pick("Chất lượng số liệu", "Quality of data")) {
                a href=(shell.link("/review")) { (lang.pick("Chờ quyết định", "Waiting for a decision")) " (" (lang.count(view.reviews_open + view.quarantined)) ")" }
                a href=(shell.link("/completeness")) { (lang.pick("Mức đầy đủ báo cáo", "Completeness")) }
                a href=(shell.link("/claims")) { (lang.pick("Báo cáo và đo thực tế", "Claims and measurements")) }
            }
            @if let Some(spool) = &view.spool { (draw::section("spool", lang.pick("Hàng đợi gửi tới kho từ xa", "Spool to the remote store"), &spool_facts(lang, spool))) }
            (draw::section("collectors", lang.pick("Các nguồn", "Collectors"), &collectors(shell, view)))
            (draw::section("outbox", lang.pick("Thông báo gửi đi", "Messages"), &receivers(shell, view)))
            (draw::section("runs", &runs_title(lang, view), &runs(shell, view)))
        },
    )
}

fn sentence(lang: Lang, view: &View) -> String {
    let total = view.collectors.len();
    let of = |health| view.collectors.iter().filter(|row| row.health == health).count();
    let good = of(Health::Good);
    let mut said = match lang {
        Lang::Vi => format!("{good} trong {total} nguồn hoạt động bình thường"),
        Lang::En => format!("{good} of {total} sources are healthy"),
    };
    let wrong = [
        (of(Health::Overdue), lang.pick("quá hạn", "overdue")),
        (of(Health::Failing), lang.pick("đang lỗi", "failing")),
        (of(Health::Quarantined), lang.pick("chờ duyệt", "held for review")),
        (of(Health::NeverRan), lang.pick("chưa chạy", "never ran")),
        (of(Health::Paused), lang.pick("tạm dừng", "paused")),
    ];
    for (count, words) in wrong.into_iter().filter(|(count, _)| *count > 0) {
        said.push_str(&format!(", {count} {words}"));
    }
    said.push('.');
    if let Some(newest) = view.runs.iter().map(|run| run.finished).max() {
        said.push_str(&format!(
            " {} {}.",
            lang.pick("Lần chạy gần nhất:", "Newest run:"),
            lang.moment(newest)
        ));
    }
    said
}

fn collectors(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let caption = lang.pick("Các nguồn, tình trạng và lịch", "Collectors, health and schedule");
    html! {
        @if view.collectors.is_empty() {
            (draw::nothing(lang.pick("Chưa khai báo nguồn nào trong thư mục collectors.", "No source is declared in the collectors directory yet.")))
        } @else {
            div.scroll tabindex="0" role="group" aria-label=(caption) { table {
                caption.vh { (caption) }
                thead { tr {
                    th scope="col" { (lang.pick("Nguồn", "Source")) }
                    th scope="col" { (lang.pick("Tình trạng", "Health")) }
                    th scope="col" { (lang.pick("Lần chạy gần nhất", "Last run")) }
                    th.r scope="col" { (lang.pick("Dòng vào / bị trả", "Rows in / returned")) }
                    th scope="col" { (lang.pick("Lần tới", "Next")) }
                    th scope="col" { (lang.pick("Các lần trước", "Earlier runs")) }
                } }
                tbody { @for row in &view.collectors { (collector(shell, row)) } }
            } }
        }
    }
}

fn collector(shell: &Shell, row: &CollectorRow) -> Markup {
    let lang = shell.lang;
    let editor = shell.visitor.as_ref().filter(|visitor| visitor.may_edit && !shell.as_of_chosen);
    html! {
        tr {
            th scope="row" {
                a href=(shell.link(&format!("/sources?collector={}", percent_encode(row.name.as_str())))) { (row.title) }
                span.by { bdi { (row.location) } }
            }
            td {
                (draw::badge::health(lang, row.health))
                @if row.overdue_periods > 0 { span.by { (lang.pick("chậm", "late by")) " " (row.overdue_periods) " " (lang.pick("kỳ", "periods")) } }
                @if let Some(days) = row.age_days { span.by { (lang.pick("kỳ mới nhất kết thúc", "newest period ended")) " " (draw::figure::age(lang, days)) } }
            }
            td {
                @match &row.last {
                    Some(run) => {
                        a href=(shell.link(&format!("/runs/{}", run.id))) { (lang.moment(run.finished)) } " " (draw::badge::outcome(lang, run.outcome))
                        @if let Some(message) = &run.message { span.by { bdi { (message) } } }
                    }
                    None => (lang.pick("chưa chạy lần nào", "never ran")),
                }
            }
            td.r {
                @match &row.last {
                    Some(run) => { (lang.count(run.accepted.into())) " / " (lang.count(run.rejected.into())) },
                    None => (lang.pick("chưa có", "none yet")),
                }
                @if row.open_rejects > 0 { span.by { (lang.count(row.open_rejects.into())) " " (lang.pick("chỗ cần sửa", "to mend")) } }
            }
            td {
                @match row.next { Some(next) => (lang.moment(next)), None => (lang.pick("không theo lịch", "not scheduled")) }
                span.by { (row.schedule) }
                @if let Some(visitor) = editor {
                    form method="post" action={ "/sources/" (percent_encode(row.name.as_str())) "/run" } {
                        input type="hidden" name="csrf" value=(visitor.csrf);
                        button { (lang.pick("Chạy ngay", "Run now")) }
                    }
                }
            }
            td { (recent(lang, &row.recent)) }
        }
    }
}

/// Outcomes as small signs, oldest first, with their words for those who hear them.
fn recent(lang: Lang, outcomes: &[Outcome]) -> Markup {
    html! {
        ol.recent {
            @for outcome in outcomes {
                li class={ "st o-" (outcome.as_str()) } title=(words::outcome(lang, *outcome)) { span.vh { (words::outcome(lang, *outcome)) } }
            }
        }
    }
}

fn runs_title(lang: Lang, view: &View) -> String {
    match &view.chosen {
        Some(name) => format!("{}: {}", lang.pick("Các lần chạy", "Runs"), title_of(view, name)),
        None => lang.pick("Các lần chạy gần đây", "Newest runs").to_owned(),
    }
}

/// What people call a collector; its id where it is not configured any more.
fn title_of<'a>(view: &'a View, name: &'a CollectorName) -> &'a str {
    let row = view.collectors.iter().find(|row| row.name == *name);
    row.map_or(name.as_str(), |row| row.title.as_str())
}

fn runs(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let columns = vec![
        Column::new("run", lang.pick("Lần chạy", "Run"), Kind::Text),
        Column::new("finished", lang.pick("Xong lúc", "Finished"), Kind::Date),
        Column::new("outcome", lang.pick("Kết quả", "Outcome"), Kind::Text),
        Column::new("read", lang.pick("Đọc", "Read"), Kind::Number),
        Column::new("accepted", lang.pick("Nhận", "Accepted"), Kind::Number),
        Column::new("rejected", lang.pick("Trả lại", "Rejected"), Kind::Number),
        Column::new("file", lang.pick("Tệp", "File"), Kind::Text),
    ];
    let rows = view.runs.iter().map(|run| {
        Row::new(vec![
            Cell::Link(Link::new(
                format!("{} · {}", run.id, title_of(view, &run.collector)),
                format!("/runs/{}", run.id),
            )),
            Cell::Moment(run.finished),
            Cell::Outcome(run.outcome),
            Cell::Count(run.read.into()),
            Cell::Count(run.accepted.into()),
            Cell::Count(run.rejected.into()),
            run.file.clone().map_or(Cell::Absent(Absence::NotApplicable), Cell::Text),
        ])
    });
    let table = Table {
        caption: runs_title(lang, view),
        rows: rows.collect(),
        columns,
        empty: lang.pick("Chưa có lần chạy nào.", "There are no runs yet.").to_owned(),
        ..Table::default()
    };
    html! {
        (draw::table::table(shell, &table))
        @if let Some(older) = &view.older { p.more { a href=(shell.link(older)) { (lang.pick("Các lần cũ hơn", "Older runs")) } } }
    }
}

fn receivers(shell: &Shell, view: &View) -> Markup {
    let lang = shell.lang;
    let columns = vec![
        Column::new("receiver", lang.pick("Nơi nhận", "Receiver"), Kind::Text),
        Column::new("waiting", lang.pick("Đang chờ", "Waiting"), Kind::Number),
        Column::new("oldest", lang.pick("Cũ nhất", "Oldest"), Kind::Date),
        Column::new("failed", lang.pick("Lần chưa gửi được", "Failures"), Kind::Number),
        Column::new("next", lang.pick("Gửi lại", "Next attempt"), Kind::Date),
        Column::new("error", lang.pick("Lỗi gần nhất", "Last error"), Kind::Text),
    ];
    let nothing = || Cell::Absent(Absence::NotApplicable);
    let rows = view.receivers.iter().map(|one| {
        let kind = if one.mail { lang.pick("thư điện tử", "mail") } else { "webhook" };
        let quiet = if one.quiet { lang.pick(", đang giữ lại", ", held now") } else { "" };
        Row::new(vec![
            Cell::Text(format!("{} ({kind}{quiet})", one.name)),
            Cell::Count(one.waiting),
            one.oldest.map_or_else(nothing, Cell::Moment),
            Cell::Count(one.failed_attempts.into()),
            one.next_attempt.map_or_else(nothing, Cell::Moment),
            one.last_error.clone().map_or_else(nothing, Cell::Text),
        ])
    });
    let table = Table {
        caption: lang.pick("Thông báo chờ gửi theo nơi nhận", "Waiting messages by receiver").to_owned(),
        rows: rows.collect(),
        columns,
        ..Table::default()
    };
    html! { @if !table.rows.is_empty() { (draw::table::table(shell, &table)) } }
}

fn spool_facts(lang: Lang, spool: &Spool) -> Markup {
    let points = lang.pick("điểm số liệu", "points");
    html! {
        dl.facts {
            div { dt { (lang.pick("Đang chờ", "Waiting")) } dd {
                (lang.count(spool.batches)) " " (lang.pick("lô", "batches")) ", " (lang.count(spool.points)) " / " (lang.count(spool.capacity_points)) " " (points)
            } }
            div { dt { (lang.pick("Lô cũ nhất", "Oldest batch")) } dd {
                @match spool.oldest_age_s {
                    Some(seconds) => { (lang.count(seconds.div_ceil(60))) " " (lang.pick("phút", "minutes")) },
                    None => (lang.pick("không có", "none")),
                }
            } }
            div { dt { (lang.pick("Lỗi gần nhất", "Last error")) } dd {
                @match &spool.last_error { Some(error) => bdi { (error) }, None => (lang.pick("không có", "none")) }
            } }
            @if let Some(next) = spool.next_attempt {
                div { dt { (lang.pick("Gửi lại", "Next attempt")) } dd {
                    (lang.moment(next)) " (" (lang.count(u64::from(spool.failed_attempts))) " " (lang.pick("lần chưa gửi được", "failures so far")) ")"
                } }
            }
        }
    }
}
