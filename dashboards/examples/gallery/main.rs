//! Draws every page with made-up views into a directory, to look at: `gallery OUT [BOUNDARIES.geojson]`.

mod samples;

use std::{error::Error, fs, path::Path};

use gapwatch_dashboards::{Lang, assets};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("expected the directory to write to")?;
    let out = Path::new(&out);
    let shapes = match arguments.next() {
        Some(file) => samples::parts::shapes(&fs::read_to_string(file)?),
        None => samples::parts::grid(),
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
