//! Draws every page with made-up views into a directory, to look at: `gallery OUT [BOUNDARIES.geojson]`.

mod samples;

use std::{error::Error, fs, path::Path};

use gapwatch_dashboards::{Lang, assets, map::Shape};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("expected the directory to write to")?;
    let out = Path::new(&out);
    let shapes = match arguments.next() {
        Some(file) => shapes(&fs::read_to_string(file)?)?,
        None => samples::grid(),
    };
    fs::create_dir_all(out.join("assets"))?;
    for asset in [assets::style(), assets::script(), assets::icon()] {
        fs::write(out.join(asset.path.trim_start_matches('/')), asset.body)?;
    }
    for lang in [Lang::Vi, Lang::En] {
        for (name, page) in samples::every_page(lang, &shapes) {
            // Opened as files, pages find their assets beside them.
            let page = page.into_string().replace("\"/assets/", "\"assets/");
            fs::write(out.join(format!("{name}.{}.html", lang.tag())), page)?;
        }
    }
    Ok(())
}

/// The polygons of a boundary file.
fn shapes(text: &str) -> Result<Vec<Shape>, Box<dyn Error>> {
    let file: serde_json::Value = serde_json::from_str(text)?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let features = file.get("features").and_then(serde_json::Value::as_array).ok_or("expected features")?;
    Ok(features
        .iter()
        .map(|feature| {
            let of = |path: &str| feature.pointer(path).cloned().unwrap_or_default();
            let mut rings = Vec::new();
            collect_rings(&of("/geometry/coordinates"), &mut rings);
            Shape { code: text(&of("/properties/code")), name: text(&of("/properties/name")), rings }
        })
        .collect())
}

fn collect_rings(value: &serde_json::Value, rings: &mut Vec<Vec<(f64, f64)>>) {
    let Some(items) = value.as_array() else { return };
    let point = |value: &serde_json::Value| Some((value.get(0)?.as_f64()?, value.get(1)?.as_f64()?));
    let ring: Vec<(f64, f64)> = items.iter().filter_map(point).collect();
    if ring.is_empty() {
        items.iter().for_each(|item| collect_rings(item, rings));
    } else {
        rings.push(ring);
    }
}
