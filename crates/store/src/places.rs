//! Places in slots. A place keeps its slot for ever; every version of its attributes is kept.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, FixedOffset};
use gapwatch_model::{Frame, Gazetteer, Lineage, NewPlaces, Place, PlaceId, PlaceIx};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::{Store, StoreError, db};

/// What [`Store::put_places`] changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlacesChange {
    /// Places that got the next slots.
    pub added: u32,
    /// Places whose attributes changed.
    pub changed: u32,
    /// Places that were there just so.
    pub unchanged: u32,
    /// Lineage steps that are new or changed.
    pub lineage: u32,
}

impl Store {
    /// Adds places and lineage in the order given, and keeps changed attributes as a new version. Idempotent.
    ///
    /// # Errors
    /// [`StoreError::Places`] when old and new places together have faults: then nothing is changed.
    pub fn put_places(
        &self,
        places: &[Place],
        lineage: &[Lineage],
        at: DateTime<FixedOffset>,
    ) -> Result<PlacesChange, StoreError> {
        self.db.write(|transaction| Ok(put(transaction, places, lineage, at)?.0))
    }

    /// Gives all places by slot, as known now.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn gazetteer(&self) -> Result<Arc<Gazetteer>, StoreError> {
        let version = self.db.read(places_version)?;
        let cached = self.gazetteer.lock().ok().and_then(|cached| cached.clone());
        if let Some((known, gazetteer)) = cached
            && known == version
        {
            return Ok(gazetteer);
        }
        let (version, fresh) =
            self.db.read(|connection| Ok((places_version(connection)?, gazetteer(connection, i64::MAX)?)))?;
        let fresh = Arc::new(fresh);
        if let Ok(mut cached) = self.gazetteer.lock() {
            *cached = Some((version, fresh.clone()));
        }
        Ok(fresh)
    }

    /// Says how many versions of places and steps of lineage were known at the time, and how many there are: equal numbers
    /// mean equal places. Before anything was known, the first that was counts.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn places_known(&self, as_of: DateTime<FixedOffset>) -> Result<(u64, u64), StoreError> {
        let at = db::bound(Some(as_of));
        self.db.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT coalesce(sum(at <= max(?1, first)), 0), count(*) \
                 FROM (SELECT at FROM place_version UNION ALL SELECT at FROM lineage_version), \
                      (SELECT coalesce(min(at), 0) AS first FROM place_version)",
            )?;
            Ok(statement.query_row([at], |row| Ok((row.get(0)?, row.get(1)?)))?)
        })
    }

    /// Gives all places by slot, with the attributes and lineage known at the time. Places that became known later are
    /// left out at the end; the numbers of the others are the same as in [`Store::gazetteer`]. Before anything was known,
    /// what was known first is given.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn gazetteer_as_of(&self, as_of: DateTime<FixedOffset>) -> Result<Arc<Gazetteer>, StoreError> {
        let first = self.db.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT coalesce(min(at), 0) FROM place_version")?;
            Ok(statement.query_row([], |row| row.get(0))?)
        })?;
        let at = db::bound(Some(as_of)).max(first);
        let changed_since: bool = self.db.read(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT EXISTS(SELECT 1 FROM place_version WHERE at > ?1) \
                     OR EXISTS(SELECT 1 FROM lineage_version WHERE at > ?1)",
                )?
                .query_row([at], |row| row.get(0))?)
        })?;
        if changed_since {
            Ok(Arc::new(self.db.read(|connection| gazetteer(connection, at))?))
        } else {
            self.gazetteer()
        }
    }
}

/// Where each place is kept, and as what.
type Slots = HashMap<PlaceId, (u32, String)>;

/// Adds places and lineage inside a transaction.
fn put(
    transaction: &Transaction<'_>,
    places: &[Place],
    lineage: &[Lineage],
    at: DateTime<FixedOffset>,
) -> Result<(PlacesChange, Slots), StoreError> {
    let (nanos, offset) = db::stamp(at)?;
    let mut change = PlacesChange::default();
    let mut slots = Slots::new();
    for (slot, body) in newest_places(transaction, i64::MAX)? {
        slots.insert(read::<Place>(&body, "a place")?.id, (slot, body));
    }
    for place in places {
        let body = write(place, "a place")?;
        match slots.get(&place.id) {
            Some((_, known)) if *known == body => {
                change.unchanged += 1;
                continue;
            }
            Some((slot, _)) => {
                change.changed += 1;
                put_version(transaction, *slot, nanos, offset, &body)?;
            }
            None => {
                change.added += 1;
                let slot = u32::try_from(slots.len()).map_err(|_| StoreError::TooLarge { what: "a slot" })?;
                transaction
                    .prepare_cached("INSERT INTO place(slot, code, valid_from) VALUES(?1, ?2, ?3)")?
                    .execute(params![slot, place.id.code.as_str(), place.id.valid_from.to_string()])?;
                put_version(transaction, slot, nanos, offset, &body)?;
                slots.insert(place.id.clone(), (slot, body));
            }
        }
    }
    let known: HashMap<String, String> = newest_lineage(transaction, i64::MAX)?.into_iter().collect();
    for step in lineage {
        let (name, body) = (step_name(step), write(step, "a lineage step")?);
        if known.get(&name) != Some(&body) {
            change.lineage += 1;
            transaction
                .prepare_cached(
                    "INSERT INTO lineage_version(step, at, at_offset, body) VALUES(?1, ?2, ?3, ?4)",
                )?
                .execute(params![name, nanos, offset, body])?;
        }
    }
    if change.added + change.changed + change.lineage > 0 {
        gazetteer(transaction, i64::MAX)?;
        bump(transaction, 1)?;
    }
    Ok((change, slots))
}

/// Adds the places that came with a batch, and gives its frames with the numbers the places got.
pub(crate) fn bring<'a>(
    transaction: &Transaction<'_>,
    new: &NewPlaces,
    frames: &'a [Frame],
    at: DateTime<FixedOffset>,
) -> Result<Cow<'a, [Frame]>, StoreError> {
    if new.places.is_empty() {
        return Ok(Cow::Borrowed(frames));
    }
    let known = newest_places(transaction, i64::MAX)?;
    let mut there = HashSet::new();
    for (_, body) in &known {
        there.insert(read::<Place>(body, "a place")?.id);
    }
    // A place that somebody else made meanwhile stays as they made it.
    let missing: Vec<Place> = new.places.iter().filter(|place| !there.contains(&place.id)).cloned().collect();
    let (_, slots) = put(transaction, &missing, &[], at)?;
    let mut frames = frames.to_vec();
    for point in frames.iter_mut().flat_map(|frame| &mut frame.points) {
        if let Some((slot, _)) = new.get(point.place).and_then(|place| slots.get(&place.id)) {
            point.place = PlaceIx(*slot);
        }
    }
    for frame in &mut frames {
        frame.points.sort_by_key(|point| point.place);
    }
    Ok(Cow::Owned(frames))
}

/// A sum of the code and first day of the place that bears a number; 0 where none does.
pub(crate) fn bearer(connection: &Connection, place: PlaceIx) -> Result<u32, StoreError> {
    let id: Option<String> = connection
        .prepare_cached("SELECT code || '@' || valid_from FROM place WHERE slot = ?1")?
        .query_row([place.0], |row| row.get(0))
        .optional()?;
    Ok(id.map_or(0, |id| crc32fast::hash(id.as_bytes())))
}

/// Makes everyone read the places again.
pub(crate) fn bump(transaction: &Transaction<'_>, by: i64) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO meta(key, value) VALUES('places', ?1) ON CONFLICT(key) DO UPDATE SET value = value + ?1",
        [by],
    )?;
    Ok(())
}

pub(crate) fn places_version(connection: &Connection) -> Result<i64, StoreError> {
    let version = connection
        .prepare_cached("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'places'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(version.unwrap_or(0))
}

pub(crate) fn gazetteer(connection: &Connection, at: i64) -> Result<Gazetteer, StoreError> {
    let places = newest_places(connection, at)?
        .iter()
        .map(|(_, body)| read(body, "a place"))
        .collect::<Result<_, _>>()?;
    let lineage = newest_lineage(connection, at)?
        .iter()
        .map(|(_, body)| read(body, "a lineage step"))
        .collect::<Result<_, _>>()?;
    Gazetteer::new(places, lineage).map_err(StoreError::Places)
}

/// Every place by slot, up to the last one known at the time. A place in between that became known later is given as it
/// was first known, so that numbers stay.
fn newest_places(connection: &Connection, at: i64) -> Result<Vec<(u32, String)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT p.slot, \
           (SELECT body FROM place_version v WHERE v.slot = p.slot AND v.at <= ?1 ORDER BY v.at DESC, v.id DESC LIMIT 1), \
           (SELECT body FROM place_version v WHERE v.slot = p.slot ORDER BY v.at, v.id LIMIT 1) \
         FROM place p ORDER BY p.slot",
    )?;
    let mut rows = statement.query([at])?;
    let mut found = Vec::new();
    let mut known = 0;
    while let Some(row) = rows.next()? {
        let then: Option<String> = row.get(1)?;
        let body = match then {
            Some(body) => {
                known = found.len() + 1;
                body
            }
            None => row.get(2)?,
        };
        found.push((row.get(0)?, body));
    }
    found.truncate(known);
    Ok(found)
}

fn newest_lineage(connection: &Connection, at: i64) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT step, body FROM lineage_version WHERE at <= ?1 ORDER BY at, id")?;
    let mut rows = statement.query([at])?;
    let mut order: HashMap<String, usize> = HashMap::new();
    let mut found: Vec<(String, String)> = Vec::new();
    while let Some(row) = rows.next()? {
        let (step, body): (String, String) = (row.get(0)?, row.get(1)?);
        match order.get(&step).and_then(|index| found.get_mut(*index)) {
            Some(known) => known.1 = body,
            None => {
                order.insert(step.clone(), found.len());
                found.push((step, body));
            }
        }
    }
    Ok(found)
}

fn put_version(
    transaction: &Transaction<'_>,
    slot: u32,
    nanos: i64,
    offset: i32,
    body: &str,
) -> Result<(), StoreError> {
    transaction
        .prepare_cached("INSERT INTO place_version(slot, at, at_offset, body) VALUES(?1, ?2, ?3, ?4)")?
        .execute(params![slot, nanos, offset, body])?;
    Ok(())
}

fn step_name(step: &Lineage) -> String {
    format!("{} {} {}", step.old, step.new, step.effective)
}

/// A record as text.
pub(crate) fn write<T: serde::Serialize>(value: &T, what: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Record { what, source })
}

/// A record from its text.
pub(crate) fn read<T: serde::de::DeserializeOwned>(body: &str, what: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|source| StoreError::Record { what, source })
}
