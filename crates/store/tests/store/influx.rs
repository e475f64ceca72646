//! The way to InfluxDB and back: what is queued arrives once, in order, whatever the server does; answers in every shape
//! are read, refused with a sentence, or given by the catalogue instead.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use chrono::TimeDelta;
use gapwatch_model::{Dimensions, Evidence, PlaceIx, RunId};
use gapwatch_store::{Delivery, InfluxOptions, Query, Secret, Store, StoreError, StoreOptions};

use super::{
    double::{Answer, Double},
    kit::{batch, frame, key, latest, nth_noon, places, values},
    upkeep::sql,
};

fn open(dir: &tempfile::TempDir, influx: InfluxOptions) -> Store {
    let options = StoreOptions { influx: Some(influx), ..StoreOptions::default() };
    let store = Store::open(&dir.path().join("gapwatch.sqlite"), &options).unwrap();
    store.put_places(&places(20), &[], nth_noon(0)).unwrap();
    store
}

fn say(store: &Store, day: u64, points: &[(u32, f64)]) {
    store.append(&batch(nth_noon(day), vec![frame(key("a", "202401", "survey"), points)])).unwrap();
}

#[test]
fn what_is_queued_arrives_in_order_and_once() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = open(&dir, server.options());
    say(&store, 40, &[(1, 1.0), (2, 0.5)]);
    say(&store, 41, &[(1, 2.0)]);
    let waiting = store.spool().unwrap().unwrap();
    assert_eq!((waiting.frames, waiting.points, waiting.oldest), (2, 3, Some(nth_noon(40))));
    server.will([Answer::Taken]);
    let done = store.deliver(nth_noon(42)).unwrap();
    assert_eq!((done.frames, done.error), (2, None));
    assert_eq!(store.spool().unwrap().unwrap().frames, 0);
    assert_eq!(store.deliver(nth_noon(43)).unwrap().frames, 0);
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].line, "POST /api/v2/write?bucket=gapwatch&org=tinh&precision=ns HTTP/1.1");
    assert_eq!(requests[0].authorization, "Token s3cret");
    let lines: Vec<&str> = requests[0].body.lines().collect();
    // What place 1 said first is kept under `rev=0`; what it says since stands.
    let old = "a,block=0,evidence=claimed,kind=month,place=1,rev=0,source=survey ratio=0i,v=1,d=0,q=0i,s=-1i,pl=2511198554i,row=3i,run=1i,";
    let new = "a,block=0,evidence=claimed,kind=month,place=1,rev=now,source=survey ratio=0i,v=2,d=0,q=0i,s=-1i,pl=2511198554i,row=3i,run=2i,";
    assert!(lines[0].starts_with(old), "{}", lines[0]);
    assert!(lines[1].starts_with(new), "{}", lines[1]);
    assert!(lines[2].contains("place=2,rev=now"), "{}", lines[2]);
    assert!(lines.iter().all(|line| line.ends_with(" 1706659200000000000")), "{lines:?}");
}

#[test]
fn a_failing_server_loses_nothing_and_is_left_in_peace() {
    for (answer, why) in [
        (Answer::Status(500, "internal"), "the server answered 500: internal"),
        (Answer::Status(429, "slow down"), "the server answered 429: slow down"),
        (Answer::Status(401, "who are you"), "the server answered 401: who are you"),
        (Answer::Hang, "no answer within 300 ms"),
        (Answer::Half, ""),
    ] {
        let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
        let options = InfluxOptions { timeout_ms: 300, ..server.options() };
        let store = open(&dir, options.clone());
        say(&store, 40, &[(1, 1.0), (2, 0.5)]);
        server.will([answer.clone(), Answer::Taken]);
        let done = store.deliver(nth_noon(41)).unwrap();
        assert!(done.error.as_deref().is_some_and(|error| error.contains(why)), "{answer:?}: {done:?}");
        drop(store);
        // A restart forgets neither the queue nor the wait.
        let store = open(&dir, options);
        let status = store.spool().unwrap().unwrap();
        assert_eq!((status.frames, status.attempts, status.error), (1, 1, done.error));
        let next = status.next.unwrap();
        assert!(next > nth_noon(41) && next <= nth_noon(41) + TimeDelta::seconds(2), "{next}");
        assert_eq!(store.deliver(nth_noon(41)).unwrap().frames, 0);
        assert_eq!(server.requests().len(), 1, "{answer:?}: it was asked again too early");
        assert_eq!(store.deliver(next).unwrap().frames, 1);
        let requests = server.requests();
        assert_eq!(requests[0].body, requests[1].body);
        let status = store.spool().unwrap().unwrap();
        assert_eq!((status.frames, status.attempts, status.error, status.next), (0, 0, None, None));
    }
}

#[test]
fn a_full_spool_refuses_the_batch_whole() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = open(&dir, InfluxOptions { spool_points: 3, ..server.options() });
    say(&store, 40, &[(1, 1.0), (2, 0.5)]);
    let more = batch(nth_noon(41), vec![frame(key("b", "202401", "survey"), &[(1, 1.0), (2, 0.5)])]);
    let error = store.append(&more).unwrap_err();
    assert_eq!(
        error.to_string(),
        "4 points would wait for InfluxDB, expected at most `3`; the server must take some first"
    );
    assert_eq!(store.run(RunId(2)).unwrap(), None);
    assert_eq!(values(store.series(), &Query::new("b".into())), []);
    server.will([Answer::Taken]);
    store.deliver(nth_noon(42)).unwrap();
    assert_eq!(store.append(&more).unwrap().counts.imported, 2);
}

#[test]
fn a_lowered_bound_refuses_only_what_adds_something() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    say(&open(&dir, server.options()), 40, &[(1, 1.0), (2, 0.5)]);
    let store = open(&dir, InfluxOptions { spool_points: 1, ..server.options() });
    let again = |value| batch(nth_noon(41), vec![frame(key("a", "202401", "survey"), &[(1, value)])]);
    assert_eq!(store.append(&again(1.0)).unwrap().counts.ignored, 1);
    assert!(matches!(store.append(&again(2.0)), Err(StoreError::SpoolFull { waiting: 3, most: 1 })));
}

#[test]
fn a_damaged_frame_is_an_error_that_is_said_and_waits() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = open(&dir, server.options());
    say(&store, 40, &[(1, 1.0), (2, 0.5)]);
    sql(&dir, "UPDATE frame SET body = CAST(substr(body, 1, 9) || x'55' || substr(body, 11) AS BLOB)");
    let why = "frame `1` of run `1` is damaged: its checksum does not match";
    assert_eq!(store.deliver(nth_noon(41)).unwrap().error.as_deref(), Some(why));
    let status = store.spool().unwrap().unwrap();
    assert_eq!((status.attempts, status.error.as_deref()), (1, Some(why)));
    assert!(status.next.is_some_and(|next| next > nth_noon(41)));
    assert_eq!(store.deliver(nth_noon(41)).unwrap().error, None, "it was tried again too early");
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn one_call_makes_no_more_than_twenty_requests() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = open(&dir, InfluxOptions { spool_points: 1_000_000, ..server.options() });
    store.put_places(&places(5_001), &[], nth_noon(0)).unwrap();
    let points: Vec<(u32, f64)> = (1..5_001).map(|place| (place, 1.0)).collect();
    let frames = (2001..2022).map(|year| frame(key("a", &year.to_string(), "survey"), &points));
    store.append(&batch(nth_noon(40), frames.collect())).unwrap();
    server.will(std::iter::repeat_n(Answer::Taken, 21));
    let delivered = || store.deliver(nth_noon(41)).unwrap().points;
    assert_eq!([delivered(), delivered(), delivered()], [100_000, 5_000, 0]);
}

#[test]
fn while_another_process_delivers_nothing_is_sent() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = open(&dir, server.options());
    say(&store, 40, &[(1, 1.0)]);
    let other = std::fs::File::create(dir.path().join("gapwatch.delivery.lock")).unwrap();
    other.lock().unwrap();
    server.will([Answer::Taken]);
    assert_eq!(store.deliver(nth_noon(41)).unwrap(), Delivery::default());
    assert_eq!((server.requests().len(), store.spool().unwrap().unwrap().attempts), (0, 0));
    // A copy waits for its turn.
    let (begin, copied) = mpsc::channel();
    std::thread::scope(|scope| {
        let store = &store;
        scope.spawn(move || {
            begin.send(()).unwrap();
            store.copy_to_server(&mut |_| ()).unwrap_err();
            begin.send(()).unwrap();
        });
        copied.recv().unwrap();
        assert_eq!(copied.recv_timeout(Duration::from_millis(200)), Err(mpsc::RecvTimeoutError::Timeout));
        assert_eq!(server.requests().len(), 0);
        drop(other);
        copied.recv().unwrap();
    });
    assert_eq!((server.requests().len(), store.spool().unwrap().unwrap().frames), (2, 0));
}

#[test]
fn people_are_told_why_answers_are_local_without_anybody_asking() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = open(&dir, server.options());
    let told = |seconds| {
        let status = store.spool().unwrap().unwrap();
        status.behind(nth_noon(40) + TimeDelta::seconds(seconds)).map(str::to_owned)
    };
    assert_eq!(told(0), None);
    say(&store, 40, &[(1, 1.0), (2, 0.5)]);
    assert_eq!(told(60), None, "it is on its way");
    assert_eq!(told(61).as_deref(), Some("2 points are not delivered yet"));
    server.will([Answer::Status(500, "boom"), Answer::Taken, Answer::Status(500, "asleep"), Answer::Taken]);
    store.deliver(nth_noon(40)).unwrap();
    assert_eq!(told(0).as_deref(), Some("the server answered 500: boom"));
    store.deliver(nth_noon(41)).unwrap();
    assert_eq!(told(0), None);
    // A question that failed is said until something is delivered.
    assert_eq!(values(store.series(), &Query::new("a".into())).len(), 2);
    assert_eq!(told(0).as_deref(), Some("the server answered 500: asleep"));
    say(&store, 40, &[(3, 1.0)]);
    store.deliver(nth_noon(42)).unwrap();
    assert_eq!(told(0), None);
}

#[test]
fn a_store_is_opened_inside_of_a_runtime_too() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = runtime.block_on(async { open(&dir, server.options()) });
    assert_eq!(store.spool().unwrap().unwrap().frames, 0);
}

/// One record as our queries ask for it.
fn record(place: u32, value: &str) -> String {
    format!(
        ",,0,2024-01-31T00:00:00Z,month,survey,claimed,{place},now,,,,,0,{value},0,0,-1,{},3,1,1707282000000000000,25200,0,%\n",
        super::kit::bearer(place)
    )
}

const HEAD: &str = "#datatype,string,long,string,string,string,string,string,string,string,string,string,string,string,string,string,string,string,string,string,string,string,string,string,string\n\
    #group,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false\n\
    #default,_result,,,,,,,,,,,,,,,,,,,,,,,\n\
    ,result,table,t,kind,source,evidence,place,rev,operator,technology,measuring_point,organisation,ratio,v,d,q,s,pl,row,run,at,off,hm,m\n";

/// The first or last day there is anything of an indicator.
fn day() -> Answer {
    let day = "#datatype,string,long,string\n#group,false,false,false\n#default,_result,,\n,result,table,t\n,,0,2024-01-31T00:00:00Z\n";
    Answer::Csv(day.to_owned())
}

/// A store that had said something before it had a server.
fn named_later(dir: &tempfile::TempDir, server: &Double) -> Store {
    let plain = super::kit::open(dir);
    plain.put_places(&places(20), &[], nth_noon(0)).unwrap();
    say(&plain, 37, &[(1, 1.0), (2, 0.5)]);
    drop(plain);
    open(dir, server.options())
}

fn delivered(dir: &tempfile::TempDir, server: &Double) -> Store {
    let store = open(dir, server.options());
    say(&store, 37, &[(1, 1.0), (2, 0.5)]);
    server.will([Answer::Taken]);
    assert_eq!(store.deliver(nth_noon(41)).unwrap().points, 2);
    store
}

#[test]
fn answers_of_the_server_are_read_in_every_shape() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = delivered(&dir, &server);
    let query = Query::new("a".into());
    let answer = |csv: String| {
        server.will([Answer::Csv(csv)]);
        let found = values(store.series(), &query);
        assert_eq!(store.spool().unwrap().unwrap().local_because, None);
        found.iter().map(|o| (o.point.place.0, o.point.value.amount().unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(answer(format!("{HEAD}{}{}\n", record(1, "7.5"), record(2, "-1"))), [(1, 7.5), (2, -1.0)]);
    assert_eq!(
        answer(format!("{HEAD}{}\n{HEAD}{}\r\n", record(1, "7"), record(2, "8"))),
        [(1, 7.0), (2, 8.0)]
    );
    assert_eq!(answer(format!("{HEAD}\n")), []);
    assert_eq!(answer("\r\n".to_owned()), []);
    assert_eq!(answer(String::new()), []);
    // What is of other places than asked for is sifted out.
    let one = Query { places: Some([PlaceIx(2)].into_iter().collect()), ..query.clone() };
    server.will([Answer::Csv(format!("{HEAD}{}{}", record(1, "7.5"), record(2, "8")))]);
    assert_eq!(latest(store.series(), &one).len(), 1);
    let asked = server.requests().last().unwrap().body.clone();
    assert!(asked.contains("|> last()") && asked.contains(r#"r.place == \"2\""#), "{asked}");
}

#[test]
fn what_cannot_be_read_is_answered_from_the_catalogue_and_said() {
    let error =
        "#datatype,string,string\n#group,true,true\n#default,,\n,error,reference\n,query timed out,897\n";
    let missing = "#datatype,string,long,string\n#group,false,false,false\n#default,_result,,\n,result,table,t\n,,0,2024-01-31T00:00:00Z\n";
    let typed =
        "#datatype,string,long,double\n#group,false,false,false\n#default,_result,,\n,result,table,v\n,,0,\n";
    for (answer, why) in [
        (Answer::Csv(error.to_owned()), "query timed out"),
        (Answer::Csv(missing.to_owned()), "column `kind` is missing"),
        (Answer::Csv(typed.to_owned()), "the answer cannot be read"),
        (Answer::Csv(format!("{HEAD}{}", record(1, "x"))), "`x` in column `v` is no number"),
        (Answer::Csv(",result,table\n,,0\n".to_owned()), "annotations not found"),
        (Answer::Csv(format!("{HEAD},,0\n")), "different number of columns"),
        (Answer::Csv("<html>not a database</html>,a\n".to_owned()), "annotations not found"),
        (Answer::Status(500, "boom"), "the server answered 500: boom"),
        (Answer::Status(429, ""), "the server answered 429"),
        (Answer::Half, ""),
        (Answer::Hang, "no answer within"),
    ] {
        let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
        let options = InfluxOptions { timeout_ms: 300, ..server.options() };
        drop(delivered(&dir, &server));
        let store = open(&dir, options);
        server.will([answer.clone()]);
        let found = values(store.series(), &Query::new("a".into()));
        assert_eq!(found.iter().map(|o| o.point.place.0).collect::<Vec<_>>(), [1, 2], "{answer:?}");
        let because = store.spool().unwrap().unwrap().local_because.unwrap_or_default();
        assert!(because.contains(why) && !because.is_empty(), "{answer:?}: {because}");
        server.will([answer]);
        assert_eq!(store.series().summary(&Query::new("a".into()), &[]).unwrap()[0].numbers, 2);
    }
}

#[test]
fn while_something_waits_answers_are_local_and_say_so() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = open(&dir, server.options());
    say(&store, 40, &[(1, 1.0), (2, 0.5)]);
    assert_eq!(values(store.series(), &Query::new("a".into())).len(), 2);
    assert_eq!(server.requests().len(), 0);
    let because = store.spool().unwrap().unwrap().local_because;
    assert_eq!(because.as_deref(), Some("2 points are not delivered yet"));
}

#[test]
fn sums_come_from_the_server() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = delivered(&dir, &server);
    let head = "#datatype,string,long,string,string,string,string,string,string,string,string,string,string,string,string,string,string,string,string\n\
        #group,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false,false\n\
        #default,_result,,,,,,,,,,,,,,,,,\n\
        ,result,table,t,kind,source,evidence,operator,technology,measuring_point,organisation,n,sum,r,num,den,none,c0,c1\n";
    let row = ",,0,2024-01-31T00:00:00Z,month,survey,claimed,Viettel,,,,12,7.5,3,4,8,1,5,9\n";
    server.will([Answer::Csv(format!("{head}{row}"))]);
    let found = store.series().summary(&Query::new("a".into()), &[0.5]).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].numbers, found[0].sum, found[0].ratios, found[0].without_value), (12, 7.5, 3, 1));
    assert_eq!(
        (found[0].classes.as_slice(), found[0].period.to_string()),
        ([5, 9].as_slice(), "202401".to_owned())
    );
    assert_eq!(found[0].stream.evidence, Evidence::Claimed);
    let operator = Dimensions { operator: Some("Viettel".into()), ..Dimensions::default() };
    assert_eq!(found[0].stream.dimensions, operator);
}

#[test]
fn an_address_that_is_none_is_refused_and_the_token_is_never_printed() {
    let dir = tempfile::tempdir().unwrap();
    for url in ["", "localhost:8086", "ftp://a", "http://", "http://[", "http://a b", "http://a:99999999"] {
        let influx = InfluxOptions { url: url.to_owned(), ..Double::start().options() };
        assert!(!format!("{influx:?}").contains("s3cret"));
        let options = StoreOptions { influx: Some(influx), ..StoreOptions::default() };
        let error = Store::open(&dir.path().join("gapwatch.sqlite"), &options).unwrap_err();
        assert!(matches!(error, StoreError::Server { status: None, .. }), "{url}: {error}");
    }
    let plain = super::kit::open(&dir);
    assert!(matches!(plain.copy_to_server(&mut |_| ()), Err(StoreError::NoServer)));
    assert_eq!(plain.spool().unwrap(), None);
}

#[test]
fn copying_is_resumed_where_it_stopped_and_proved() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = named_later(&dir, &server);
    server.will([Answer::Status(503, "later")]);
    assert!(store.copy_to_server(&mut |_| ()).is_err());
    // The server takes it all, but answers with something else: that is no copy.
    server.will([Answer::Taken, day(), day(), Answer::Csv(format!("{HEAD}{}", record(1, "1")))]);
    let error = store.copy_to_server(&mut |_| ()).unwrap_err();
    let said = "the copy of `a`, block `0` is damaged: the server says 1 points";
    assert!(error.to_string().starts_with(said), "{error}");
    // The next call brings everything again: what the proof missed is mended.
    let there = [record(1, "1"), record(2, "0.5").replace(",3,1,17", ",4,1,17")].concat();
    server.will([Answer::Taken, day(), day(), Answer::Csv(format!("{HEAD}{there}"))]);
    let moved = store.copy_to_server(&mut |_| ()).unwrap();
    assert_eq!((moved.written, moved.proved), (2, 2));
}

#[test]
fn a_stopped_copy_goes_on_where_it_stopped() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let plain = super::kit::open(&dir);
    plain.put_places(&places(6000), &[], nth_noon(0)).unwrap();
    let points: Vec<(u32, f64)> = (0..5500).map(|place| (place, 1.0)).collect();
    say(&plain, 37, &points);
    say(&plain, 38, &[(1, 2.0)]);
    drop(plain);
    let store = open(&dir, server.options());
    server.will([Answer::Taken, Answer::Status(503, "later")]);
    let mut steps = Vec::new();
    store.copy_to_server(&mut |progress| steps.push((progress.done, progress.of))).unwrap_err();
    assert_eq!(steps, [(2, 3)]);
    // Another server has nothing of it yet.
    let elsewhere = Double::start();
    let other = open(&dir, elsewhere.options());
    elsewhere.will([Answer::Status(503, "later")]);
    other.copy_to_server(&mut |_| ()).unwrap_err();
    assert_eq!(elsewhere.requests()[0].body.lines().count(), 5501);
    server.will([Answer::Taken, Answer::Status(503, "later")]);
    store.copy_to_server(&mut |progress| steps.push((progress.done, progress.of))).unwrap_err();
    assert_eq!(steps, [(2, 3), (3, 3)]);
    let sent = |request: usize| server.requests()[request].body.lines().count();
    assert_eq!((sent(0), sent(2)), (5501, 2));
}

#[test]
fn a_server_that_lacks_what_was_said_before_is_not_believed() {
    let (dir, server) = (tempfile::tempdir().unwrap(), Double::start());
    let store = named_later(&dir, &server);
    let lacks = |store: &Store| {
        assert_eq!(values(store.series(), &Query::new("a".into())).len(), 2);
        let because = store.spool().unwrap().unwrap().local_because;
        because.is_some_and(|because| because.contains("`gapwatch store copy --from embedded --to influx`"))
    };
    assert!(lacks(&store));
    say(&store, 38, &[(1, 2.0)]);
    server.will([Answer::Taken]);
    store.deliver(nth_noon(41)).unwrap();
    assert!(lacks(&store), "what came later went there, what came before did not");
    let old = record(1, "1").replace(",now,", ",0,");
    let new = record(1, "2").replace(",3,1,1707282000000000000,", ",3,2,1707368400000000000,");
    let there = [old, new, record(2, "0.5").replace(",3,1,17", ",4,1,17")].concat();
    server.will([Answer::Taken, day(), day(), Answer::Csv(format!("{HEAD}{there}"))]);
    assert_eq!(store.copy_to_server(&mut |_| ()).unwrap().proved, 3);
    let standing = format!("{HEAD}{}{}", record(1, "7.5"), record(2, "8"));
    server.will([Answer::Csv(standing.clone())]);
    assert!(!lacks(&store), "it is asked from now on");
    say(&store, 39, &[(2, 3.0)]);
    server.will([Answer::Taken, Answer::Csv(standing)]);
    store.deliver(nth_noon(42)).unwrap();
    assert!(!lacks(&store));
    // A server at another address has nothing, and one that was ahead of a backup may have more.
    assert!(lacks(&open(&dir, InfluxOptions { bucket: "other".to_owned(), ..server.options() })));
    let backup = dir.path().join("backup.db");
    store.backup(&backup).unwrap();
    drop(store);
    let options = StoreOptions { influx: Some(server.options()), ..StoreOptions::default() };
    Store::restore(&backup, &dir.path().join("gapwatch.sqlite"), &options).unwrap();
    assert!(lacks(&open(&dir, server.options())));
}

/// A real server that takes line protocol: Debian's `victoria-metrics`, on loopback.
struct Victoria {
    child: Child,
    address: String,
    _data: tempfile::TempDir,
}

impl Victoria {
    fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let child = Command::new("victoria-metrics")
            .arg(format!("-storageDataPath={}", data.path().display()))
            .arg(format!("-httpListenAddr={address}"))
            .args(["-retentionPeriod=100y", "-memory.allowedBytes=64MB", "-influx.maxLineSize=1MB"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("victoria-metrics is not installed; on Debian: apt-get install victoria-metrics");
        let this = Self { child, address, _data: data };
        let (_never, pause) = mpsc::channel::<()>();
        let up = (0..600).any(|_| {
            let up = this.get("/health").is_some_and(|answer| answer.contains("OK"));
            up || pause.recv_timeout(Duration::from_millis(50)).is_ok()
        });
        assert!(up, "victoria-metrics does not start");
        this
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer.split_once("\r\n\r\n")?.1.to_owned())
    }
}

impl Drop for Victoria {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn a_real_server_takes_our_lines() {
    let server = Victoria::start();
    let dir = tempfile::tempdir().unwrap();
    let influx = InfluxOptions {
        url: format!("http://{}", server.address),
        org: "tinh".to_owned(),
        bucket: "gapwatch".to_owned(),
        token: Secret::new(String::new()),
        timeout_ms: 20_000,
        spool_points: 1_000_000,
    };
    let store = open(&dir, influx);
    let mut said =
        frame(key("village.signal", "202401", "khảo sát, đợt=2"), &[(1, 1.0), (2, 0.5), (3, -66.13)]);
    said.key.dimensions.operator = Some("Viettel \\ \"Tập đoàn\"".into());
    store.append(&batch(nth_noon(40), vec![said.clone()])).unwrap();
    said.points.truncate(1);
    said.points[0].value = gapwatch_model::Value::Number(0.0);
    store.append(&batch(nth_noon(41), vec![said])).unwrap();
    assert_eq!(store.deliver(nth_noon(42)).unwrap().error, None);
    assert_eq!(store.spool().unwrap().unwrap().frames, 0);
    server.get("/internal/force_flush").unwrap();
    let export = server.get("/api/v1/export?match[]=village.signal_v").unwrap();
    let mut found: Vec<(String, String, f64)> = export
        .lines()
        .map(|line| {
            let series: serde_json::Value = serde_json::from_str(line).unwrap();
            let label = |name: &str| series["metric"][name].as_str().unwrap().to_owned();
            assert_eq!(label("source"), "khảo sát, đợt=2");
            assert_eq!(label("operator"), "Viettel %5C %22Tập đoàn%22");
            assert_eq!(series["timestamps"][0].as_i64(), Some(1_706_659_200_000));
            assert_eq!(series["values"].as_array().unwrap().len(), 1);
            (label("place"), label("rev"), series["values"][0].as_f64().unwrap())
        })
        .collect();
    found.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    let row = |place: &str, rev: &str, value| (place.to_owned(), rev.to_owned(), value);
    assert_eq!(
        found,
        [row("1", "0", 1.0), row("1", "now", 0.0), row("2", "now", 0.5), row("3", "now", -66.13)]
    );
}
