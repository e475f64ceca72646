//! Everything the store keeps beside observations: places, runs, rejects, files, flags, documents, decisions, quarantine,
//! tokens, sessions, audit.

use super::kit::{batch, day, frame, key, noon, open, places, values};
use chrono::TimeDelta;
use gapwatch_model::{
    Flag, FlagState, Lineage, NewPlaces, Outcome, Part, PlaceIx, PlaceLevel, Reject, RejectCode, RunId,
};
use gapwatch_store::{
    AuditEntry, Decision, HeldState, PlacesChange, Query, RunQuery, Session, Store, StoreError, StoreOptions,
    Token,
};

#[test]
fn places_get_slots_in_order_and_keep_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let mut all = places(5);
    let put = |places: &[_], at| store.put_places(places, &[], noon(at)).unwrap();
    assert_eq!(put(&all[..3], "2025-01-01"), PlacesChange { added: 3, ..PlacesChange::default() });
    assert_eq!(put(&all[..3], "2025-01-02"), PlacesChange { unchanged: 3, ..PlacesChange::default() });
    all[1].name = "Nà Lủng".to_owned();
    all.swap(0, 4);
    let change = put(&all, "2025-02-01");
    assert_eq!((change.added, change.changed, change.unchanged), (2, 1, 2));
    let now = store.gazetteer().unwrap();
    let codes: Vec<_> = now.places().iter().map(|place| place.id.code.to_string()).collect();
    assert_eq!(codes, ["VN", "v000001", "v000002", "v000004", "v000003"]);
    assert_eq!(now.get(PlaceIx(1)).name, "Nà Lủng");
    let then = store.gazetteer_as_of(noon("2025-01-15")).unwrap();
    assert_eq!(then.len(), 3);
    assert_eq!(then.get(PlaceIx(1)).name, "Xóm 1");
    let before_anything = store.gazetteer_as_of(noon("2024-01-01")).unwrap();
    assert_eq!((before_anything.len(), before_anything.get(PlaceIx(1)).name.as_str()), (3, "Xóm 1"));
}

#[test]
fn places_with_faults_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let mut all = places(4);
    store.put_places(&all[..2], &[], noon("2025-01-01")).unwrap();
    all[3].memberships[0].parent.valid_from = day("2025-07-01");
    let error = store.put_places(&all, &[], noon("2025-01-02")).unwrap_err();
    assert!(matches!(&error, StoreError::Places(faults) if faults.len() == 1), "{error}");
    assert_eq!(store.gazetteer().unwrap().len(), 2);
}

#[test]
fn lineage_is_known_from_when_it_was_put() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let all = places(3);
    let mut step = Lineage {
        old: all[1].id.clone(),
        new: all[2].id.clone(),
        part: Part::Partial,
        effective: day("2025-07-01"),
        act: "1657/NQ-UBTVQH15".to_owned(),
        weight: None,
    };
    store.put_places(&all, std::slice::from_ref(&step), noon("2025-07-01")).unwrap();
    step.weight = Some(0.5);
    let change = store.put_places(&all, std::slice::from_ref(&step), noon("2025-08-01")).unwrap();
    assert_eq!((change.unchanged, change.lineage), (3, 1));
    assert_eq!(store.gazetteer().unwrap().lineage(), [step]);
    assert_eq!(store.gazetteer_as_of(noon("2025-07-15")).unwrap().lineage()[0].weight, None);
}

fn reject(line: u32) -> Reject {
    Reject {
        file: "a.csv".to_owned(),
        line,
        column: 2,
        heading: "Số hộ".to_owned(),
        value: "x".to_owned(),
        code: RejectCode::BadValue,
        asked: false,
        sentence: "Ô này phải là số.".to_owned(),
        suggestions: vec!["12".to_owned()],
        decision_key: String::new(),
    }
}

#[test]
fn runs_and_rejects_come_back_as_they_went_in() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let mut first = batch(noon("2025-01-01"), Vec::new());
    first.rejects = vec![reject(3), reject(9)];
    first.run.outcome = Outcome::Partial;
    first.run.planned = Some(noon("2025-01-01") + TimeDelta::nanoseconds(7));
    let second = batch(noon("2025-01-02"), Vec::new());
    let before = store.data_version().unwrap();
    assert_eq!(store.data_version().unwrap(), before);
    assert_eq!(store.append(&first).unwrap().run, RunId(1));
    assert_ne!(store.data_version().unwrap(), before);
    assert_eq!(store.append(&second).unwrap().run, RunId(2));
    first.run.id = RunId(1);
    assert_eq!(store.run(RunId(1)).unwrap(), Some(first.run.clone()));
    assert_eq!(store.run(RunId(3)).unwrap(), None);
    assert_eq!(store.rejects(RunId(1)).unwrap(), first.rejects);
    let ids = |query| store.runs(&query).unwrap().iter().map(|run| run.id.0).collect::<Vec<_>>();
    assert_eq!(ids(RunQuery::default()), [2, 1]);
    assert_eq!(ids(RunQuery { collector: Some("other".into()), ..RunQuery::default() }), [0; 0]);
    assert_eq!(ids(RunQuery { as_of: Some(noon("2025-01-01")), ..RunQuery::default() }), [1]);
    assert_eq!(ids(RunQuery { before: Some(RunId(2)), limit: Some(1), ..RunQuery::default() }), [1]);
    let last = store.last_run(&"survey".into(), Some(noon("2025-01-01"))).unwrap();
    assert_eq!(last, Some(first.run));
}

#[test]
fn a_file_is_seen_when_it_went_in() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    store.put_places(&places(3), &[], noon("2025-01-01")).unwrap();
    let arrival = |hash: &str, outcome| {
        let mut batch = batch(noon("2025-01-01"), vec![frame(key("a", "2025", "survey"), &[(1, 1.0)])]);
        batch.run.content_hash = Some(hash.to_owned());
        batch.run.outcome = outcome;
        match outcome {
            Outcome::Quarantined => store.quarantine(&batch).unwrap(),
            _ => store.append(&batch).unwrap().run,
        }
    };
    let seen = || store.seen(&"survey".into(), "a.csv").unwrap();
    arrival("aa", Outcome::Failed);
    assert_eq!(seen(), None);
    arrival("bb", Outcome::Succeeded);
    let held = arrival("cc", Outcome::Quarantined);
    assert_eq!(seen().as_deref(), Some("bb"));
    store.release(held, "lan", noon("2025-01-03")).unwrap();
    assert_eq!(seen().as_deref(), Some("cc"));
    assert_eq!(store.seen(&"survey".into(), "b.csv").unwrap(), None);
    store.keep_file("aa", "a.csv", b"x,y\n1,2\n").unwrap();
    store.keep_file("aa", "b.csv", b"x,y\n1,2\n").unwrap();
    assert_eq!(store.file("aa").unwrap(), Some(("a.csv".to_owned(), b"x,y\n1,2\n".to_vec())));
    assert_eq!(store.file("bb").unwrap(), None);
}

#[test]
fn a_held_batch_is_no_evidence_until_it_is_released() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    store.put_places(&places(3), &[], noon("2025-01-01")).unwrap();
    let batch = batch(noon("2025-01-02"), vec![frame(key("a", "2025", "survey"), &[(1, 1.0), (2, 0.0)])]);
    let (one, other) = (store.quarantine(&batch).unwrap(), store.quarantine(&batch).unwrap());
    let found = || super::kit::values(store.series(), &Query::new("a".into()));
    assert_eq!(found(), []);
    assert_eq!(store.quarantined().unwrap()[1].frames, batch.frames);
    store.drop_held(other, "lan", noon("2025-01-03")).unwrap();
    let appended = store.release(one, "lan", noon("2025-01-04")).unwrap();
    assert_eq!((appended.run, appended.counts.imported), (one, 2));
    assert_eq!(found().len(), 2);
    assert_eq!(found()[0].head.recorded_at, noon("2025-01-04"));
    assert!(matches!(store.release(one, "lan", noon("2025-01-05")), Err(StoreError::NotHeld(_))));
    assert!(matches!(store.drop_held(one, "lan", noon("2025-01-05")), Err(StoreError::NotHeld(_))));
    let states: Vec<_> = store.quarantined().unwrap().into_iter().map(|held| held.state).collect();
    let (by, at) = ("lan".to_owned(), noon("2025-01-03"));
    assert_eq!(states[0], HeldState::Dropped { by: by.clone(), at });
    assert_eq!(states[1], HeldState::Released { by, at: noon("2025-01-04") });
}

#[test]
fn flags_are_remembered_as_of_any_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let flag = |id: &str, state| Flag {
        key: id.parse().unwrap(),
        state,
        since: noon("2025-01-01"),
        clear_since: None,
        explanation_vi: "Chưa có sóng.".to_owned(),
        explanation_en: "No signal.".to_owned(),
        rules_version: "1".to_owned(),
        acknowledgement: None,
    };
    let (a, b) = ("village-no-signal~a~20250701", "village-no-signal~b~20250701");
    store
        .record_flags(&[flag(b, FlagState::Firing), flag(a, FlagState::Pending)], noon("2025-01-01"))
        .unwrap();
    store.record_flags(&[flag(a, FlagState::Firing)], noon("2025-01-03")).unwrap();
    let states = |at| store.flags_as_of(at).unwrap().iter().map(|flag| flag.state).collect::<Vec<_>>();
    assert_eq!(states(None), [FlagState::Firing, FlagState::Firing]);
    assert_eq!(states(Some(noon("2025-01-02"))), [FlagState::Pending, FlagState::Firing]);
    assert_eq!(states(Some(noon("2024-12-31"))), []);
    let history = store.flag_history(&a.parse().unwrap()).unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!(history[1], (noon("2025-01-03"), flag(a, FlagState::Firing)));
}

#[test]
fn documents_and_decisions_have_versions() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let put = |bytes: &[u8], at| store.put_document("rules", "rules.toml", bytes, "lan", noon(at)).unwrap();
    assert_eq!(put(b"a = 1", "2025-01-01"), Some(1));
    assert_eq!(put(b"a = 1", "2025-01-02"), None);
    assert_eq!(put(b"a = 2", "2025-02-01"), Some(2));
    let then = store.document_as_of("rules", "rules.toml", Some(noon("2025-01-31"))).unwrap().unwrap();
    assert_eq!((then.info.id, then.bytes.as_slice()), (1, b"a = 1".as_slice()));
    assert_eq!(store.document_as_of("rules", "rules.toml", Some(noon("2024-01-01"))).unwrap(), None);
    assert_eq!(store.document(2).unwrap().unwrap().bytes, b"a = 2");
    assert_eq!(store.documents("rules").unwrap().iter().map(|info| info.id).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(store.documents("pack").unwrap(), []);

    let decision = |key: &str, answer: &str, at| Decision {
        key: key.to_owned(),
        answer: answer.to_owned(),
        by: "lan".to_owned(),
        at: noon(at),
    };
    let all = [
        decision("a", "1", "2025-01-01"),
        decision("b", "2", "2025-01-02"),
        decision("a", "3", "2025-01-03"),
    ];
    all.iter().for_each(|decision| store.put_decision(decision).unwrap());
    assert_eq!(store.decision_as_of("a", None).unwrap().as_ref(), Some(&all[2]));
    assert_eq!(store.decision_as_of("a", Some(noon("2025-01-02"))).unwrap().as_ref(), Some(&all[0]));
    assert_eq!(store.decision_as_of("c", None).unwrap(), None);
    assert_eq!(store.decisions_as_of(None).unwrap(), [all[2].clone(), all[1].clone()]);
}

#[test]
fn tokens_sessions_and_the_audit() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let token = Token {
        name: "lan".to_owned(),
        role: "editor".to_owned(),
        hash: "$argon2id$".to_owned(),
        created: noon("2025-01-01"),
        revoked: None,
    };
    assert!(store.add_token(&token).unwrap());
    assert!(!store.add_token(&Token { role: "admin".to_owned(), ..token.clone() }).unwrap());
    assert_eq!(store.tokens().unwrap(), std::slice::from_ref(&token));
    let session = Session {
        hash: "ab".to_owned(),
        token: "lan".to_owned(),
        detail: "{}".to_owned(),
        expires: noon("2025-01-08"),
    };
    store.open_session(&session, noon("2025-01-01")).unwrap();
    assert_eq!(store.session("ab", noon("2025-01-07")).unwrap(), Some(session.clone()));
    assert_eq!(store.session("ab", noon("2025-01-08")).unwrap(), None);
    assert!(store.revoke_token("lan", noon("2025-01-02")).unwrap());
    assert!(!store.revoke_token("lan", noon("2025-01-03")).unwrap());
    assert_eq!(store.session("ab", noon("2025-01-07")).unwrap(), None);
    assert_eq!(store.tokens().unwrap()[0].revoked, Some(noon("2025-01-02")));
    store.open_session(&session, noon("2025-01-01")).unwrap();
    store.close_session("ab").unwrap();
    assert_eq!(store.session("ab", noon("2025-01-01")).unwrap(), None);

    let entry = |action: &str| AuditEntry {
        at: noon("2025-01-01"),
        who: "lan".to_owned(),
        role: "editor".to_owned(),
        action: action.to_owned(),
        subject: "run 1".to_owned(),
        detail: String::new(),
    };
    store.audit(&entry("release")).unwrap();
    store.audit(&entry("drop")).unwrap();
    assert_eq!(store.audit_log(1).unwrap(), [entry("drop")]);
    assert_eq!(store.meta("clock").unwrap(), None);
    store.set_meta("clock", "x").unwrap();
    assert_eq!(store.meta("clock").unwrap().as_deref(), Some("x"));
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("other.sqlite");
    std::fs::write(
        &path,
        b"this is a text, and a long one, so that nobody takes it for an empty database file",
    )
    .unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = Store::open(&path, &StoreOptions::default()).unwrap_err();
    assert!(matches!(error, StoreError::NotAStore(_)), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert!(Store::open(&dir.path().join("no/such/folder"), &StoreOptions::default()).is_err());
    assert_eq!(PlaceLevel::Village.as_str(), "village");
}

#[test]
fn places_come_with_their_batch_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let all = places(5);
    store.put_places(&all[..2], &[], noon("2025-01-01")).unwrap();
    // Read when two places were known; the last of its three is made by somebody else before it is stored.
    let new_places = NewPlaces { first: PlaceIx(2), places: all[2..].to_vec() };
    let points = [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)];
    let mut bringing = batch(noon("2025-01-02"), vec![frame(key("a", "2025", "survey"), &points)]);
    bringing.new_places = new_places;
    store.put_places(&all[4..], &[], noon("2025-01-01")).unwrap();
    let held = store.quarantine(&bringing).unwrap();
    assert_eq!(store.gazetteer().unwrap().len(), 3, "a held batch makes no place");
    store.release(held, "lan", noon("2025-01-03")).unwrap();
    let gazetteer = store.gazetteer().unwrap();
    assert_eq!(gazetteer.len(), 5);
    let said = values(store.series(), &Query::new("a".into()));
    let mut said: Vec<_> = said
        .iter()
        .map(|one| (gazetteer.get(one.point.place).id.clone(), one.point.value.amount()))
        .collect();
    said.sort_by(|a, b| a.0.cmp(&b.0));
    let expected: Vec<_> =
        all[1..].iter().zip(1..).map(|(place, n)| (place.id.clone(), Some(f64::from(n)))).collect();
    assert_eq!(said, expected);
    // A batch that is refused leaves no place behind.
    let mut refused = batch(noon("2025-01-04"), vec![frame(key("a", "2025", "survey"), &[(9, 1.0)])]);
    refused.new_places = NewPlaces { first: PlaceIx(5), places: places(6)[5..].to_vec() };
    store.append(&refused).unwrap_err();
    assert_eq!(store.gazetteer().unwrap().len(), 5);
}

#[test]
fn only_what_can_be_read_makes_another_version() {
    let dir = tempfile::tempdir().unwrap();
    let (store, other) = (open(&dir), open(&dir));
    store.put_places(&places(3), &[], noon("2025-01-01")).unwrap();
    let report = batch(noon("2025-01-02"), vec![frame(key("a", "2024", "survey"), &[(1, 1.0), (2, 0.0)])]);
    store.append(&report).unwrap();
    let mut before = (store.data_version().unwrap(), other.data_version().unwrap());
    assert!(store.seal(day("2025-01-01")).unwrap().shelves > 0);
    let entry = AuditEntry {
        at: noon("2025-01-03"),
        who: "lan".to_owned(),
        role: "editor".to_owned(),
        action: "sign in".to_owned(),
        subject: String::new(),
        detail: String::new(),
    };
    store.audit(&entry).unwrap();
    assert_eq!(
        (store.data_version().unwrap(), other.data_version().unwrap()),
        before,
        "nothing to read is new"
    );
    let changed = |what: &str, before: &mut (u64, u64)| {
        let now = (store.data_version().unwrap(), other.data_version().unwrap());
        assert!(now.0 != before.0 && now.1 != before.1, "{what}");
        *before = now;
    };
    let held = store.quarantine(&report).unwrap();
    changed("a held batch", &mut before);
    store.drop_held(held, "lan", noon("2025-01-04")).unwrap();
    changed("its end", &mut before);
    store.put_document("rules", "rules.toml", b"x", "lan", noon("2025-01-04")).unwrap();
    changed("a document", &mut before);
    store.set_meta("paused", "[]").unwrap();
    changed("a note", &mut before);
    store.put_places(&places(4), &[], noon("2025-01-05")).unwrap();
    changed("a place", &mut before);
    let decision = Decision { key: "k".into(), answer: "a".into(), by: "lan".into(), at: noon("2025-01-05") };
    store.put_decision(&decision).unwrap();
    changed("a decision", &mut before);
}
