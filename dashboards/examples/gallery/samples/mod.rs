//! Made-up views of every page, in both languages: for the gallery to look at and for the snapshots.

pub(crate) mod answers;
mod long;
pub(crate) mod parts;
mod work;

use answers::{commune_view, empty_overview, indicator_view, maps_view, overview, search_view, village_view};
use gapwatch_dashboards::map::Shape;
use gapwatch_dashboards::pages;
use gapwatch_dashboards::pages::{commune, indicator, overview, search, sources, village};
use gapwatch_dashboards::part::Borders;
use gapwatch_dashboards::shell::Address;
use gapwatch_dashboards::{Lang, Markup, Shell};
use long::{compare_view, ledger_view, listing_view, one_pack, pack_row, pack_view};
use parts::{editor, province, shell};
use work::{claims_view, completeness_view, flag_view, flags_view, review_view, run_view, sources_view};

/// Every page by name.
pub(crate) fn every_page(lang: Lang, shapes: &[Shape]) -> Vec<(&'static str, Markup)> {
    let shell = |path: &str| shell(lang, path);
    let mut pages = vec![
        ("overview", overview::render(&shell("/"), &overview(lang, shapes))),
        ("commune", commune::render(&shell("/communes/01273"), &commune_view(lang, shapes))),
        ("village", village::render(&shell("/villages/01273-004"), &village_view(lang, shapes))),
        (
            "indicator",
            indicator::render(&shell("/indicators/hh.fibre_subscribed"), &indicator_view(lang, shapes)),
        ),
        ("flags", pages::flags::render(&shell("/flags"), &flags_view(lang))),
        ("sources", sources::render(&editor(lang, "/sources"), &sources_view(lang))),
        ("run", pages::run::render(&shell("/runs/212"), &run_view(lang))),
        ("search", search::render(&shell("/search"), &search_view(lang))),
        (
            "sign-in",
            pages::sign_in::render(
                &shell("/sign-in"),
                &pages::sign_in::View {
                    next: "/".into(),
                    csrf: "c5rf".into(),
                    fault: Some(pages::sign_in::Fault::WrongToken),
                },
            ),
        ),
        (
            "error-404",
            pages::error::render(
                &shell("/nowhere"),
                &pages::error::View {
                    status: 404,
                    detail: Some(
                        lang.pick(
                            "Không có xã nào mang mã 99999 vào ngày 31/12/2025.",
                            "No commune bears the code 99999 on 31/12/2025.",
                        )
                        .into(),
                    ),
                    retry_after_s: None,
                    reference: None,
                },
            ),
        ),
        (
            "error-500",
            pages::error::render(
                &shell("/"),
                &pages::error::View {
                    status: 500,
                    detail: None,
                    retry_after_s: None,
                    reference: Some("7f3a".into()),
                },
            ),
        ),
    ];
    let listing = Shell {
        address: Address {
            path: "/villages".into(),
            query: [
                ("place", "04"),
                ("state", "no_signal"),
                ("q", "na leng"),
                ("sort", "-households"),
                ("lang", lang.tag()),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        },
        as_of_chosen: true,
        ..shell("/villages")
    };
    pages.extend([
        ("empty", overview::render(&shell("/"), &empty_overview(lang))),
        ("listing", pages::listing::render(&listing, &listing_view(lang, &listing))),
        ("ledger", pages::ledger::render(&shell("/ledger"), &ledger_view(lang))),
        ("maps", pages::maps::render(&shell("/maps"), &maps_view(lang, shapes))),
        ("compare", pages::compare::render(&shell("/compare"), &compare_view(lang, shapes))),
        ("pack", pages::pack::render(&pack_view(lang, shapes))),
        (
            "packs",
            pages::packs::render(
                &editor(lang, "/packs"),
                &pages::packs::View { place: province(), packs: vec![pack_row()], borders: Borders::Then },
            ),
        ),
        ("pack-seal", pages::packs::render_one(&shell("/packs/1"), &one_pack(lang))),
        ("review", pages::review::render(&editor(lang, "/review"), &review_view(lang))),
        ("completeness", pages::completeness::render(&shell("/completeness"), &completeness_view(lang))),
        ("claims", pages::claims::render(&shell("/claims"), &claims_view(lang))),
        ("keys", pages::keys::render(&shell("/keys"))),
    ]);
    if let Some(view) = flag_view(lang) {
        pages.push(("flag", pages::flag::render(&editor(lang, "/flags/x"), &view)));
    }
    pages
}
