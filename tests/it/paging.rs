//! Long tables through the real program: thousands of rows, sorted with many equal values and narrowed down, are walked
//! page by page, and every row comes once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    server::{Server, agent, between},
    small::Small,
};

/// Villages added to the small province.
const VILLAGES: usize = 3_000;

fn code(number: usize) -> String {
    format!("p{number:04}")
}

/// Households of a village: few numbers, so that hundreds of rows are equal.
fn households(number: usize) -> usize {
    number * 7 % 11 * 10
}

/// Every third village is without signal.
fn lacks_signal(number: usize) -> bool {
    number.is_multiple_of(3)
}

fn long() -> (Small, Server) {
    let small = Small::new();
    let mut rows = String::new();
    for number in 0..VILLAGES {
        let commune = ["00001", "00002", "00003"][number % 3];
        // Many share a name too.
        rows.push_str(&format!(
            "{},1900-01-01,,village,xóm,Nà {},,,{commune},1900-01-01,,,other,1\n",
            code(number),
            number % 40
        ));
    }
    let places = std::fs::read_to_string(small.path("places/places.csv")).unwrap();
    small.write("places/places.csv", &(places + &rows));
    let server = small.serve();
    let mut lines = String::new();
    for number in 0..VILLAGES {
        let (code, signal) = (code(number), u8::from(!lacks_signal(number)));
        lines.push_str(&format!("village.signal,place={code} value={signal}\n"));
        lines.push_str(&format!("village.households,place={code} value={}\n", households(number)));
    }
    server.push("lines", &lines);
    (small, server)
}

/// Codes of the villages on a page, in order, and where its link of this kind leads.
fn page(server: &Server, path: &str, link: &str) -> (Vec<String>, Option<String>) {
    let (status, body) = server.get(path);
    assert_eq!(status, 200, "{path}: {body}");
    let rows = between(&body, "<tbody>", "</tbody>");
    let codes =
        rows.split("<th scope=\"row\"").skip(1).map(|row| between(row, "href=\"/villages/", "\"").to_owned());
    let link = format!("<a rel=\"{link}\" href=\"");
    let next = body.contains(&link).then(|| between(&body, &link, "\"").replace("&amp;", "&"));
    (codes.collect(), next)
}

fn walk(server: &Server, from: &str, link: &str) -> (Vec<Vec<String>>, String) {
    let (mut pages, mut at) = (Vec::new(), from.to_owned());
    loop {
        let (codes, next) = page(server, &at, link);
        pages.push(codes);
        match next {
            Some(next) => at = next,
            None => return (pages, at),
        }
    }
}

#[test]
fn every_row_comes_once_however_many_are_equal() {
    let (_small, server) = long();
    let wanted: BTreeMap<String, usize> =
        (0..VILLAGES).filter(|n| lacks_signal(*n)).map(|n| (code(n), households(n))).collect();
    for (sort, falling) in [("-households", true), ("households", false)] {
        let (pages, last) = walk(&server, &format!("/villages?state=no_signal&sort={sort}"), "next");
        assert_eq!(pages.len(), wanted.len().div_ceil(100), "{sort}");
        let all: Vec<&String> = pages.iter().flatten().collect();
        let distinct: BTreeSet<&String> = all.iter().copied().collect();
        assert_eq!((all.len(), distinct), (wanted.len(), wanted.keys().collect()), "{sort}");
        let sizes: Vec<usize> = all.iter().map(|code| wanted[*code]).collect();
        assert!(
            sizes.windows(2).all(|two| if falling { two[0] >= two[1] } else { two[0] <= two[1] }),
            "{sort}"
        );
        let (mut back, _) = walk(&server, &last, "prev");
        back.reverse();
        assert_eq!(back, pages, "{sort}: the way back is the way there");
    }
    // Programs follow the header.
    let mut at = "/api/v1/observations?indicator=village.households&limit=700".to_owned();
    let (mut said, mut pages) = (Vec::new(), 0);
    loop {
        let mut answer = agent().get(format!("{}{at}", server.origin)).call().unwrap();
        let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let rows: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        let rows = rows.as_array().unwrap();
        assert!(rows.len() <= 700, "{}", rows.len());
        said.extend(rows.iter().map(|row| {
            (row["place"]["code"].as_str().unwrap().to_owned(), row["value"].as_f64().unwrap().to_string())
        }));
        pages += 1;
        match link {
            Some(link) => at = between(&link, "<", ">").to_owned(),
            None => break,
        }
    }
    said.sort();
    let all: Vec<(String, String)> = (0..VILLAGES).map(|n| (code(n), households(n).to_string())).collect();
    assert_eq!((said, pages), (all, 5));
    assert_eq!(server.get("/api/v1/observations?indicator=village.households&after=nowhere").0, 400);

    // By name, of which each is borne by many, and within one commune.
    let (pages, _) = walk(&server, "/villages?commune=00002&sort=name", "next");
    let all: Vec<&String> = pages.iter().flatten().filter(|code| code.starts_with('p')).collect();
    let distinct: BTreeSet<&String> = all.iter().copied().collect();
    assert_eq!((all.len(), distinct.len()), (VILLAGES / 3, VILLAGES / 3));
}
