//! Answers in exactly the shapes InfluxDB 2.7 gives them, and its set-up: what it says is read, refused with a sentence,
//! or given by the catalogue instead; never half, never a panic.

use gapwatch_model::PlaceIx;
use gapwatch_store::{InfluxOptions, PlaceSet, Query, Store, StoreError, StoreOptions};
use proptest::{
    prelude::{any, prop_assert},
    sample::Index,
    test_runner::{Config, TestRunner},
};

use super::{
    double::{Answer, Double},
    kit::{batch, day, frame, key, latest, nth_noon, places, revisions, values},
};

/// Columns of our records in the order the server gives them: that of the alphabet, after its own two.
const COLUMNS: [&str; 22] = [
    "at",
    "d",
    "evidence",
    "hm",
    "kind",
    "m",
    "measuring_point",
    "off",
    "operator",
    "organisation",
    "pl",
    "place",
    "q",
    "ratio",
    "rev",
    "row",
    "run",
    "s",
    "source",
    "t",
    "technology",
    "v",
];

/// Annotations and names of a table with these text columns.
fn head(columns: &[&str]) -> String {
    let each = |text: &str| format!(",{text}").repeat(columns.len());
    format!(
        "#datatype,string,long{}\r\n#group,false,false{}\r\n#default,_result,{}\r\n,result,table,{}\r\n",
        each("string"),
        each("false"),
        each(""),
        columns.join(",")
    )
}

/// One record of January 2024 as it stands, in table `table`.
fn row_of(columns: &[&str], table: u32, place: u32, value: &str) -> String {
    let cell = |column: &&str| match *column {
        "at" => "1707282000000000000".to_owned(),
        "evidence" => "claimed".to_owned(),
        "kind" => "month".to_owned(),
        "m" => "%".to_owned(),
        "off" => "25200".to_owned(),
        "pl" => super::kit::bearer(place).to_string(),
        "place" => place.to_string(),
        "rev" => "now".to_owned(),
        "row" => (place + 2).to_string(),
        "run" => "1".to_owned(),
        "s" => "-1".to_owned(),
        "source" => "\"khảo sát, \"\"đợt\"\" 2\"".to_owned(),
        "t" => "2024-01-31T00:00:00.000000000Z".to_owned(),
        "v" => value.to_owned(),
        "measuring_point" | "operator" | "organisation" | "technology" => String::new(),
        _ => "0".to_owned(),
    };
    format!(",,{table},{}\r\n", columns.iter().map(cell).collect::<Vec<_>>().join(","))
}

fn row(table: u32, place: u32, value: &str) -> String {
    row_of(&COLUMNS, table, place, value)
}

/// What the server appends when it fails after the first bytes went out with a 200.
const FAILED: &str = "\r\n#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n\
    ,\"failed to execute query: memory allocation limit reached, \"\"sort\"\"\",\r\n";

fn with_server(dir: &tempfile::TempDir, influx: InfluxOptions) -> Store {
    let options = StoreOptions { influx: Some(influx), ..StoreOptions::default() };
    let store = Store::open(&dir.path().join("gapwatch.sqlite"), &options).unwrap();
    store.put_places(&places(20), &[], nth_noon(0)).unwrap();
    store
}

/// A store whose two points are at the server already.
fn delivered(dir: &tempfile::TempDir, server: &Double) -> Store {
    let store = with_server(dir, server.options());
    let said = frame(key("a", "202401", "khảo sát, \"đợt\" 2"), &[(1, 1.0), (2, 0.5)]);
    store.append(&batch(nth_noon(37), vec![said])).unwrap();
    server.will([Answer::Taken]);
    assert_eq!(store.deliver(nth_noon(41)).unwrap().points, 2);
    store
}

/// Places and amounts of an answer, and why it did not come from the server.
fn ask(store: &Store) -> (Vec<(u32, f64)>, Option<String>) {
    let found = values(store.series(), &Query::new("a".into()));
    let found = found.iter().map(|o| (o.point.place.0, o.point.value.amount().unwrap())).collect();
    (found, store.spool().unwrap().unwrap().local_because)
}

#[test]
fn tables_of_a_real_server_are_read() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = delivered(&dir, &server);
    let head = head(&COLUMNS);
    let reversed: Vec<&str> = COLUMNS.into_iter().rev().collect();
    let turned = format!("{}{}", self::head(&reversed), row_of(&reversed, 1, 2, "8"));
    for (what, answer, wanted) in [
        (
            "one table",
            format!("{head}{}{}\r\n", row(0, 1, "7.5"), row(0, 2, "-1")),
            vec![(1, 7.5), (2, -1.0)],
        ),
        (
            "tables of one shape",
            format!("{head}{}{}\r\n", row(0, 1, "7"), row(1, 2, "8")),
            vec![(1, 7.0), (2, 8.0)],
        ),
        (
            "tables of two shapes",
            format!("{head}{}\r\n{turned}\r\n", row(0, 1, "7")),
            vec![(1, 7.0), (2, 8.0)],
        ),
        ("an empty table before another", format!("{head}\r\n{head}{}\r\n", row(1, 2, "8")), vec![(2, 8.0)]),
        ("an empty table alone", format!("{head}\r\n"), vec![]),
        ("no table", "\r\n".to_owned(), vec![]),
        (
            "numbers as the server writes them",
            format!("{head}{}{}\r\n", row(0, 1, "100000000000000000000"), row(0, 2, "0.0000001")),
            vec![(1, 1e20), (2, 1e-7)],
        ),
        (
            "a default where a cell is empty",
            format!(
                "{}{}\r\n",
                head.replacen("#default,_result,", "#default,_result,0", 1),
                row(0, 1, "7").replacen(",,0,", ",,,", 1)
            ),
            vec![(1, 7.0)],
        ),
    ] {
        server.will([Answer::Csv(answer)]);
        assert_eq!(ask(&store), (wanted, None), "{what}");
    }
    let found = {
        server.will([Answer::Csv(format!("{head}{}\r\n", row(0, 1, "7.5")))]);
        values(store.series(), &Query::new("a".into()))
    };
    assert_eq!(found[0].head.key.source.as_str(), "khảo sát, \"đợt\" 2");
    assert_eq!(found[0].head.recorded_at.to_rfc3339(), "2024-02-07T12:00:00+07:00");
}

#[test]
fn a_server_that_answers_beyond_the_days_asked_for_is_sifted() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = with_server(&dir, server.options());
    let said = ["1925", "1965", "202401"].map(|period| frame(key("a", period, "survey"), &[(1, 1.0)]));
    store.append(&batch(nth_noon(37), said.to_vec())).unwrap();
    server.will([Answer::Taken]);
    assert_eq!(store.deliver(nth_noon(41)).unwrap().points, 3);
    let of = |year: &str| {
        row(0, 1, "1").replace("2024-01-31T", &format!("{year}-12-31T")).replace(",month,", ",year,")
    };
    // Until 2.7.7 a range that ends before 1970 is answered with everything.
    let all = || Answer::Csv(format!("{}{}{}{}\r\n", head(&COLUMNS), of("1925"), of("1965"), row(0, 1, "1")));
    let days = Some((day("1960-01-01"), day("1965-12-31")));
    let query = Query { days, ..Query::new("a".into()) };
    let periods = |found: Vec<gapwatch_model::Observation>| {
        found.iter().map(|o| o.head.key.period.to_string()).collect::<Vec<_>>()
    };
    server.will([all()]);
    assert_eq!(periods(values(store.series(), &query)), ["1965"]);
    server.will([all()]);
    assert_eq!(periods(latest(store.series(), &query)), ["1965"]);
    let columns = [
        "den",
        "evidence",
        "kind",
        "n",
        "none",
        "num",
        "operator",
        "organisation",
        "r",
        "source",
        "sum",
        "t",
    ];
    let columns = [&columns[..], &["measuring_point", "technology", "c0"]].concat();
    let sum_of = |year: &str| {
        row_of(&columns, 0, 1, "")
            .replace("2024-01-31T", &format!("{year}-12-31T"))
            .replace(",month,", ",year,")
    };
    server.will([Answer::Csv(format!("{}{}{}\r\n", head(&columns), sum_of("1965"), sum_of("2024")))]);
    let sums = store.series().summary(&query, &[]).unwrap();
    assert_eq!(sums.iter().map(|sum| sum.period.to_string()).collect::<Vec<_>>(), ["1965"]);
    assert_eq!(store.spool().unwrap().unwrap().local_because, None);
    let asked = server.requests().len();
    server.will([all()]);
    assert_eq!(periods(revisions(store.series(), &Query::new("a".into()))), ["1925", "1965", "202401"]);
    assert_eq!(ranges_asked(&server, asked), [(day("1925-12-31"), day("2024-02-01"))]);
    // Copying knows of no records beforehand: even pieces, but all days of before 1970 at once.
    let edge = |day: &str| Answer::Csv(format!("{},,0,{day}T00:00:00.000000000Z\r\n\r\n", head(&["t"])));
    server.will([Answer::Taken, edge("1925-12-31"), edge("2024-01-31")]);
    server.will(vec![Answer::Csv("\r\n".to_owned()); 500]);
    let asked = server.requests().len() + 3;
    let error = store.copy_to_server(&mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("the server says 0 points"), "{error}");
    let ranges = ranges_asked(&server, asked);
    assert_eq!(ranges[0], (day("1925-12-31"), day("1970-01-02")));
    assert!(
        ranges.windows(2).all(|pair| pair[0].1 == pair[1].0),
        "nothing twice, nothing left out: {ranges:?}"
    );
    assert_eq!((ranges.len(), ranges.last().unwrap().1), (397, day("2024-02-01")));
    assert_eq!(store.spool().unwrap().unwrap().local_because, None);
}

#[test]
fn long_answers_are_asked_for_in_pieces() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = with_server(&dir, InfluxOptions { spool_points: 100_000, ..server.options() });
    store.put_places(&places(200), &[], nth_noon(0)).unwrap();
    let points: Vec<(u32, f64)> = (0..200).map(|place| (place, 1.0)).collect();
    let of_day = |number: u64| {
        let period = (day("2024-01-01") + chrono::Days::new(number)).format("%Y%m%d").to_string();
        frame(key("a", &period, "survey"), &points)
    };
    // Nothing is said of the days 100 to 199.
    store.append(&batch(nth_noon(400), (0..100).chain(200..400).map(of_day).collect())).unwrap();
    server.will(vec![Answer::Taken; 12]);
    while store.deliver(nth_noon(401)).unwrap().frames > 0 {}
    let mut pieces = 0;
    let asked = server.requests().len();
    server.will([
        Answer::Csv(format!("{}{}\r\n", head(&COLUMNS), row(0, 1, "1"))),
        Answer::Csv("\r\n".to_owned()),
    ]);
    store.series().values(&Query::new("a".into()), &mut |_, _| pieces += 1).unwrap();
    assert_eq!((pieces, store.spool().unwrap().unwrap().local_because), (1, None));
    // Of 200 places 250 days are 50,000 records.
    let (first, last) = (day("2024-01-01"), day("2024-01-01") + chrono::Days::new(400));
    let cut = first + chrono::Days::new(350);
    assert_eq!(ranges_asked(&server, asked), [(first, cut), (cut, last)]);
    // A server that does not answer one question is not asked the next.
    server.will([Answer::Status(503, "later"), Answer::Csv("\r\n".to_owned())]);
    assert_eq!(values(store.series(), &Query::new("a".into())).len(), 60_000);
    assert_eq!(ranges_asked(&server, asked + 2), [(first, cut)]);
    assert!(store.spool().unwrap().unwrap().local_because.is_some());
    // Of one place all days are one question.
    let one = Query { places: Some([PlaceIx(7)].into_iter().collect()), ..Query::new("a".into()) };
    assert_eq!(values(store.series(), &one), []);
    assert_eq!(ranges_asked(&server, asked + 3), [(first, last)]);
}

/// First days of the ranges asked for since a request, and the days behind their ends.
fn ranges_asked(server: &Double, since: usize) -> Vec<(chrono::NaiveDate, chrono::NaiveDate)> {
    let range = |body: &str| {
        let of = |name: &str| day(body.split(name).nth(1).unwrap().get(..10).unwrap());
        (of("start: "), of("stop: "))
    };
    server.requests()[since..].iter().map(|request| range(&request.body)).collect()
}

#[test]
fn what_no_server_can_hold_is_refused_before_it_stops_the_queue() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = with_server(&dir, server.options());
    for period in ["1677", "2262", "226201"] {
        let said = frame(key("a", period, "survey"), &[(1, 1.0)]);
        let error = store.append(&batch(nth_noon(37), vec![said])).unwrap_err();
        let said =
            format!("time `{period}` is outside of what can be kept, expected a year from 1678 to 2261");
        assert_eq!(error.to_string(), said);
    }
    let mut long = frame(key("a", "202401", "survey"), &[(1, 1.0)]);
    long.key.dimensions.organisation = Some(",".repeat(30_000).into());
    let error = store.append(&batch(nth_noon(37), vec![long.clone()])).unwrap_err();
    let named =
        "the source with its dimensions of `a` takes `60113` bytes at InfluxDB, expected at most `60000`";
    assert_eq!(error.to_string(), named);
    long.key.dimensions.organisation = None;
    long.key.method = Some("\"".repeat(20_001).into());
    let error = store.append(&batch(nth_noon(37), vec![long])).unwrap_err();
    let named = "the method of `a` takes `60003` bytes at InfluxDB, expected at most `60000`";
    assert_eq!(error.to_string(), named);
    assert_eq!(store.spool().unwrap().unwrap().frames, 0);
    for period in ["1678", "2261"] {
        store.append(&batch(nth_noon(37), vec![frame(key("a", period, "survey"), &[(1, 1.0)])])).unwrap();
    }
    server.will([Answer::Taken]);
    assert_eq!(store.deliver(nth_noon(41)).unwrap().points, 2);
}

#[test]
fn who_asks_for_nothing_asks_no_server() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = delivered(&dir, &server);
    let base = Query::new("a".into());
    for query in [
        Query { places: Some(PlaceSet::default()), ..base.clone() },
        Query { sources: Some(Vec::new()), ..base.clone() },
        Query { evidence: Some(Vec::new()), ..base.clone() },
        Query { days: Some((day("2030-01-01"), day("2030-12-31"))), ..base.clone() },
        Query::new("nothing".into()),
    ] {
        assert_eq!(values(store.series(), &query), [], "{query:?}");
        assert_eq!(store.series().summary(&query, &[]).unwrap(), [], "{query:?}");
    }
    assert_eq!(server.requests().len(), 1, "only the delivery");
}

#[test]
fn the_server_sums_wherever_its_question_can_name_the_places() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = with_server(&dir, InfluxOptions { spool_points: 10_000, ..server.options() });
    store.put_places(&places(200), &[], nth_noon(0)).unwrap();
    let points: Vec<(u32, f64)> = (1..180).map(|place| (place, 1.0)).collect();
    store.append(&batch(nth_noon(37), vec![frame(key("a", "202401", "survey"), &points)])).unwrap();
    server.will([Answer::Taken]);
    store.deliver(nth_noon(41)).unwrap();
    let question = |wanted: fn(u32) -> bool| {
        let places = (0..200).filter(|place| wanted(*place)).map(PlaceIx).collect();
        server.will([Answer::Csv("\r\n".to_owned())]);
        store.series().summary(&Query { places: Some(places), ..Query::new("a".into()) }, &[]).unwrap();
        assert_eq!(store.spool().unwrap().unwrap().local_because, None);
        server.requests().last().unwrap().body.clone()
    };
    // Place 0 and those from 180 on were never spoken of, so nobody needs to leave them out.
    let all = question(|place| place > 0);
    assert!(
        all.contains("|> reduce(") && !all.contains("r.place !=") && !all.contains("r.place =="),
        "{all}"
    );
    let but_two = question(|place| place != 7 && place != 9);
    assert!(but_two.contains(r#"r.place != \"7\" and r.place != \"9\""#), "{but_two}");
    let few = question(|place| place == 7 || place == 199);
    assert!(few.contains("|> reduce(") && few.contains(r#"r.place == \"7\" or r.place == \"199\""#), "{few}");
    let half = question(|place| place % 2 == 0);
    assert!(!half.contains("|> reduce(") && !half.contains("r.place !="), "{half}");
}

#[test]
fn half_an_answer_is_no_answer() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = delivered(&dir, &server);
    let head = head(&COLUMNS);
    let lacking: Vec<&str> = COLUMNS.into_iter().filter(|column| *column != "v").collect();
    let without = format!("{}{}\r\n", self::head(&lacking), row_of(&lacking, 0, 1, ""));
    let failed = "failed to execute query: memory allocation limit reached, \"sort\"";
    for (what, answer, because) in [
        ("an error after records", format!("{head}{}{FAILED}", row(0, 1, "7.5")), failed),
        ("an error alone", FAILED.to_owned(), failed),
        ("an error with a reference", FAILED.replace("\",\r\n", "\",897\r\n"), failed),
        (
            "an error without a word",
            FAILED.split(",\"failed").next().unwrap().to_owned() + ",,\r\n",
            "unknown query error",
        ),
        ("a column that is missing", without, "column `v` is missing"),
        (
            "a number that is none",
            format!("{head}{}\r\n", row(0, 1, "NaN?")),
            "`NaN?` in column `v` is no number",
        ),
        (
            "a row that is cut",
            format!("{head}{}", row(0, 1, "7.5").split_at(40).0),
            "different number of columns",
        ),
        (
            "a type nobody knows",
            head.replacen("string,string", "string,decimal", 1),
            "unknown datatype: decimal",
        ),
        (
            "names without types",
            head.split_once("\r\n").unwrap().1.to_owned(),
            "datatype annotation not found",
        ),
        (
            "a value beyond the numbers",
            format!("{head}{}\r\n", row(0, 1, "inf")),
            "`inf` in column `v` is no number",
        ),
    ] {
        server.will([Answer::Csv(answer)]);
        let (found, why) = ask(&store);
        assert_eq!(found, [(1, 1.0), (2, 0.5)], "{what}: the catalogue answers");
        assert!(why.as_deref().is_some_and(|why| why.contains(because)), "{what}: {why:?}");
    }
}

#[test]
fn no_answer_makes_the_store_give_up() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = delivered(&dir, &server);
    let whole = format!("{}{}{}{FAILED}", head(&COLUMNS), row(0, 1, "7.5"), row(1, 2, "8"));
    let mut places: Vec<usize> = whole.char_indices().map(|(at, _)| at).collect();
    // Damage where a row begins hits the cells that are no text.
    let starts: Vec<usize> = whole.match_indices("\r\n,").flat_map(|(at, _)| at + 2..at + 8).collect();
    places.extend(starts.repeat(20));
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(256) });
    let damage = (any::<Index>(), "[,\"#\r\n0-9a-z]{0,8}");
    let run = runner.run(&damage, |(cut, put)| {
        let (before, after) = whole.split_at(*cut.get(&places));
        server.will([Answer::Csv(format!("{before}{put}{after}")), Answer::Csv(format!("{before}{put}"))]);
        for _ in 0..2 {
            let (found, because) = ask(&store);
            prop_assert!(because.is_none() || found == [(1, 1.0), (2, 0.5)], "{because:?}: {found:?}");
        }
        Ok(())
    });
    run.unwrap();
}

/// What the server says of a bucket.
fn bucket(seconds: u64) -> Answer {
    let text = format!(
        "{{\"links\":{{\"self\":\"/api/v2/buckets?name=gapwatch\"}},\"buckets\":[{{\"id\":\"7a5bb1a4f5a4f5aa\",\
         \"orgID\":\"2f6f9a0d5b0e1c3d\",\"type\":\"user\",\"name\":\"gapwatch\",\"retentionRules\":[{{\"type\":\"expire\",\
         \"everySeconds\":{seconds},\"shardGroupDurationSeconds\":604800}}],\"createdAt\":\"2025-11-21T08:00:00.123456789Z\",\
         \"updatedAt\":\"2025-11-21T08:00:00.123456789Z\",\"links\":{{\"labels\":\"/api/v2/buckets/7a5bb1a4f5a4f5aa/labels\",\
         \"members\":\"/m\",\"org\":\"/o\",\"owners\":\"/w\",\"self\":\"/s\",\"write\":\"/w\"}},\"labels\":[]}}]}}"
    );
    Answer::Csv(text)
}

const ORGANISATION: &str = "{\"links\":{\"self\":\"/api/v2/orgs\"},\"orgs\":[{\"links\":{\"buckets\":\"/b\",\"self\":\"/s\"},\
    \"id\":\"2f6f9a0d5b0e1c3d\",\"name\":\"tinh\",\"description\":\"\",\"createdAt\":\"2025-11-21T08:00:00Z\",\
    \"updatedAt\":\"2025-11-21T08:00:00Z\"}]}";

#[test]
fn the_bucket_is_made_once_for_ever() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = with_server(&dir, server.options());
    let no_bucket = "{\"code\":\"not found\",\"message\":\"bucket \\\"gapwatch\\\" not found\"}";
    server.will([
        Answer::Status(404, no_bucket),
        Answer::Csv(ORGANISATION.to_owned()),
        Answer::Status(201, "{}"),
        bucket(0),
        bucket(2_592_000),
    ]);
    assert!(store.init_server().unwrap());
    assert!(!store.init_server().unwrap());
    let error = store.init_server().unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot set up the InfluxDB bucket: the bucket `gapwatch` keeps points for `2592000` seconds, \
         expected one that keeps them for ever"
    );
    let requests = server.requests();
    let lines: Vec<&str> = requests.iter().map(|request| request.line.as_str()).collect();
    assert_eq!(
        lines[..3],
        [
            "GET /api/v2/buckets?name=gapwatch&org=tinh HTTP/1.1",
            "GET /api/v2/orgs?org=tinh HTTP/1.1",
            "POST /api/v2/buckets HTTP/1.1"
        ]
    );
    let asked: serde_json::Value = serde_json::from_str(&requests[2].body).unwrap();
    let wanted = serde_json::json!({
        "orgID": "2f6f9a0d5b0e1c3d",
        "name": "gapwatch",
        "retentionRules": [{ "type": "expire", "everySeconds": 0, "shardGroupDurationSeconds": 31_449_600 }]
    });
    assert_eq!(asked, wanted);
    let none = ORGANISATION.replace("\"name\":\"tinh\"", "\"name\":\"khác\"");
    server.will([Answer::Status(404, no_bucket), Answer::Csv(none)]);
    let error = store.init_server().unwrap_err();
    assert_eq!(error.to_string(), "cannot set up the InfluxDB bucket: there is no organisation `tinh`");
    server.will([Answer::Status(401, "{\"code\":\"unauthorized\",\"message\":\"unauthorized access\"}")]);
    let error = store.init_server().unwrap_err();
    assert!(matches!(error, StoreError::Server { status: Some(401), .. }), "{error}");
}

#[test]
fn everything_of_a_server_comes_back_and_a_stopped_copy_goes_on() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = with_server(&dir, server.options());
    let names = || Answer::Csv(format!("{},,0,a\r\n,,0,b\r\n\r\n", head(&["_value"])));
    let edge = || Answer::Csv(format!("{},,0,2024-01-31T00:00:00.000000000Z\r\n\r\n", head(&["t"])));
    let of_a = || Answer::Csv(format!("{}{}{}\r\n", head(&COLUMNS), row(0, 1, "7.5"), row(0, 2, "8")));
    let of_b = || Answer::Csv(format!("{}{}\r\n", head(&COLUMNS), row(0, 3, "9")));
    server.will([names(), edge(), edge(), of_a(), Answer::Status(503, "later")]);
    let error = store.copy_from_server(&mut |_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Server { status: Some(503), .. }), "{error}");
    let kept = revisions(super::kit::open(&dir).series(), &Query::new("a".into()));
    assert_eq!(kept.len(), 2, "what came before the stop is kept");
    // What was brought before the stop is not asked for again, only for the proof.
    server.will([names(), edge(), edge(), of_b()]);
    server.will([edge(), edge(), of_a(), edge(), edge(), of_b()]);
    let mut steps = Vec::new();
    let moved = store.copy_from_server(&mut |progress| steps.push((progress.done, progress.of))).unwrap();
    assert_eq!((moved.written, moved.proved, steps), (1, 3, vec![(1, 2), (2, 2)]));
    // The runs behind the figures are not here, but their numbers are taken.
    let next = store.append(&batch(nth_noon(90), Vec::new())).unwrap();
    assert_eq!(next.run, gapwatch_model::RunId(2));
    let asked = &server.requests()[0].body;
    assert!(asked.contains("schema.measurements"), "{asked}");
    // Where other places bear the numbers nothing is taken.
    let dir = tempfile::tempdir().unwrap();
    let store = with_server(&dir, server.options());
    let moved =
        row(0, 1, "7.5").replace(&super::kit::bearer(1).to_string(), &super::kit::bearer(2).to_string());
    server.will([names(), edge(), edge(), Answer::Csv(format!("{}{moved}\r\n", head(&COLUMNS)))]);
    let error = store.copy_from_server(&mut |_| ()).unwrap_err();
    assert!(matches!(error, StoreError::OtherPlace { place: PlaceIx(1), .. }), "{error}");
    assert_eq!(revisions(super::kit::open(&dir).series(), &Query::new("a".into())), []);
}
