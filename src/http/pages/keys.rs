//! `/keys`: the keys, the words, the signs.

use gapwatch_dashboards::{Markup, pages::keys};

use super::fill::Fill;
use crate::{
    app::App,
    http::{Asked, HttpResult},
};

/// Makes the page.
pub(crate) fn page(app: &App, asked: &Asked) -> HttpResult<Markup> {
    let world = app.world(asked.as_of.at)?;
    let home = Fill::new(app, &world, asked.lang).link(world.home);
    Ok(keys::render(&asked.shell(app, vec![home])))
}
