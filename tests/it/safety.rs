//! What strangers write and send does no harm: names with markup in them, forms from elsewhere, too much of anything.

use std::path::Path;

use crate::server::{Server, agent, copy_of, run, start};

const SMALL: &str = "small/province";
/// Names as a file may bring them, and how they are written in HTML.
const MARKUP: &str = "<script>alert(\"x\")</script>";
const MARKUP_WRITTEN: &str = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;";
const TURNED: &str = "\u{202e}Bản & Ngược";

fn long() -> String {
    "Nà Lẹng ".repeat(38).trim_end().chars().take(300).collect()
}

/// The small province with such names for three of its villages, and a report about all of them.
fn hostile(folder: &Path) -> std::path::PathBuf {
    let config = copy_of(SMALL, folder);
    let places = config.join("places/places.csv");
    let mut table = std::fs::read_to_string(&places).unwrap();
    let long = long();
    let mut report = "Xã,Thôn,Mã thôn,Có sóng,Số hộ\n".to_owned();
    for (code, old, new) in [
        ("99003-008", "Nà Tềnh", MARKUP),
        ("99003-009", "Pác Thay", TURNED),
        ("99003-010", "Vằng Roòng", long.as_str()),
    ] {
        let quoted = format!("\"{}\"", new.replace('"', "\"\""));
        let (before, after) = (
            format!("{code},1900-01-01,,village,xóm,{old},"),
            format!("{code},1900-01-01,,village,xóm,{quoted},"),
        );
        assert!(table.contains(&before), "{before} is not in the fixture");
        table = table.replace(&before, &after);
        report.push_str(&format!("Hạ Thử,{quoted},{code},Không,31\n"));
    }
    std::fs::write(&places, table).unwrap();
    std::fs::create_dir_all(config.join("inbox")).unwrap();
    std::fs::write(config.join("inbox/bao-cao-20260125.csv"), report).unwrap();
    let collected = run(&config, &["collect", "villages"]);
    assert!(collected.status.success(), "{}", String::from_utf8_lossy(&collected.stderr));
    config
}

#[test]
fn names_with_markup_are_only_names() {
    let folder = tempfile::tempdir().unwrap();
    let server = start("serve", &hostile(folder.path()));
    let mut named = 0;
    for path in [
        "/",
        "/villages",
        "/villages?sort=-name",
        "/communes",
        "/communes/99003",
        "/villages/99003-008",
        "/villages/99003-009",
        "/villages/99003-010",
        "/search?q=alert",
        "/search?q=%3Cscript%3E",
        "/flags",
        "/observations",
        "/completeness",
        "/maps",
        "/ledger",
        "/compare",
        "/claims",
        "/sources",
        "/review",
        "/packs",
        "/keys",
        "/no/%3Cscript%3Ealert(1)%3C/script%3E",
        "/villages?q=%3Cscript%3Ealert(1)",
    ] {
        for lang in ["vi", "en"] {
            let address = format!("{path}{}lang={lang}", if path.contains('?') { '&' } else { '?' });
            let (status, page) = server.get(&address);
            assert!([200, 404].contains(&status), "{address}: {status}");
            assert!(!page.contains("<script>alert"), "{address} runs what a file brought");
            named += u32::from(page.contains(MARKUP_WRITTEN));
            assert!(!page.contains('\u{202e}'), "{address} lets a name turn the writing around");
        }
    }
    assert!(named >= 8, "the name is on {named} pages");
    let (status, page) = server.get("/villages/99003-010");
    assert_eq!(status, 200);
    assert!(page.contains(&long()), "a long name is there whole");

    let (_, table) = server.get("/villages/export?format=csv");
    assert!(table.contains("alert(\"\"x\"\")"), "{table}");
    let (_, json) = server.get("/villages/export?format=geojson");
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    let names =
        read["features"].as_array().unwrap().iter().map(|one| one["properties"]["name"].as_str().unwrap());
    assert!(
        names.into_iter().any(|name| name.contains(MARKUP)),
        "a file for programs holds the name as it is"
    );
}

/// Status and body of what is sent by hand. Every answer brings the policy that keeps browsers safe.
fn send(server: &Server, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let mut request = agent().post(format!("{}{path}", server.origin));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.send(body).unwrap();
    assert!(response.headers().contains_key("content-security-policy"), "{path}");
    (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
}

/// Where to, with which headers and body, and the status of the answer.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], String, u16);

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[test]
fn refusals_are_pages_for_people_and_json_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let server = start("serve", &copy_of(SMALL, folder.path()));
    let elsewhere = [FORM, ("sec-fetch-site", "cross-site")];
    let cases: [Case<'_>; 5] = [
        ("/flags", &[FORM], "a=b".to_owned(), 405),
        ("/review", &[("content-type", "text/plain")], "a=b".to_owned(), 415),
        ("/review", &[FORM], "a=".to_owned() + &"b".repeat(300_000), 413),
        ("/review", &elsewhere, "csrf=x".to_owned(), 403),
        ("/review", &[FORM], "csrf=x".to_owned(), 401),
    ];
    for (path, headers, body, expected) in cases {
        let (status, page) = send(&server, path, headers, &body);
        assert_eq!(status, expected, "{path} {headers:?}: {page}");
        assert!(page.contains("<html lang=\"vi\"") && page.contains("<h1>"), "{path} {headers:?}: {page}");
        for inside in ["panicked", "src/", ".rs", "stack backtrace", "Failed to"] {
            assert!(!page.contains(inside), "{path} shows {inside}");
        }
    }
    let (status, body) = send(&server, "/api/v1/summary", &[], "x");
    assert_eq!(status, 405);
    let read: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(read["error"]["code"], "method_not_allowed");
}

#[test]
fn who_asks_too_much_waits_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = start("serve", &copy_of(SMALL, folder.path()));
    let path = format!("{}/villages/export?format=csv", server.origin);
    let mut refused = None;
    for _ in 0..400 {
        let mut response = agent().get(&path).call().unwrap();
        if response.status().as_u16() == 429 {
            let wait = response.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap();
            refused = Some((wait, response.body_mut().read_to_string().unwrap()));
            break;
        }
        assert_eq!(response.status().as_u16(), 200);
    }
    let (wait, page) = refused.expect("nobody was ever refused");
    assert!((1..=120).contains(&wait), "{wait} s");
    assert!(page.contains("Quá nhiều yêu cầu") && page.contains("giây"), "{page}");
    // What is not dear is still answered, and another visitor is not this one.
    assert_eq!(server.get("/").0, 200);
    assert_eq!(server.get("/search?q=ha").0, 200);
    let other = agent().get(&path).header("x-forwarded-for", "192.0.2.7").call().unwrap();
    assert_eq!(other.status().as_u16(), 200);
}
