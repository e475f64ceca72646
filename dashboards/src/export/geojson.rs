//! GeoJSON (RFC 7946): one feature per row, its id the code of the place, its boundary, its point or no geometry. Properties are typed and
//! named by the columns' keys; words of closed sets are their codes.

use std::io::Write;

use serde_json::{Map, Value, json};

use crate::{
    map::Shape,
    table::{Column, Row},
};

use super::{
    About, ExportError,
    area::polygons,
    cell::{Plain, plain},
};

pub(super) fn write<W: Write>(
    about: &About,
    columns: &[Column],
    rows: impl Iterator<Item = Row>,
    out: &mut W,
) -> Result<u64, ExportError> {
    let head = json!({
        "title": about.title,
        "as_of": about.as_of.to_string(),
        "made_at": about.made_at.to_rfc3339(),
        "address": about.address,
        "notes": about.notes,
    });
    write!(out, "{{\"type\":\"FeatureCollection\",\"gapwatch\":{head},\"features\":[")?;
    let mut written = 0;
    for row in rows {
        out.write_all(if written > 0 { b",\n" } else { b"\n" })?;
        write!(out, "{}", feature(about, columns, &row))?;
        written += 1;
    }
    out.write_all(b"\n]}\n")?;
    out.flush()?;
    Ok(written)
}

fn feature(about: &About, columns: &[Column], row: &Row) -> Value {
    let mut properties = Map::new();
    for (column, cell) in columns.iter().zip(&row.cells) {
        let (value, parts) = plain(about.lang, cell);
        let value = match value {
            Plain::Text(words) => json!(words),
            Plain::Count(number) => json!(number),
            Plain::Number(number, _) | Plain::Percent(number, _) => json!(number),
            Plain::Bool(yes, _) => json!(yes),
            Plain::Word(code, _) => json!(code),
            Plain::Date(day) => json!(day.to_string()),
            Plain::Moment(at) => json!(at.to_rfc3339()),
            Plain::Absent(code, _) => {
                properties.insert(format!("{}_absent", column.key), json!(code));
                Value::Null
            }
        };
        properties.insert(column.key.clone(), value);
        if let Some((numerator, denominator)) = parts {
            properties.insert(format!("{}_numerator", column.key), json!(numerator));
            properties.insert(format!("{}_denominator", column.key), json!(denominator));
        }
    }
    let point = || row.at.map(|at| json!({"type": "Point", "coordinates": [at.lon, at.lat]}));
    let geometry = row.area.as_ref().and_then(boundary).or_else(point);
    let mut feature = json!({"type": "Feature", "geometry": geometry, "properties": properties});
    if let (Some(code), Some(feature)) = (&row.code, feature.as_object_mut()) {
        feature.insert("id".to_owned(), json!(code));
    }
    feature
}

fn boundary(shape: &Shape) -> Option<Value> {
    let mut polygons = polygons(shape);
    match polygons.len() {
        0 => None,
        1 => Some(json!({"type": "Polygon", "coordinates": polygons.remove(0)})),
        _ => Some(json!({"type": "MultiPolygon", "coordinates": polygons})),
    }
}
